#include "solve/choose.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

#include "neuspec/error.hpp"
#include "numeric/packed.hpp"

namespace neuspec {

namespace {

/// Flops and bytes of a whole solve. Iteration counts are what solves to 1e-6 take; only the order of magnitude matters.
struct Cost {
  SolverKind solver;
  OperatorKind data_operator;
  double flops, bytes;
};

constexpr double admm_iterations = 120, factorisations = 2, newton_products = 4000, neurons_per_output = 24;
// Products with a few neurons' directions and all that goes with them run at a third of GEMM's rate.
constexpr double passes = 3;
// From this size on, a projection computes its few positive eigenpairs only: about 12 N³ flops' time instead of 9 N³ slow ones.
constexpr double partial_from = 300;

// Of a streamed form: a chunk and the neighbours that preconditioners are learnt from, as many.
constexpr double held_by_chunks = 2 * 8192;
constexpr double read_again = 1.5;  // a product's time where the samples come anew and nothing is kept of them

// Below this much work an iteration, one more thread costs more in waiting than it brings.
constexpr double flops_a_thread = 5e5;

// Losses other than squared take more steps, with kinks or coupled outputs some twenty times as many, each with two products with the samples;
// descent then needs fewer than for squared loss, whose Gram factor makes ADMM so quick: about as many as were counted for d from 20 to 150.
constexpr double smooth_losses = 6, other_losses = 20, products_a_feature = 8, fewest_products = 100, other_neurons = 10;

std::array<Cost, 6> costs(const Size& size, double word) {
  const auto n = static_cast<double>(size.samples), f = static_cast<double>(size.features), C = static_cast<double>(size.outputs);
  const auto B = static_cast<double>(size.pools), patches = B * static_cast<double>(size.per_pool);
  const bool squared = size.loss.kind == LossKind::squared;
  const double N = f + 1, p = N * (N + 1) / 2, P = p * B, m = neurons_per_output * C * B;
  const double descents = squared ? newton_products : std::max(fewest_products, products_a_feature * f) * other_neurons / neurons_per_output;
  const bool many_steps = !size.loss.smooth() || size.loss.coupled();
  const double steps = admm_iterations * (squared      ? 1
                                          : many_steps ? other_losses
                                                       : smooth_losses),
               products = squared ? 0 : 3 * n * f * f * C * patches;
  const double projections = steps * 2 * C * B * N * N * N * (N < partial_from ? 9 * slow_flop : 12), state = 40 * P * C * word,
               iterate = (90 * P * C + 8 * p) * word;  // of ADMM: points, factors and the fifteen pairs of Anderson's memory; a projection's matrices
  const double moments = size.dense() ? n * N * N * N * N / 12 : n * P * P, buffers = size.dense() ? N * N * N * N + 8 * P * P : 8 * P * P;
  const double gram = size.dense() ? n * n * f : 2 * n * n * P, samples = n * (4 * f * patches + 40 * C) * word;
  const double kept = squared ? 0 : samples;
  const double descent = descents * 4 * n * f * m * static_cast<double>(size.per_pool) * passes;
  const double chunk = held_by_chunks * (f * patches + 40 * C + 3 * m * static_cast<double>(size.per_pool)) * word;
  return {
      {{SolverKind::admm, OperatorKind::moments, moments + factorisations * P * P * P + steps * (2 * P * P * C * slow_flop + products) + projections,
        2 * P * P * word + buffers + iterate + kept},
       {SolverKind::admm, OperatorKind::gram,
        gram + factorisations * n * n * n + steps * (2 * n * n * C * slow_flop * (squared ? 1 : 2) + n * f * f * C * patches + products) +
            projections,
        (squared && size.dense() ? 1 : 2) * n * n * word + samples + iterate},
       {SolverKind::burer_monteiro, OperatorKind::moments, moments + descents * 2 * P * P * C * slow_flop, P * P * word + buffers + state + kept},
       {SolverKind::burer_monteiro, OperatorKind::matrix_free, descent,
        n * (f * patches + 3 * m * static_cast<double>(size.per_pool)) * word + state},
       {SolverKind::admm, OperatorKind::streamed,
        moments + factorisations * P * P * P + steps * (2 * P * P * C * slow_flop + read_again * products) + projections,
        2 * P * P * word + buffers + iterate + chunk + 40 * n * C * word},
       {SolverKind::burer_monteiro, OperatorKind::streamed, read_again * descent, chunk + state + (size.bias && !squared ? 32 * n * C : 0)}}};
}

/// Where the Gram matrix's factor is what takes long, and a quarter of the samples foretells the others: n/4 ≥ 5 d. With fewer a part's network fits
/// its own noise, and a part's projections take as long as those of all. What was asked for is not put off.
Index part_of(const Cost& cost, const Size& size, const Settings& settings) {
  constexpr Index share = 4, fewest = 512, samples_a_feature = 5;
  const bool may = settings.solver == SolverKind::automatic && settings.data_operator == OperatorKind::automatic && cost.solver == SolverKind::admm &&
                   cost.data_operator == OperatorKind::gram;
  const Index part = size.samples / share;
  return may && size.loss.smooth() && part >= std::max(fewest, samples_a_feature * size.features) ? part : 0;
}

std::string describe(const Cost& cost, const Size& size, Index part = 0) {
  const auto n = static_cast<double>(size.samples), d = static_cast<double>(size.features);
  const auto p = static_cast<double>(packed::size(size.features + 1) * size.pools);
  std::array<char, 300> text{};
  const std::string first = part > 0 ? "descent from a part of " + std::to_string(part) + " samples, then " : "";
  std::snprintf(text.data(), text.size(), "%s%s with %s: n = %.0f, d = %.0f, p = %.0f; about %.2g Gflop and %.2g MiB", first.c_str(),
                name(cost.solver).c_str(), name(cost.data_operator).c_str(), n, d, p, cost.flops * 1e-9, cost.bytes / (1 << 20));
  return text.data();
}

}  // namespace

Choice choose(const Settings& settings, const Size& size, double memory) {
  if (settings.solver == SolverKind::admm && settings.data_operator == OperatorKind::matrix_free) {
    throw UsageError("solver admm needs operator moments or gram; with operator matrix-free use solver bm");
  }
  if (settings.solver == SolverKind::burer_monteiro && !size.loss.smooth()) {
    throw UsageError("loss " + size.loss.name() + " has kinks, where solver bm cannot descend; use solver admm");
  }
  if (settings.data_operator == OperatorKind::streamed && size.loss.kind == LossKind::squared && settings.solver == SolverKind::admm) {
    throw UsageError("solver admm holds no samples for squared loss: use operator moments, or solver bm with operator streamed");
  }
  const double word = settings.precision == Precision::double_precision ? 8 : 4;
  std::optional<Cost> best, cheapest_in_memory_terms;
  for (Cost cost : costs(size, word)) {
    // Burer–Monteiro reads samples alike in the Gram form, which exists for it only when asked for.
    if (settings.solver == SolverKind::burer_monteiro && settings.data_operator == OperatorKind::gram && cost.data_operator == OperatorKind::gram) {
      cost.solver = SolverKind::burer_monteiro;
    }
    if (settings.solver != SolverKind::automatic && cost.solver != settings.solver) continue;
    if (cost.solver == SolverKind::burer_monteiro && !size.loss.smooth()) continue;
    if (cost.solver == SolverKind::admm && cost.data_operator == OperatorKind::streamed && size.loss.kind == LossKind::squared) continue;
    // For other losses a descent reads the samples whether there are moments or not.
    const bool idle_moments = cost.solver == SolverKind::burer_monteiro && cost.data_operator == OperatorKind::moments;
    if (idle_moments && size.loss.kind != LossKind::squared && settings.data_operator == OperatorKind::automatic) continue;
    if (settings.data_operator != OperatorKind::automatic && cost.data_operator != settings.data_operator) continue;
    if (!cheapest_in_memory_terms || cost.bytes < cheapest_in_memory_terms->bytes) cheapest_in_memory_terms = cost;
    if (cost.bytes <= memory && (!best || cost.flops < best->flops)) best = cost;
  }
  if (!best) {
    throw EnvironmentError("not enough memory: " + describe(*cheapest_in_memory_terms, size) + ", but only " +
                           std::to_string(static_cast<long long>(memory / (1 << 20))) + " MiB may be used");
  }
  const auto n = static_cast<double>(size.samples), f = static_cast<double>(size.features), C = static_cast<double>(size.outputs),
             B = static_cast<double>(size.pools), p = static_cast<double>(packed::size(size.features + 1)) * B;
  const bool moments_alone = best->data_operator == OperatorKind::moments && size.loss.kind == LossKind::squared;
  const double iteration = moments_alone ? 2 * C * p * p : n * (n + f * f * B) * C;
  const double work = iteration + 2 * C * B * 9 * std::pow(f + 1, 3);
  const Index part = part_of(*best, size, settings);
  return {best->solver, best->data_operator, describe(*best, size, part), static_cast<int>(std::clamp(work / flops_a_thread, 1.0, 1024.0)), part};
}

}  // namespace neuspec
