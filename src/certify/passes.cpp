#include "certify/passes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "certify/check.hpp"
#include "certify/gradient_sums.hpp"
#include "distribute/ranks.hpp"
#include "distribute/share.hpp"
#include "lift/shared_out.hpp"
#include "loss/intercept.hpp"
#include "neuspec/error.hpp"
#include "numeric/rounding.hpp"
#include "numeric/window.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

constexpr Index kPiece = 512;  // samples that one thread takes at a time

/// Some pieces for each of many threads.
Index chunk_samples() { return std::max<Index>(8192, 2 * kPiece * threads()); }

/// sums + Σ of the parts that body(part, piece of the chunk) makes on several threads, always of the same pieces and in the same order.
template <class Sums, class Body>
void add_pieces(Sums& sums, const Sums& empty, const Chunk& chunk, const Source& data, const Body& body) {
  const Index pieces = (chunk.samples + kPiece - 1) / kPiece;
  std::vector<Sums> parts(static_cast<std::size_t>(pieces), empty);
  parallel_pieces(pieces, [&](Index at) {
    const Index skipped = at * kPiece;
    Chunk piece = chunk;
    piece.first += skipped;
    piece.samples = std::min(kPiece, chunk.samples - skipped);
    if (chunk.x != nullptr) piece.x += skipped * data.features();
    piece.y += skipped * data.targets();
    if (chunk.weights != nullptr) piece.weights += skipped;
    body(parts[static_cast<std::size_t>(at)], piece);
  });
  for (const Sums& part : parts) sums.add(part);
}

/// v of the network's own gradient or of the dual vector, for a chunk; the loss on the way.
void dual_of_chunk(const Prediction& predict, const Problem& problem, const Chunk& chunk, const Source& data, const std::vector<double>& dual_vector,
                   DualSums& sums, double* v) {
  const Index C = data.targets();
  add_pieces(sums, DualSums(problem.loss, C), chunk, data, [&](DualSums& part, const Chunk& piece) {
    check_chunk(piece, data.features(), C);
    std::vector<double> f(static_cast<std::size_t>(piece.samples * C)), rounding(f.size());
    predict(piece.x, piece.samples, piece.first, f.data(), rounding.data());
    double* const own = v + (piece.first - chunk.first) * C;
    part.add(piece.samples, {f.data(), rounding.data(), predict.bias()}, piece.y, piece.weights, own);
    if (dual_vector.empty()) return;
    std::copy_n(dual_vector.begin() + piece.first * C, piece.samples * C, own);
    project_to_domain(problem.loss, piece.samples, C, piece.y, piece.weights, own);
  });
}

/// v of all samples, whose sum is zero in every output; for squared loss that of the best intercept, whatever the network's is.
struct Balanced {
  std::vector<double> v, mean_y;
  double loss = 0;
};

Balanced balanced_dual(const Prediction& predict, const Problem& problem, const Source& data, const std::vector<double>& dual_vector) {
  const Index C = data.targets();
  const auto outputs = static_cast<std::size_t>(C);
  Balanced result{.v = std::vector<double>(static_cast<std::size_t>(data.samples() * C)), .mean_y = std::vector<double>(outputs)};
  DualSums sums(problem.loss, C);
  CompensatedSum all;
  std::vector<CompensatedSum> of_v(outputs);
  const auto samples = static_cast<double>(all_samples(data));
  data.visit(chunk_samples(), [&](const Chunk& chunk) {
    double* v = result.v.data() + chunk.first * C;
    dual_of_chunk(predict, problem, chunk, data, dual_vector, sums, v);
    for (Index i = 0; i < chunk.samples; ++i) {
      all.add(chunk.weights == nullptr ? 1.0 : chunk.weights[i]);
      for (std::size_t k = 0; k < outputs; ++k) {
        of_v[k].add(*v++);
        result.mean_y[k] += chunk.y[static_cast<std::size_t>(i) * outputs + k] / samples;
      }
    }
  });
  const Ranks* const ranks = data.ranks();
  sums.add_ranks(ranks);
  sum_over_ranks(ranks, {&all, 1});
  sum_over_ranks(ranks, of_v);
  sum_over_ranks(data, result.mean_y);
  if (problem.loss.kind == LossKind::squared && all.value() > 0) {
    data.visit_targets(chunk_samples(), [&](const Chunk& chunk) {
      double* v = result.v.data() + chunk.first * C;
      for (Index i = 0; i < chunk.samples; ++i)
        for (const CompensatedSum& sum : of_v) *v++ -= (chunk.weights == nullptr ? 1.0 : chunk.weights[i]) * (sum.value() / all.value());
    });
  }
  balance(problem.loss, by_samples(result.v.data(), data.samples(), C), ranks);
  result.loss = sums.loss();
  return result;
}

/// Adds up what a chunk's samples in the row space may differ from the raw ones in Γ; v_i itself may be some roundings away (kappa_of).
void add_changes(const RowSpace& space, const Activation& activation, const Chunk& chunk, const double* v, std::vector<double>& changes) {
  for (Index i = 0; i < chunk.samples; ++i) {
    const double change = space.change(activation, chunk.first + i);
    for (double& sum : changes) {
      const double size = std::abs(*v++) * (1 + 0x1p-40) + 0x1p-1040;
      sum = rounding::raised(sum + size * change + rounding::least, 4);
    }
  }
}

