// The kernel Gram form: K = ĀĀᵀ (n × n) beside the samples; the linear step by Woodbury's identity.
#pragma once

#include "lift/sample_operator.hpp"

namespace neuspec {

template <class Real>
class GramOperator final : public SampleOperator<Real> {
 public:
  GramOperator(Device<Real>& device, const Problem& problem, const Source& data);

  OperatorKind kind() const override { return OperatorKind::gram; }
  double ridge_norm() override;
  void prepare(double rho) override;
  Index carry_rows() const override { return this->samples(); }
  void start(ConstView<Real> V, View<Real> carry) override;
  void solve(const AdmmStep& step, const AdmmState<Real>& state) override;
  DualCandidate dual_at(const AdmmStep& step, const AdmmState<Real>& state) override;

 private:
  /// K_ = K, if it is not.
  void form_gram();
  /// aw = Ā(W₊ − W₋): of a dense network from the few eigenvectors of the projected blocks, else from the blocks themselves.
  void forward_projected(const AdmmState<Real>& state);
  void forward_factors(const AdmmState<Real>& state);
  /// gamma_ = P_G(V₊ − V₋) for the pairs of columns of V.
  void difference(ConstView<Real> V);
  void build_from_lifted();
  /// Whether K is done with between two `prepare`s, whose inverse then takes its place: for n³ flops its n² d come again for little.
  bool one_matrix() const { return this->squared() && this->patches().whole(); }
  void centre_gram();

  DeviceMatrix<Real> K_, inverse_, Ky_, H_, Z_;
  DeviceMatrix<Real> aw_, t_, u_, v_, gamma_;  // n × C: Ā(W₊ − W₋), ĀT and right-hand side, ĀD, ĀD − targets; p × C·B: P_G Γ(v)
  DeviceMatrix<Real> e_, trace_;               // n × 1: Ā removes e⟨G, ·⟩/N from A; 1 × 1 scratch
  bool formed_ = false;                        // K_ holds K; else, with one matrix, its inverse
};

}  // namespace neuspec
