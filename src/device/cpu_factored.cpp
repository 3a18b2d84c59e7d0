// Factored points on the CPU: what Burer–Monteiro iterates on (docs/mathematics.md section 6).
#include <algorithm>

#include "device/cpu_device.hpp"
#include "device/cpu_launch.hpp"
#include "device/factored.inl"
#include "device/lapack.hpp"

namespace neuspec {

// 2 n d m flops in GEMM, then one pass over H.
template <class Real>
void CpuDevice<Real>::factored_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                       ConstView<Real> Z, View<Real> H, View<Real> f) {
  const ColumnTable<Real> table(columns, f.columns);
  gemm(Transpose::yes, Transpose::no, Real(1), x, Z.row_range(0, x.rows), Real(0), H);
  each(f.size(), FactoredForward<Real>{table.form(activation, Z, s), H, f}, Z.columns / f.columns);
}

// One pass over H, then 2 n d m flops in GEMM.
template <class Real>
void CpuDevice<Real>::factored_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                       ConstView<Real> Z, ConstView<Real> v, ConstView<Real> H, View<Real> Q, View<Real> G) {
  const ColumnTable<Real> table(columns, v.columns);
  sums(Z.columns, H.rows, FactoredAdjoint<Real>{table.form(activation, Z, s), v, H, Q, G});
  gemm(Transpose::no, Transpose::no, Real(1), x, Q, Real(0), G.row_range(0, x.rows));
}

// As factored_forward, with a pass over H and Ḣ.
template <class Real>
void CpuDevice<Real>::factored_forward_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                                  ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> H, View<Real> H_dot, View<Real> f_dot) {
  const ColumnTable<Real> table(columns, f_dot.columns);
  gemm(Transpose::yes, Transpose::no, Real(1), x, Z_dot.row_range(0, x.rows), Real(0), H_dot);
  each(f_dot.size(), FactoredForwardDerivative<Real>{table.form(activation, Z, s), Z_dot, H, H_dot, f_dot}, Z.columns / f_dot.columns);
}

// As factored_adjoint, with a pass over H and Ḣ.
template <class Real>
void CpuDevice<Real>::factored_adjoint_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                                  ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> v, ConstView<Real> v_dot,
                                                  ConstView<Real> H, View<Real> H_dot, View<Real> G_dot) {
  const ColumnTable<Real> table(columns, v.columns);
  sums(Z.columns, H.rows, FactoredAdjointDerivative<Real>{table.form(activation, Z, s), Z_dot, v, v_dot, H, H_dot, G_dot});
  gemm(Transpose::no, Transpose::no, Real(1), x, H_dot, Real(0), G_dot.row_range(0, x.rows));
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
