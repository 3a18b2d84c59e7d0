#include "solve/choose.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

#include "lift/packed.hpp"
#include "neuspec/error.hpp"

namespace neuspec {

namespace {

/// Flops and bytes of a whole solve. Iteration counts are what solves to 1e-6 take; only the order of magnitude matters.
struct Cost {
  SolverKind solver;
  OperatorKind data_operator;
  double flops, bytes;
};

constexpr double admm_iterations = 120, factorisations = 2, newton_products = 4000, neurons_per_output = 24;
// A flop of a matrix–vector product or an eigendecomposition takes about eight times as long as one of GEMM.
constexpr double slow = 8;
// Products with a few neurons' directions run at a third of GEMM's rate: they pass over n × m preactivations three times.
constexpr double passes = 3;
// From this size on, a projection computes its few positive eigenpairs only: about 12 N³ flops' time instead of 9 N³ slow ones.
constexpr double partial_from = 300;

// Below this much work an iteration, one more thread costs more in waiting than it brings.
constexpr double flops_a_thread = 5e5;

std::array<Cost, 4> costs(double n, double d, double C, double word) {
  const double N = d + 1, p = N * (N + 1) / 2, m = neurons_per_output * C;
  const double projections = admm_iterations * 2 * C * N * N * N * (N < partial_from ? 9 * slow : 12), state = 40 * p * C * word,
               iterate = 90 * p * C * word;  // of ADMM: points, factors and the fifteen pairs of Anderson's memory
  const double moments = n * N * N * N * N / 12, buffers = 3 * 8 * N * N * N * N / 24 + 8 * p * p;
  return {{{SolverKind::admm, OperatorKind::moments, moments + factorisations * p * p * p + admm_iterations * 2 * p * p * C * slow + projections,
            2 * p * p * word + buffers + iterate},
           {SolverKind::admm, OperatorKind::gram,
            n * n * d + factorisations * n * n * n + admm_iterations * (2 * n * n * C * slow + n * d * d * C) + projections,
            2 * n * n * word + n * (4 * d + 40 * C) * word + iterate},
           {SolverKind::burer_monteiro, OperatorKind::moments, moments + newton_products * 2 * p * p * C * slow, p * p * word + buffers + state},
           {SolverKind::burer_monteiro, OperatorKind::matrix_free, newton_products * 4 * n * d * m * passes, n * (d + 3 * m) * word + state}}};
}

std::string describe(const Cost& cost, double n, double d, double p) {
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(), "%s with %s: n = %.0f, d = %.0f, p = %.0f; about %.2g Gflop and %.2g MiB", name(cost.solver).c_str(),
                name(cost.data_operator).c_str(), n, d, p, cost.flops * 1e-9, cost.bytes / (1 << 20));
  return text.data();
}

}  // namespace

Choice choose(const Settings& settings, Index samples, Index features, Index outputs, double memory) {
  if (settings.solver == SolverKind::admm && settings.data_operator == OperatorKind::matrix_free) {
    throw UsageError("solver admm needs operator moments or gram; with operator matrix-free use solver bm");
  }
  const auto n = static_cast<double>(samples), d = static_cast<double>(features), C = static_cast<double>(outputs);
  const double word = settings.precision == Precision::double_precision ? 8 : 4;
  std::optional<Cost> best, cheapest_in_memory_terms;
  for (Cost cost : costs(n, d, C, word)) {
    // Burer–Monteiro reads samples alike in the Gram form, which exists for it only when asked for.
    if (settings.solver == SolverKind::burer_monteiro && settings.data_operator == OperatorKind::gram && cost.data_operator == OperatorKind::gram) {
      cost.solver = SolverKind::burer_monteiro;
    }
    if (settings.solver != SolverKind::automatic && cost.solver != settings.solver) continue;
    if (settings.data_operator != OperatorKind::automatic && cost.data_operator != settings.data_operator) continue;
    if (!cheapest_in_memory_terms || cost.bytes < cheapest_in_memory_terms->bytes) cheapest_in_memory_terms = cost;
    if (cost.bytes <= memory && (!best || cost.flops < best->flops)) best = cost;
  }
  const auto p = static_cast<double>(packed::size(features + 1));
  if (!best) {
    throw EnvironmentError("not enough memory: " + describe(*cheapest_in_memory_terms, n, d, p) + ", but only " +
                           std::to_string(static_cast<long long>(memory / (1 << 20))) + " MiB may be used");
  }
  const double iteration = best->data_operator == OperatorKind::moments ? 2 * C * p * p : n * (n + d * d) * C;
  const double work = iteration + 2 * C * 9 * std::pow(d + 1, 3);
  return {best->solver, best->data_operator, describe(*best, n, d, p), static_cast<int>(std::clamp(work / flops_a_thread, 1.0, 1024.0))};
}

}  // namespace neuspec
