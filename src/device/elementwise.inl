// The element-wise steps of the device seam, written once for both machines. A step is a functor over a flat index, for a backend's `each`, or one
// with `term` and `store`, for its `sums`: store(column, Σ_row term(column, row)), where `term` may write too. Nothing here is visible outside the
// including file.
#include <cmath>

#include "device/matrix.hpp"
#include "lift/packed.hpp"
#include "neuspec/problem.hpp"

namespace neuspec {
namespace {

/// Y = alpha X + beta Y. One read of X and Y, one write: 3 words an entry. beta = 0 does not read Y.
template <class Real>
struct Axpby {
  ConstView<Real> X;
  View<Real> Y;
  Real alpha, beta;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % X.rows, j = e / X.rows;
    Real& y = Y.data[j * Y.stride + i];
    const Real x = alpha * X.data[j * X.stride + i];
    y = beta == Real(0) ? x : x + beta * y;
  }
};

/// traces_k = ⟨G, M_k⟩ for packed columns: N reads a column.
template <class Real>
struct Traces {
  ConstView<Real> M;
  View<Real> traces;
  Index N;
  NEUSPEC_HOST_DEVICE double term(Index k, Index j) const {
    const double m = M.data[k * M.stride + packed::position(N, j, j)];
    return j + 1 < N ? m : -m;
  }
  NEUSPEC_HOST_DEVICE void store(Index k, double sum) const { traces.data[k] = static_cast<Real>(sum); }
};

/// M_k ← M_k − G·factor·traces_k / N on the diagonal.
template <class Real>
struct SubtractTrace {
  ConstView<Real> traces;
  View<Real> M;
  Index N;
  Real factor;
  Index columns_per_trace;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index j = e % N, k = e / N;
    const Real shift = factor * traces.data[k / columns_per_trace] / Real(N);
    M.data[k * M.stride + packed::position(N, j, j)] -= j + 1 < N ? shift : -shift;
  }
};

/// T_k = 2(W₊ − W₋) − (V₊ − V₋): 5 words an entry.
template <class Real>
struct Difference {
  ConstView<Real> V, W;
  View<Real> T;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % T.rows, k = e / T.rows;
    const Index plus = 2 * k * V.stride + i, minus = plus + V.stride;
    T.data[k * T.stride + i] = 2 * (W.data[plus] - W.data[minus]) - (V.data[plus] - V.data[minus]);
  }
};

/// traces_k = ⟨G, T₊ + T₋⟩, T± = 2W± − V± − (β/ρ)E.
template <class Real>
struct SumTraces {
  ConstView<Real> V, W;
  View<Real> traces;
  Index N;
  Real corner;  // β/ρ
  NEUSPEC_HOST_DEVICE double term(Index k, Index j) const {
    const Index plus = 2 * k * V.stride + packed::position(N, j, j), minus = plus + V.stride;
    const double t = 2 * (W.data[plus] + W.data[minus]) - (V.data[plus] + V.data[minus]);
    return j + 1 < N ? t : -t;
  }
  NEUSPEC_HOST_DEVICE void store(Index k, double sum) const { traces.data[k] = static_cast<Real>(sum + 2 * corner); }
};

/// F± = ω((T₊ + T₋ ± D)/2 − W±), the trace part of T₊ + T₋ still in it: 7 words an entry.
template <class Real>
struct Residual {
  ConstView<Real> V, W, D;
  View<Real> F;
  Real corner, omega;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index p = D.rows, i = e % p, k = e / p;
    const Index plus = 2 * k * V.stride + i, minus = plus + V.stride;
    Real sum = 2 * (W.data[plus] + W.data[minus]) - (V.data[plus] + V.data[minus]);
    if (i == p - 1) sum -= 2 * corner;
    const Real d = D.data[k * D.stride + i];
    F.data[2 * k * F.stride + i] = omega * ((sum + d) / 2 - W.data[plus]);
    F.data[(2 * k + 1) * F.stride + i] = omega * ((sum - d) / 2 - W.data[minus]);
  }
};

/// K_ij from K_ij = x_iᵀx_j, lower triangle: s_i s_j (a² t² + (b²/2) t + c² − e_i e_j / N).
template <class Real>
struct KernelEntry {
  View<Real> K;
  ConstView<Real> squares, s;  // ‖x_i‖², n
  Real a, b, c, N;
  NEUSPEC_HOST_DEVICE void entry(Index i, Index j) const {
    Real& k = K.data[j * K.stride + i];
    const Real ei = a * squares.data[i] - c, ej = a * squares.data[j] - c;
    const Real scale = s.data == nullptr ? Real(1) : s.data[i] * s.data[j];
    k = scale * ((a * a * k + b * b / 2) * k + c * c - ei * ej / N);
  }
};

