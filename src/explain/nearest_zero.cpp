#include "explain/nearest_zero.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "certify/sphere_quadratic.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeast = 1e-100;  // of δ below: its third power is still a number
constexpr double kTiny = 1e-290;   // beside 1

bool is_proper(double value) { return value > kTiny && value < 1 / kTiny; }

// The problem in the length ℓ in which r = 1 and the larger of max|λ| and ‖p‖ is 1. With ν = 1/μ the inverse multiplier,
// ν₀ = max(λ_max, 0) the smallest for which I − μ diag(λ) ⪰ 0, δ = ν − ν₀ > 0 and gaps γ_i = ν₀ − λ_i, the stationary point is
// y_i = p_i/(2(δ + γ_i)). In δ everything keeps full relative accuracy however close ν is to λ_max.
struct Scaled {
  std::vector<double> gap, p;
  double least = 0;  // ν₀
  double length = 1;
  Uncertainty uncertainty;
  std::size_t top = 0;  // where λ is largest
};

// Where no eigenvalue is surely positive, those that may be zero are, and so is the slope along them unless it is surely not.
void flatten(std::vector<double>& lambda, std::vector<double>& p, Uncertainty& uncertainty) {
  const double limit = uncertainty.quadratic;
  std::vector<double> slopes;
  for (std::size_t i = 0; i < lambda.size(); ++i)
    if (std::abs(lambda[i]) <= limit) slopes.push_back(p[i]);
  const bool flat = norm_of(slopes) <= uncertainty.linear;
  for (std::size_t i = 0; i < lambda.size(); ++i) {
    if (std::abs(lambda[i]) > limit) continue;
    lambda[i] = 0;
    if (flat) p[i] = 0;
  }
  uncertainty.quadratic *= 2;
  if (flat) uncertainty.linear *= 2;
}

// Nothing where sizes are so far apart that their quotients are no proper numbers.
std::optional<Scaled> scale(std::span<const double> lambda, std::span<const double> p, double r, const Uncertainty& uncertainty) {
  Scaled problem{.gap = {lambda.begin(), lambda.end()}, .p = {p.begin(), p.end()}, .uncertainty = uncertainty};
  problem.top = static_cast<std::size_t>(std::max_element(lambda.begin(), lambda.end()) - lambda.begin());
  if (lambda[problem.top] <= uncertainty.quadratic) flatten(problem.gap, problem.p, problem.uncertainty);
  double largest = 0;
  for (const double value : problem.gap) largest = std::max(largest, std::abs(value));
  const double slope = norm_of(problem.p);
  problem.length = largest > 0 || slope > 0 ? std::min(std::sqrt(r) / std::sqrt(largest), r / slope) : std::sqrt(r);
  const double linear = problem.length / r, quadratic = linear * problem.length;
  if (!is_proper(problem.length) || !is_proper(linear) || !is_proper(quadratic)) return std::nullopt;
  // What underflows here counts as uncertain; it is next to nothing beside the largest, which is 1.
  const auto scaled = [](double value, double factor, double& off) {
    const double result = value * factor;
    if (value != 0 && std::abs(result) < kTiny) off += kTiny;
    return result;
  };
  auto& [of_quadratic, of_linear, of_constant] = problem.uncertainty;
  double lost_quadratic = 0, lost_linear = 0;
  of_quadratic = scaled(of_quadratic, quadratic, lost_quadratic);
  of_linear = scaled(of_linear, linear, lost_linear);
  of_constant = of_constant == 0 || of_constant / r >= kTiny ? of_constant / r : kTiny;
  problem.least = std::max(scaled(problem.gap[problem.top], quadratic, lost_quadratic), 0.0);
  for (double& value : problem.gap) value = problem.least - scaled(value, quadratic, lost_quadratic);
  for (double& value : problem.p) value = scaled(value, linear, lost_linear);
  of_quadratic += lost_quadratic;
  of_linear += lost_linear;
  return problem;
}

// φ(δ) = Σ λ_i y_i² + p_i y_i at the stationary point: all terms positive, falling in δ.
struct Secular {
  double value = 0, slope = 0;
};

Secular evaluate(const Scaled& problem, double delta) {
  const double nu = delta + problem.least;
  const double *gap = problem.gap.data(), *p = problem.p.data();
  double value = 0, slope = 0;
#pragma omp simd reduction(+ : value, slope)
  for (std::size_t i = 0; i < problem.gap.size(); ++i) {
    const double inverse = 1.0 / (delta + gap[i]);
    const double square = p[i] * p[i] * inverse;
    value += square * (1.0 + nu * inverse);
    slope += square * inverse * inverse;
  }
  return {.value = 0.25 * value, .slope = -0.5 * nu * slope};
}

struct Bracket {
  double low = kLeast, high = 0;
};

// From φ(δ) = 1: no term alone is larger, and all together are at most ¼‖p‖²(1/δ + ν/δ²).
Bracket bracket_of(const Scaled& problem) {
  const auto root = [&](double square, double share) {
    return square / share + std::sqrt(square / share * (square / share) + square * problem.least / 4);
  };
  Bracket bracket;
  double sum = 0;
  for (std::size_t i = 0; i < problem.p.size(); ++i) {
    const double square = problem.p[i] * problem.p[i];
    sum += square;
    if (square > 0) bracket.low = std::max(bracket.low, root(square, 8) - problem.gap[i]);
  }
  bracket.high = std::max(2 * bracket.low, 2 * root(sum, 4));
  return bracket;
}

