// What Burer–Monteiro's Newton steps are preconditioned by: the Hessian of the loss and penalty in the neurons, its Gauss–Newton part from a part of
// the samples or from their moments.
#pragma once

#include "lift/data_operator.hpp"

namespace neuspec {

/// P = n/|I| Σ_{i in I} J_iᵀ ∇²ℓ_i J_i + diag_j Π₊(2 (sign_j (M + (t + qᵀw₁/(2s)) I) + β I)) for the columns w_j of a factored point, M, q and t
/// those of ∇ℓ at it (docs/mathematics.md section 3), w₁ and s the first column and the norm of the block. An intercept follows at its best: see
/// gauss_newton. Problems that have nothing in common but the data have a P each.
template <class Real>
class Preconditioner {
 public:
  Preconditioner(DataOperator<Real>& data, const FactorColumns& columns, double beta);

  /// How many Hessian products take as long as `learn`; none where P is out of reach: too many unknowns, too little memory.
  Index cost() const { return cost_; }
  /// Forms and inverts P at the factored point Z, which is evaluated when it returns. False where P is not positive definite to rounding.
  bool learn(ConstView<Real> Z);
  /// result = P⁻¹ residual, d·m × 1: 2 (d m)² flops a problem.
  void apply(ConstView<Real> residual, View<Real> result);

 private:
  /// Columns that stay neighbours when those of one problem are taken out of all.
  struct Stretch {
    Index first, own_first, count;
  };
  struct Part {
    FactorColumns columns;
    std::vector<Stretch> stretches;
    DeviceMatrix<Real> inverse, residual, result;
    Index size() const { return static_cast<Index>(columns.sign.size()); }
  };
  void split();
  void add_gauss_newton(ConstView<Real> Z, Part& part);
  void add_own_curvature(ConstView<Real> Z);

  DataOperator<Real>& data_;
  FactorColumns columns_;
  double beta_;
  Index samples_ = 0, cost_ = 0;
  std::vector<Part> parts_;
};

}  // namespace neuspec
