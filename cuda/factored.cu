// Factored points on the GPU: what Burer–Monteiro iterates on (docs/mathematics.md section 6).
#include "blas.hpp"
#include "cuda_device.hpp"
#include "device/factored.inl"
#include "kernels.inl"

namespace neuspec {

namespace {

/// D_k = Σ_{j in output k} sign_j (y_j z_jᵀ + z_j y_jᵀ)/2, one entry a call: reads 4 m words.
template <class Real>
struct PackFactors {
  ConstView<Real> Y, Z, sign, first;
  View<Real> D;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index N = Z.rows, r = e % N, c = e / N % N, k = e / (N * N);
    if (r < c) return;
    Real sum = 0;
    for (auto j = static_cast<Index>(first.data[k]); j < static_cast<Index>(first.data[k + 1]); ++j) {
      const Real *y = Y.data + j * Y.stride, *z = Z.data + j * Z.stride;
      sum += sign.data[j] * (y[c] * z[r] + z[c] * y[r]) / 2;
    }
    D.data[k * D.stride + packed::position(N, r, c)] = r == c ? sum : sum * static_cast<Real>(packed::root_two);
  }
};

template <class Real>
FactoredForm<Real> form_of(const ColumnViews<Real>& table, const Activation& activation, ConstView<Real> Z, ConstView<Real> s) {
  return {Z,
          s,
          table.sign,
          table.output,
          table.first,
          table.lead,
          static_cast<Real>(activation.a),
          static_cast<Real>(activation.b),
          static_cast<Real>(activation.c)};
}

}  // namespace

template <class Real>
ColumnViews<Real> CudaDevice<Real>::views(const FactorColumns& columns, Index outputs) {
  const auto m = static_cast<Index>(columns.sign.size());
  if (outputs != last_outputs_ || columns.sign != last_columns_.sign || columns.output != last_columns_.output ||
      columns.lead != last_columns_.lead) {
    last_outputs_ = -1;  // nothing is remembered should this fail
    const ColumnTable<double> table(columns, outputs);
    std::vector<double> all(table.sign);
    all.insert(all.end(), table.output.begin(), table.output.end());
    all.insert(all.end(), table.lead.begin(), table.lead.end());
    all.insert(all.end(), table.first.begin(), table.first.end());
    Real* to = table_.reserve(static_cast<Index>(all.size()));
    upload(all.data(), View<Real>{to, static_cast<Index>(all.size()), 1, static_cast<Index>(all.size())});
    last_columns_ = columns;
    last_outputs_ = outputs;
  }
  const Real* data = table_.data();
  return {{data, m, 1, m}, {data + m, m, 1, m}, {data + 3 * m, outputs + 1, 1, outputs + 1}, {data + 2 * m, m, 1, m}};
}

// 2 n d m flops in GEMM, then one pass over H.
template <class Real>
void CudaDevice<Real>::factored_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                        ConstView<Real> Z, View<Real> H, View<Real> f) {
  gemm(Transpose::yes, Transpose::no, Real(1), x, Z.row_range(0, x.rows), Real(0), H);
  context_.each(f.size(), FactoredForward<Real>{form_of(views(columns, f.columns), activation, Z, s), H, f});
}

// One pass over H, then 2 n d m flops in GEMM.
template <class Real>
void CudaDevice<Real>::factored_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                        ConstView<Real> Z, ConstView<Real> v, ConstView<Real> H, View<Real> Q, View<Real> G) {
  context_.sums(Z.columns, H.rows, FactoredAdjoint<Real>{form_of(views(columns, v.columns), activation, Z, s), v, H, Q, G});
  gemm(Transpose::no, Transpose::no, Real(1), x, Q, Real(0), G.row_range(0, x.rows));
}

// As factored_forward, with a pass over H and Ḣ.
template <class Real>
void CudaDevice<Real>::factored_forward_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                                   ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> H, View<Real> H_dot, View<Real> f_dot) {
  gemm(Transpose::yes, Transpose::no, Real(1), x, Z_dot.row_range(0, x.rows), Real(0), H_dot);
  context_.each(f_dot.size(), FactoredForwardDerivative<Real>{form_of(views(columns, f_dot.columns), activation, Z, s), Z_dot, H, H_dot, f_dot});
}

