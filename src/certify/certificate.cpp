#include "neuspec/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "certify/bias.hpp"
#include "certify/check.hpp"
#include "certify/gradient_sums.hpp"
#include "certify/in_row_space.hpp"
#include "certify/loss.hpp"
#include "certify/prediction.hpp"
#include "certify/sphere_bound.hpp"
#include "certify/targets.hpp"
#include "distribute/gathered_source.hpp"
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

// What a proof takes from the data: the loss, and Γ at v = ∇ℓ(f) or at a dual vector that was given. Losses other than squared keep v for a further
// pass.
struct Pass {
  std::vector<LiftedGradient> gradients;  // one a pool
  DualSums sums;                          // of the bound, and without an intercept of the loss
  std::vector<double> v;
  std::vector<double> changes;  // Σ_i |v_i| RowSpace::change, an output; without a row space 0
  double loss = 0;
};

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

/// `keeps_v`: for a bound by the conjugate.
Pass pass_over(const Prediction& predict, const Problem& problem, const Source& data, const std::vector<double>& dual_vector, const RowSpace* space,
               bool keeps_v) {
  const Index d = data.features(), C = data.targets();
  if (d < 1 || C < 1) throw DataError("the data need at least one feature and one target");
  if (!dual_vector.empty() && static_cast<Index>(dual_vector.size()) != data.samples() * C)
    throw DataError("the dual vector is not of the data's samples and targets");
  const bool squared = problem.loss.kind == LossKind::squared;
  GradientSums gradients(problem.activation, space ? Patches({}, space->features()) : Patches(problem.architecture, d), C);
  Pass pass{.gradients = {}, .sums = {problem.loss, C}, .v = {}, .changes = std::vector<double>(static_cast<std::size_t>(C))};
  Balanced balanced = problem.bias ? balanced_dual(predict, problem, data, dual_vector) : Balanced{};
  std::vector<double> own;
  if (keeps_v && !problem.bias) pass.v.reserve(static_cast<std::size_t>(data.samples() * C));
  data.visit(chunk_samples(), [&](const Chunk& chunk) {
    const double* v = problem.bias ? balanced.v.data() + chunk.first * C : nullptr;
    if (!problem.bias) {
      own.resize(static_cast<std::size_t>(chunk.samples * C));
      dual_of_chunk(predict, problem, chunk, data, dual_vector, pass.sums, own.data());
      v = own.data();
    } else if (squared) {
      pass.sums.add_balanced(chunk.samples, v, chunk.y, chunk.weights, balanced.mean_y);
    }
    if (keeps_v && !problem.bias) pass.v.insert(pass.v.end(), v, v + chunk.samples * C);
    gradients.add(space ? space->sample(chunk.first) : chunk.x, v, chunk.samples);
    if (space) add_changes(*space, problem.activation, chunk, v, pass.changes);
  });
  pass.gradients = gradients.total();
  for (LiftedGradient& gradient : pass.gradients) gradient.add_ranks(data.ranks());
  pass.sums.add_ranks(data.ranks());
  if (keeps_v && problem.bias) pass.v = std::move(balanced.v);
  pass.loss = problem.bias ? balanced.loss : pass.sums.loss();
  return pass;
}

// κ_k, an upper bound on |uᵀM_k u + q_kᵀu + t_k| over the sphere that covers every rounding error. The conjugate of a loss with a bounded domain is
// that at a v some roundings away, more of them the more outputs share a constraint (loss/row.hpp, loss/softmax.hpp). With an
// intercept it is that at a v whose sum is zero, a further 38 + 4C away (ConjugateSums::bound), as far as compensated sums are exact.
double kappa_of(const LiftedGradient& gradient, double change, Index k) {
  const Index d = gradient.features;
  const double *M = gradient.M.data() + k * d * d, *q = gradient.q.data() + k * d, t = gradient.t[static_cast<std::size_t>(k)];
  const double rounding = gradient.rounding(k, 62 + 6 * gradient.outputs) + change;
  double finite = t + rounding;
  for (Index j = 0; j < d; ++j) {
    finite += 0.0 * q[j];
    for (Index i = j; i < d; ++i) finite += 0.0 * M[j * d + i];
  }
  if (!std::isfinite(finite)) throw DataError("the data are too large: the lifted gradient overflows");
  const SphereBounds bounds = sphere_quadratic_bounds(d, M, q, t);
  return std::max({bounds.plus, bounds.minus, 0.0}) + rounding;
}

// The largest κ of each output over its pools.
std::vector<double> kappas_of(const Pass& pass) {
  const std::vector<LiftedGradient>& gradients = pass.gradients;
  const Index C = gradients.front().outputs, pools = static_cast<Index>(gradients.size());
  std::vector<double> blocks(static_cast<std::size_t>(C * pools)), kappas(static_cast<std::size_t>(C));
  parallel_pieces(C * pools, [&](Index b) {
    blocks[static_cast<std::size_t>(b)] = kappa_of(gradients[static_cast<std::size_t>(b / C)], pass.changes[static_cast<std::size_t>(b % C)], b % C);
  });
  for (std::size_t b = 0; b < blocks.size(); ++b) kappas[b % kappas.size()] = std::max(kappas[b % kappas.size()], blocks[b]);
  return kappas;
}

