// Factored points on the CPU: what Burer–Monteiro iterates on (docs/mathematics.md section 6).
#include <algorithm>

#include "device/cpu_device.hpp"
#include "device/cpu_factored_blocks.inl"
#include "device/cpu_launch.hpp"
#include "device/lapack.hpp"
#include "device/patches.inl"

namespace neuspec {

// Each 2 n d m flops over the samples, read once, and what lies between them and the sums in the first cache.
template <class Real>
void CpuDevice<Real>::factored_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                       ConstView<Real> Z, View<Real> H, View<Real> f) {
  const ColumnTable<Real> table(columns, f.columns);
  each_block(x, Z.columns, Forward<Real>{x, padded(Z, x.rows), table.form(activation, Z, s), H, f});
}

template <class Real>
void CpuDevice<Real>::factored_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                       ConstView<Real> Z, ConstView<Real> v, ConstView<Real> H, View<Real> Q, View<Real> G) {
  const ColumnTable<Real> table(columns, v.columns);
  sum_blocks(x, Adjoint<Real>{table.form(activation, Z, s), v, H, Q}, G);
}

template <class Real>
void CpuDevice<Real>::factored_forward_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                                  ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> H, View<Real> H_dot, View<Real> f_dot) {
  const ColumnTable<Real> table(columns, f_dot.columns);
  each_block(x, Z.columns, ForwardDerivative<Real>{x, padded(Z_dot, x.rows), table.form(activation, Z, s), Z_dot, H, H_dot, f_dot});
}

// Ḣ stays what it was.
template <class Real>
void CpuDevice<Real>::factored_adjoint_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                                  ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> v, ConstView<Real> v_dot,
                                                  ConstView<Real> H, View<Real> H_dot, View<Real> G_dot) {
  const ColumnTable<Real> table(columns, v.columns);
  sum_blocks(x, AdjointDerivative<Real>{table.form(activation, Z, s), Z_dot, v, v_dot, H, H_dot}, G_dot);
}

// The samples are read once for both products with them.
template <class Real>
void CpuDevice<Real>::factored_product(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                       ConstView<Real> Z, ConstView<Real> Z_dot, const Loss& loss, const LossArguments<Real>& at, ConstView<Real> v,
                                       ConstView<Real> H, const FactoredScratch<Real>& scratch, View<Real> G_dot) {
  const ColumnTable<Real> table(columns, v.columns);
  const FactoredForm<Real> form = table.form(activation, Z, s);
  const auto curve = [&](Index first, Index count) {
    const auto rows = [&](ConstView<Real> of) { return of.data == nullptr ? of : of.row_range(first, count); };
    if (loss.kind == LossKind::squared) return copy(rows(scratch.f_dot), scratch.v_dot.row_range(first, count));
    run_loss(loss, LossStep::curvature, LossArguments<Real>{rows(at.a), rows(at.y), rows(at.weights), rows(scratch.f_dot), 1},
             scratch.v_dot.row_range(first, count), [](Index sample_outputs, const auto& functor) {
               for (Index e = 0; e < sample_outputs; ++e) functor(e);
             });
  };
  Product<Real, decltype(curve)> product{
      {x, padded(Z_dot, x.rows), form, Z_dot, H, {}, scratch.f_dot}, {form, Z_dot, v, scratch.v_dot, H, {}}, curve};
  product.tile.resize(static_cast<std::size_t>(thin::block * Z.columns));
  sum_blocks(x, product, G_dot);
}

template <class Real>
void CpuDevice<Real>::factored_jacobian(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                        ConstView<Real> Z, ConstView<Real> H, bool add, View<Real> J) {
  const ColumnTable<Real> table(columns, columns.outputs());
  each(Z.columns * x.columns, FactoredJacobian<Real>{table.form(activation, Z, s), x, H, J, add}, x.rows / 4);
}

template <class Real>
void CpuDevice<Real>::scale_outputs(const FactorColumns& columns, ConstView<Real> J, ConstView<Real> factor, View<Real> scaled) {
  const ColumnTable<Real> table(columns, columns.outputs());
  const auto m = static_cast<Index>(columns.sign.size());
  each(m * J.columns, ScaleOutputs<Real>{table.view(table.output), J, factor, scaled, J.rows / m}, J.rows / m / 4);
}

