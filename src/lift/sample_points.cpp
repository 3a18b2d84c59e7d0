// Burer–Monteiro's side of the matrix-free form: factored points seen through the samples, patch by patch.
#include <utility>

#include "distribute/ranks.hpp"
#include "lift/pool_columns.hpp"
#include "lift/sample_operator.hpp"
#include "loss/intercept.hpp"
#include "numeric/laplacian.hpp"

namespace neuspec {

template <class Real>
void SampleOperator<Real>::reserve(Index neurons, Index columns) {
  const Index n = this->samples();
  if (H_.columns() < columns) H_ = this->device().allocate(n, columns + columns / 2);
  if (Q_.columns() < neurons) {
    Q_ = this->device().allocate(n, neurons + neurons / 2);
    G_ = this->device().allocate(this->N(), neurons + neurons / 2);
  }
}

template <class Real>
template <class Body>
void SampleOperator<Real>::each_patch(const FactorColumns& columns, const Body& body) {
  Index offset = 0;
  for (const PoolColumns& group : columns_by_pool(columns)) {
    for (Index q = 0; q < this->patches().per_pool; ++q, offset += group.count) {
      body(group, patch(group.pool, q, x_), H_.view().column_range(offset, group.count), q == 0);
    }
  }
}

template <class Real>
void SampleOperator<Real>::predict(const FactorColumns& columns, ConstView<Real> Z) {
  Device<Real>& device = this->device();
  if (Z.columns == 0) return device.axpby(Real(0), f_, Real(0), f_);
  reserve(Z.columns, Z.columns * this->patches().per_pool);
  const Activation share = shared_among(this->activation(), this->patches().per_pool);
  bool first = true;
  each_patch(columns, [&](const PoolColumns& group, ConstView<Real> x, View<Real> H, bool /*first_of_pool*/) {
    this->sum_up(std::exchange(first, false), f_, part_,
                 [&](View<Real> f) { device.factored_forward(share, x, s(), group.columns, Z.column_range(group.first, group.count), H, f); });
  });
}

template <class Real>
void SampleOperator<Real>::gradient_at(const FactorColumns& columns, ConstView<Real> Z) {
  predict(columns, Z);
  const View<Real> v = v_;
  add_intercept(f_, &v);
  if (!this->bias() || squared()) this->device().apply_loss(this->loss_function(), LossStep::gradient, {f_, y_, weights_, {}, 1}, v_);
}

template <class Real>
void SampleOperator<Real>::curve(ConstView<Real> direction, View<Real> curvature) {
  if (squared()) return this->device().copy(direction, curvature);
  this->device().apply_loss(this->loss_function(), LossStep::curvature, {f_, y_, weights_, direction, 1}, curvature);
}

template <class Real>
void SampleOperator<Real>::add_intercept(View<Real> f, const View<Real>* v) {
  if (!this->bias()) return;
  if (squared()) return centre(f);
  Device<Real>& device = this->device();
  const Index n = this->samples(), C = this->outputs();
  std::vector<double> host_f(static_cast<std::size_t>(n * C)), host_y(host_f.size()), weights(static_cast<std::size_t>(weights_.rows()));
  device.download(f, host_f.data());
  device.download(y_, host_y.data());
  if (!weights.empty()) device.download(weights_, weights.data());
  Intercepts best = best_intercepts(this->loss_function(), by_outputs<const double>(host_f.data(), n, C),
                                    by_outputs<const double>(host_y.data(), n, C), weights, levels_, ranks_);
  for (std::size_t at = 0; at < host_f.size(); ++at) host_f[at] += best.b[at / static_cast<std::size_t>(n)];
  device.upload(host_f.data(), f);
  if (v != nullptr) device.upload(best.v.data(), *v);
  levels_ = std::move(best.levels);
  coupling_ = std::move(best.coupling);
}

// Σ v = 0 stays: with H the sum of the samples' second derivatives, H ḃ = −Σ ∇²ℓ ḟ.
template <class Real>
void SampleOperator<Real>::let_intercept_follow(View<Real> v_dot) {
  if (!this->bias()) return;
  if (squared()) return centre(v_dot);
  Device<Real>& device = this->device();
  const Index C = this->outputs();
  const ConstView<Real> ones{ones_.view().data, ones_.rows(), C, 0};
  if (every_.rows() == 0) {
    every_ = device.allocate(this->samples(), C);
    curvature_ = device.allocate(this->samples(), C);
    device.axpby(Real(1), ones, Real(0), every_);
  }
  if (this->loss_function().coupled()) {
    std::vector<double> right = device.column_dots(ones, v_dot);
    sum_over_ranks(ranks_, right);
    for (double& sum : right) sum = -sum;
    const std::vector<double> b_dot = solve_laplacian(coupling_, right);
    for (Index k = 0; k < C; ++k)
      device.axpby(static_cast<Real>(b_dot[static_cast<std::size_t>(k)]), ones_, Real(0), every_.view().column_range(k, 1));
    curve(every_, curvature_);
    return device.axpby(Real(1), curvature_, Real(1), v_dot);
  }
  curve(every_, curvature_);
  std::vector<double> sums = device.column_dots({{ones, v_dot}, {ones, curvature_}});
  sum_over_ranks(ranks_, sums);
  for (Index k = 0; k < C; ++k) {  // H is diagonal: the multiple of ∇²ℓ 1 follows from its sum
    const double moved = sums[static_cast<std::size_t>(k)], all = sums[static_cast<std::size_t>(C + k)];
    if (all > 0) device.axpby(static_cast<Real>(-moved / all), curvature_.view().column_range(k, 1), Real(1), v_dot.column_range(k, 1));
  }
}

template <class Real>
double SampleOperator<Real>::evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) {
  Device<Real>& device = this->device();
  gradient_at(columns, Z);
  double loss = 0;
  for (const double part : losses()) loss += part;
  const Activation share = shared_among(this->activation(), this->patches().per_pool);
  each_patch(columns, [&](const PoolColumns& group, ConstView<Real> x, View<Real> H, bool first) {
    this->sum_up(first, G.column_range(group.first, group.count), G_.view().column_range(0, group.count), [&](View<Real> to) {
      device.factored_adjoint(share, x, s(), group.columns, Z.column_range(group.first, group.count), v_, H, Q_.view().column_range(0, group.count),
                              to);
    });
  });
  return loss;
}

