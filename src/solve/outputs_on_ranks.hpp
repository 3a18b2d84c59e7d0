// Squared loss of many outputs on ranks: each solves some of them, which share nothing but the moments that all ranks have.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "distribute/ranks.hpp"
#include "lift/moments_operator.hpp"
#include "solve/solver.hpp"

namespace neuspec {

/// A solver for some of the outputs from their own form.
template <class Real>
using SolverOf = std::function<std::unique_ptr<Solver>(DataOperator<Real>& data)>;

/// Rank 0's calls are heard by the others, which `serve` meanwhile. Gaps add up: where each rank's outputs have half the gap aimed at, measured
/// beside their own objective and their share of the unit, all outputs together have it.
template <class Real>
class OutputsOnRanks final : public Solver {
 public:
  /// Collective. `all`: the moments of all samples, which outlive it; `monitor`: what each rank's limits and units are taken from.
  OutputsOnRanks(const Ranks& ranks, const MomentsOperator<Real>& all, const SolverOf<Real>& make, const Monitor& monitor);

  void run(Monitor& monitor, double target) override;
  void set_beta(double beta) override;
  Network network() override { return network_; }
  /// Not wanted where outputs are shared out.
  SolverState save() override;
  void restore(const SolverState& state) override;

  /// What rank 0 asks for, until it releases the others.
  void serve();
  void release();

 private:
  enum class Task { release, set_beta, run };
  void tell(Task task, double value);
  void solve(double target);
  /// Rank 0 has what every rank has found.
  void bring_together(Monitor* monitor, double target);

  const Ranks& ranks_;
  Index first_, count_, outputs_;
  std::unique_ptr<MomentsOperator<Real>> own_;  // null where there are more ranks than outputs
  std::unique_ptr<Solver> solver_;
  Monitor monitor_;
  Network network_;  // of all outputs
};

}  // namespace neuspec
