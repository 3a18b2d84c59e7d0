// What Burer–Monteiro's Newton steps are preconditioned by: the Hessian of the loss and penalty in the neurons, its Gauss–Newton part from a part of
// the samples or from their moments.
#pragma once

#include <memory>
#include <vector>

#include "lift/data_operator.hpp"
#include "solve/woodbury.hpp"

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
  /// How many have to be spent without it before it is worth while.
  Index worth_after() const { return worth_after_; }
  bool through_samples() const { return through_samples_; }
  /// Forms P at the factored point Z, which is evaluated when it returns, and its inverse: of all unknowns or, where there are fewer, by one of the
  /// samples. False where P is not positive definite to rounding.
  bool learn(ConstView<Real> Z);
  /// result = P⁻¹ residual, d·m × 1: 2 (d m)² flops a problem, through n samples 4 n d m + 2 n².
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
    std::unique_ptr<Woodbury<Real>> through_samples;
    Index size() const { return static_cast<Index>(columns.sign.size()); }
    double blocks() const { return static_cast<double>(Linearisation<Real>::starts_of_blocks(columns).size() - 1); }
  };
  /// The neurons' own curvature, one packed matrix a block, and each column's.
  struct OwnCurvature {
    DeviceMatrix<Real> of_block;
    std::vector<Index> block_of;
  };
  void split();
  void estimate();
  DeviceMatrix<Real> own_point(ConstView<Real> Z, const Part& part);
  OwnCurvature own_curvature(ConstView<Real> Z);
  void form_gauss_newton(ConstView<Real> Z, Part& part);
  bool invert_all(Part& part, const OwnCurvature& curvature);
  bool invert_through_samples(Part& part, Linearisation<Real> linear, const OwnCurvature& curvature);

  DataOperator<Real>& data_;
  FactorColumns columns_;
  double beta_;
  Index samples_ = 0, cost_ = 0, worth_after_ = 0;
  bool through_samples_ = false;  // by Woodbury's identity
  std::vector<Part> parts_;
};

}  // namespace neuspec
