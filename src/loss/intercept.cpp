#include "loss/intercept.hpp"

#include <algorithm>
#include <cmath>

#include "loss/coupled_intercept.hpp"
#include "loss/table.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {
namespace {

constexpr double enough = 0x1p-46;  // Σ v over Σ |v|: what `balance` then takes off a bound is far below any tolerance
constexpr int most_steps = 200;

/// w ∇ℓ(f + b, y) of all samples, its sums, and the slope of the former.
struct Slope {
  double sum = 0, magnitude = 0, curvature = 0;
  bool vanishes() const { return std::abs(sum) <= enough * magnitude; }
};

/// The derivative of Σ w ℓ(f + b, y) in b, and the search for its zero.
template <class L>
class Search {
 public:
  Search(const L& loss, const Loss& chosen, std::span<const double> f, std::span<const double> y, std::span<const double> weights)
      : loss_(loss), smooth_(chosen.smooth()), labels_(chosen.classification()), f_(f), y_(y), weights_(weights), gradient_(f.size()) {
    for (std::size_t i = 0; i < f.size(); ++i) largest_ = std::max({largest_, std::abs(f[i]), std::abs(y[i])});
  }

  Intercept run() {
    Slope at = slope(0);
    if (at.vanishes()) return {0, std::move(gradient_)};
    // The derivative never falls: a bracket in the direction that lowers the loss, then Newton's steps within, bisection where they leave it.
    double low = 0, high = 0, b = 0;
    // Of numbers it is no larger than twice the largest: a bracket of 1 about targets of 10⁻¹⁸⁰ would be halved six hundred times.
    const double first = labels_ ? 1 : std::min(1.0, std::ldexp(1.0, std::ilogb(largest_) + 1));
    for (double step = at.sum > 0 ? -first : first; std::isfinite(step) && (step > 0 ? at.sum < 0 : at.sum > 0); step *= 2) {
      (step > 0 ? low : high) = b;
      b = step;
      at = slope(b);
      (step > 0 ? high : low) = b;
    }
    for (int steps = 0; steps < most_steps && !at.vanishes(); ++steps) {
      (at.sum < 0 ? low : high) = b;
      if (high - low <= 0x1p-52 * std::max({std::abs(low), std::abs(high), 0x1p-20 * largest_})) return between(low, high);
      const double newton = b - at.sum / at.curvature, middle = low + 0.5 * (high - low);
      b = smooth_ && steps % 4 != 3 && newton > low && newton < high ? newton : middle;
      at = slope(b);
    }
    if (!at.vanishes()) return between(low, high);
    // A last step, too small to matter for v.
    return {smooth_ && at.curvature > 0 ? b - at.sum / at.curvature : b, std::move(gradient_)};
  }

 private:
  double weight(std::size_t i) const { return weights_.empty() ? 1.0 : weights_[i]; }

  /// What the loss takes of a sample: numbers are seen from their targets, beside which b and f may be small.
  struct Arguments {
    double f, y;
  };
  Arguments arguments(std::size_t i, double b) const { return labels_ ? Arguments{f_[i] + b, y_[i]} : Arguments{(b - y_[i]) + f_[i], 0}; }

  Slope slope(double b) {
    Slope result;
    const double one = 1;
    for (std::size_t i = 0; i < f_.size(); ++i) {
      const Arguments at = arguments(i, b);
      const double w = weight(i);
      const loss::Row<const double> fi{&at.f, 1, 1}, yi{&at.y, 1, 1};
      double g = 0, h = 0;
      loss_.gradient(fi, yi, loss::Row<double>{&g, 1, 1});
      if (smooth_) loss_.curvature(fi, yi, loss::Row<const double>{&one, 1, 1}, loss::Row<double>{&h, 1, 1});
      gradient_[i] = w * g;
      result.sum += gradient_[i];
      result.magnitude += std::abs(gradient_[i]);
      result.curvature += w * h;
    }
    return result;
  }

  double value(double b) const {
    CompensatedSum sum;
    for (std::size_t i = 0; i < f_.size(); ++i) {
      const Arguments at = arguments(i, b);
      sum.add(weight(i) * loss_.value(loss::Row<const double>{&at.f, 1, 1}, loss::Row<const double>{&at.y, 1, 1}));
    }
    return sum.value();
  }

