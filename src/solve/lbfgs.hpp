// Limited-memory BFGS on a matrix of unknowns in device memory.
#pragma once

#include <functional>

#include "device/device.hpp"

namespace neuspec {

/// Minimises a smooth function. The two loops of L-BFGS run on inner products alone: one product with all stored vectors brings them to the host and
/// one more forms the direction, so that an iteration waits for the device twice, whatever its memory.
template <class Real>
class Lbfgs {
 public:
  /// Value at x; writes the gradient.
  using Function = std::function<double(ConstView<Real> x, View<Real> gradient)>;
  /// Called after each iteration with the value; true: stop.
  using Stop = std::function<bool(Index iteration, double value)>;

  Lbfgs(Device<Real>& device, Index size);

  /// Improves x (size × 1) in place; returns the final value. Ends when `stop` says so or no step along the direction decreases the function.
  double minimise(View<Real> x, const Function& function, const Stop& stop);

 private:
  static constexpr Index memory = 20;

  double direction();  // fills direction_, returns its slope gᵀd
  bool line_search(View<Real> x, const Function& function, double slope, double& value);
  void remember(double step);

  Device<Real>& device_;
  Index size_, stored_ = 0, next_ = 0;
  DeviceMatrix<Real> basis_;  // size × 2·memory: steps s, then gradient changes y
  DeviceMatrix<Real> gradient_, trial_gradient_, trial_, direction_, products_, coefficients_;
  std::vector<double> gram_;  // inner products of the basis, 2·memory square
};

}  // namespace neuspec
