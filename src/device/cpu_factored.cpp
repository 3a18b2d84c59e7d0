// Factored points on the CPU: what Burer–Monteiro iterates on (docs/mathematics.md section 6).
#include <algorithm>

#include "device/cpu_device.hpp"
#include "device/cpu_launch.hpp"
#include "device/factored.inl"
#include "device/lapack.hpp"
#include "device/thin_products.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

constexpr double flops_a_part = 2e6;  // that are worth a thread's while

template <class Real>
thin::Padded<Real> padded(ConstView<Real> Z, Index rows) {
  thin::Padded<Real> result(rows, Z.columns, thin::dot_columns);
  for (Index j = 0; j < Z.columns; ++j) std::copy_n(Z.data + j * Z.stride, rows, result.column(j));
  return result;
}

/// How many parts the samples fall into: some a thread, so that uneven ones balance.
Index parts_of(Index samples, Index features, Index columns) {
  constexpr Index parts_a_thread = 4;
  const Index available = threads();
  const double flops = 2.0 * static_cast<double>(samples) * static_cast<double>((features + 4) * columns);
  return available == 1 ? 1 : std::clamp<Index>(static_cast<Index>(flops / flops_a_part), 1, parts_a_thread * available);
}

/// H = Xᵀ W and f, block by block.
template <class Real>
struct Forward {
  ConstView<Real> x;
  thin::Padded<Real> W;
  FactoredForm<Real> form;
  View<Real> H, f;

  template <int Bytes>
  [[gnu::always_inline]] void run(Index first, Index last) {
    for (Index at = first; at < last; at += thin::block) {
      const Index count = std::min(thin::block, last - at);
      thin::dots<Real, Bytes>(thin::Samples<Real>(x, at, count), W, H.row_range(at, count));
      for (Index k = 0; k < f.columns; ++k) {
        Real sum[thin::block] = {};
        for (auto j = static_cast<Index>(form.first.data[k]); j < static_cast<Index>(form.first.data[k + 1]); ++j) {
          const Real *h = H.data + j * H.stride + at, s = form.corner(j), sign = form.sign.data[j];
          for (Index i = 0; i < count; ++i) sum[i] += sign * form.value(h[i], s);
        }
        for (Index i = 0; i < count; ++i) f.data[k * f.stride + at + i] = form.root_weight(at + i) * sum[i];
      }
    }
  }
};

/// Ḣ = Xᵀ Ẇ and ḟ.
template <class Real>
struct ForwardDerivative {
  ConstView<Real> x;
  thin::Padded<Real> W_dot;
  FactoredForm<Real> form;
  ConstView<Real> Z_dot, H;
  View<Real> H_dot, f_dot;

  template <int Bytes>
  [[gnu::always_inline]] void run(Index first, Index last) {
    for (Index at = first; at < last; at += thin::block) {
      const Index count = std::min(thin::block, last - at);
      thin::dots<Real, Bytes>(thin::Samples<Real>(x, at, count), W_dot, H_dot.row_range(at, count));
      for (Index k = 0; k < f_dot.columns; ++k) {
        Real sum[thin::block] = {};
        for (auto j = static_cast<Index>(form.first.data[k]); j < static_cast<Index>(form.first.data[k + 1]); ++j) {
          const Real *h = H.data + j * H.stride + at, *h_dot = H_dot.data + j * H_dot.stride + at;
          thin::fetch_next(h);
          const Real s = form.corner(j), s_dot = Z_dot.data[j * Z_dot.stride + Z_dot.rows - 1], sign = form.sign.data[j];
          for (Index i = 0; i < count; ++i) sum[i] += sign * form.derivative(h[i], s, h_dot[i], s_dot);
        }
        for (Index i = 0; i < count; ++i) f_dot.data[k * f_dot.stride + at + i] = form.root_weight(at + i) * sum[i];
      }
    }
  }
};

/// What a block's samples are multiplied by, and the corners' sums: of Γ z.
template <class Real>
struct Adjoint {
  FactoredForm<Real> form;
  ConstView<Real> v, H;
  View<Real> Q;

