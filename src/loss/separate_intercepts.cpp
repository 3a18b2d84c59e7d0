#include "loss/separate_intercepts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "loss/table.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {
namespace {

constexpr double enough = 0x1p-46;  // Σ v over Σ |v|: what `balance` then takes off a bound is far below any tolerance
constexpr int most_steps = 200;

/// Σ v of v = w ∇ℓ(f + b, y) over all samples, Σ |v|, and the derivative of the former in b.
struct Slope {
  double sum = 0, magnitude = 0, curvature = 0;
  bool vanishes() const { return std::abs(sum) <= enough * magnitude; }
};

/// The search for the zero of Σ v in one output's b: asks for the slope at `b` until it is done. The derivative never falls: a bracket in the
/// direction that lowers the loss, then Newton's steps within, bisection where they leave it or the sum no longer halves.
class Search {
 public:
  /// `first`: the first bracket; `largest`: what numbers b is beside.
  Search(double first, double largest, bool smooth) : step_(first), largest_(largest), smooth_(smooth) {}

  double b() const { return b_; }
  bool done() const { return phase_ == Phase::done || beside_a_kink(); }
  /// The zero lies between neighbouring numbers whose slopes have both signs, or is not found.
  bool beside_a_kink() const { return phase_ == Phase::beside_a_kink; }
  double low() const { return low_; }
  double high() const { return high_; }

  void take(const Slope& at) {
    if (phase_ == Phase::begin) {
      if (at.vanishes()) {
        phase_ = Phase::done;
        return;
      }
      phase_ = Phase::stretch;
      if (at.sum > 0) step_ = -step_;
    } else if (phase_ == Phase::stretch) {
      (step_ > 0 ? high_ : low_) = b_;
      step_ *= 2;
    }
    phase_ == Phase::stretch ? stretch(at) : narrow(at);
  }

 private:
  enum class Phase { begin, stretch, narrow, beside_a_kink, done };

  void stretch(const Slope& at) {
    if (!std::isfinite(step_) || (step_ > 0 ? !(at.sum < 0) : !(at.sum > 0))) {
      phase_ = Phase::narrow;
      return narrow(at);
    }
    (step_ > 0 ? low_ : high_) = b_;
    b_ = step_;
  }

  void narrow(const Slope& at) {
    if (at.vanishes()) {
      phase_ = Phase::done;
      if (smooth_ && at.curvature > 0) b_ -= at.sum / at.curvature;  // a last step, too small to matter for v
      return;
    }
    if (steps_ < most_steps) (at.sum < 0 ? low_ : high_) = b_;
    if (steps_ == most_steps || high_ - low_ <= 0x1p-52 * std::max({std::abs(low_), std::abs(high_), 0x1p-20 * largest_})) {
      phase_ = Phase::beside_a_kink;
      return;
    }
    const double newton = b_ - at.sum / at.curvature, middle = low_ + 0.5 * (high_ - low_);
    const bool falls = std::abs(at.sum) <= 0.5 * std::exchange(before_, std::abs(at.sum));
    b_ = smooth_ && falls && newton > low_ && newton < high_ ? newton : middle;
    ++steps_;
  }

  Phase phase_ = Phase::begin;
  double b_ = 0, low_ = 0, high_ = 0, step_, largest_, before_ = loss::infinity;
  bool smooth_;
  int steps_ = 0;
};

template <class L>
class Outputs {
 public:
  Outputs(const L& loss, const Loss& chosen, Grid<const double> f, Grid<const double> y, std::span<const double> weights, Grid<double> v,
          const Ranks* ranks)
      : loss_(loss), smooth_(chosen.smooth()), labels_(chosen.classification()), f_(f), y_(y), weights_(weights), v_(v), ranks_(ranks) {}

  std::vector<double> run() {
    std::vector<Search> searches = begin();
    for (std::vector<Index> searching = unfinished(searches); !searching.empty(); searching = unfinished(searches)) {
      std::vector<double> b;
      for (const Index k : searching) b.push_back(search(searches, k).b());
      const std::vector<Slope> slopes = slopes_of(searching, b);
      for (std::size_t at = 0; at < slopes.size(); ++at) search(searches, searching[at]).take(slopes[at]);
    }
    std::vector<double> result;
    for (Index k = 0; k < f_.outputs; ++k) {
      const Search& found = search(searches, k);
      result.push_back(found.beside_a_kink() ? between(k, found.low(), found.high()) : found.b());
    }
    return result;
  }

 private:
  static Search& search(std::vector<Search>& searches, Index k) { return searches[static_cast<std::size_t>(k)]; }
  static std::vector<Index> unfinished(const std::vector<Search>& searches) {
    std::vector<Index> result;
    for (std::size_t k = 0; k < searches.size(); ++k)
      if (!searches[k].done()) result.push_back(static_cast<Index>(k));
    return result;
  }

