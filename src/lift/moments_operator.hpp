// The moments form: S = ĀᵀĀ (p × p) and r = Āᵀy. Nothing depends on n after it is built.
#pragma once

#include "lift/data_operator.hpp"

namespace neuspec {

template <class Real>
class MomentsOperator final : public DataOperator<Real> {
 public:
  MomentsOperator(Device<Real>& device, const Problem& problem, const Source& data);

  OperatorKind kind() const override { return OperatorKind::moments; }
  double ridge_norm() override;
  void prepare(double rho) override;
  void solve(const AdmmStep& step, const AdmmState<Real>& state) override;
  DualCandidate dual_at(const AdmmStep& step, const AdmmState<Real>& state) override;
  std::vector<double> loss(ConstView<Real> D) override;
  double evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) override;
  void differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) override;
  DualCandidate dual_of(const FactorColumns& columns, ConstView<Real> Z) override;

 private:
  DualCandidate candidate(ConstView<Real> D, ConstView<Real> gamma);
  void lift_point(const FactorColumns& columns, ConstView<Real> Z);

  DeviceMatrix<Real> S_, inverse_, r_, right_, product_, derivative_, scratch_;
  std::vector<double> yy_;  // Σ w y², an output each
};

}  // namespace neuspec