/// Of numbers and their order: other ones, of which a proof would not hold, have another seal but for a chance of 2⁻⁶⁴.
std::uint64_t sealed(std::uint64_t seal, const double* values, Index count) {
  constexpr std::uint64_t multiplier = 0x9e3779b97f4a7c15;
  for (Index i = 0; i < count; ++i) seal = std::rotl((seal ^ std::bit_cast<std::uint64_t>(values[i])) * multiplier, 29);
  return seal;
}

}  // namespace

Pass pass_over(const Prediction& predict, const Problem& problem, const Source& data, const std::vector<double>& dual_vector, const RowSpace* space,
               Index most_kept) {
  const Index d = data.features(), C = data.targets();
  if (d < 1 || C < 1) throw DataError("the data need at least one feature and one target");
  if (!dual_vector.empty() && static_cast<Index>(dual_vector.size()) != data.samples() * C)
    throw DataError("the dual vector is not of the data's samples and targets");
  const bool squared = problem.loss.kind == LossKind::squared;
  GradientSums gradients(problem.activation, space ? Patches({}, space->features()) : Patches(problem.architecture, d), C);
  Pass pass{.gradients = {}, .sums = {problem.loss, C}, .v = {}, .changes = std::vector<double>(static_cast<std::size_t>(C))};
  Balanced balanced = problem.bias ? balanced_dual(predict, problem, data, dual_vector) : Balanced{};
  std::vector<double> own;
  const bool keeps_v = !problem.bias && data.samples() * C <= most_kept;
  if (keeps_v) pass.v.reserve(static_cast<std::size_t>(data.samples() * C));
  data.visit(chunk_samples(), [&](const Chunk& chunk) {
    const double* v = problem.bias ? balanced.v.data() + chunk.first * C : nullptr;
    if (!problem.bias) {
      own.resize(static_cast<std::size_t>(chunk.samples * C));
      dual_of_chunk(predict, problem, chunk, data, dual_vector, pass.sums, own.data());
      v = own.data();
    } else if (squared) {
      pass.sums.add_balanced(chunk.samples, v, chunk.y, chunk.weights, balanced.mean_y);
    }
    if (keeps_v) pass.v.insert(pass.v.end(), v, v + chunk.samples * C);
    if (!keeps_v && !problem.bias) pass.seal = sealed(pass.seal, v, chunk.samples * C);
    gradients.add(space ? space->sample(chunk.first) : chunk.x, v, chunk.samples);
    if (space) add_changes(*space, problem.activation, chunk, v, pass.changes);
  });
  pass.gradients = gradients.total();
  for (LiftedGradient& gradient : pass.gradients) gradient.add_ranks(data.ranks());
  pass.sums.add_ranks(data.ranks());
  if (problem.bias) pass.v = std::move(balanced.v);
  pass.loss = problem.bias ? balanced.loss : pass.sums.loss();
  return pass;
}

double loss_of(const Prediction& predict, const Problem& problem, const Source& data) {
  DualSums sums(problem.loss, data.targets());
  std::vector<double> v;
  data.visit(chunk_samples(), [&](const Chunk& chunk) {
    v.resize(static_cast<std::size_t>(chunk.samples * data.targets()));
    dual_of_chunk(predict, problem, chunk, data, {}, sums, v.data());
  });
  sums.add_ranks(data.ranks());
  return sums.loss();
}

double conjugate_bound(const Prediction& predict, const Problem& problem, const Source& data, const std::vector<double>& dual_vector,
                       const Pass& pass, std::vector<double> limits) {
  if (problem.loss.coupled()) std::fill(limits.begin(), limits.end(), *std::min_element(limits.begin(), limits.end()));
  for (double& limit : limits) limit = std::min(1.0, limit);
  const ConjugateSums empty(problem.loss, data.targets());
  ConjugateSums sums = empty;
  const Index C = data.targets();
  const auto add = [&](const Chunk& chunk, const double* of_chunk) {
    add_pieces(sums, empty, chunk, data, [&](ConjugateSums& part, const Chunk& piece) {
      part.add(piece.samples, of_chunk + (piece.first - chunk.first) * C, piece.y, piece.weights, limits);
    });
  };
  if (!pass.v.empty()) {
    data.visit_targets(chunk_samples(), [&](const Chunk& chunk) { add(chunk, pass.v.data() + chunk.first * C); });
  } else {
    std::vector<double> own;
    std::uint64_t seal = 0;
    data.visit(chunk_samples(), [&](const Chunk& chunk) {
      DualSums known(problem.loss, C);
      own.resize(static_cast<std::size_t>(chunk.samples * C));
      dual_of_chunk(predict, problem, chunk, data, dual_vector, known, own.data());
      seal = sealed(seal, own.data(), chunk.samples * C);
      add(chunk, own.data());
    });
    if (seal != pass.seal) throw DataError("the samples changed while they were read twice");
  }
  sums.add_ranks(data.ranks());
  return sums.bound();
}

}  // namespace neuspec
