// docs/mathematics.md sections 1 to 3 in 60 digits: what a network's objective is, and what a dual vector proves. Decisions about doubles that are
// themselves decisions about rounding have no other judge.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "support/exact_sphere.hpp"
#include "support/naive.hpp"

namespace exact {

using naive::Index;
using neuspec::Dataset;
using neuspec::LossKind;
using neuspec::Problem;

inline std::size_t size(Index value) { return static_cast<std::size_t>(value); }
inline Reals reals(const std::vector<double>& values) { return {values.begin(), values.end()}; }

/// α σ(uᵀx) with ‖u‖ = 1 to 60 digits.
struct Neuron {
  Reals u;
  Real alpha;
  std::size_t output, pool;
};

struct Network {
  std::vector<Neuron> neurons;
  Reals bias;  ///< one an output, 0 where there is none
};

/// The network of (P) that one in double stands for: its directions are brought to unit length.
inline Network normalised(const neuspec::Network& network) {
  Network result{{}, network.bias.empty() ? Reals(size(network.outputs)) : reals(network.bias)};
  const std::size_t f = network.weights.empty() ? 0 : network.directions.size() / network.weights.size();
  for (std::size_t j = 0; j < network.weights.size(); ++j) {
    Neuron neuron{{}, network.weights[j], size(network.output[j]), size(network.pool_of(static_cast<Index>(j)))};
    Real square = 0;
    for (std::size_t i = 0; i < f; ++i) {
      neuron.u.emplace_back(network.directions[j * f + i]);
      square += neuron.u.back() * neuron.u.back();
    }
    for (Real& value : neuron.u) value /= sqrt(square);
    result.neurons.push_back(std::move(neuron));
  }
  return result;
}

class Judge {
 public:
  Judge(const Problem& problem, const Dataset& data)
      : problem_(problem), beta_(problem.beta), n_(size(data.samples())), C_(size(data.targets())), y_(reals(data.y())) {
    for (std::size_t i = 0; i < n_; ++i) {
      const auto at = static_cast<Index>(i);
      weights_.emplace_back(naive::weight(data, at));
      samples_.push_back(naive::pools_of(problem.architecture, naive::row(data.x(), at, data.features())));
    }
  }

  const Problem& problem() const { return problem_; }
  const Real& beta() const { return beta_; }
  std::size_t samples() const { return n_; }
  std::size_t outputs() const { return C_; }
  std::size_t pools() const { return samples_.front().size(); }
  std::size_t patch_size() const { return samples_.front().front().front().size(); }
  const Real& weight(std::size_t i) const { return weights_[i]; }
  Reals row(const Reals& values, std::size_t i) const {
    return {values.begin() + static_cast<Index>(i * C_), values.begin() + static_cast<Index>((i + 1) * C_)};
  }
  Reals targets(std::size_t i) const { return row(y_, i); }

  /// The mean of σ(uᵀp) over the patches of a pool, for every sample.
  Reals activations(const Reals& u, std::size_t pool) const {
    const Real a = problem_.activation.a, b = problem_.activation.b, c = problem_.activation.c;
    Reals h(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      for (const naive::Row& patch : samples_[i][pool]) {
        Real t = 0;
        for (std::size_t k = 0; k < u.size(); ++k) t += u[k] * patch[k];
        h[i] += (a * t * t + b * t + c) / samples_[i][pool].size();
      }
    }
    return h;
  }

  /// f, n × C.
  Reals predict(const Network& network) const {
    Reals f(n_ * C_);
    for (std::size_t at = 0; at < f.size(); ++at) f[at] = network.bias[at % C_];
    for (const Neuron& neuron : network.neurons) {
      const Reals h = activations(neuron.u, neuron.pool);
      for (std::size_t i = 0; i < n_; ++i) f[i * C_ + neuron.output] += neuron.alpha * h[i];
    }
    return f;
  }

  Real loss(const Reals& f) const {
    Real sum = 0;
    for (std::size_t i = 0; i < n_; ++i)
      if (weights_[i] > 0) sum += weights_[i] * naive::loss_value(problem_.loss, row(f, i), targets(i));
    return sum;
  }
  Real penalty(const Network& network) const {
    Real sum = 0;
    for (const Neuron& neuron : network.neurons) sum += abs(neuron.alpha);
    return beta_ * sum;
  }
  /// P(f).
  Real objective(const Network& network) const { return loss(predict(network)) + penalty(network); }

