// Truncated Newton with a trust region (Steihaug's conjugate gradients) on a vector of unknowns in device memory.
#pragma once

#include <functional>

#include "device/device.hpp"

namespace neuspec {

/// Minimises a smooth function that offers products with its Hessian. Beside L-BFGS it reaches the accuracy that a certificate needs on
/// badly conditioned data, at about the same price a step: a Hessian product costs as much as a gradient.
template <class Real>
class Newton {
 public:
  struct Function {
    std::function<double(ConstView<Real> x, View<Real> gradient)> value;           ///< value at x; writes the gradient
    std::function<void(ConstView<Real> direction, View<Real> product)> curvature;  ///< Hessian at the x of the last `value`, times a direction
  };
  /// Called at the start and after each accepted step with gradients and Hessian products so far and the gradient's norm; true: stop.
  using Stop = std::function<bool(Index products, double gradient_norm)>;

  Newton(Device<Real>& device, Index size);

  /// Improves x (size × 1) in place and returns the number of gradients and Hessian products used. Ends when `stop` says so or no step decreases the
  /// function.
  Index minimise(View<Real> x, const Function& function, const Stop& stop);

 private:
  /// Fills step_ within the radius; returns the decrease of the quadratic model.
  double solve_model(const Function& function, double radius, double tolerance, Index& products);
  void axpy(double alpha, const DeviceMatrix<Real>& from, DeviceMatrix<Real>& to) { device_.axpby(static_cast<Real>(alpha), from, Real(1), to); }

  Device<Real>& device_;
  DeviceMatrix<Real> gradient_, trial_gradient_, trial_, step_, residual_, direction_, product_;
};

}  // namespace neuspec
