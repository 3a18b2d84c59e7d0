#include "solve/equilibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "lift/data_operator.hpp"
#include "numeric/all_within.hpp"
#include "read/range.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

constexpr int ordinary = 4;     // exponents up to which data are left as they are
constexpr int most = 1000;      // so that factors are normal numbers
constexpr double far = 1024;    // deviations from zero at which targets are centred
constexpr double safe = 1e140;  // numbers between its inverse and it have squares that sum up

/// The nearest power of two's exponent, 0 for what has none.
int exponent_of(double value) {
  return value > 0 && std::isfinite(value) ? std::clamp(static_cast<int>(std::lround(std::log2(value))), -most, most) : 0;
}

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

/// Of pieces that threads share, added up in their order.
void add_all(const double* values, Index count, Squares& to) {
  constexpr Index piece = 1 << 14;
  std::vector<Squares> parts(static_cast<std::size_t>((count + piece - 1) / piece));
  parallel_ranges(static_cast<Index>(parts.size()), 2, [&](Index first, Index last) {
    for (Index part = first; part < last; ++part) {
      const double* const from = values + part * piece;
      const Index size = std::min(piece, count - part * piece);
      double sum = 0, largest = 0;
#pragma omp simd reduction(+ : sum) reduction(max : largest)
      for (Index at = 0; at < size; ++at) {
        const double amount = std::fabs(from[at]);
        sum += amount * amount;
        largest = largest < amount ? amount : largest;
      }
      parts[static_cast<std::size_t>(part)] = {sum, largest, static_cast<double>(size)};
    }
  });
  for (const Squares& part : parts) {
    to.sum += part.sum;
    to.largest = std::max(to.largest, part.largest);
    to.count += part.count;
  }
}

/// Exponent of the root mean square; again(f) goes once more through the numbers, for such as have no squares.
template <class Again>
int exponent_of(const Squares& squares, const Again& again) {
  if (squares.largest == 0 || !std::isfinite(squares.largest)) return 0;
  if (squares.largest < safe && squares.largest > 1 / safe) return exponent_of(std::sqrt(squares.sum / squares.count));
  const int shift = std::ilogb(squares.largest);
  double sum = 0;
  again([&](double value) { sum += std::pow(std::ldexp(value, -shift), 2); });
  return std::clamp(shift + exponent_of(std::sqrt(sum / squares.count)), -most, most);
}

bool numbers(LossKind kind) { return kind == LossKind::squared || kind == LossKind::huber || kind == LossKind::absolute; }

void multiply(const double* values, Index count, double factor, std::vector<double>& result) {
  result.resize(static_cast<std::size_t>(count));
  std::transform(values, values + count, result.begin(), [factor](double value) { return value * factor; });
}

}  // namespace

Equilibration::Equilibration(const Problem& problem, const Source& data)
    : data_(data), problem_(problem), scaled_(problem), centre_(static_cast<std::size_t>(data.targets())) {
  choose_units();
  centred_ = std::any_of(centre_.begin(), centre_.end(), [&](double m) { return std::abs(m) > far * power(tau_); });
  if (!centred_) std::fill(centre_.begin(), centre_.end(), 0.0);  // the intercept takes it up without loss
  trivial_ = !centred_ && s_ == 0 && tau_ == 0 && omega_ == 0 && kappa_ == 0;
  if (trivial_) return;
  scaled_.activation = {std::ldexp(problem.activation.a, 2 * s_ - kappa_), std::ldexp(problem.activation.b, s_ - kappa_),
                        std::ldexp(problem.activation.c, -kappa_)};
  scaled_.loss.delta = std::ldexp(problem.loss.delta, -tau_);
  scaled_.beta = beta(problem.beta);
}

