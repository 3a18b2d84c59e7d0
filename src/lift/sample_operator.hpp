// The matrix-free form: the samples themselves in device memory, and nothing else.
#pragma once

#include "lift/data_operator.hpp"

namespace neuspec {

template <class Real>
class SampleOperator : public DataOperator<Real> {
 public:
  SampleOperator(Device<Real>& device, const Problem& problem, const Source& data);

  OperatorKind kind() const override { return OperatorKind::matrix_free; }
  double ridge_norm() override;
  void prepare(double rho) override;
  void solve(const AdmmStep& step, const AdmmState<Real>& state) override;
  DualCandidate dual_at(const AdmmStep& step, const AdmmState<Real>& state) override;
  std::vector<double> loss(ConstView<Real> D) override;
  double evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) override;
  void differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) override;
  DualCandidate dual_of(const FactorColumns& columns, ConstView<Real> Z) override;

 protected:
  ConstView<Real> x() const { return x_; }                       // d × n
  ConstView<Real> y() const { return y_; }                       // n × C, times s
  ConstView<Real> s() const { return scale_; }                   // √w, or null when all weights are 1
  DualCandidate candidate(ConstView<Real> v);                    // v n × C = s·(prediction − y)
  DualCandidate sums(ConstView<Real> v, ConstView<Real> gamma);  // the same where Γ(v) is known

 private:
  /// H and f for at least m neurons.
  void reserve(Index neurons);
  void residual_at(const FactorColumns& columns, ConstView<Real> Z);

  DeviceMatrix<Real> x_, y_, scale_, f_, f_dot_, gamma_;
  DeviceMatrix<Real> H_, Q_;  // n × m and room to grow: xᵀw of the point last evaluated, and scratch
};

}  // namespace neuspec
