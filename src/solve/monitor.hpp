// What every solver tells at its tests of convergence, and what decides when it stops.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "lift/data_operator.hpp"
#include "neuspec/fit.hpp"

namespace neuspec {

class Monitor {
 public:
  using Clock = std::chrono::steady_clock;

  Monitor(const Settings& settings, const Observer& observer, Index problems, Clock::time_point start);

  /// The units of what solvers report (Equilibration::objective), and `objective_unit` of the problem, which gaps are measured in.
  void set_units(double objective, double gap) {
    objective_ = objective;
    unit_ = gap;
  }
  /// One of the same limits that tells nobody, for some of the problems with their share of the unit.
  Monitor of_some(Index problems, double share) const;
  /// A test of convergence: objective and lower bound of each problem. Keeps the best of each; true when the solver has to stop
  /// (their gap has reached `target`, or a limit, or the observer's wish). Problems that share nothing but the data (DataOperator::problems) have
  /// bests that add up.
  bool test(const std::vector<double>& primal, const std::vector<double>& dual, Index neurons, Index new_iterations, double target);
  /// The solver sees that it gets no further, or has heard why it should not; sets `status`.
  void give_up(Status why = Status::stalled) { status_ = why; }
  /// Iterations that came to nothing.
  void count(Index iterations) { iterations_ += iterations; }
  /// What a checkpoint is written by: it asks the solver where it stands, and is told the iterations so far.
  void set_checkpoint(std::function<void(Index iterations)> write) { write_ = std::move(write); }
  /// Whether it is time for one: an interval has passed, or there may be no other before the process is ended.
  bool checkpoint_due() const {
    return write_ && (seconds() >= written_at_ + settings_.checkpoint_interval || (in_a_hurry() && !written_in_a_hurry_));
  }
  /// So many iterations after the last test.
  void checkpoint(Index new_iterations = 0);
  /// The solve goes on from one that had taken so many iterations; limits count from here.
  void resume(Index iterations) { before_ = iterations; }
  /// True when a limit has passed; sets `status`.
  bool out_of_budget();

  Clock::time_point start() const { return start_; }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  /// True when the solver should not even wait for its next test.
  bool in_a_hurry() const { return seconds() >= settings_.time_limit || stop_requested(); }
  /// Why.
  Status hurry() const { return stop_requested() ? Status::interrupted : Status::time_limit; }
  const std::vector<double>& primals() const { return primal_; }  ///< the best of each problem
  const std::vector<double>& duals() const { return dual_; }
  double primal() const;
  double dual() const;
  double relative_gap() const;
  /// Of a point and a bound that need not be the best there are.
  double relative_gap(const std::vector<double>& primal, const std::vector<double>& dual) const;
  Index iterations() const { return before_ + iterations_; }
  /// Why the last `test` said stop.
  Status status() const { return status_; }
  const std::vector<Progress>& history() const { return history_; }
  /// Forgets what has been reached: nobody keeps the point any more.
  void forget();
  /// Forgets bounds and history for another β on the same data.
  void restart();

 private:
  bool stop_requested() const { return settings_.stop_requested && settings_.stop_requested(); }

  const Settings& settings_;
  const Observer& observer_;
  Clock::time_point start_;
  double objective_ = 1, unit_ = 1;
  std::vector<double> primal_, dual_;
  Index iterations_ = 0, before_ = 0;
  std::function<void(Index)> write_;
  double written_at_ = 0;  // seconds
  bool written_in_a_hurry_ = false;
  Status status_ = Status::stalled;
  std::vector<Progress> history_;
};

/// The largest of each problem's `maxima` (Device::sphere_maxima), at least 0. What is not a number stays so.
std::vector<double> kappas(const std::vector<double>& maxima, Index problems);

/// κ(v) of each problem: the largest over its blocks (docs/mathematics.md section 3), at least 0. 4/3 f³ C B flops, or less where that takes long.
template <class Real>
std::vector<double> violations(DataOperator<Real>& data, const DualCandidate<Real>& candidate);

/// The lower bound g(τv) of docs/mathematics.md section 3 for each problem of a dual candidate with that κ, from solver quantities.
template <class Real>
std::vector<double> dual_bounds(const DualCandidate<Real>& candidate, const std::vector<double>& kappa, double beta);

}  // namespace neuspec