  [[gnu::always_inline]] double weigh(Index j, Index at, Index count, const Real* roots, Real* q) const {
    const Real *h = H.data + j * H.stride + at, *of_output = v.data + static_cast<Index>(form.output.data[j]) * v.stride + at;
    const Real s = form.corner(j);
    double sum = 0;
    thin::fetch_next(h);
#pragma omp simd reduction(+ : sum)
    for (Index i = 0; i < count; ++i) {
      const Real w = roots[i] * of_output[i];
      q[i] = w * form.of_sample(h[i], s);
      sum += static_cast<double>(w * form.of_corner(h[i], s));
    }
    std::copy_n(q, count, Q.data + j * Q.stride + at);
    return sum;
  }
};

/// Likewise of Γ ż + Γ̇ z.
template <class Real>
struct AdjointDerivative {
  FactoredForm<Real> form;
  ConstView<Real> Z_dot, v, v_dot, H, H_dot;

  [[gnu::always_inline]] double weigh(Index j, Index at, Index count, const Real* roots, Real* q) const {
    const Index of_output = static_cast<Index>(form.output.data[j]);
    const Real *h = H.data + j * H.stride + at, *h_dot = H_dot.data + j * H_dot.stride + at;
    const Real *of_v = v.data + of_output * v.stride + at, *of_v_dot = v_dot.data + of_output * v_dot.stride + at;
    const Real s = form.corner(j), s_dot = Z_dot.data[j * Z_dot.stride + Z_dot.rows - 1];
    double sum = 0;
    thin::fetch_next(h);
    thin::fetch_next(h_dot);
#pragma omp simd reduction(+ : sum)
    for (Index i = 0; i < count; ++i) {
      const Real w = roots[i] * of_v[i], w_dot = roots[i] * of_v_dot[i];
      q[i] = w * form.of_sample(h_dot[i], s_dot) + w_dot * form.of_sample(h[i], s);
      sum += static_cast<double>(w * form.of_corner(h_dot[i], s_dot) + w_dot * form.of_corner(h[i], s));
    }
    return sum;
  }
};

/// One part's sums G = Σ x_i q_iᵀ and of the corners.
template <class Real, class Weights>
struct Sums {
  ConstView<Real> x;
  const Weights& weights;
  thin::Padded<Real> G;
  std::vector<double> corners;
  std::vector<Real> Q;

  Sums(ConstView<Real> X, const Weights& of_samples, Index columns)
      : x(X),
        weights(of_samples),
        G(X.rows, columns, thin::outer_columns),
        corners(static_cast<std::size_t>(columns)),
        Q(static_cast<std::size_t>(thin::block * G.columns)) {}

  template <int Bytes>
  [[gnu::always_inline]] void run(Index first, Index last) {
    for (Index at = first; at < last; at += thin::block) {
      const Index count = std::min(thin::block, last - at);
      Real roots[thin::block];
      for (Index i = 0; i < count; ++i) roots[i] = weights.form.root_weight(at + i);
      for (std::size_t j = 0; j < corners.size(); ++j)
        corners[j] += weights.weigh(static_cast<Index>(j), at, count, roots, Q.data() + static_cast<Index>(j) * thin::block);
      thin::add_outer<Real, Bytes>(thin::Samples<Real>(x, at, count), Q.data(), G);
    }
  }
};

template <class Real, class Work>
void each_block(ConstView<Real> x, Index columns, Work work) {
  const Index parts = parts_of(x.columns, x.rows, columns);
  run_pieces(parts, threads(), [&](Index part) { thin::run(work, x.columns * part / parts, x.columns * (part + 1) / parts); });
}

/// G = [Σ x_i q_iᵀ; corners]. The bits depend on the number of threads.
template <class Real, class Weights>
void sum_blocks(ConstView<Real> x, const Weights& weights, View<Real> G) {
  const Index parts = parts_of(x.columns, x.rows, G.columns);
  std::vector<Sums<Real, Weights>> sums(static_cast<std::size_t>(parts), Sums<Real, Weights>(x, weights, G.columns));
  run_pieces(parts, threads(),
             [&](Index part) { thin::run(sums[static_cast<std::size_t>(part)], x.columns * part / parts, x.columns * (part + 1) / parts); });
  for (Index j = 0; j < G.columns; ++j) {
    Real* const to = G.data + j * G.stride;
    double corner = 0;
    std::fill_n(to, G.rows, Real(0));
    for (const Sums<Real, Weights>& part : sums) {
      const Real* const from = part.G.column(j);
      for (Index i = 0; i < x.rows; ++i) to[i] += from[i];
      corner += part.corners[static_cast<std::size_t>(j)];
    }
    to[G.rows - 1] = static_cast<Real>(corner);
  }
}

}  // namespace

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
