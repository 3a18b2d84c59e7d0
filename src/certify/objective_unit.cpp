// What the gap of a small objective is measured in.
#include <algorithm>
#include <cmath>
#include <vector>

#include "certify/targets.hpp"
#include "loss/table.hpp"
#include "neuspec/certificate.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {
namespace {

constexpr Index kChunk = 8192;  // samples a chunk

double weight_of(const Chunk& chunk, Index i) { return chunk.weights == nullptr ? 1.0 : chunk.weights[i]; }

// The weighted mean of each target, measured from the first sample's: targets that are all the same have it exactly.
std::vector<double> means(const Source& data) {
  const auto C = static_cast<std::size_t>(data.targets());
  std::vector<double> first;
  std::vector<CompensatedSum> sums(C);
  CompensatedSum all;
  data.visit(kChunk, [&](const Chunk& chunk) {
    if (first.empty() && chunk.samples > 0) first.assign(chunk.y, chunk.y + C);
    for (Index i = 0; i < chunk.samples; ++i) {
      const double w = weight_of(chunk, i);
      all.add(w);
      for (std::size_t k = 0; k < C; ++k) sums[k].add(w * (chunk.y[static_cast<std::size_t>(i) * C + k] - first[k]));
    }
  });
  for (std::size_t k = 0; k < first.size(); ++k) {
    if (all.value() > 0) first[k] += sums[k].value() / all.value();
  }
  return first;
}

// min(1, Σ w ℓ(f, y)) of predictions that are the same for every sample; the sum ends where it has passed 1, for losses are not negative.
double loss_of_constant(const Loss& chosen, const Source& data, const std::vector<double>& f) {
  const Index C = data.targets();
  CompensatedSum sum;
  with_loss(chosen, [&](const auto& loss) {
    data.visit(kChunk, [&](const Chunk& chunk) {
      for (Index i = 0; i < chunk.samples && sum.value() < 1; ++i) {
        const double w = weight_of(chunk, i);
        if (w > 0) sum.add(w * loss.value(loss::Row<const double>{f.data(), 1, C}, loss::Row<const double>{chunk.y + i * C, 1, C}));
      }
    });
  });
  return sum.value() < 1 ? sum.value() : 1;
}

}  // namespace

double objective_unit(const Problem& problem, const Source& data) {
  check_targets(problem.loss, data);
  const double at_zero = loss_of_constant(problem.loss, data, std::vector<double>(static_cast<std::size_t>(data.targets())));
  if (!problem.bias || problem.loss.classification()) return at_zero;
  return std::min(at_zero, loss_of_constant(problem.loss, data, means(data)));
}

double relative_gap(double primal, double dual, double unit) { return primal == dual ? 0 : (primal - dual) / std::max(std::abs(primal), unit); }

}  // namespace neuspec
