// What Burer–Monteiro's products with the samples do block by block on the CPU; visible in cpu_factored.cpp alone.
#pragma once

#include <algorithm>
#include <vector>

#include "device/cpu_launch.hpp"
#include "device/factored.inl"
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

constexpr Index parts_a_thread = 4;  // so that uneven ones balance

/// How many parts the samples fall into.
Index parts_of(Index samples, Index features, Index columns, Index of_a_thread = parts_a_thread) {
  constexpr Index fewest_blocks = 8;
  const Index available = threads();
  const double flops = 2.0 * static_cast<double>(samples) * static_cast<double>((features + 4) * columns);
  const Index most = std::min(of_a_thread * available, samples / (fewest_blocks * thin::block));
  return available == 1 ? 1 : std::clamp<Index>(static_cast<Index>(flops / flops_a_part), 1, std::max<Index>(1, most));
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
      block<Bytes>(thin::Samples<Real>(x, at, count), at, H_dot.row_range(at, count));
    }
  }
  /// Of the samples from `at` on, whose Ḣ goes to `own`.
  template <int Bytes>
  [[gnu::always_inline]] void block(const thin::Samples<Real>& samples, Index at, View<Real> own) const {
    thin::dots<Real, Bytes>(samples, W_dot, own);
    for (Index k = 0; k < f_dot.columns; ++k) {
      Real sum[thin::block] = {};
      for (auto j = static_cast<Index>(form.first.data[k]); j < static_cast<Index>(form.first.data[k + 1]); ++j) {
        const Real *h = H.data + j * H.stride + at, *h_dot = own.data + j * own.stride;
        thin::fetch_next(h);
        const Real s = form.corner(j), s_dot = Z_dot.data[j * Z_dot.stride + Z_dot.rows - 1], sign = form.sign.data[j];
        for (Index i = 0; i < samples.count; ++i) sum[i] += sign * form.derivative(h[i], s, h_dot[i], s_dot);
      }
      for (Index i = 0; i < samples.count; ++i) f_dot.data[k * f_dot.stride + at + i] = form.root_weight(at + i) * sum[i];
    }
  }
};

/// What a block's samples are multiplied by, and the corners' sums: of Γ z.
template <class Real>
struct Adjoint {
  FactoredForm<Real> form;
  ConstView<Real> v, H;
  View<Real> Q;

  template <int Bytes>
  void begin(const thin::Samples<Real>& /*samples*/, Index /*at*/) {}
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
  Index origin = 0;  // the sample of H_dot's first row

  template <int Bytes>
  void begin(const thin::Samples<Real>& /*samples*/, Index /*at*/) {}
  [[gnu::always_inline]] double weigh(Index j, Index at, Index count, const Real* roots, Real* q) const {
    const Index of_output = static_cast<Index>(form.output.data[j]);
    const Real *h = H.data + j * H.stride + at, *h_dot = H_dot.data + j * H_dot.stride + at - origin;
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

/// The same where a block's Ḣ and v̇ = `curve`(ḟ) are made when it is its turn.
template <class Real, class Curve>
struct Product {
  ForwardDerivative<Real> forward;
  AdjointDerivative<Real> adjoint;
  const Curve& curve;
  std::vector<Real> tile = {};
  const FactoredForm<Real>& form = adjoint.form;

  template <int Bytes>
  [[gnu::always_inline]] void begin(const thin::Samples<Real>& samples, Index at) {
    const View<Real> own{tile.data(), samples.count, forward.H.columns, thin::block};
    forward.template block<Bytes>(samples, at, own);
    curve(at, samples.count);
    adjoint.H_dot = own;
    adjoint.origin = at;
  }
  [[gnu::always_inline]] double weigh(Index j, Index at, Index count, const Real* roots, Real* q) const {
    return adjoint.weigh(j, at, count, roots, q);
  }
};

/// One part's sums G = Σ x_i q_iᵀ and of the corners.
template <class Real, class Weights>
struct Sums {
  ConstView<Real> x;
  Weights weights;
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
      const thin::Samples<Real> samples(x, at, count);
      weights.template begin<Bytes>(samples, at);
      Real roots[thin::block];
      for (Index i = 0; i < count; ++i) roots[i] = weights.form.root_weight(at + i);
      for (std::size_t j = 0; j < corners.size(); ++j)
        corners[j] += weights.weigh(static_cast<Index>(j), at, count, roots, Q.data() + static_cast<Index>(j) * thin::block);
      thin::add_outer<Real, Bytes>(samples, Q.data(), G);
    }
  }
};

template <class Real, class Work>
void each_block(ConstView<Real> x, Index columns, Work work) {
  const Index parts = parts_of(x.columns, x.rows, columns);
  run_pieces(parts, threads(), [&](Index part) { thin::run(work, x.columns * part / parts, x.columns * (part + 1) / parts); });
}

/// G = [Σ x_i q_iᵀ; corners]. The bits depend on the number of threads. Each part has sums of its own: where these are large, one a thread.
template <class Real, class Weights>
void sum_blocks(ConstView<Real> x, const Weights& weights, View<Real> G) {
  constexpr Index small = 1 << 13;  // numbers of sums that several parts of a thread may have
  const Index parts = parts_of(x.columns, x.rows, G.columns, G.size() <= small ? parts_a_thread : 1);
  std::vector<Sums<Real, Weights>> sums(static_cast<std::size_t>(parts), Sums<Real, Weights>(x, weights, G.columns));
  run_pieces(parts, threads(),
             [&](Index part) { thin::run(sums[static_cast<std::size_t>(part)], x.columns * part / parts, x.columns * (part + 1) / parts); });
  each(
      G.columns,
      [&](Index j) {
        Real* const to = G.data + j * G.stride;
        double corner = 0;
        std::fill_n(to, G.rows, Real(0));
        for (const Sums<Real, Weights>& part : sums) {
          const Real* const from = part.G.column(j);
          for (Index i = 0; i < x.rows; ++i) to[i] += from[i];
          corner += part.corners[static_cast<std::size_t>(j)];
        }
        to[G.rows - 1] = static_cast<Real>(corner);
      },
      G.rows * parts);
}

}  // namespace
}  // namespace neuspec
