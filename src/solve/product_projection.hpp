// Projection of one large block onto the positive semidefinite cone by matrix products alone, with a proven error.
#pragma once

#include <vector>

#include "device/device.hpp"

namespace neuspec {

/// α_k of the steps x ← α x (3 − α² x²)/2, each of which maps [l, 1] onto [l', 1] with about the largest l' that a cubic can give, α² = 3/(1 + l +
/// l²): Newton and Schulz's iteration for the sign of x, faster from zero. They take l = `smallest` to at least 1 − `deviation`.
std::vector<double> sign_scalings(double smallest, double deviation);

/// ‖w − Π₊(v)‖_F ≤ error, infinite where nothing could be proven; norm = ‖v‖_F.
struct Proven {
  double error, norm;
  bool within(double accuracy) const { return error <= accuracy * norm || norm == 0; }
};

template <class Real>
class ProductProjection {
 public:
  explicit ProductProjection(Device<Real>& device) : device_(device) {}

  /// w = Π₊(v) for a packed block (p × 1), meant to come within `accuracy`·‖v‖_F; what it has come to is proven afterwards. About 2 N³ flops for each
  /// of the steps (28 for 1e-9) and 6 N³ for the bound; the host waits a few times.
  Proven project(Index N, ConstView<Real> v, double accuracy, View<Real> w);

 private:
  double scaled(ConstView<Real> v, double norm);  // A_ = v/scale with ‖A_‖₂ ≤ 1; returns the scale
  void iterate(double smallest, double deviation);
  double absolute_value(double size, double accuracy, View<Real> w);
  double margin() const;

  Device<Real>& device_;
  DeviceMatrix<Real> A_, X_, Y_, Z_;  // N × N
};

}  // namespace neuspec