// −Σ ℓ*(τv) for τ = min(1, limit), by a second pass over targets and weights.
double conjugate_bound(const Problem& problem, const Source& data, const std::vector<double>& v, std::vector<double> limits) {
  if (problem.loss.coupled()) std::fill(limits.begin(), limits.end(), *std::min_element(limits.begin(), limits.end()));
  for (double& limit : limits) limit = std::min(1.0, limit);
  const ConjugateSums empty(problem.loss, data.targets());
  ConjugateSums sums = empty;
  data.visit_targets(chunk_samples(), [&](const Chunk& chunk) {
    add_pieces(sums, empty, chunk, data, [&](ConjugateSums& part, const Chunk& piece) {
      part.add(piece.samples, v.data() + piece.first * data.targets(), piece.y, piece.weights, limits);
    });
  });
  sums.add_ranks(data.ranks());
  return sums.bound();
}

Certificate certificate_of(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector,
                           const RowSpace* space, std::optional<double> unit) {
  const Prediction predict(network);
  const Pass pass = pass_over(predict, problem, data, dual_vector, space, problem.loss.kind != LossKind::squared);
  const std::vector<double> kappas = kappas_of(pass);
  std::vector<double> limits;
  limits.reserve(kappas.size());
  // A little short of β/κ, so that rounding of the quotient cannot leave the feasible set.
  for (const double kappa : kappas) limits.push_back(std::max(0.0, problem.beta / kappa * (1.0 - 0x1p-51) - rounding::least));

  Certificate certificate;
  certificate.primal = rounding::raised(pass.loss + (predict.penalty() > 0 ? problem.beta * predict.penalty() + rounding::least : 0), 4);
  certificate.dual = problem.loss.kind == LossKind::squared ? pass.sums.dual(limits) : conjugate_bound(problem, data, pass.v, limits);
  certificate.kappa = *std::max_element(kappas.begin(), kappas.end());
  if (!std::isfinite(certificate.primal) || !std::isfinite(certificate.dual)) throw DataError("the data are too large: the objective overflows");
  certificate.unit = unit ? *unit : objective_unit(problem, data);
  // Below the dual bound no objective can be: where the arithmetic is so wrong, nothing is proven. The number is one that a file can hold.
  certificate.relative_gap = certificate.primal < certificate.dual ? std::numeric_limits<double>::max()
                                                                   : relative_gap(certificate.primal, certificate.dual, certificate.unit);
  return certificate;
}

}  // namespace

Certificate certify(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector, const RowSpace* space,
                    std::optional<double> unit) {
  check_problem(problem);
  check_network(network, problem, data);
  check_targets(problem.loss, data);
  try {
    return certificate_of(network, problem, data, problem.loss.kind == LossKind::squared ? std::vector<double>() : dual_vector, space, unit);
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("not enough memory for the certificate");
  }
}

Certificate certify(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector) {
  if (data.ranks() == nullptr) return certify(network, problem, data, dual_vector, row_space_of(problem, data).get());
  return data.ranks()->together([&] {
    check_shapes(data);
    Certificate result;
    if (proven_by_sums(problem, data)) {
      result = certify(network, problem, data, dual_vector, nullptr);
    } else {
      const std::vector<double> all = gather(*data.ranks(), dual_vector);
      on_first_rank(data, [&](const Source& samples) { result = certify(network, problem, samples, all); });
    }
    share(*data.ranks(), result);
    return result;
  });
}

double beta_max(const Problem& problem, const Source& data, const RowSpace* space) {
  check_activation(problem.activation);
  check_targets(problem.loss, data);
  Network zero{
      .activation = problem.activation, .features = data.features(), .outputs = data.targets(), .directions = {}, .weights = {}, .output = {}};
  zero.architecture = problem.architecture;
  try {
    const std::vector<double> dual_vector = problem.bias ? set_best_bias(zero, problem, data) : std::vector<double>();
    const std::vector<double> kappas = kappas_of(pass_over(Prediction(zero), problem, data, dual_vector, space, false));
    return *std::max_element(kappas.begin(), kappas.end());
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("not enough memory for beta_max");
  }
}

double beta_max(const Problem& problem, const Source& data) {
  if (data.ranks() == nullptr) return beta_max(problem, data, row_space_of(problem, data).get());
  return data.ranks()->together([&] {
    check_shapes(data);
    double result = 0;
    if (proven_by_sums(problem, data)) {
      result = beta_max(problem, data, nullptr);
    } else {
      on_first_rank(data, [&](const Source& samples) { result = beta_max(problem, samples); });
    }
    return data.ranks()->broadcast(result);
  });
}

}  // namespace neuspec