/// The quadratic form zᵀA_i z = a h² + b h s + c s² of factored columns, with its derivatives; s is z's last entry.
template <class Real>
struct FactoredForm {
  ConstView<Real> Z, scale;       // N × m; √w or null
  ConstView<Real> sign;           // m
  ConstView<Real> output, first;  // m; C + 1: where the neurons of an output start
  Real a, b, c;
  NEUSPEC_HOST_DEVICE Real corner(Index j) const { return Z.data[j * Z.stride + Z.rows - 1]; }
  NEUSPEC_HOST_DEVICE Real root_weight(Index i) const { return scale.data == nullptr ? Real(1) : scale.data[i]; }
};

/// The columns' table as the element-wise steps read it.
template <class Real>
struct ColumnTable {
  std::vector<Real> sign, output, first;

  ColumnTable(const FactorColumns& columns, Index outputs) : first(static_cast<std::size_t>(outputs + 1)) {
    for (const double value : columns.sign) sign.push_back(static_cast<Real>(value));
    for (const Index k : columns.output) {
      output.push_back(static_cast<Real>(k));
      first[static_cast<std::size_t>(k + 1)] += 1;
    }
    for (std::size_t k = 1; k < first.size(); ++k) first[k] += first[k - 1];
  }

  static ConstView<Real> view(const std::vector<Real>& values) {
    const auto count = static_cast<Index>(values.size());
    return {values.data(), count, 1, count};
  }

  FactoredForm<Real> form(const Activation& activation, ConstView<Real> Z, ConstView<Real> s) const {
    return {Z,
            s,
            view(sign),
            view(output),
            view(first),
            static_cast<Real>(activation.a),
            static_cast<Real>(activation.b),
            static_cast<Real>(activation.c)};
  }
};

/// f_ik = s_i Σ_{j of output k} sign_j (a h_ij² + b h_ij s_j + c s_j²): reads n·m words.
template <class Real>
struct FactoredForward {
  FactoredForm<Real> form;
  ConstView<Real> H;
  View<Real> f;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % f.rows, k = e / f.rows;
    Real sum = 0;
    for (auto j = static_cast<Index>(form.first.data[k]); j < static_cast<Index>(form.first.data[k + 1]); ++j) {
      const Real h = H.data[j * H.stride + i], s = form.corner(j);
      sum += form.sign.data[j] * ((form.a * h + form.b * s) * h + form.c * s * s);
    }
    f.data[k * f.stride + i] = form.root_weight(i) * sum;
  }
};

/// ḟ_ik = s_i Σ_{j of output k} sign_j ((2a h + b s) ḣ + (b h + 2c s) ṡ): reads 2·n·m words.
template <class Real>
struct FactoredForwardDerivative {
  FactoredForm<Real> form;
  ConstView<Real> Z_dot, H, H_dot;
  View<Real> f_dot;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % f_dot.rows, k = e / f_dot.rows;
    Real sum = 0;
    for (auto j = static_cast<Index>(form.first.data[k]); j < static_cast<Index>(form.first.data[k + 1]); ++j) {
      const Real h = H.data[j * H.stride + i], h_dot = H_dot.data[j * H_dot.stride + i];
      const Real s = form.corner(j), s_dot = Z_dot.data[j * Z_dot.stride + Z_dot.rows - 1];
      sum += form.sign.data[j] * ((2 * form.a * h + form.b * s) * h_dot + (form.b * h + 2 * form.c * s) * s_dot);
    }
    f_dot.data[k * f_dot.stride + i] = form.root_weight(i) * sum;
  }
};

/// Q_ij = s_i v_ik (a h_ij + (b/2) s_j); G_Nj = Σ_i s_i v_ik ((b/2) h_ij + c s_j). A column is a neuron, a row a sample.
template <class Real>
struct FactoredAdjoint {
  FactoredForm<Real> form;
  ConstView<Real> v, H;
  View<Real> Q, G;
  NEUSPEC_HOST_DEVICE double term(Index j, Index i) const {
    const auto k = static_cast<Index>(form.output.data[j]);
    const Real s = form.corner(j), h = H.data[j * H.stride + i], w = form.root_weight(i) * v.data[k * v.stride + i];
    Q.data[j * Q.stride + i] = w * (form.a * h + form.b / 2 * s);
    return static_cast<double>(w * (form.b / 2 * h + form.c * s));
  }
  NEUSPEC_HOST_DEVICE void store(Index j, double sum) const { G.data[j * G.stride + G.rows - 1] = static_cast<Real>(sum); }
};