  std::vector<Search> begin() const {
    std::vector<double> largest(static_cast<std::size_t>(f_.outputs));
    for (Index k = 0; k < f_.outputs; ++k) {
      double& of_output = largest[static_cast<std::size_t>(k)];
      for (Index i = 0; i < f_.samples; ++i) of_output = std::max({of_output, std::abs(f_(i, k)), std::abs(y_(i, k))});
    }
    if (ranks_ != nullptr) ranks_->largest(largest);
    std::vector<Search> searches;
    // Of numbers b is no larger than twice the largest: a bracket of 1 about targets of 10⁻¹⁸⁰ would be halved six hundred times.
    for (const double value : largest) searches.emplace_back(labels_ ? 1 : std::min(1.0, std::ldexp(1.0, std::ilogb(value) + 1)), value, smooth_);
    return searches;
  }

  double weight(Index i) const { return weights_.empty() ? 1.0 : weights_[static_cast<std::size_t>(i)]; }

  /// What the loss takes of a sample: numbers are seen from their targets, beside which b and f may be small.
  struct Arguments {
    double f, y;
  };
  Arguments arguments(Index i, Index k, double b) const {
    return labels_ ? Arguments{f_(i, k) + b, y_(i, k)} : Arguments{(b - y_(i, k)) + f_(i, k), 0};
  }

  /// v and its own sums.
  Slope own_slope(Index k, double b) {
    Slope result;
    const double one = 1;
    for (Index i = 0; i < f_.samples; ++i) {
      const Arguments at = arguments(i, k, b);
      const double w = weight(i);
      const loss::Row<const double> fi{&at.f, 1, 1}, yi{&at.y, 1, 1};
      double g = 0, h = 0;
      loss_.gradient(fi, yi, loss::Row<double>{&g, 1, 1});
      if (smooth_) loss_.curvature(fi, yi, loss::Row<const double>{&one, 1, 1}, loss::Row<double>{&h, 1, 1});
      v_(i, k) = w * g;
      result.sum += v_(i, k);
      result.magnitude += std::abs(v_(i, k));
      result.curvature += w * h;
    }
    return result;
  }
  /// Of some outputs, each at its b.
  std::vector<Slope> slopes_of(const std::vector<Index>& outputs, const std::vector<double>& b) {
    std::vector<double> words;
    for (std::size_t at = 0; at < outputs.size(); ++at) {
      const Slope own = own_slope(outputs[at], b[at]);
      words.insert(words.end(), {own.sum, own.magnitude, own.curvature});
    }
    sum_over_ranks(ranks_, words);
    std::vector<Slope> slopes;
    for (std::size_t at = 0; at < words.size(); at += 3) slopes.push_back({words[at], words[at + 1], words[at + 2]});
    return slopes;
  }
  double sum_at(Index k, double b) { return slopes_of({k}, {b}).front().sum; }

  CompensatedSum own_value(Index k, double b) const {
    CompensatedSum sum;
    for (Index i = 0; i < f_.samples; ++i) {
      const Arguments at = arguments(i, k, b);
      sum.add(weight(i) * loss_.value(loss::Row<const double>{&at.f, 1, 1}, loss::Row<const double>{&at.y, 1, 1}));
    }
    return sum;
  }

  /// At a kink, that is where neighbouring numbers have derivatives of both signs, the mixture of their subgradients whose sum is zero. It is a
  /// subgradient at the kink, as those of a convex function are an interval. The intercept is that with the lower loss: beside a kink of a heavy
  /// sample the wrong one costs its weight times a rounding. The kink itself may lie between the two.
  double between(Index k, double low, double high) {
    const double below = sum_at(k, low);
    std::vector<double> of_low;
    for (Index i = 0; i < f_.samples; ++i) of_low.push_back(v_(i, k));
    const double above = sum_at(k, high), share = above > below ? std::clamp(-below / (above - below), 0.0, 1.0) : 0.0;
    for (Index i = 0; i < f_.samples; ++i) v_(i, k) = (1 - share) * of_low[static_cast<std::size_t>(i)] + share * v_(i, k);
    const std::array<double, 3> candidates{low, high, low + 0.5 * (high - low)};
    std::array<CompensatedSum, 3> values;
    std::transform(candidates.begin(), candidates.end(), values.begin(), [&](double b) { return own_value(k, b); });
    sum_over_ranks(ranks_, values);
    std::size_t best = 0;
    for (const std::size_t other : {1UL, 2UL})
      if (values[other].value() < values[best].value()) best = other;
    return candidates[best];
  }

  const L& loss_;
  bool smooth_, labels_;
  Grid<const double> f_, y_;
  std::span<const double> weights_;
  Grid<double> v_;
  const Ranks* ranks_;
};

}  // namespace

std::vector<double> separate_intercepts(const Loss& chosen, Grid<const double> f, Grid<const double> y, std::span<const double> weights,
                                        Grid<double> v, const Ranks* ranks) {
  return with_loss(chosen, [&](const auto& loss) { return Outputs(loss, chosen, f, y, weights, v, ranks).run(); });
}

}  // namespace neuspec
