// The moments form: S = ĀᵀĀ (p·B × p·B) and r = Āᵀy. For squared loss nothing depends on n after it is built.
#pragma once

#include <memory>

#include "lift/sample_operator.hpp"
#include "lift/stored_moments.hpp"

namespace neuspec {

struct LiftedSums {
  std::vector<double> yy;  ///< Σ w y² of each output
  double removed = 0;      ///< trace that centring took off S
};

/// Streams the source once and fills S and r. Sample weights count where `weighted`. With an intercept lifted samples and targets are less their
/// means.
template <class Real>
LiftedSums sum_moments(Device<Real>& device, const Problem& problem, const Source& data, bool weighted, View<Real> S, View<Real> r);

template <class Real>
class MomentsOperator final : public DataOperator<Real> {
 public:
  MomentsOperator(Device<Real>& device, const Problem& problem, const Source& data);
  MomentsOperator(Device<Real>& device, const Problem& problem, const ScaledMoments& data);
  /// That of some of another's outputs, which shares its S.
  MomentsOperator(const MomentsOperator& all, Index first, Index count);

  OperatorKind kind() const override { return OperatorKind::moments; }
  double ridge_norm() override;
  void prepare(double rho) override;
  void solve(const AdmmStep& step, const AdmmState<Real>& state) override;
  DualCandidate<Real> dual_at(const AdmmStep& step, const AdmmState<Real>& state) override;
  std::vector<double> loss(ConstView<Real> D) override;
  double evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) override;
  void differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) override;
  DualCandidate<Real> dual_of(const FactorColumns& columns, ConstView<Real> Z) override;
  bool has_gauss_newton() const override { return true; }
  void gauss_newton(const FactorColumns& columns, ConstView<Real> Z, Index /*samples*/, View<Real> B) override {
    this->device().packed_gauss_newton(S(), columns, Z, B);
  }
  double gauss_newton_flops(double unknowns, double squares, Index /*samples*/) const override {
    const auto N = static_cast<double>(this->N());
    return 2 * N * (static_cast<double>(S().rows) * unknowns + squares);
  }
  double gauss_newton_memory(double unknowns) const override { return static_cast<double>(this->p() + S().rows) * unknowns; }
  double product_flops(double /*unknowns*/) const override {
    return 2 * static_cast<double>(S().rows) * static_cast<double>(S().rows * this->outputs());
  }

 private:
  ConstView<Real> S() const { return *S_; }
  DualCandidate<Real> candidate(ConstView<Real> D, ConstView<Real> gamma);
  void lift_point(const FactorColumns& columns, ConstView<Real> Z);
  void pack(const FactorColumns& columns, ConstView<Real> Y, ConstView<Real> Z);
  void apply(const FactorColumns& columns, ConstView<Real> gamma, ConstView<Real> Z, View<Real> G);

  std::shared_ptr<const DeviceMatrix<Real>> S_;
  DeviceMatrix<Real> inverse_, r_, right_, product_, derivative_, scratch_;
  std::vector<double> yy_;  // Σ w y², an output each
};

/// The same factor beside the samples, for losses other than squared.
template <class Real>
class SampledMomentsOperator final : public SampleOperator<Real> {
 public:
  SampledMomentsOperator(Device<Real>& device, const Problem& problem, const Source& data, Features features = Features::held);

  OperatorKind kind() const override { return kind_; }
  double ridge_norm() override;
  void prepare(double rho) override;
  void solve(const AdmmStep& step, const AdmmState<Real>& state) override;
  DualCandidate<Real> dual_at(const AdmmStep& step, const AdmmState<Real>& state) override;
  double evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) override;
  void differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) override;
  void gauss_newton(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B) override;
  bool second_moments(View<Real> moments) override { return own_ ? own_->second_moments(moments) : SampleOperator<Real>::second_moments(moments); }
  DualCandidate<Real> dual_of(const FactorColumns& columns, ConstView<Real> Z) override;

 protected:
  void least_change(View<Real> R, View<Real> f) override;

 private:
  OperatorKind kind_;                        // moments, or streamed
  std::unique_ptr<DataOperator<Real>> own_;  // for descent over the neurons of a smooth loss, where samples are streamed
  DeviceMatrix<Real> S_, inverse_, r_, right_, prediction_;
};

}  // namespace neuspec
