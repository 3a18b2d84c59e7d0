// A network of few neurons as a quadratic function of few numbers.
#pragma once

#include <optional>
#include <vector>

#include "neuspec/explain.hpp"

namespace neuspec {

/// A network on R^d whose neurons are r < d columns (one for every patch that they see) sees of a sample x its part in their span alone. In an
/// orthonormal basis W of r vectors that span them, z = Wᵀx, its outputs are the quadratic functions of z that a network of the directions Wᵀu has,
/// and the nearest other prediction lies at x + W(z' − z): nothing of size d × d is needed.
///
/// The computed B has some such W within ‖B − W‖₂ ≤ ‖BᵀB − I‖₂ ≤ φ, its orthogonal factor. The coordinates c = fl(Bᵀu) leave u = Wc + e,
/// ‖e‖ ≤ ‖u − Bc‖ + φ‖c‖, which makes Q differ from W Q_z Wᵀ by |a| Σ|α| ‖e‖(2‖c‖ + ‖e‖) and q by |b| Σ|α| ‖e‖: as parts of `outputs[k].rounding`
/// they hold for the function on all of R^d.
struct NeuronSpan {
  Index features = 0, rank = 0;          ///< d and r
  std::vector<double> basis;             ///< B, d × r, column-major
  double basis_off = 0;                  ///< φ
  std::vector<QuadraticOutput> outputs;  ///< of z

  /// z = Bᵀx of rows of x (samples × d), samples × r.
  void coordinates(const double* x, Index samples, double* z) const;
  /// Above ‖z − Wᵀx‖ for the z computed, from ‖x‖.
  double coordinates_off(double norm) const;
};

/// Nothing where the columns are as many as the features. 6 d r² flops.
std::optional<NeuronSpan> span_of(const Network& network);

}  // namespace neuspec