/// The derivative of FactoredAdjoint; Ḣ becomes Q̇.
template <class Real>
struct FactoredAdjointDerivative {
  FactoredForm<Real> form;
  ConstView<Real> Z_dot, v, v_dot, H;
  View<Real> H_dot, G_dot;
  NEUSPEC_HOST_DEVICE double term(Index j, Index i) const {
    const auto k = static_cast<Index>(form.output.data[j]);
    const Real s = form.corner(j), s_dot = Z_dot.data[j * Z_dot.stride + Z_dot.rows - 1];
    const Real h = H.data[j * H.stride + i], root = form.root_weight(i);
    const Real w = root * v.data[k * v.stride + i], w_dot = root * v_dot.data[k * v_dot.stride + i];
    Real& h_dot = H_dot.data[j * H_dot.stride + i];
    const Real corner = w * (form.b / 2 * h_dot + form.c * s_dot) + w_dot * (form.b / 2 * h + form.c * s);
    h_dot = w * (form.a * h_dot + form.b / 2 * s_dot) + w_dot * (form.a * h + form.b / 2 * s);
    return static_cast<double>(corner);
  }
  NEUSPEC_HOST_DEVICE void store(Index j, double sum) const { G_dot.data[j * G_dot.stride + G_dot.rows - 1] = static_cast<Real>(sum); }
};

/// Z_j = [w_j; ‖w_j‖].
template <class Real>
struct LiftNeuron {
  ConstView<Real> W;
  View<Real> Z;
  NEUSPEC_HOST_DEVICE double term(Index j, Index i) const {
    const Real w = W.data[j * W.stride + i];
    Z.data[j * Z.stride + i] = w;
    return static_cast<double>(w) * static_cast<double>(w);
  }
  NEUSPEC_HOST_DEVICE void store(Index j, double square) const { Z.data[j * Z.stride + W.rows] = static_cast<Real>(std::sqrt(square)); }
};

/// Ż_j = [ẇ_j; w_jᵀẇ_j/‖w_j‖].
template <class Real>
struct LiftDerivative {
  ConstView<Real> Z, W_dot;
  View<Real> Z_dot;
  NEUSPEC_HOST_DEVICE double term(Index j, Index i) const {
    const Real w_dot = W_dot.data[j * W_dot.stride + i];
    Z_dot.data[j * Z_dot.stride + i] = w_dot;
    return static_cast<double>(w_dot) * static_cast<double>(Z.data[j * Z.stride + i]);
  }
  NEUSPEC_HOST_DEVICE void store(Index j, double product) const {
    const Real norm = Z.data[j * Z.stride + W_dot.rows];
    Z_dot.data[j * Z_dot.stride + W_dot.rows] = norm > 0 ? static_cast<Real>(product) / norm : Real(0);
  }
};

/// gradient_ij = 2 sign_j (G_ij + G_Nj w_ij/‖w_j‖) + 2β w_ij: 3 words an entry.
template <class Real>
struct NeuronGradient {
  ConstView<Real> Z, G, sign;
  View<Real> gradient;
  Real beta;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index d = gradient.rows, i = e % d, j = e / d;
    const Real w = Z.data[j * Z.stride + i], norm = Z.data[j * Z.stride + d];
    const Real along = norm > 0 ? G.data[j * G.stride + d] * w / norm : Real(0);
    gradient.data[j * gradient.stride + i] = 2 * (sign.data[j] * (G.data[j * G.stride + i] + along) + beta * w);
  }
};

/// The derivative of NeuronGradient: 6 words an entry.
template <class Real>
struct GradientDerivative {
  ConstView<Real> Z, G, Z_dot, G_dot, sign;
  View<Real> result;
  Real beta;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index d = result.rows, i = e % d, j = e / d;
    const Real w = Z.data[j * Z.stride + i], norm = Z.data[j * Z.stride + d];
    const Real w_dot = Z_dot.data[j * Z_dot.stride + i], norm_dot = Z_dot.data[j * Z_dot.stride + d];
    Real sum = G_dot.data[j * G_dot.stride + i];
    if (norm > 0) sum += (G_dot.data[j * G_dot.stride + d] * w + G.data[j * G.stride + d] * (w_dot - w * norm_dot / norm)) / norm;
    result.data[j * result.stride + i] = 2 * (sign.data[j] * sum + beta * w_dot);
  }
};

/// v_k ← v_k + f_k where squares_k ≤ before_k, else fallback_k: 3 words an entry.
template <class Real>
struct AdvanceOrFallBack {
  ConstView<Real> f, fallback, squares, before;
  View<Real> v;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % v.rows, k = e / v.rows;
    Real& x = v.data[k * v.stride + i];
    x = squares.data[k * squares.stride] <= before.data[k * before.stride] ? x + f.data[k * f.stride + i] : fallback.data[k * fallback.stride + i];
  }
};

}  // namespace
}  // namespace neuspec