// 2 p m flops.
template <class Real>
void CpuDevice<Real>::pack_factors(const FactorColumns& columns, ConstView<Real> Y, ConstView<Real> Z, View<Real> D) {
  const Index N = Z.rows, m = Z.columns;
  for (Index k = 0; k < D.columns; ++k) std::fill_n(D.data + k * D.stride, D.rows, Real(0));
  const Real off = static_cast<Real>(packed::root_two / 2);
  each(
      N,
      [&, off](Index j) {  // column j of every D_k: no two threads write the same entry
        for (Index neuron = 0; neuron < m; ++neuron) {
          const Real *y = Y.data + neuron * Y.stride, *z = Z.data + neuron * Z.stride;
          const Real sign = static_cast<Real>(columns.sign[static_cast<std::size_t>(neuron)]), yj = sign * y[j], zj = sign * z[j];
          Real* to = D.data + columns.output[static_cast<std::size_t>(neuron)] * D.stride + packed::position(N, j, j);
          to[0] += yj * z[j];
          for (Index i = j + 1; i < N; ++i) to[i - j] += off * (yj * z[i] + zj * y[i]);
        }
      },
      N * m / 8);
}

// 2 N² m flops in GEMM, one product an output.
template <class Real>
void CpuDevice<Real>::apply_packed(const FactorColumns& columns, ConstView<Real> Gamma, ConstView<Real> Z, View<Real> G) {
  const Index N = Z.rows, m = Z.columns;
  std::vector<Real> full(static_cast<std::size_t>(N * N));
  for (Index first = 0; first < m;) {
    const Index k = columns.output[static_cast<std::size_t>(first)];
    Index last = first;
    while (last < m && columns.output[static_cast<std::size_t>(last)] == k) ++last;
    packed::unpack(N, Gamma.data + k * Gamma.stride, full.data());
    lapack::gemm('N', 'N', N, last - first, N, Real(1), full.data(), N, Z.data + first * Z.stride, Z.stride, Real(0), G.data + first * G.stride,
                 G.stride);
    first = last;
  }
}

template <class Real>
void CpuDevice<Real>::lift_neurons(const FactorColumns& columns, ConstView<Real> W, View<Real> Z) {
  const ColumnTable<Real> table(columns, columns.outputs());
  sums(W.columns, W.rows, LiftNeuron<Real>{W, Z});
  each(W.columns, BlockNorms<Real>{{table.view(table.lead), Z}});
}

template <class Real>
void CpuDevice<Real>::lift_derivative(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> W_dot, View<Real> Z_dot) {
  const ColumnTable<Real> table(columns, columns.outputs());
  sums(Z.columns, W_dot.rows, LiftDerivative<Real>{Z, W_dot, Z_dot});
  each(Z.columns, BlockDerivatives<Real>{{table.view(table.lead), Z_dot}, Z});
}

template <class Real>
void CpuDevice<Real>::neuron_gradient(const FactorColumns& columns, double beta, ConstView<Real> Z, ConstView<Real> G, View<Real> gradient) {
  const ColumnTable<Real> table(columns, columns.outputs());
  each(gradient.size(), NeuronGradient<Real>{Z, G, table.view(table.sign), table.view(table.lead), gradient, static_cast<Real>(beta)});
}

template <class Real>
void CpuDevice<Real>::gradient_derivative(const FactorColumns& columns, double beta, ConstView<Real> Z, ConstView<Real> G, ConstView<Real> Z_dot,
                                          ConstView<Real> G_dot, View<Real> result) {
  const ColumnTable<Real> table(columns, columns.outputs());
  each(result.size(), GradientDerivative<Real>{Z, G, Z_dot, G_dot, table.view(table.sign), table.view(table.lead), result, static_cast<Real>(beta)});
}

template class CpuDevice<float>;
template class CpuDevice<double>;

}  // namespace neuspec
