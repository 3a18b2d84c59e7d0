// Where a solve of very many samples begins: at the optimum of a part of them.
#pragma once

#include <memory>

#include "lift/data_operator.hpp"
#include "solve/solver.hpp"

namespace neuspec {

/// How large a part, and what its solve may take.
struct PartSize {
  Index largest_share;  ///< one in so many samples, or fewer where memory wants it
  Index fewest;         ///< samples that foretell much of the others
  double tolerance;     ///< its optimum is farther than that from the one of all
  double memory;        ///< bytes
};

/// Samples spread over all of them and weighted to stand for all, with a solver of their own. Their optimum's neurons are nearly those of all: from
/// there a few steps are left, where from zero most steps are taken far from the optimum.
template <class Real>
class PartOfSamples {
 public:
  /// `problem`, `samples` and `settings` as for `make_solver`; `all` is the form of all samples.
  PartOfSamples(const DataOperator<Real>& all, const Problem& problem, const Source& samples, const Settings& settings, const PartSize& size);

  /// Whether there are samples enough for one.
  bool exists() const { return solver_ != nullptr; }
  void set_beta(double beta);
  /// Its optimum; `whole` is what the solve of all is told by.
  Network optimum(const Monitor& whole);

 private:
  Settings settings_;
  Observer observer_;
  std::unique_ptr<DataOperator<Real>> data_;
  std::unique_ptr<Solver> solver_;
};

}  // namespace neuspec
