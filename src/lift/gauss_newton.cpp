// The curvature of the loss in factored points, from a part of the samples: what Burer–Monteiro's Newton steps are preconditioned by.
#include <algorithm>
#include <cmath>
#include <limits>

#include "device/lapack.hpp"
#include "device/runs.hpp"
#include "lift/device_sums.hpp"
#include "lift/pool_columns.hpp"
#include "lift/sample_operator.hpp"

namespace neuspec {

namespace {
template <class T>
View<T> part(View<T> view, Index row, Index rows, Index column, Index columns) {
  return view.row_range(row, rows).column_range(column, columns);
}
}  // namespace

template <class Real>
DeviceMatrix<Real> SampleOperator<Real>::squares_of(ConstView<Real> e) {
  DeviceMatrix<Real> result = this->device().allocate(e.rows, e.columns);
  this->device().multiply(e, e, Real(0), result);
  return result;
}

template <class Real>
void SampleOperator<Real>::jacobian(const FactorColumns& columns, ConstView<Real> Z, Index first, View<Real> J) {
  const Index f = this->patches().size, count = J.columns;
  const Activation share = shared_among(this->activation(), this->patches().per_pool);
  Index offset = 0;
  for (const PoolColumns& group : columns_by_pool(columns)) {
    for (Index q = 0; q < this->patches().per_pool; ++q, offset += group.count) {
      this->device().factored_jacobian(share, patch(group.pool, q, x().column_range(first, count)), rows_of(s(), first, count), group.columns,
                                       Z.column_range(group.first, group.count), part(H_.view(), first, count, offset, group.count), q > 0,
                                       J.row_range(group.first * f, group.count * f));
    }
  }
}

// With H the ∇²ℓ of all samples and E the derivative of their predictions in the intercept, which follows the neurons at its best, the curvature is
// Jᵀ(H − H E (EᵀH E)⁺ EᵀH)J. EᵀH E is singular where outputs are coupled: all of them may move together.
template <class Real>
void SampleOperator<Real>::take_off_intercept(View<Real> S, View<Real> K, View<Real> B) {
  Device<Real>& device = this->device();
  sum_over_ranks(device, ranks_, S);
  sum_over_ranks(device, ranks_, K);
  if (ranks_ != nullptr && !ranks_->first()) return;
  const Index C = K.rows;
  std::vector<double> vectors(static_cast<std::size_t>(C * C)), values(static_cast<std::size_t>(C)), work;
  std::vector<int> iwork;
  device.download(K, vectors.data());
  if (lapack::syevd(true, C, vectors.data(), C, values.data(), work, iwork) != 0)
    throw EnvironmentError("the symmetric eigensolver did not converge");
  const double nothing = 100 * static_cast<double>(C) * static_cast<double>(std::numeric_limits<Real>::epsilon()) * values.back();
  for (Index k = 0; k < C; ++k) {
    const double value = values[static_cast<std::size_t>(k)];
    for (Index i = 0; i < C; ++i) vectors[static_cast<std::size_t>(k * C + i)] *= value > nothing ? 1 / std::sqrt(value) : 0.0;
  }
  const DeviceMatrix<Real> root = device.allocate(C, C), half = device.allocate(S.rows, C);
  device.upload(vectors.data(), root);
  device.gemm(Transpose::no, Transpose::no, Real(1), S, root, Real(0), half);
  device.gemm(Transpose::no, Transpose::yes, Real(-1), half, half, Real(1), B);
}

// n' (f m)² flops in GEMM for n' samples, one range's share at a time: for every output k, the rows of J scaled by column k of ∇²ℓ times J's rows of
// output k.
template <class Real>
void SampleOperator<Real>::gauss_newton(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B) {
  Device<Real>& device = this->device();
  gradient_at(columns, Z);
  const Index n = this->samples(), C = this->outputs(), m = Z.columns, f = this->patches().size;
  const Index ranges = (std::min(samples, n) + gauss_newton_samples - 1) / gauss_newton_samples, range = std::min(n, gauss_newton_samples);
  const auto stretch = static_cast<Real>(static_cast<double>(n) / static_cast<double>(std::min(n, ranges * gauss_newton_samples)));
  const DeviceMatrix<Real> all = device.allocate(f * m, 2 * range), units = device.allocate(range, 2 * C - 1), factors = device.allocate(range, C);
  device.copy(ones_.view().row_range(0, range), units.view().column_range(C - 1, 1));
  const Index intercepts = this->bias() ? C : 0;
  const DeviceMatrix<Real> S = device.allocate(f * m, intercepts), K = device.allocate(C, intercepts), squares = squares_of(unit_);  // JᵀH E, EᵀH E
  const std::vector<Run> runs = runs_of(columns);
  for (Index r = 0; r < ranges; ++r) {
    const Index first = r * n / ranges, count = std::min(range, (r + 1) * n / ranges - first);
    const View<Real> J = all.view().column_range(0, count), scaled = all.view().column_range(range, count),
                     factor = factors.view().row_range(0, count);
    jacobian(columns, Z, first, J);
    for (Index k = 0; k < C; ++k) {
      device.apply_loss(this->loss_function(), LossStep::curvature,
                        {rows_of<const Real>(f_, first, count), rows_of<const Real>(y_, first, count), rows_of<const Real>(weights_, first, count),
                         part<const Real>(units, 0, count, C - 1 - k, C), 1},
                        factor);
      device.scale_outputs(columns, J, factor, scaled);
      if (this->bias()) {
        device.gemm(Transpose::no, Transpose::no, stretch, scaled, unit().row_range(first, count), Real(1), S.view().column_range(k, 1));
        device.gemm(Transpose::yes, Transpose::no, stretch, factor, squares.view().row_range(first, count), Real(1), K.view().column_range(k, 1));
      }
      for (const Run& run : runs) {
        if (run.output != k) continue;
        // Below the run lie all outputs that a loss couples with k; else, with one pool, nothing.
        const Index rows = (this->problems() == 1 || this->pools() > 1 ? m - run.first : run.count) * f, from = run.first * f;
        device.gemm(Transpose::no, Transpose::yes, stretch, scaled.row_range(from, rows), J.row_range(from, run.count * f), Real(1),
                    part(B, from, rows, from, run.count * f));
      }
    }
  }
  if (this->bias()) take_off_intercept(S, K, B);
}

template <class Real>
bool SampleOperator<Real>::second_moments(View<Real> moments) {
  constexpr Activation square{1, 2, 1};  // A_i = x̃ x̃ᵀ
  const ConstView<Real> weights = s().data == nullptr ? ConstView<Real>(ones_) : s();
  const DeviceMatrix<Real> part = this->device().allocate(moments.rows, 1);
  for (Index pool = 0; pool < this->pools(); ++pool)
    for (Index q = 0; q < this->patches().per_pool; ++q)
      this->sum_up(pool == 0 && q == 0, moments, part,
                   [&](View<Real> to) { this->device().lifted_adjoint(square, patch(pool, q, x()), s(), weights, to); });
  return true;
}

template <class Real>
Linearisation<Real> SampleOperator<Real>::linearised(const FactorColumns& columns, ConstView<Real> Z) {
  Device<Real>& device = this->device();
  gradient_at(columns, Z);
  const Index n = this->samples(), C = this->outputs(), k = columns.output.front();
  const DeviceMatrix<Real> every = device.allocate(n, C), curvature = device.allocate(n, C), root = device.allocate(n, 1);
  device.axpby(Real(1), ConstView<Real>{ones_.view().data, n, C, 0}, Real(0), every);
  curve(every, curvature);
  std::vector<double> values(static_cast<std::size_t>(n));
  device.download(curvature.view().column_range(k, 1), values.data());
  for (double& value : values) value = std::sqrt(std::max(value, 0.0));
  device.upload(values.data(), root);
  return {device, this->activation(), x(), s(), columns, Z, H_.view().column_range(0, Z.columns), root};
}

template Linearisation<float> SampleOperator<float>::linearised(const FactorColumns&, ConstView<float>);
template Linearisation<double> SampleOperator<double>::linearised(const FactorColumns&, ConstView<double>);
template bool SampleOperator<float>::second_moments(View<float>);
template bool SampleOperator<double>::second_moments(View<double>);
template void SampleOperator<float>::gauss_newton(const FactorColumns&, ConstView<float>, Index, View<float>);
template void SampleOperator<double>::gauss_newton(const FactorColumns&, ConstView<double>, Index, View<double>);

}  // namespace neuspec
