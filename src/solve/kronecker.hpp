// What Burer–Monteiro's Newton steps are preconditioned by as long as nothing better is worth while.
#pragma once

#include <functional>
#include <vector>

#include "lift/data_operator.hpp"

namespace neuspec {

/// P = h S ⊗ C + β I for the neurons of one output and pool: C = Σ x xᵀ over all patches, S_jk the mean of u_ij u_ik with u_ij x_i the derivative of
/// sample i's prediction in w_j, and h 1 for squared loss, else how much more curvature a product with the Hessian finds along the gradient, beside
/// the penalty's. A Kronecker factorisation of the Gauss–Newton matrix, as if the slopes u and the samples had nothing to do with each other (Martens
/// and Grosse, 2015, do so for deep networks); β stands for the neurons' own curvature. C is decomposed once (d³), S at each point (m³ an output),
/// and P⁻¹ takes 4 d m (d + m) flops.
template <class Real>
class Kronecker {
 public:
  using Product = std::function<void(ConstView<Real> direction, View<Real> product)>;

  Kronecker(DataOperator<Real>& data, double beta) : data_(data), device_(data.device()), beta_(beta) {}
  void set_beta(double beta) { beta_ = beta; }

  /// Whether there is such a P, it takes less than it saves, and memory holds it.
  bool is_worth_while(Index neurons);
  /// At the factored point Z, where `curvature` multiplies by the Hessian and `gradient` (d·m × 1) is the gradient. \returns products with it
  Index learn(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> gradient, const Product& curvature);
  /// result = P⁻¹ residual, d·m × 1 both.
  void apply(ConstView<Real> residual, View<Real> result);

 private:
  bool decompose_samples();
  std::vector<double> slopes(const FactorColumns& columns, ConstView<Real> Z);  ///< S of all columns, m × m
  /// h, of the gradient.
  double scale(ConstView<Real> gradient, const Product& curvature, const std::vector<double>& values);
  void turn(ConstView<Real> from, View<Real> to);       ///< Qᵀ · E
  void turn_back(ConstView<Real> from, View<Real> to);  ///< Q · Eᵀ
  void divide_by(double h, const std::vector<double>& values);

  DataOperator<Real>& data_;
  Device<Real>& device_;
  double beta_;
  double samples_ = 0;            // Σ s² over all patches
  std::vector<double> spectrum_;  // of C
  DeviceMatrix<Real> moments_;    // Σ s² x̃ x̃ᵀ, N × N
  DeviceMatrix<Real> Q_, E_;      // eigenvectors of C and S
  DeviceMatrix<Real> inverse_;    // of P's eigenvalues, d × m
  DeviceMatrix<Real> half_, turned_;
};

}  // namespace neuspec
