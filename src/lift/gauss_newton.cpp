// The curvature of the loss in factored points, from a part of the samples: what Burer–Monteiro's Newton steps are preconditioned by.
#include "lift/pool_columns.hpp"
#include "lift/sample_operator.hpp"

namespace neuspec {

namespace {
template <class T>
View<T> rows_of(View<T> view, Index first, Index count) {
  return view.data == nullptr ? view : view.row_range(first, count);
}
template <class T>
View<T> part(View<T> view, Index row, Index rows, Index column, Index columns) {
  return view.row_range(row, rows).column_range(column, columns);
}
}  // namespace

template <class Real>
void SampleOperator<Real>::jacobian(const FactorColumns& columns, ConstView<Real> Z, Index first, View<Real> J) {
  const Index f = this->patches().size, count = J.columns;
  const Activation share = shared_among(this->activation(), this->patches().per_pool);
  Index offset = 0;
  for (const PoolColumns& group : columns_by_pool(columns)) {
    for (Index q = 0; q < this->patches().per_pool; ++q, offset += group.count) {
      this->device().factored_jacobian(share, patch(group.pool, q, first, count), rows_of(s(), first, count), group.columns,
                                       Z.column_range(group.first, group.count), part(H_.view(), first, count, offset, group.count), q > 0,
                                       J.row_range(group.first * f, group.count * f));
    }
  }
}

// n' (f m)² flops in GEMM for n' samples, one range's share at a time: for every output k, the rows of J scaled by column k of ∇²ℓ times J's rows of
// output k.
template <class Real>
void SampleOperator<Real>::gauss_newton(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B) {
  Device<Real>& device = this->device();
  const Index n = this->samples(), C = this->outputs(), m = Z.columns, f = this->patches().size;
  const Index ranges = (std::min(samples, n) + gauss_newton_samples - 1) / gauss_newton_samples, range = std::min(n, gauss_newton_samples);
  const auto stretch = static_cast<Real>(static_cast<double>(n) / static_cast<double>(std::min(n, ranges * gauss_newton_samples)));
  const DeviceMatrix<Real> all = device.allocate(f * m, 2 * range), units = device.allocate(range, 2 * C - 1), factors = device.allocate(range, C);
  device.copy(ones_.view().row_range(0, range), units.view().column_range(C - 1, 1));
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
      for (const Run& run : runs) {
        if (run.output != k) continue;
        // Below the run lie all outputs that a loss couples with k; else, with one pool, nothing.
        const Index rows = (this->problems() == 1 || this->pools() > 1 ? m - run.first : run.count) * f, from = run.first * f;
        device.gemm(Transpose::no, Transpose::yes, stretch, scaled.row_range(from, rows), J.row_range(from, run.count * f), Real(1),
                    part(B, from, rows, from, run.count * f));
      }
    }
  }
}

template void SampleOperator<float>::gauss_newton(const FactorColumns&, ConstView<float>, Index, View<float>);
template void SampleOperator<double>::gauss_newton(const FactorColumns&, ConstView<double>, Index, View<double>);

}  // namespace neuspec
