// The scalars of Steihaug's conjugate gradients and the steps along vectors that they rule, written once for both machines. Nothing here is visible
// outside the including file.
#pragma once

#include <cmath>

#include "device/device.hpp"

namespace neuspec {
namespace {

/// Once the residual's ⟨r, y⟩ is known: d = −y is the first direction.
struct BeginGradients {
  double* s;
  double radius, tolerance;
  NEUSPEC_HOST_DEVICE void operator()(double ry) const {
    s[cg::ry] = s[cg::dd] = ry;
    s[cg::zz] = s[cg::zd] = s[cg::stride] = s[cg::turn] = s[cg::strides] = 0;
    s[cg::enough] = tolerance * tolerance * ry;
    s[cg::limit] = radius * radius;
    s[cg::running] = ry > s[cg::enough] ? 1 : 0;
  }
};

/// Once ⟨d, Hd⟩ is known. To the boundary along a direction of negative curvature, or where the step would leave the region: root of ‖z + τd‖ =
/// radius.
struct TakeStride {
  double* s;
  NEUSPEC_HOST_DEVICE void operator()(double curvature) const {
    if (s[cg::running] == 0) {
      s[cg::stride] = 0;
      return;
    }
    const double zz = s[cg::zz], zd = s[cg::zd], dd = s[cg::dd], limit = s[cg::limit], alpha = s[cg::ry] / curvature;
    const bool outside = !(curvature > 0) || zz + alpha * (2 * zd + alpha * dd) >= limit;
    const double square = zd * zd + dd * (limit - zz), to_boundary = (-zd + std::sqrt(square > 0 ? square : 0)) / dd;
    const double stride = outside ? to_boundary : alpha;
    s[cg::stride] = stride;
    s[cg::strides] += 1;
    s[cg::zz] = zz + stride * (2 * zd + stride * dd);
    if (outside) s[cg::running] = 0;
  }
};

/// Once the new residual's ⟨r, y⟩ is known: zd and dd, inner products in P of the step z and the direction d, obey recurrences.
struct TakeTurn {
  double* s;
  NEUSPEC_HOST_DEVICE void operator()(double ry) const {
    if (s[cg::running] == 0) return;
    const double beta = ry / s[cg::ry];
    s[cg::turn] = beta;
    s[cg::zd] = beta * (s[cg::zd] + s[cg::stride] * s[cg::dd]);
    s[cg::dd] = ry + beta * beta * s[cg::dd];
    s[cg::ry] = ry;
    if (!(ry > s[cg::enough])) s[cg::running] = 0;
  }
};

/// z ← z + stride d, r ← r + stride Hd: 6 words an entry. Nothing where the stride is 0, so that no infinity counts that was met behind the end.
template <class Real>
struct Stride {
  const double* s;
  ConstView<Real> direction, product;
  View<Real> step, residual;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Real stride = static_cast<Real>(s[cg::stride]);
    if (stride == Real(0)) return;
    step.data[e] = stride * direction.data[e] + step.data[e];
    residual.data[e] = stride * product.data[e] + residual.data[e];
  }
};

/// d ← −y + turn d: 3 words an entry.
template <class Real>
struct Turn {
  const double* s;
  ConstView<Real> y;
  View<Real> direction;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    if (s[cg::running] != 0) direction.data[e] = -y.data[e] + static_cast<Real>(s[cg::turn]) * direction.data[e];
  }
};
/// z = 0, d = −y.
template <class Real>
struct FirstDirection {
  ConstView<Real> y;
  View<Real> direction, step;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    direction.data[e] = -y.data[e];
    step.data[e] = 0;
  }
};

}  // namespace
}  // namespace neuspec