// As factored_adjoint, with a pass over H and Ḣ.
template <class Real>
void CudaDevice<Real>::factored_adjoint_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                                   ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> v, ConstView<Real> v_dot,
                                                   ConstView<Real> H, View<Real> H_dot, View<Real> G_dot) {
  context_.sums(Z.columns, H.rows,
                FactoredAdjointDerivative<Real>{form_of(views(columns, v.columns), activation, Z, s), Z_dot, v, v_dot, H, H_dot, G_dot});
  gemm(Transpose::no, Transpose::no, Real(1), x, H_dot, Real(0), G_dot.row_range(0, x.rows));
}

template <class Real>
void CudaDevice<Real>::factored_jacobian(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                         ConstView<Real> Z, ConstView<Real> H, bool add, View<Real> J) {
  context_.each(Z.columns * x.columns, FactoredJacobian<Real>{form_of(views(columns, columns.outputs()), activation, Z, s), x, H, J, add});
}

template <class Real>
void CudaDevice<Real>::scale_outputs(const FactorColumns& columns, ConstView<Real> J, ConstView<Real> factor, View<Real> scaled) {
  const auto m = static_cast<Index>(columns.sign.size());
  context_.each(m * J.columns, ScaleOutputs<Real>{views(columns, columns.outputs()).output, J, factor, scaled, J.rows / m});
}

template <class Real>
void CudaDevice<Real>::pack_factors(const FactorColumns& columns, ConstView<Real> Y, ConstView<Real> Z, View<Real> D) {
  const ColumnViews<Real> table = views(columns, D.columns);
  context_.each(Z.rows * Z.rows * D.columns, PackFactors<Real>{Y, Z, table.sign, table.first, D});
}

// 2 N² m flops in GEMM, one product an output.
template <class Real>
void CudaDevice<Real>::apply_packed(const FactorColumns& columns, ConstView<Real> Gamma, ConstView<Real> Z, View<Real> G) {
  const Index N = Z.rows, m = Z.columns;
  Real* full = full_.reserve(N * N);
  for (Index first = 0; first < m;) {
    const Index k = columns.output[static_cast<std::size_t>(first)];
    Index last = first;
    while (last < m && columns.output[static_cast<std::size_t>(last)] == k) ++last;
    context_.each(N * N, Unpack<Real>{Gamma.column_range(k, 1), {full, N, N, N}});
    gemm(Transpose::no, Transpose::no, Real(1), {full, N, N, N}, Z.column_range(first, last - first), Real(0), G.column_range(first, last - first));
    first = last;
  }
}

template <class Real>
void CudaDevice<Real>::lift_neurons(const FactorColumns& columns, ConstView<Real> W, View<Real> Z) {
  context_.sums(W.columns, W.rows, LiftNeuron<Real>{W, Z});
  context_.each(W.columns, BlockNorms<Real>{{views(columns, columns.outputs()).lead, Z}});
}

template <class Real>
void CudaDevice<Real>::lift_derivative(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> W_dot, View<Real> Z_dot) {
  context_.sums(Z.columns, W_dot.rows, LiftDerivative<Real>{Z, W_dot, Z_dot});
  context_.each(Z.columns, BlockDerivatives<Real>{{views(columns, columns.outputs()).lead, Z_dot}, Z});
}

template <class Real>
void CudaDevice<Real>::neuron_gradient(const FactorColumns& columns, double beta, ConstView<Real> Z, ConstView<Real> G, View<Real> gradient) {
  const ColumnViews<Real> table = views(columns, columns.outputs());
  context_.each(gradient.size(), NeuronGradient<Real>{Z, G, table.sign, table.lead, gradient, static_cast<Real>(beta)});
}

template <class Real>
void CudaDevice<Real>::gradient_derivative(const FactorColumns& columns, double beta, ConstView<Real> Z, ConstView<Real> G, ConstView<Real> Z_dot,
                                           ConstView<Real> G_dot, View<Real> result) {
  const ColumnViews<Real> table = views(columns, columns.outputs());
  context_.each(result.size(), GradientDerivative<Real>{Z, G, Z_dot, G_dot, table.sign, table.lead, result, static_cast<Real>(beta)});
}

template class CudaDevice<float>;
template class CudaDevice<double>;

}  // namespace neuspec