template <class Real>
void SampleOperator<Real>::differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) {
  Device<Real>& device = this->device();
  const Activation share = shared_among(this->activation(), this->patches().per_pool);
  if (this->patches().whole() && !this->bias()) {
    const FactoredScratch<Real> scratch{Q_.view().column_range(0, Z.columns), f_dot_, v_dot_};
    return device.factored_product(share, x_, s(), columns, Z, Z_dot, this->loss_function(), {f_, y_, weights_, {}, 1}, v_,
                                   H_.view().column_range(0, Z.columns), scratch, G_dot);
  }
  bool first = true;
  each_patch(columns, [&](const PoolColumns& group, ConstView<Real> x, View<Real> H, bool /*first_of_pool*/) {
    this->sum_up(std::exchange(first, false), f_dot_, part_, [&](View<Real> f_dot) {
      device.factored_forward_derivative(share, x, s(), group.columns, Z.column_range(group.first, group.count),
                                         Z_dot.column_range(group.first, group.count), H, Q_.view().column_range(0, group.count), f_dot);
    });
  });
  curve(f_dot_, v_dot_);
  let_intercept_follow(v_dot_);
  adjoint_derivative(columns, Z, Z_dot, v_dot_, G_dot);
}

template <class Real>
void SampleOperator<Real>::adjoint_derivative(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> v_dot,
                                              View<Real> G_dot) {
  Device<Real>& device = this->device();
  const Activation share = shared_among(this->activation(), this->patches().per_pool);
  const bool one_patch = this->pools() == 1 && this->patches().per_pool == 1;
  each_patch(columns, [&](const PoolColumns& group, ConstView<Real> x, View<Real> H, bool first_of_pool) {
    const ConstView<Real> z_dot = Z_dot.column_range(group.first, group.count);
    const View<Real> H_dot = Q_.view().column_range(0, group.count);
    if (!one_patch) device.gemm(Transpose::yes, Transpose::no, Real(1), x, z_dot.row_range(0, x.rows), Real(0), H_dot);
    this->sum_up(first_of_pool, G_dot.column_range(group.first, group.count), G_.view().column_range(0, group.count), [&](View<Real> to) {
      device.factored_adjoint_derivative(share, x, s(), group.columns, Z.column_range(group.first, group.count), z_dot, v_, v_dot, H, H_dot, to);
    });
  });
}

template <class Real>
DualCandidate<Real> SampleOperator<Real>::dual_of(const FactorColumns& columns, ConstView<Real> Z) {
  gradient_at(columns, Z);
  std::vector<double> loss = losses();
  DualCandidate<Real> result = candidate(v_);
  result.loss = std::move(loss);
  return result;
}

template class SampleOperator<float>;
template class SampleOperator<double>;

}  // namespace neuspec