  /// At a kink, that is where neighbouring numbers have derivatives of both signs, the mixture of their subgradients whose sum is zero. It is a
  /// subgradient at the kink, as those of a convex function are an interval. The intercept is that with the lower loss: beside a kink of a heavy
  /// sample the wrong one costs its weight times a rounding. The kink itself may lie between the two.
  Intercept between(double low, double high) {
    const double below = slope(low).sum;
    std::vector<double> v = gradient_;
    const double above = slope(high).sum, share = above > below ? std::clamp(-below / (above - below), 0.0, 1.0) : 0.0;
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = (1 - share) * v[i] + share * gradient_[i];
    double best = low, least = value(low);
    for (const double b : {high, low + 0.5 * (high - low)}) {
      const double other = value(b);
      if (other < least) {
        least = other;
        best = b;
      }
    }
    return {best, std::move(v)};
  }

  const L& loss_;
  bool smooth_, labels_;
  std::span<const double> f_, y_, weights_;
  std::vector<double> gradient_;
  double largest_ = 0;
};

/// Newton's first step is exact but for rounding, which a second removes. It is measured from one target: those that are all the same are hit.
Intercept best_mean(std::span<const double> f, std::span<const double> y, std::span<const double> weights, const Ranks* ranks) {
  Intercept result{y.empty() ? 0 : y[0], std::vector<double>(f.size())};
  if (ranks != nullptr) result.b = ranks->broadcast(result.b);
  for (int pass = 0; pass < 2; ++pass) {
    CompensatedSum sum, all;
    for (std::size_t i = 0; i < f.size(); ++i) {
      const double w = weights.empty() ? 1.0 : weights[i];
      sum.add(w * ((y[i] - result.b) - f[i]));
      all.add(w);
    }
    sum_over_ranks(ranks, {&sum, 1});
    sum_over_ranks(ranks, {&all, 1});
    if (all.value() > 0) result.b += sum.value() / all.value();
  }
  for (std::size_t i = 0; i < f.size(); ++i) result.v[i] = (weights.empty() ? 1.0 : weights[i]) * ((result.b - y[i]) + f[i]);
  return result;
}

}  // namespace

Intercept best_intercept(const Loss& chosen, std::span<const double> f, std::span<const double> y, std::span<const double> weights,
                         const Ranks* ranks) {
  Intercept result = chosen.kind == LossKind::squared
                         ? best_mean(f, y, weights, ranks)
                         : with_loss(chosen, [&](const auto& loss) { return Search(loss, chosen, f, y, weights).run(); });
  balance(chosen, by_outputs(result.v.data(), static_cast<Index>(f.size()), 1), ranks);
  return result;
}

Intercepts best_intercepts(const Loss& loss, Grid<const double> f, Grid<const double> y, std::span<const double> weights,
                           std::span<const double> start, const Ranks* ranks) {
  Intercepts result;
  result.v.resize(static_cast<std::size_t>(f.samples * f.outputs));
  const Grid<double> v{result.v.data(), f.samples, f.outputs, f.next_sample, f.next_output};
  if (loss.coupled()) {
    CoupledIntercept search(f, y, weights);
    result.b = search.minimise(start);
    result.coupling = search.coupling();
    result.levels = search.levels();
    for (Index i = 0; i < f.samples; ++i) {
      for (Index k = 0; k < f.outputs; ++k) v(i, k) = search.gradient()(i, k);
    }
    balance(loss, v);
    return result;
  }
  std::vector<double> column_f(static_cast<std::size_t>(f.samples)), column_y(column_f.size());
  for (Index k = 0; k < f.outputs; ++k) {
    for (Index i = 0; i < f.samples; ++i) {
      column_f[static_cast<std::size_t>(i)] = f(i, k);
      column_y[static_cast<std::size_t>(i)] = y(i, k);
    }
    const Intercept best = best_intercept(loss, column_f, column_y, weights, ranks);
    result.b.push_back(best.b);
    for (Index i = 0; i < f.samples; ++i) v(i, k) = best.v[static_cast<std::size_t>(i)];
  }
  return result;
}

}  // namespace neuspec
