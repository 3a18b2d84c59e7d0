#include "loss/intercept.hpp"

#include <utility>

#include "loss/coupled_intercept.hpp"
#include "loss/separate_intercepts.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {
namespace {

/// Newton's first step is exact but for rounding, which a second removes. It is measured from one target: those that are all the same are hit.
std::vector<double> best_means(Grid<const double> f, Grid<const double> y, std::span<const double> weights, Grid<double> v, const Ranks* ranks) {
  const auto C = static_cast<std::size_t>(f.outputs);
  const auto weight = [&](Index i) { return weights.empty() ? 1.0 : weights[static_cast<std::size_t>(i)]; };
  const auto residual = [&](Index i, std::size_t k, double b) { return (b - y(i, static_cast<Index>(k))) + f(i, static_cast<Index>(k)); };
  std::vector<double> b(C);
  for (std::size_t k = 0; k < C && f.samples > 0; ++k) b[k] = y(0, static_cast<Index>(k));
  if (ranks != nullptr) ranks->broadcast(std::span(b));
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<CompensatedSum> sums(C + 1);  // of every output, and of the weights
    for (Index i = 0; i < f.samples; ++i) {
      for (std::size_t k = 0; k < C; ++k) sums[k].add(-weight(i) * residual(i, k, b[k]));
      sums[C].add(weight(i));
    }
    sum_over_ranks(ranks, sums);
    for (std::size_t k = 0; k < C && sums[C].value() > 0; ++k) b[k] += sums[k].value() / sums[C].value();
  }
  for (Index i = 0; i < f.samples; ++i) {
    for (std::size_t k = 0; k < C; ++k) v(i, static_cast<Index>(k)) = weight(i) * residual(i, k, b[k]);
  }
  return b;
}

}  // namespace

Intercept best_intercept(const Loss& loss, std::span<const double> f, std::span<const double> y, std::span<const double> weights,
                         const Ranks* ranks) {
  const auto n = static_cast<Index>(f.size());
  Intercepts best = best_intercepts(loss, by_outputs(f.data(), n, 1), by_outputs(y.data(), n, 1), weights, {}, ranks);
  return {best.b.front(), std::move(best.v)};
}

Intercepts best_intercepts(const Loss& loss, Grid<const double> f, Grid<const double> y, std::span<const double> weights,
                           std::span<const double> start, const Ranks* ranks) {
  Intercepts result;
  result.v.resize(static_cast<std::size_t>(f.samples * f.outputs));
  const Grid<double> v{result.v.data(), f.samples, f.outputs, f.next_sample, f.next_output};
  if (loss.coupled()) {
    CoupledIntercept search(f, y, weights, ranks);
    result.b = search.minimise(start);
    result.coupling = search.coupling();
    result.levels = search.levels();
    for (Index i = 0; i < f.samples; ++i) {
      for (Index k = 0; k < f.outputs; ++k) v(i, k) = search.gradient()(i, k);
    }
  } else {
    result.b = loss.kind == LossKind::squared ? best_means(f, y, weights, v, ranks) : separate_intercepts(loss, f, y, weights, v, ranks);
  }
  return result;
}

}  // namespace neuspec
