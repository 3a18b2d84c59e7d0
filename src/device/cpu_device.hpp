// The device seam on the host: BLAS and LAPACK, and threads of the library's own (threads/parallel.hpp).
#pragma once

#include "device/device.hpp"

namespace neuspec {

template <class Real>
class CpuDevice final : public Device<Real> {
 public:
  std::string name() const override { return "cpu"; }
  double free_memory() const override;
  void synchronize() override {}

  DeviceMatrix<Real> allocate(Index rows, Index columns) override;
  void upload(const double* host, View<Real> to) override;
  void upload(const StoredForm& form, Index first, View<Real> to) override;
  void download(ConstView<Real> from, double* host) override;
  void copy(ConstView<Real> from, View<Real> to) override;

  void gemm(Transpose ta, Transpose tb, Real alpha, ConstView<Real> A, ConstView<Real> B, Real beta, View<Real> C) override;
  void symm(Real alpha, ConstView<Real> S, ConstView<Real> B, Real beta, View<Real> C) override;
  void symm_each(const std::vector<SymmetricProduct<Real>>& products) override;
  void symmetric_product(Real alpha, ConstView<Real> A, ConstView<Real> B, Real beta, View<Real> C) override;
  void axpby(Real alpha, ConstView<Real> X, Real beta, View<Real> Y) override;
  void multiply(ConstView<Real> X, ConstView<Real> Y, Real beta, View<Real> Z) override;
  using Device<Real>::column_dots;
  std::vector<double> column_dots(const std::vector<ColumnProducts<Real>>& pairs) override;
  bool invert_shifted(ConstView<Real> S, double shift, View<Real> M) override;
  bool factor_shifted(ConstView<Real> S, double shift, View<Real> M) override;
  void solve_factored(ConstView<Real> M, ConstView<Real> B, View<Real> C) override;

  DeviceMatrix<double> cg_scalars() override;
  void cg_begin(double radius, double tolerance, ConstView<Real> residual, ConstView<Real> y, View<Real> direction, View<Real> step,
                View<double> scalars) override;
  void cg_stride(ConstView<Real> direction, ConstView<Real> product, View<Real> step, View<Real> residual, View<double> scalars) override;
  void cg_turn(ConstView<Real> residual, ConstView<Real> y, View<Real> direction, View<double> scalars) override;
  void ask(ConstView<double> scalars) override;
  std::vector<double> answer() override;
  Index ahead() const override { return 0; }

  std::unique_ptr<MomentAccumulator<Real>> moment_accumulator(Index features, Index outputs) override;
  std::unique_ptr<LiftedAccumulator<Real>> lifted_accumulator(Index lifted, Index outputs) override;
  void gather(const Window& window, ConstView<Real> x, View<Real> patch) override;
  void lift_samples(const Activation& activation, ConstView<Real> x, ConstView<Real> s, Real beta, View<Real> L) override;
  void kernel_gram(const Activation& activation, ConstView<Real> x, ConstView<Real> s, View<Real> K) override;
  void lifted_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> v, View<Real> G) override;
  void lifted_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> M, View<Real> f) override;
  void factored_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns, ConstView<Real> Z,
                        View<Real> H, View<Real> f) override;
  void factored_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns, ConstView<Real> Z,
                        ConstView<Real> v, ConstView<Real> H, View<Real> Q, View<Real> G) override;
  void factored_forward_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                   ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> H, View<Real> H_dot, View<Real> f_dot) override;
  void factored_adjoint_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                   ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> v, ConstView<Real> v_dot, ConstView<Real> H,
                                   View<Real> H_dot, View<Real> G_dot) override;
  void factored_product(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns, ConstView<Real> Z,
                        ConstView<Real> Z_dot, const Loss& loss, const LossArguments<Real>& at, ConstView<Real> v, ConstView<Real> H,
                        const FactoredScratch<Real>& scratch, View<Real> G_dot) override;
  void factored_jacobian(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns, ConstView<Real> Z,
                         ConstView<Real> H, bool add, View<Real> J) override;
  void scale_outputs(const FactorColumns& columns, ConstView<Real> J, ConstView<Real> factor, View<Real> scaled) override;
  void pack_factors(const FactorColumns& columns, ConstView<Real> Y, ConstView<Real> Z, View<Real> D) override;
  void apply_packed(const FactorColumns& columns, ConstView<Real> Gamma, ConstView<Real> Z, View<Real> G) override;
  void packed_gauss_newton(ConstView<Real> S, const FactorColumns& columns, ConstView<Real> Z, View<Real> B) override;

  void lift_neurons(const FactorColumns& columns, ConstView<Real> W, View<Real> Z) override;
  void lift_derivative(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> W_dot, View<Real> Z_dot) override;
  void neuron_gradient(const FactorColumns& columns, double beta, ConstView<Real> Z, ConstView<Real> G, View<Real> gradient) override;
  void gradient_derivative(const FactorColumns& columns, double beta, ConstView<Real> Z, ConstView<Real> G, ConstView<Real> Z_dot,
                           ConstView<Real> G_dot, View<Real> result) override;

  void unpack(ConstView<Real> packed, View<Real> full) override;
  void pack(ConstView<Real> full, View<Real> packed) override;
  bool tells_rank() const override { return true; }
  Index project_psd(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) override;
  void start_basis(Index N, ConstView<Real> factors, Index width, SpectralBasis<Real>& basis) override;
  void project_psd_near(Index N, ConstView<Real> V, SpectralBasis<Real>& basis, View<Real> W, View<Real> factors) override;
  void admm_difference(const AdmmStep& step, ConstView<Real> V, ConstView<Real> W, View<Real> T) override;
  void admm_residual(const AdmmStep& step, ConstView<Real> V, ConstView<Real> W, ConstView<Real> D, View<Real> F) override;
  void project_trace(Index N, View<Real> M) override;
  void traces(Index N, ConstView<Real> M, View<Real> result) override;
  void feasibility(Index N, ConstView<Real> W, View<Real> moves, View<Real> corners) override;
  void feasible_difference(Index N, ConstView<Real> W, ConstView<Real> moves, View<Real> D) override;
  void factor_ranks(Index N, Index width, ConstView<Real> factors, double negligible, View<Real> ranks) override;
  std::vector<double> sphere_maxima(Index N, ConstView<Real> Gamma) override;

  void apply_loss(const Loss& loss, LossStep step, const LossArguments<Real>& arguments, View<Real> out) override;

  void anderson_coefficients(const std::vector<AndersonPart<Real>>& parts, Index slots, View<Real> coefficients) override;
  void anderson_combine(ConstView<Real> Y, Index slots, ConstView<Real> coefficients, ConstView<Real> f, View<Real> v) override;
  void column_squares(ConstView<Real> f, View<Real> squares) override;
  void advance_or_fall_back(ConstView<Real> f, ConstView<Real> fallback, ConstView<Real> squares, ConstView<Real> before, View<Real> v) override;

  /// Copies the lower triangle to the upper one.
  static void mirror(View<Real> S);
  static void shift_lower(ConstView<Real> S, double shift, View<Real> M);  ///< M = S + shift·I, lower triangles; M may be S

 private:
  std::vector<Real> traces_, adjoint_;
  std::vector<double> asked_;
  std::vector<Index> ranks_;  // of the blocks last projected: they foretell the next
};

}  // namespace neuspec