void Equilibration::choose_units() {
  const auto n = static_cast<double>(data_.samples());
  const Index d = data_.features(), C = data_.targets();
  Squares x, y;
  double weight = 0;
  std::vector<double> mean(centre_.size());
  data_.visit(chunk_samples, [&](const Chunk& chunk) {
    add_all(chunk.x, chunk.samples * d, x);
    for (Index at = 0; at < chunk.samples * C; ++at) mean[static_cast<std::size_t>(at % C)] += chunk.y[at] / n;
    for (Index i = 0; i < chunk.samples; ++i) weight += (chunk.weights == nullptr ? 1.0 : chunk.weights[i]) / n;
    in_range_ = in_range_ && all_within(chunk.y, chunk.samples * C, largest_usable) &&
                (chunk.weights == nullptr || all_within(chunk.weights, chunk.samples, largest_usable));
  });
  in_range_ = in_range_ && x.largest <= largest_usable && !std::isnan(x.sum);  // which it is where a value is, whatever the largest of the others
  s_ = exponent_of(
      x, [&](const auto& each) { data_.visit(chunk_samples, [&](const Chunk& chunk) { std::for_each_n(chunk.x, chunk.samples * d, each); }); });
  omega_ = exponent_of(weight);
  if (numbers(problem_.loss.kind)) {
    if (problem_.bias) centre_ = mean;
    const auto deviations = [&](const auto& each) {
      data_.visit_targets(chunk_samples, [&](const Chunk& chunk) {
        for (Index at = 0; at < chunk.samples * C; ++at) each(chunk.y[at] - centre_[static_cast<std::size_t>(at % C)]);
      });
    };
    deviations([&](double value) { y.add(value); });
    tau_ = exponent_of(y, deviations);
  }
  if (problem_.loss.kind == LossKind::huber) omega_ += std::min(0, exponent_of(problem_.loss.delta) - tau_);
  kappa_ = kappa();
  if (std::max({std::abs(s_), std::abs(tau_), std::abs(omega_), std::abs(kappa_)}) <= ordinary) s_ = tau_ = omega_ = kappa_ = 0;
}

// |a| s² + |b| s + |c| relative to the largest of them, for s² may be beyond any number.
int Equilibration::kappa() const {
  const std::array<double, 3> sigma = {problem_.activation.c, problem_.activation.b, problem_.activation.a};
  int largest = std::numeric_limits<int>::min(), exponent = 0;
  for (const double value : sigma) {
    if (value != 0 && std::isfinite(value)) largest = std::max(largest, std::ilogb(value) + exponent);
    exponent += s_;
  }
  if (largest == std::numeric_limits<int>::min()) return 0;
  double sum = 0;
  exponent = 0;
  for (const double value : sigma) {
    sum += std::abs(std::ldexp(value, exponent - largest));
    exponent += s_;
  }
  return largest + exponent_of(sum);
}

std::function<void(const Chunk&)> Equilibration::in_units(const std::function<void(const Chunk&)>& visitor) const {
  struct Buffers {
    std::vector<double> x, y, weights;
  };
  return [this, &visitor, own = Buffers()](Chunk chunk) mutable {
    if (s_ != 0 && chunk.x != nullptr) {
      multiply(chunk.x, chunk.samples * data_.features(), power(-s_), own.x);
      chunk.x = own.x.data();
    }
    if (tau_ != 0 || centred_) {
      own.y.assign(chunk.y, chunk.y + chunk.samples * data_.targets());
      for (std::size_t at = 0; at < own.y.size(); ++at) own.y[at] = (own.y[at] - centre_[at % centre_.size()]) * power(-tau_);
      chunk.y = own.y.data();
    }
    if (omega_ != 0) {
      if (chunk.weights != nullptr)
        multiply(chunk.weights, chunk.samples, power(-omega_), own.weights);
      else
        own.weights.assign(static_cast<std::size_t>(chunk.samples), power(-omega_));
      chunk.weights = own.weights.data();
    }
    visitor(chunk);
  };
}

void Equilibration::visit(Index most_samples, const std::function<void(const Chunk&)>& visitor) const {
  if (trivial_) return data_.visit(most_samples, visitor);
  data_.visit(most_samples, in_units(visitor));
}

void Equilibration::visit_targets(Index most_samples, const std::function<void(const Chunk&)>& visitor) const {
  if (trivial_) return data_.visit_targets(most_samples, visitor);
  data_.visit_targets(most_samples, in_units(visitor));
}

int Equilibration::objective_exponent() const { return omega_ + (problem_.loss.kind == LossKind::absolute ? tau_ : 2 * tau_); }

double Equilibration::objective() const { return power(objective_exponent()); }

double Equilibration::beta(double of_the_data) const {
  const double scaled = std::ldexp(of_the_data, tau_ - kappa_ - objective_exponent());
  return std::clamp(scaled, std::numeric_limits<double>::min(), std::numeric_limits<double>::max());
}

double Equilibration::beta_of_the_data(double beta) const { return std::ldexp(beta, kappa_ + objective_exponent() - tau_); }

Network Equilibration::network_of_the_data(Network network) const {
  network.activation = problem_.activation;
  for (double& alpha : network.weights) alpha = std::ldexp(alpha, tau_ - kappa_);
  return network;
}

std::vector<double> Equilibration::dual_vector_of_the_data(std::vector<double> v) const {
  for (double& value : v) value = std::ldexp(value, objective_exponent() - tau_);
  return v;
}

}  // namespace neuspec
