// The intercept of an output that is not penalised, docs/mathematics.md section 3: its best value beside given predictions, and its condition on dual
// vectors.
#pragma once

#include <span>
#include <vector>

#include "distribute/ranks.hpp"
#include "loss/row.hpp"
#include "neuspec/problem.hpp"

namespace neuspec {

/// Numbers of n samples and C outputs, in either order.
template <class T>
struct Grid {
  T* data;
  Index samples, outputs;
  Index next_sample, next_output;  ///< entries from one to the next

  T& operator()(Index i, Index k) const { return data[i * next_sample + k * next_output]; }
  loss::Row<T> row(Index i) const { return {data + i * next_sample, next_output, outputs}; }
};
template <class T>
Grid<T> by_samples(T* data, Index samples, Index outputs) {
  return {data, samples, outputs, outputs, 1};
}
template <class T>
Grid<T> by_outputs(T* data, Index samples, Index outputs) {
  return {data, samples, outputs, 1, samples};
}

struct Intercept {
  double b = 0;           ///< argmin over b of Σ_i w_i ℓ(f_i + b, y_i), for a loss that does not couple outputs
  std::vector<double> v;  ///< w_i times a subgradient of ℓ at f_i + b, |Σ v| ≤ 2⁻⁴⁶ Σ |v| or about that; a proof wants it through `balance`
};

/// Predictions and targets of one output; `weights` is empty where all are 1. Of the numbers beside a kink the one with the lower loss is taken:
/// where one side is flat, that side. Where no best b exists (labels of one class), one that gives nothing away in double. A few passes over the
/// samples, of a loss with kinks about 60. The samples may be one rank's part, whose sums over the ranks then say where the search goes: the same b
/// on every rank, and the own samples' v.
Intercept best_intercept(const Loss& loss, std::span<const double> f, std::span<const double> y, std::span<const double> weights,
                         const Ranks* ranks = nullptr);

/// The same for every output.
struct Intercepts {
  std::vector<double> b;         ///< C
  std::vector<double> v;         ///< n × C in the order of f
  std::vector<double> coupling;  ///< of a loss that couples outputs, see CoupledIntercept; else empty
  std::vector<double> levels;    ///< likewise
};

/// `start`: the levels of like predictions save a loss that couples outputs a few passes.
Intercepts best_intercepts(const Loss& loss, Grid<const double> f, Grid<const double> y, std::span<const double> weights,
                           std::span<const double> start = {}, const Ranks* ranks = nullptr);

/// Makes Σ_i v_i zero in every output, for a v in the domain of the conjugate, where it stays. There is then a v' with Σ v' = 0 exactly that differs
/// from v by the fraction `balance_rounding` of each entry at most (and n²·2⁻¹⁰⁶, which sums of n entries lose); softmax has it so for all entries
/// but a label's, which is minus the sum of its row's others in v as in v'. Where numbers are too large or too small for that, v becomes 0.
///
/// Separate outputs: the positive or the negative entries, whichever weigh more, are scaled down, which no domain forbids, for each of them holds 0
/// and is convex. Softmax: an entry v_ik ≥ 0 with the label's own −Σ_k v_ik is a flow from the label's output to output k, which may only fall; the
/// flows between two outputs are scaled down together such that at every output as much flows out as in.
/// v may be one rank's part.
void balance(const Loss& loss, Grid<double> v, const Ranks* ranks = nullptr);
inline constexpr int balance_rounding = 8;  ///< in units of 2⁻⁵³

}  // namespace neuspec