  /// w ∇ℓ(f), n × C.
  Reals gradient(const Reals& f) const {
    Reals v;
    for (std::size_t i = 0; i < n_; ++i)
      for (const Real& value : naive::loss_gradient(problem_.loss, row(f, i), targets(i))) v.push_back(weights_[i] * value);
    return v;
  }

  /// Σ_i v_i σ(uᵀx_i) of an output and a pool as a function of u.
  Quadratic violation(const Reals& v, std::size_t output, std::size_t pool) const {
    const Real a = problem_.activation.a, b = problem_.activation.b, c = problem_.activation.c;
    const std::size_t f = patch_size();
    Quadratic sum(f);
    for (std::size_t i = 0; i < n_; ++i) {
      const Real share = v[i * C_ + output] / samples_[i][pool].size();
      if (share == 0) continue;
      for (const naive::Row& patch : samples_[i][pool]) {
        for (std::size_t k = 0; k < f; ++k) {
          for (std::size_t l = 0; l < f; ++l) sum.M[k * f + l] += a * share * patch[k] * patch[l];
          sum.q[k] += b * share * patch[k];
        }
        sum.t += c * share;
      }
    }
    return sum;
  }

  /// The largest lower bound on the optimum of (P) that multiples of v prove, v any n × C numbers: pulled into the domain of ℓ* and, with an
  /// intercept, brought to Σ_i v_i = 0 first.
  Real dual(Reals v) const {
    for (std::size_t i = 0; i < n_; ++i) {
      Reals scaled = row(v, i);
      for (Real& value : scaled) value = weights_[i] > 0 ? Real(value / weights_[i]) : Real(0);
      scaled = naive::into_domain(problem_.loss, std::move(scaled), targets(i));
      for (std::size_t k = 0; k < C_; ++k) v[i * C_ + k] = weights_[i] * scaled[k];
    }
    if (!problem_.bias) return balanced_dual(v);
    if (!problem_.loss.coupled()) {
      balance(v);
      return balanced_dual(v);
    }
    Real best = 0;
    for (const bool pairs_first : {true, false}) best = std::max(best, balanced_dual(circulation(v, pairs_first)));
    return best;
  }

 private:
  Real balanced_dual(const Reals& v) const {
    std::vector<std::optional<Real>> limits;
    for (std::size_t k = 0; k < C_; ++k) limits.push_back(largest_multiple(v, k));
    if (!problem_.loss.coupled()) {
      Real sum = 0;
      for (std::size_t k = 0; k < C_; ++k) sum += best_bound(v, k, 1, limits[k]);
      return sum;
    }
    std::optional<Real> least;
    for (const auto& limit : limits)
      if (limit && (!least || *limit < *least)) least = limit;
    return best_bound(v, 0, C_, least);
  }

  /// β/κ of an output; none where κ = 0.
  std::optional<Real> largest_multiple(const Reals& v, std::size_t k) const {
    Real kappa = 0;
    for (std::size_t pool = 0; pool < pools(); ++pool) {
      Quadratic sum = violation(v, k, pool);
      kappa = std::max(kappa, sphere_maximum(sum).bound);
      for (Real& value : sum.M) value = -value;
      for (Real& value : sum.q) value = -value;
      sum.t = -sum.t;
      kappa = std::max(kappa, sphere_maximum(sum).bound);
    }
    return kappa > 0 ? std::optional<Real>(beta_ / kappa) : std::nullopt;
  }

  /// −Σ w ℓ*(τ v/w) of outputs first … first + count − 1.
  Real bound_at(const Reals& v, std::size_t first, std::size_t count, const Real& tau) const {
    Real sum = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      if (weights_[i] == 0) continue;
      Reals scaled(count), y(count);
      for (std::size_t k = 0; k < count; ++k) {
        scaled[k] = tau * v[i * C_ + first + k] / weights_[i];
        y[k] = y_[i * C_ + first + k];
      }
      sum -= weights_[i] * naive::conjugate(problem_.loss, scaled, y);
    }
    return sum;
  }

