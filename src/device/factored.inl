// The element-wise steps of factored points, as in elementwise.inl: written once for both machines, visible nowhere else.
#include <cmath>

#include "device/matrix.hpp"
#include "neuspec/problem.hpp"

namespace neuspec {
namespace {

/// The quadratic form zᵀA_i z = a h² + b h s + c s² of factored columns, with its derivatives; s is z's last entry.
template <class Real>
struct FactoredForm {
  ConstView<Real> Z, scale;       // N × m; √w or null
  ConstView<Real> sign;           // m
  ConstView<Real> output, first;  // m; C + 1: where the neurons of an output start
  ConstView<Real> lead;           // m: the first column of the block
  Real a, b, c;
  NEUSPEC_HOST_DEVICE Real corner(Index j) const { return Z.data[j * Z.stride + Z.rows - 1]; }
  NEUSPEC_HOST_DEVICE Real value(Real h, Real s) const { return (a * h + b * s) * h + c * s * s; }
  // A_i z = [x (a h + (b/2) s); (b/2) h + c s]
  NEUSPEC_HOST_DEVICE Real of_sample(Real h, Real s) const { return a * h + b / 2 * s; }
  NEUSPEC_HOST_DEVICE Real of_corner(Real h, Real s) const { return b / 2 * h + c * s; }
  NEUSPEC_HOST_DEVICE Real derivative(Real h, Real s, Real h_dot, Real s_dot) const {
    return 2 * (of_sample(h, s) * h_dot + of_corner(h, s) * s_dot);
  }
  NEUSPEC_HOST_DEVICE Real root_weight(Index i) const { return scale.data == nullptr ? Real(1) : scale.data[i]; }
};

/// The columns' table as the element-wise steps read it.
template <class Real>
struct ColumnTable {
  std::vector<Real> sign, output, first, lead;

  ColumnTable(const FactorColumns& columns, Index outputs) : first(static_cast<std::size_t>(outputs + 1)) {
    for (const double value : columns.sign) sign.push_back(static_cast<Real>(value));
    for (const Index k : columns.output) {
      output.push_back(static_cast<Real>(k));
      first[static_cast<std::size_t>(k + 1)] += 1;
    }
    for (std::size_t k = 1; k < first.size(); ++k) first[k] += first[k - 1];
    for (std::size_t j = 0; j < sign.size(); ++j) lead.push_back(static_cast<Real>(columns.lead.empty() ? static_cast<Index>(j) : columns.lead[j]));
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
            view(lead),
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
      sum += form.sign.data[j] * form.value(H.data[j * H.stride + i], form.corner(j));
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
      sum += form.sign.data[j] * form.derivative(h, form.corner(j), h_dot, Z_dot.data[j * Z_dot.stride + Z_dot.rows - 1]);
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
    Q.data[j * Q.stride + i] = w * form.of_sample(h, s);
    return static_cast<double>(w * form.of_corner(h, s));
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
    const Real corner = w * form.of_corner(h_dot, s_dot) + w_dot * form.of_corner(h, s);
    h_dot = w * form.of_sample(h_dot, s_dot) + w_dot * form.of_sample(h, s);
    return static_cast<double>(corner);
  }
  NEUSPEC_HOST_DEVICE void store(Index j, double sum) const { G_dot.data[j * G_dot.stride + G_dot.rows - 1] = static_cast<Real>(sum); }
};

/// Z_j = [w_j; ‖w_j‖²], which `BlockNorms` then turns into norms.
template <class Real>
struct LiftNeuron {
  ConstView<Real> W;
  View<Real> Z;
  NEUSPEC_HOST_DEVICE double term(Index j, Index i) const {
    const Real w = W.data[j * W.stride + i];
    Z.data[j * Z.stride + i] = w;
    return static_cast<double>(w) * static_cast<double>(w);
  }
  NEUSPEC_HOST_DEVICE void store(Index j, double square) const { Z.data[j * Z.stride + W.rows] = static_cast<Real>(square); }
};

/// The last row of a block's columns, numbers t_j: f(Σ t_j) in the first and 0 in the others, by the thread of the first.
template <class Real>
struct BlockSum {
  ConstView<Real> lead;
  View<Real> Z;
  NEUSPEC_HOST_DEVICE Real take(Index j) const {
    double sum = 0;
    for (Index k = j; k < Z.columns && static_cast<Index>(lead.data[k]) == j; ++k) {
      Real& last = Z.data[k * Z.stride + Z.rows - 1];
      sum += static_cast<double>(last);
      last = 0;
    }
    return static_cast<Real>(sum);
  }
};

/// s = √Σ‖w_j‖².
template <class Real>
struct BlockNorms {
  BlockSum<Real> block;
  NEUSPEC_HOST_DEVICE void operator()(Index j) const {
    if (static_cast<Index>(block.lead.data[j]) == j) block.Z.data[j * block.Z.stride + block.Z.rows - 1] = std::sqrt(block.take(j));
  }
};

/// Ż_j = [ẇ_j; w_jᵀẇ_j], which `BlockDerivatives` then adds up.
template <class Real>
struct LiftDerivative {
  ConstView<Real> Z, W_dot;
  View<Real> Z_dot;
  NEUSPEC_HOST_DEVICE double term(Index j, Index i) const {
    const Real w_dot = W_dot.data[j * W_dot.stride + i];
    Z_dot.data[j * Z_dot.stride + i] = w_dot;
    return static_cast<double>(w_dot) * static_cast<double>(Z.data[j * Z.stride + i]);
  }
  NEUSPEC_HOST_DEVICE void store(Index j, double product) const { Z_dot.data[j * Z_dot.stride + W_dot.rows] = static_cast<Real>(product); }
};

/// ṡ = Σ w_jᵀẇ_j / s.
template <class Real>
struct BlockDerivatives {
  BlockSum<Real> block;  // of Ż
  ConstView<Real> Z;
  NEUSPEC_HOST_DEVICE void operator()(Index j) const {
    if (static_cast<Index>(block.lead.data[j]) != j) return;
    const Real norm = Z.data[j * Z.stride + Z.rows - 1], sum = block.take(j);
    block.Z.data[j * block.Z.stride + Z.rows - 1] = norm > 0 ? sum / norm : Real(0);
  }
};

/// gradient_ij = 2 sign_j (G_ij + g w_ij/s) + 2β w_ij, g and s from the block's first column: 3 words an entry.
template <class Real>
struct NeuronGradient {
  ConstView<Real> Z, G, sign, lead;
  View<Real> gradient;
  Real beta;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index d = gradient.rows, i = e % d, j = e / d, first = static_cast<Index>(lead.data[j]);
    const Real w = Z.data[j * Z.stride + i], norm = Z.data[first * Z.stride + d];
    const Real along = norm > 0 ? G.data[first * G.stride + d] * w / norm : Real(0);
    gradient.data[j * gradient.stride + i] = 2 * (sign.data[j] * (G.data[j * G.stride + i] + along) + beta * w);
  }
};

/// The derivative of NeuronGradient: 6 words an entry.
template <class Real>
struct GradientDerivative {
  ConstView<Real> Z, G, Z_dot, G_dot, sign, lead;
  View<Real> result;
  Real beta;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index d = result.rows, i = e % d, j = e / d, first = static_cast<Index>(lead.data[j]);
    const Real w = Z.data[j * Z.stride + i], norm = Z.data[first * Z.stride + d];
    const Real w_dot = Z_dot.data[j * Z_dot.stride + i], norm_dot = Z_dot.data[first * Z_dot.stride + d];
    Real sum = G_dot.data[j * G_dot.stride + i];
    if (norm > 0) sum += (G_dot.data[first * G_dot.stride + d] * w + G.data[first * G.stride + d] * (w_dot - w * norm_dot / norm)) / norm;
    result.data[j * result.stride + i] = 2 * (sign.data[j] * sum + beta * w_dot);
  }
};

