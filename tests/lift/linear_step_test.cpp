// ADMM's linear step with the loss split off, in the forms that have a factor, against Gaussian elimination on explicit matrices.
#include "lift/operator_problem.hpp"

namespace neuspec::test {
namespace {

constexpr OperatorKind with_factor[] = {OperatorKind::moments, OperatorKind::gram, OperatorKind::streamed};

template <class B>
class LinearStep : public OperatorProblem<B> {
 protected:
  using typename OperatorProblem<B>::Real;

  /// All pools side by side, n × p·B; for squared loss rows times √w.
  Host rows_of_all_pools() const {
    Host A(this->n(), this->p() * this->pools());
    for (Index e = 0; e < A.columns; ++e)
      for (Index i = 0; i < A.rows; ++i)
        A(i, e) = (this->squared() ? std::sqrt(this->weight(i)) : 1) * this->lifted_[static_cast<std::size_t>(e / this->p())](i, e % this->p());
    return A;
  }
  /// (ĀᵀĀ + shift I)⁻¹(Āᵀt + shift T), an output a column; T and the result are p × C·B.
  Host ridge_solution(double shift, const Host& t, const Host& T) const {
    const Host A = rows_of_all_pools();
    Host normal = product(transposed(A), A);
    for (Index e = 0; e < normal.rows; ++e) normal(e, e) += shift;
    const Host by_output(normal.rows, this->C(), T.values), right = combination(1, product(transposed(A), t), shift, by_output);
    return {this->p(), this->blocks(), solved(normal, right).values};
  }
  DeviceMatrix<Real> on_device(const Host& host) {
    DeviceMatrix<Real> matrix = this->device_.allocate(host.rows, host.columns);
    this->device_.upload(host.values.data(), matrix);
    return matrix;
  }
  Host from_device(ConstView<Real> view) {
    Host host(view.rows, view.columns);
    this->device_.download(view, host.values.data());
    return host;
  }
  Host targets_of_squared() const {
    Host t = this->from_rows(this->data_.y());
    for (Index k = 0; k < t.columns; ++k)
      for (Index i = 0; i < t.rows; ++i) t(i, k) *= std::sqrt(this->weight(i));
    return t;
  }
  /// w times the nearest point of the domain of ℓ*, for the multipliers of a split, which are in it to rounding.
  Host in_domain(Host v) const {
    for (Index i = 0; i < v.rows; ++i) {
      const double w = this->weight(i);
      naive::Row vi;
      for (Index k = 0; k < v.columns; ++k) vi.push_back(w > 0 ? v(i, k) / w : 0);
      vi = naive::into_domain(this->problem_.loss, vi, naive::row(this->data_.y(), i, v.columns));
      for (Index k = 0; k < v.columns; ++k) v(i, k) = w * vi[static_cast<std::size_t>(k)];
    }
    return v;
  }