  /// The largest over multiples: g(τ) is a parabola for squared loss and its relatives, straight for losses with kinks, concave for all.
  Real best_bound(const Reals& v, std::size_t first, std::size_t count, const std::optional<Real>& limit) const {
    const LossKind kind = problem_.loss.kind;
    const bool endless = kind == LossKind::squared || kind == LossKind::squared_hinge;
    std::optional<Real> end = limit;
    if (!endless && (!end || *end > 1)) end = 1;
    const auto g = [&](const Real& tau) { return bound_at(v, first, count, tau); };
    if (endless || kind == LossKind::huber) {
      Real curvature = 0, slope = 0;
      for (std::size_t i = 0; i < n_; ++i) {
        const Real& value = v[i * C_ + first];
        if (weights_[i] > 0) curvature += value * value / weights_[i];
        slope -= value * y_[i * C_ + first];
      }
      if (!(curvature > 0) || slope <= 0) return 0;
      const Real tau = slope / curvature;
      return g(end ? std::min(tau, *end) : tau);
    }
    Real low = 0, high = *end, best = std::max(Real(0), g(high));
    if (kind == LossKind::absolute || kind == LossKind::hinge || g(Real(high * (1 - ldexp(Real(1), -60)))) <= best) return best;
    for (int step = 0; step < 60; ++step) {
      const Real left = low + (high - low) * 0.4, right = low + (high - low) * 0.6, at_left = g(left), at_right = g(right);
      best = std::max({best, at_left, at_right});
      (at_left < at_right ? low : high) = at_left < at_right ? left : right;
    }
    return best;
  }

  void balance(Reals& v) const {
    Real all = 0;
    for (const Real& w : weights_) all += w;
    for (std::size_t k = 0; k < C_ && all > 0; ++k) {
      Real above = 0, below = 0;
      for (std::size_t i = 0; i < n_; ++i) (v[i * C_ + k] > 0 ? above : below) += v[i * C_ + k];
      for (std::size_t i = 0; i < n_; ++i) {
        Real& value = v[i * C_ + k];
        if (problem_.loss.kind == LossKind::squared) {
          value -= weights_[i] * ((above + below) / all);
        } else if ((value > 0) == (above > -below) && value != 0) {
          value *= std::min(above, Real(-below)) / std::max(above, Real(-below));
        }
      }
    }
  }

  /// Softmax: the flows from a sample's class to the others shrink until they are cycles of two and of three classes.
  Reals circulation(Reals v, bool pairs_first) const {
    std::vector<std::size_t> label;
    Reals flow(C_ * C_), kept(C_ * C_);
    for (std::size_t i = 0; i < n_; ++i) {
      const Reals y = targets(i);
      label.push_back(static_cast<std::size_t>(std::max_element(y.begin(), y.end()) - y.begin()));
      for (std::size_t k = 0; k < C_; ++k)
        if (k != label[i]) flow[label[i] * C_ + k] += v[i * C_ + k];
    }
    Reals rest = flow;
    const auto take = [&](const std::vector<std::size_t>& edges) {
      Real least = rest[edges.front()];
      for (const std::size_t edge : edges) least = std::min(least, rest[edge]);
      for (const std::size_t edge : edges) {
        rest[edge] -= least;
        kept[edge] += least;
      }
    };
    for (int pass = 0; pass < 2; ++pass) {
      if ((pass == 0) == pairs_first) {
        for (std::size_t k = 0; k < C_; ++k)
          for (std::size_t l = 0; l < k; ++l) take({k * C_ + l, l * C_ + k});
      } else if (C_ == 3) {
        for (const auto& edges : {std::vector<std::size_t>{1, 5, 6}, {2, 7, 3}}) take(edges);
      }
    }
    for (std::size_t i = 0; i < n_; ++i) {
      Real others = 0;
      for (std::size_t k = 0; k < C_; ++k) {
        const std::size_t edge = label[i] * C_ + k;
        if (k == label[i]) continue;
        if (flow[edge] > 0) v[i * C_ + k] *= kept[edge] / flow[edge];
        others += v[i * C_ + k];
      }
      v[i * C_ + label[i]] = -others;
    }
    return v;
  }

  const Problem& problem_;
  Real beta_;
  std::size_t n_, C_;
  Reals y_, weights_;
  std::vector<naive::Pools> samples_;
};

}  // namespace exact
