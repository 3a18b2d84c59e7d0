// Truncated Newton with a trust region (Steihaug's preconditioned conjugate gradients) on a vector of unknowns in device memory.
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
    std::function<bool()> abandon = [] { return false; };                          ///< asked before each product; true: make do with the step so far
    /// Optional: makes a cheap P at the x of the last `value`, whose gradient it is given; asked for before each step as long as nothing is learnt.
    /// \returns how many products it took
    std::function<Index(ConstView<Real> gradient)> prepare = {};
    /// Optional: learns a positive definite P like the Hessian at the x of the last `value`; false where that failed.
    std::function<bool()> learn = {};
    /// Whether that is due, after so many products in all and since it was last done, at a gradient of that norm.
    std::function<bool(Index products, Index since, double gradient_norm)> due = {};
    Index learning = 0;  ///< how many products take as long
    /// A gradient's norm that is small enough: steps to below it need no more of their model's digits.
    std::function<double()> last_norm = [] { return 0.0; };
    std::function<void(ConstView<Real> residual, View<Real> result)> precondition = {};  ///< P⁻¹ times a vector, of the last P
  };
  /// Called at the start and after each accepted step with gradients and Hessian products so far and the gradient's norm; true: stop.
  using Stop = std::function<bool(Index products, double gradient_norm)>;

  Newton(Device<Real>& device, Index size);

  /// Improves x (size × 1) in place and returns the number of gradients and Hessian products used. Ends when `stop` says so or no step decreases the
  /// function.
  Index minimise(View<Real> x, const Function& function, const Stop& stop);

 private:
  /// Fills step_ within the radius in the norm of P; returns the decrease of the quadratic model and leaves the step's length in that norm.
  double solve_model(const Function& function, double radius, double tolerance, Index& products, double& length);
  void axpy(double alpha, const DeviceMatrix<Real>& from, DeviceMatrix<Real>& to) { device_.axpby(static_cast<Real>(alpha), from, Real(1), to); }

  Device<Real>& device_;
  /// P⁻¹ residual, or the residual itself where there is no P.
  ConstView<Real> preconditioned(const Function& function);
  /// A P for the next step, learnt if it is time, and the radius in its norm.
  void shape(const Function& function, double norm, Index& products, Index& learnt_at, double& radius);

  bool learnt_ = false, shaped_ = false;  // a P; any P
  DeviceMatrix<Real> gradient_, trial_gradient_, trial_, step_, residual_, direction_, product_;
  DeviceMatrix<double> scalars_;
};

}  // namespace neuspec
