// Anderson acceleration (type II, safeguarded) of a fixed-point iteration v ← v + f(v) whose state has several parts.
#pragma once

#include <vector>

#include "device/device.hpp"

namespace neuspec {

/// Every `interval` steps the state becomes the combination of past ones that the least squares over their residuals suggests. The candidate is
/// judged by its own residual at the next step: kept if that is not larger than the residual it started from, else the plain step from there is taken
/// after all. No value travels to the host. `problems` independent iterations run side by side, each with coefficients of its own.
template <class Real>
class Anderson {
 public:
  struct Part {
    DeviceMatrix<Real> v, f;  ///< state and residual, for the caller to fill
    double weight = 0;        ///< of the part's residual in the least squares; 0: the part follows linearly
    DeviceMatrix<Real> fallback, past_f, past_y;
  };

  static constexpr Index most_pairs = 15;

  Anderson(Device<Real>& device, Index problems, Index pairs = most_pairs);

  /// A part of rows × columns, whose columns belong to the problems in equal runs.
  Part& add(Index rows, Index columns, double weight);
  /// The next state, from the residual at this one. `plain`: not an accelerated one.
  void advance(bool plain);
  /// Back to zero, as made.
  void restart();
  /// What was remembered belongs to another map.
  void forget();
  /// Whether the state is a candidate that has yet to be judged.
  bool candidate_pending() const { return candidate_pending_; }

 private:
  void judge();
  void accelerate();
  /// Writes f and v + weight·f of every part into the ring.
  void remember(Real weight);
  View<Real> by_problem(const DeviceMatrix<Real>& matrix) const { return matrix.view().reshaped(matrix.view().size() / problems_, problems_); }
  void sum_squares(View<Real> squares);

  Device<Real>& device_;
  Index problems_, pairs_;  // pairs: past ones that are remembered
  std::vector<std::unique_ptr<Part>> parts_;
  DeviceMatrix<Real> coefficients_, squares_, before_, part_squares_;
  Index steps_ = 0, stored_ = 0, next_slot_ = 0;
  bool candidate_pending_ = false;
};

}  // namespace neuspec
