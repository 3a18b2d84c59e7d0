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
  DualCandidate<Real> dual_at(const AdmmStep& step, const AdmmState<Real>& state) override;
  /// From Ā(W₊ − W₋), which `solve` has left behind: 8 n B C flops and no product with the samples.
  std::vector<double> projected_loss(const AdmmState<Real>& state, ConstView<Real> moves) override;

 protected:
  void least_change(View<Real> R, View<Real> f) override;

 private:
  /// K_ = K, if it is not: not before ADMM wants it, as a descent may arrive without.
  void form_gram();
  /// aw = Ā(W₊ − W₋): of a dense network from the few eigenvectors of the projected blocks, else from the blocks themselves.
  void forward_projected(const AdmmState<Real>& state);
  void forward_factors(const AdmmState<Real>& state);
  /// Outputs whose factors' preactivations are made at a time.
  Index outputs_at_a_time(Index rank) const;
  /// diagonal_ = Ā of the corner's matrix and of the other diagonal entries'.
  void lift_diagonal();
  /// gamma_ = P_G(V₊ − V₋) for the pairs of columns of V.
  void difference(ConstView<Real> V);
  void build_from_lifted();
  /// Whether K is done with between two `prepare`s, whose factor then takes its place: for n³/3 flops its n² d come again for little.
  bool one_matrix() const { return this->squared() && this->patches().whole(); }
  void centre_gram();

  DeviceMatrix<Real> K_, factor_, Ky_, H_, Z_;
  DeviceMatrix<Real> aw_, t_, u_, v_, gamma_;  // n × C: Ā(W₊ − W₋), ĀT and right-hand side, ĀD, ĀD − targets; p × C·B: P_G Γ(v)
  DeviceMatrix<Real> diagonal_;                // n × 4·B: Ā E_b and Ā diag(I, 0)_b of each pool, twice
  DeviceMatrix<Real> e_, traces_;              // n × 2: Ā removes e⟨G, ·⟩/N from A: −e and e; 1 × 2·C: ⟨G, W⟩/N
  bool formed_ = false;                        // K_ holds K; else, with one matrix, its factor
};

}  // namespace neuspec
