// What Burer–Monteiro's Newton steps are preconditioned by: the Hessian of the loss and penalty in the neurons, its Gauss–Newton part from a part of
// the samples.
#pragma once

#include "lift/data_operator.hpp"

namespace neuspec {

/// P = n/|I| Σ_{i in I} J_iᵀ ∇²ℓ_i J_i + diag_j Π₊(2 (sign_j (M + (t + qᵀw₁/(2s)) I) + β I)) for the columns w_j of a factored point, M, q and t
/// those of ∇ℓ at it (SPEC.md section 3), w₁ and s the first column and the norm of the block. An intercept follows at its best: see gauss_newton.
template <class Real>
class Preconditioner {
 public:
  Preconditioner(DataOperator<Real>& data, const FactorColumns& columns, double beta);

  /// How many Hessian products take as long as `learn`; none where P is out of reach: no samples at hand, too many unknowns.
  Index cost() const { return cost_; }
  /// Forms and inverts P at the factored point Z, the one last evaluated, which it evaluates again. False where P is not positive definite to
  /// rounding.
  bool learn(ConstView<Real> Z);
  /// result = P⁻¹ residual: 2 (d m)² flops.
  void apply(ConstView<Real> residual, View<Real> result) { data_.device().symm(Real(1), inverse_, residual, Real(0), result); }

 private:
  DataOperator<Real>& data_;
  const FactorColumns& columns_;
  double beta_;
  Index samples_, cost_ = 0;
  DeviceMatrix<Real> inverse_;
};

}  // namespace neuspec