  void check(OperatorKind kind, const AdmmStep& step) {
    auto& device = this->device_;
    const Index N = this->N(), p = this->p(), K = this->blocks(), n = this->n(), C = this->C(), split_rows = this->squared() ? 0 : n;
    const double units = 20000;  // as in the dense test: the condition of what is factored
    const auto data = this->form(kind);
    ASSERT_EQ(data->split_rows(), split_rows);
    const auto V = on_device(this->small(p, 2 * K)), W = device.allocate(p, 2 * K), T = device.allocate(p, K), D = device.allocate(p, K),
               factors = device.allocate(N, N * 2 * K), carry = device.allocate(data->carry_rows(), C),
               carry_residual = device.allocate(data->carry_rows(), C), split = on_device(this->random(split_rows, C)),
               split_residual = device.allocate(split_rows, C), s = device.allocate(split_rows, C), F = device.allocate(p, 2 * K);
    const double rho = step.rho / step.split_rho;
    data->prepare(rho);
    data->start(V, carry);
    const Index rank = device.project_psd(N, V, W, factors);
    device.admm_difference(step, V, W, T);
    const AdmmState<Real> state{T, factors, W, rank, carry, carry_residual, split, split_residual, s, D};
    data->solve(step, state);

    const Host s_found = from_device(s), z = from_device(split), D_found = from_device(D);
    const Host t = this->squared() ? targets_of_squared() : combination(2, s_found, -1, z);
    this->expect_near(D_found, ridge_solution(rho / 2, t, from_device(T)), units, 10);
    const Host f = this->predicted(D_found);
    if (this->squared()) {
      this->expect_dual(data->dual_at(step, state), this->gradient_at(f), units);
    } else {
      this->expect_near(from_device(split_residual), combination(step.relaxation, f, -step.relaxation, s_found), units, 10);
      // s minimises Σ w ℓ + ρ₁/2 ‖s − z‖²: ρ₁ (z − s) is w times a subgradient there.
      const Host v = combination(step.split_rho, z, -step.split_rho, s_found);
      if (this->problem_.loss.smooth()) this->expect_near(v, this->gradient_at(s_found), 200, 10);
      this->expect_dual(data->dual_at(step, state), in_domain(v), units);
      this->expect_near(from_device(data->multiplier()), in_domain(v), 200, 10);
    }
    const Host feasible = this->feasible_difference(from_device(W));
    this->expect_losses(this->projected_loss(*data, state), this->losses(this->predicted(feasible)));
    // The form's own state follows the same relaxed step: Ā(F₊ − F₋).
    if (data->carry_rows() == 0) return;
    device.admm_residual(step, V, W, D, F);
    const Host both = from_device(F);
    Host difference(p, K);
    for (Index k = 0; k < K; ++k) set_column(difference, k, combination(1, both.column(2 * k), -1, both.column(2 * k + 1)));
    Host expected = this->predicted(difference);
    for (Index k = 0; k < C; ++k)
      for (Index i = 0; i < n; ++i) expected(i, k) *= this->squared() ? std::sqrt(this->weight(i)) : 1;
    this->expect_near(from_device(carry_residual), expected, units, 10);
  }
};
TYPED_TEST_SUITE(LinearStep, Backends, BackendName);

TYPED_TEST(LinearStep, SolvesTheRegularisedNormalEquations) {
  this->on_problems([this] {
    const Host A = this->rows_of_all_pools();
    const double mean = inner(A, A) / static_cast<double>(A.columns);
    for (const OperatorKind kind : with_factor) {
      if (!this->offers_packed_points(kind)) continue;
      for (const auto& [split_rho, part] : {std::pair(0.3, 1.0), std::pair(2.0, 10.0), std::pair(1.0, 0.3)}) {  // ρ over the mean eigenvalue
        SCOPED_TRACE(name(kind) + " split rho " + std::to_string(split_rho));
        const double used = this->squared() ? 1 : split_rho;
        this->check(kind, {.N = this->N(), .beta = 0.4, .rho = part * mean * used, .split_rho = used});
      }
    }
  });
}

TYPED_TEST(LinearStep, StartsFromTheNegativeConeToo) {
  this->make({}, 19, 6, 1, false);
  auto& device = this->device_;
  Host start(28, 2);
  for (Index k = 0; k < 2; ++k) set_column(start, k, packed_of(symmetric_with(this->random_, {-1, -2, -3, -4, -5, -6, -7})));
  for (const OperatorKind kind : with_factor) {
    if (!this->offers_packed_points(kind)) continue;
    const auto data = this->form(kind);
    const AdmmStep step{.N = 7, .beta = 0.4, .rho = 2};
    const typename TestFixture::Matrix V(device, start), W(device, 28, 2), T(device, 28, 1), D(device, 28, 1);
    const auto factors = device.allocate(7, 14), carry = device.allocate(data->carry_rows(), 1),
               carry_residual = device.allocate(data->carry_rows(), 1);
    data->prepare(step.rho);
    data->start(V, carry);
    const Index rank = device.project_psd(7, V, W, factors);
    device.admm_difference(step, V, W, T);
    data->solve(step, {T, factors, W, rank, carry, carry_residual, {}, {}, {}, D});
    this->expect_near(D.host(), this->ridge_solution(1, this->targets_of_squared(), T.host()), 4000, 10);
  }
}

TYPED_TEST(LinearStep, RidgeNormForetellsTheSizeOfSolutions) {
  this->on_problems([this] {
    if (!this->squared()) return;
    const Host A = this->rows_of_all_pools(), zero(this->p(), this->blocks());
    const Host D = this->ridge_solution(ridge * inner(A, A) / static_cast<double>(A.columns), this->targets_of_squared(), zero);
    for (const OperatorKind kind : with_factor) {
      if (!this->offers_packed_points(kind)) continue;
      const double expected = std::sqrt(inner(D, D));
      EXPECT_NEAR(this->form(kind)->ridge_norm(), expected, 0.2 * expected) << name(kind);
    }
  });
}

TYPED_TEST(LinearStep, ConjugateGradientsReachTheSolution) {
  const Host M = this->rounded(symmetric_with(this->random_, {0.5, 1, 2, 3, 4, 5, 6, 7, 8})), B = this->random(9, 1);
  const typename TestFixture::Matrix matrix(this->device_, M), b(this->device_, B);
  const auto X = conjugate_gradients<typename TestFixture::Real>(this->device_, matrix, 0.25, b, 12);
  Host shifted = M, x(9, 1);
  for (Index i = 0; i < 9; ++i) shifted(i, i) += 0.25;
  this->device_.download(X, x.values.data());
  this->expect_near(x, solved(shifted, B), 1000);
  Host zero(9, 1);
  const typename TestFixture::Matrix none(this->device_, Host(9, 1));
  this->device_.download(conjugate_gradients<typename TestFixture::Real>(this->device_, matrix, 0, none, 12), zero.values.data());
  EXPECT_EQ(largest(zero), 0);
}

}  // namespace
}  // namespace neuspec::test
