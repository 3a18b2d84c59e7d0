#include "solve/equilibration.hpp"

#include <algorithm>
#include <cmath>

#include "lift/data_operator.hpp"

namespace neuspec {

namespace {

constexpr double far = 1024;    // deviations from zero at which targets are centred
constexpr double safe = 1e140;  // numbers between its inverse and it have squares that sum up

double power(int exponent) { return std::ldexp(1.0, exponent); }

/// Sums up for a root mean square.
struct Squares {
  double sum = 0, largest = 0, count = 0;

  void add(double value) {
    sum += value * value;
    largest = std::max(largest, std::abs(value));
    ++count;
  }
};

/// Exponent of the root mean square; again(f) goes once more through the numbers, for such as have no squares.
template <class Again>
int mean_exponent(const Squares& squares, const Again& again) {
  if (squares.largest == 0 || !std::isfinite(squares.largest)) return 0;
  if (squares.largest < safe && squares.largest > 1 / safe) return exponent_of(std::sqrt(squares.sum / squares.count));
  const int shift = std::ilogb(squares.largest);
  double sum = 0;
  again([&](double value) { sum += std::pow(std::ldexp(value, -shift), 2); });
  return std::clamp(shift + exponent_of(std::sqrt(sum / squares.count)), -Units::most, Units::most);
}

bool numbers(LossKind kind) { return kind == LossKind::squared || kind == LossKind::huber || kind == LossKind::absolute; }

void multiply(const double* values, Index count, double factor, std::vector<double>& result) {
  result.resize(static_cast<std::size_t>(count));
  std::transform(values, values + count, result.begin(), [factor](double value) { return value * factor; });
}

}  // namespace

Equilibration::Equilibration(const Problem& problem, const Source& data)
    : Units(problem), data_(data), centre_(static_cast<std::size_t>(data.targets())) {
  set(choose_units());
  centred_ = std::any_of(centre_.begin(), centre_.end(), [&](double m) { return std::abs(m) > far * power(tau_); });
  if (!centred_) std::fill(centre_.begin(), centre_.end(), 0.0);  // the intercept takes it up without loss
  finish(centred_);
}

Units::Exponents Equilibration::choose_units() {
  const auto n = static_cast<double>(data_.samples());
  const Index d = data_.features(), C = data_.targets();
  Squares x, y;
  Exponents units;
  double weight = 0;
  std::vector<double> mean(centre_.size());
  data_.visit(chunk_samples, [&](const Chunk& chunk) {
    for (Index at = 0; at < chunk.samples * d; ++at) x.add(chunk.x[at]);
    for (Index at = 0; at < chunk.samples * C; ++at) mean[static_cast<std::size_t>(at % C)] += chunk.y[at] / n;
    for (Index i = 0; i < chunk.samples; ++i) weight += (chunk.weights == nullptr ? 1.0 : chunk.weights[i]) / n;
  });
  units.s = mean_exponent(
      x, [&](const auto& each) { data_.visit(chunk_samples, [&](const Chunk& chunk) { std::for_each_n(chunk.x, chunk.samples * d, each); }); });
  units.omega = exponent_of(weight);
  if (numbers(problem_.loss.kind)) {
    if (problem_.bias) centre_ = mean;
    const auto deviations = [&](const auto& each) {
      data_.visit(chunk_samples, [&](const Chunk& chunk) {
        for (Index at = 0; at < chunk.samples * C; ++at) each(chunk.y[at] - centre_[static_cast<std::size_t>(at % C)]);
      });
    };
    deviations([&](double value) { y.add(value); });
    units.tau = mean_exponent(y, deviations);
  }
  if (problem_.loss.kind == LossKind::huber) units.omega += std::min(0, exponent_of(problem_.loss.delta) - units.tau);
  return units;
}

void Equilibration::visit(Index most_samples, const std::function<void(const Chunk&)>& visitor) const {
  if (trivial()) return data_.visit(most_samples, visitor);
  const Index d = data_.features(), C = data_.targets();
  std::vector<double> x, y, weights;
  data_.visit(most_samples, [&](Chunk chunk) {
    if (s_ != 0) {
      multiply(chunk.x, chunk.samples * d, power(-s_), x);
      chunk.x = x.data();
    }
    if (tau_ != 0 || centred_) {
      y.assign(chunk.y, chunk.y + chunk.samples * C);
      for (std::size_t at = 0; at < y.size(); ++at) y[at] = (y[at] - centre_[at % centre_.size()]) * power(-tau_);
      chunk.y = y.data();
    }
    if (omega_ != 0) {
      if (chunk.weights != nullptr)
        multiply(chunk.weights, chunk.samples, power(-omega_), weights);
      else
        weights.assign(static_cast<std::size_t>(chunk.samples), power(-omega_));
      chunk.weights = weights.data();
    }
    visitor(chunk);
  });
}

}  // namespace neuspec