/// J_(jd+l),i = s_i sign_j ((2a h_ij + b s_j) x_li + (b h_i0/s_0 + 2c) w_lj), 0 the first column of j's block: how sample i's prediction of its
/// output follows w_j. One column and sample a call: reads and writes d words.
template <class Real>
struct FactoredJacobian {
  FactoredForm<Real> form;
  ConstView<Real> x, H;
  View<Real> J;
  bool add;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index m = form.Z.columns, d = x.rows, j = e % m, i = e / m;
    const auto first = static_cast<Index>(form.lead.data[j]);
    const Real *w = form.Z.data + j * form.Z.stride, *sample = x.data + i * x.stride;
    const Real norm = form.corner(first), signed_root = form.sign.data[j] * form.root_weight(i);
    const Real of_x = signed_root * (2 * form.a * H.data[j * H.stride + i] + form.b * w[d]);
    const Real of_w = norm > 0 ? signed_root * (form.b * H.data[first * H.stride + i] / norm + 2 * form.c) : Real(0);
    Real* to = J.data + i * J.stride + j * d;
    for (Index l = 0; l < d; ++l) to[l] = (add ? to[l] : Real(0)) + of_x * sample[l] + of_w * w[l];
  }
};

/// scaled_(jd+l),i = factor_ik J_(jd+l),i with k the output of neuron j: 2 d words a call.
template <class Real>
struct ScaleOutputs {
  ConstView<Real> output, J, factor;
  View<Real> scaled;
  Index d;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index m = output.rows, j = e % m, i = e / m;
    const Real by = factor.data[static_cast<Index>(output.data[j]) * factor.stride + i];
    const Real* from = J.data + i * J.stride + j * d;
    Real* to = scaled.data + i * scaled.stride + j * d;
    for (Index l = 0; l < d; ++l) to[l] = by * from[l];
  }
};

}  // namespace
}  // namespace neuspec
