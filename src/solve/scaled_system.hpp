// The linear system of an interior-point step, solved to the last digits however far apart its rows are.
#pragma once

#include <functional>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// For C (q × n, column-major): e + Cᵀt = r, t = C e. That is the least-squares problem of M = [Cᵀ; I] and its residual, or if C has more rows that
/// of [C; I], solved by Householder reflections: entries are as far apart as 10¹⁰, and squares of them would leave nothing of the 1 beside them. A
/// few steps of iterative refinement do the rest. 2 (n + q) min(n, q)² flops to factor.
class ScaledSystem {
 public:
  struct Solution {
    std::vector<double> e, t;  ///< n, q
  };

  /// `stop` is asked about once a second: when it has said yes, what is left is not computed, and no answer means anything.
  ScaledSystem(Index q, Index n, std::vector<double> C, std::function<bool()> stop = {});

  Solution solve(const std::vector<double>& r);
  bool abandoned() const { return abandoned_; }
  const std::vector<double>& C() const { return C_; }

 private:
  bool wide() const { return q_ < n_; }
  Index size() const { return wide() ? q_ : n_; }
  void factor();
  /// [reflectors_ | tau_] of M in the order of its rows, a panel of columns at a time.
  void reflect(Index rows, Index columns);
  bool stopped();
  /// Makes a rough x exact, as far as that goes.
  void refine(const std::vector<double>& r, Solution& x);
  /// e + Cᵀt = r, t = C e + s with the factors alone.
  Solution once(const std::vector<double>& r, const std::vector<double>& s) const;
  void multiply(double alpha, const std::vector<double>& e, std::vector<double>& t) const;             // t += α C e
  void multiply_transposed(double alpha, const std::vector<double>& t, std::vector<double>& e) const;  // e += α Cᵀt

  Index q_, n_;
  std::function<bool()> stop_;
  bool abandoned_ = false;
  std::vector<double> C_;
  std::vector<Index> order_;         // of the rows of M
  std::vector<double> reflectors_;   // geqrf's of M, (n + q) × size
  std::vector<double> tau_, lower_;  // and Rᵀ
};

}  // namespace neuspec