// The root δ of φ(δ) = 1, or the least δ where φ < 1 everywhere. 1/√φ is nearly straight around a pole, so Newton's method on it needs about six
// steps; the bracket guards it where the curve is no pole's.
double secular_root(const Scaled& problem) {
  auto [low, high] = bracket_of(problem);
  double delta = low;
  for (int step = 0; step < 200; ++step) {
    const Secular at = evaluate(problem, delta);
    if (std::abs(at.value - 1) <= 2 * kEpsilon) break;
    if (at.value < 1 && delta <= low) break;
    (at.value > 1 ? low : high) = delta;
    if (high - low <= 2 * kEpsilon * high) break;
    const double newton = delta + 2 * at.value * (1 - std::sqrt(at.value)) / at.slope;
    delta = newton > low && newton < high ? newton : std::sqrt(low) * std::sqrt(high);
  }
  return delta;
}

// The dual value at δ for every function within the uncertainty, whose linear part is charged to the other two at the radius ρ:
// ε‖y‖ ≤ ε(ρ + ‖y‖²/ρ)/2. A larger quadratic part is the same as a larger ν, so D² = (1 − ε₀ − ¼Σ p_i²/(δ + γ_i))/(ν + ε₂).
double dual_value(const Scaled& problem, double delta, double radius) {
  CompensatedSum sum;
  for (std::size_t i = 0; i < problem.p.size(); ++i) sum.add(problem.p[i] * (0.25 * problem.p[i] / (delta + problem.gap[i])));
  const auto [quadratic, linear, constant] = problem.uncertainty;
  const double lost = constant + 0.5 * linear * radius + 8 * kEpsilon * (1 + sum.value());
  const double rest = 1 - lost - sum.value();
  const double bound = rest > 0 ? problem.length * std::sqrt(rest / (delta + problem.least + quadratic + 0.5 * linear / radius)) : 0;
  return bound * (1 - static_cast<double>(problem.p.size() + 8) * kEpsilon);
}

// Any δ proves a bound. Where ν is next to nothing, ε₀/ν is not, and a step from the stationary point, which costs its square, pays.
double dual_bound(const Scaled& problem, double delta, double radius) {
  const double step = std::sqrt(kEpsilon + problem.uncertainty.constant + problem.uncertainty.linear * radius);
  return std::max(dual_value(problem, delta, radius), dual_value(problem, delta + step, radius));
}

// No eigenvalue is positive and the maximum is below zero: the bound is infinite if both stay so within the uncertainty.
double unreachable_bound(const Scaled& problem) {
  const auto [quadratic, linear, constant] = problem.uncertainty;
  double square_sum = 0, sum = 0;
  for (std::size_t i = 0; i < problem.p.size(); ++i) {
    if (problem.p[i] == 0) continue;
    square_sum += 0.25 * problem.p[i] / problem.gap[i] * (problem.p[i] / problem.gap[i]);
    sum += 0.25 * problem.p[i] * (problem.p[i] / problem.gap[i]);
  }
  const double radius = std::max(1.0, std::sqrt(square_sum)), shift = quadratic + 0.5 * linear / radius;
  double shifted = 0;
  bool strict = true;
  for (std::size_t i = 0; i < problem.p.size(); ++i) {
    strict = strict && (problem.gap[i] > shift || (problem.gap[i] == shift && problem.p[i] == 0));
    if (problem.p[i] != 0) shifted += 0.25 * problem.p[i] * (problem.p[i] / (problem.gap[i] - shift));
  }
  const double noise = constant + static_cast<double>(problem.p.size() + 8) * kEpsilon;
  if (strict && shifted * (1 + noise) + noise + 0.5 * linear * radius < 1) return kInfinity;
  const double margin = 1 - constant - sum;
  if (margin <= 0) return dual_bound(problem, kLeast, radius);
  const double far = linear > 0 ? 0.5 * margin / linear : 1 / kEpsilon;
  return dual_bound(problem, std::max(kLeast, quadratic + 0.5 * linear / far), far);
}

}  // namespace

NearestZero nearest_zero(std::span<const double> lambda, std::span<const double> p, double r, const Uncertainty& uncertainty,
                         std::vector<double>& y) {
  y.assign(lambda.size(), 0.0);
  if (!(r > 0)) return {};
  const std::optional<Scaled> found = scale(lambda, p, r, uncertainty);
  if (!found) return {.distance = kInfinity, .lower_bound = 0};
  const Scaled& problem = *found;
  const double delta = secular_root(problem), reached = evaluate(problem, delta).value;
  const bool short_of = reached < 1 && delta <= kLeast;
  // A maximum that touches zero touches it to rounding only.
  const double rounding = std::min(4 * kEpsilon + problem.uncertainty.constant, 1e-9);
  if (short_of && problem.least == 0 && reached < 1 - rounding) return {.distance = kInfinity, .lower_bound = unreachable_bound(problem)};
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = 0.5 * problem.p[i] / (delta + problem.gap[i]);
  // The hard case: what is missing is gained along the eigenvector of λ_max, where the slope is zero.
  if (short_of && problem.least > 0)
    y[problem.top] = std::copysign(std::hypot(y[problem.top], std::sqrt((1 - reached) / problem.least)), problem.p[problem.top]);
  const double norm = norm_of(y);
  for (double& value : y) value *= problem.length;
  return {.distance = problem.length * norm, .lower_bound = dual_bound(problem, delta, norm)};
}

}  // namespace neuspec
