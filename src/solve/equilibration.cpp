#include "solve/equilibration.hpp"

#include <algorithm>
#include <cmath>

#include "distribute/ranks.hpp"
#include "lift/data_operator.hpp"
#include "numeric/all_within.hpp"
#include "read/range.hpp"
#include "threads/parallel.hpp"

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

void sum_over_ranks(const Source& data, Squares& squares) {
  squares.sum = sum_over_ranks(data, squares.sum);
  squares.count = sum_over_ranks(data, squares.count);
  squares.largest = largest_of_ranks(data, squares.largest);
}

/// Exponent of the root mean square; again(f) goes once more through the numbers, for such as have no squares.
template <class Again>
int mean_exponent(const Source& data, const Squares& squares, const Again& again) {
  if (squares.largest == 0 || !std::isfinite(squares.largest)) return 0;
  if (squares.largest < safe && squares.largest > 1 / safe) return exponent_of(std::sqrt(squares.sum / squares.count));
  const int shift = std::ilogb(squares.largest);
  double sum = 0;
  again([&](double value) { sum += std::pow(std::ldexp(value, -shift), 2); });
  sum = sum_over_ranks(data, sum);
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
  const auto n = static_cast<double>(all_samples(data_));
  const Index d = data_.features(), C = data_.targets();
  Squares x, y;
  Exponents units;
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
  sum_over_ranks(data_, x);
  sum_over_ranks(data_, mean);
  weight = sum_over_ranks(data_, weight);
  units.s = mean_exponent(data_, x, [&](const auto& each) {
    data_.visit(chunk_samples, [&](const Chunk& chunk) { std::for_each_n(chunk.x, chunk.samples * d, each); });
  });
  units.omega = exponent_of(weight);
  if (numbers(problem_.loss.kind)) {
    if (problem_.bias) centre_ = mean;
    const auto deviations = [&](const auto& each) {
      data_.visit_targets(chunk_samples, [&](const Chunk& chunk) {
        for (Index at = 0; at < chunk.samples * C; ++at) each(chunk.y[at] - centre_[static_cast<std::size_t>(at % C)]);
      });
    };
    deviations([&](double value) { y.add(value); });
    sum_over_ranks(data_, y);
    units.tau = mean_exponent(data_, y, deviations);
  }
  if (problem_.loss.kind == LossKind::huber) units.omega += std::min(0, exponent_of(problem_.loss.delta) - units.tau);
  return units;
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
  if (trivial()) return data_.visit(most_samples, visitor);
  data_.visit(most_samples, in_units(visitor));
}

void Equilibration::visit_targets(Index most_samples, const std::function<void(const Chunk&)>& visitor) const {
  if (trivial()) return data_.visit_targets(most_samples, visitor);
  data_.visit_targets(most_samples, in_units(visitor));
}

StoredForm Equilibration::stored_form() const {
  StoredForm form = data_.stored_form();
  form.unit *= power(-s_);
  return form;
}

}  // namespace neuspec
