#include "loss/coupled_intercept.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "loss/separate_intercepts.hpp"
#include "loss/softmax.hpp"
#include "numeric/laplacian.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {
constexpr double enough = 0x1p-46;      // Σ v over Σ |v|: what `balance` then takes off a bound is far below any tolerance
constexpr double negligible = 0x1p-45;  // steps relative to f and b: rounding of f + b moves the sums as much
constexpr int most_steps = 100;
constexpr Index samples_a_part = 4096;  // each a thread's, whatever their number: sums do not depend on it
constexpr int most_halvings = 4;        // of a Newton step
constexpr double longest = 20;          // of steps, beside the spread of f
constexpr double gone = 800;            // exp(−746) is 0

std::size_t at(Index i) { return static_cast<std::size_t>(i); }
double largest_of(const std::vector<double>& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::isinf(value) ? 0.0 : std::abs(value));
  return largest;
}
}  // namespace

CoupledIntercept::CoupledIntercept(Grid<const double> f, Grid<const double> y, std::span<const double> weights, const Ranks* ranks)
    : f_(f), y_(y), weights_(weights), ranks_(ranks), has_samples_(at(f.outputs)), mean_(at(f.outputs)) {
  see_classes();
  see_spread();
}

// The labels, the means, and which classes have samples.
void CoupledIntercept::see_classes() {
  const auto n = static_cast<double>(f_.samples);
  const std::size_t C = at(f_.outputs);
  Vector words(2 * C + 1);  // samples of each class, n times the mean of each output, n
  for (Index i = 0; i < f_.samples; ++i) {
    Index label = 0;
    for (Index k = 0; k < f_.outputs; ++k) {
      label = y_(i, k) > y_(i, label) ? k : label;
      mean_[at(k)] += f_(i, k) / n;
    }
    label_.push_back(label);
    if (weight(i) > 0) ++words[at(label)];
  }
  if (ranks_ != nullptr) {
    for (std::size_t k = 0; k < C; ++k) words[C + k] = n * mean_[k];
    words[2 * C] = n;
    ranks_->sum(words);
    for (std::size_t k = 0; k < C; ++k) mean_[k] = words[C + k] / words[2 * C];
  }
  for (std::size_t k = 0; k < C; ++k) has_samples_[k] = words[k] > 0;
  if (std::find(has_samples_.begin(), has_samples_.end(), true) == has_samples_.end()) has_samples_.assign(C, true);
}

void CoupledIntercept::see_spread() {
  for (Index i = 0; i < f_.samples; ++i) {
    for (Index k = 0; k < f_.outputs; ++k) {
      largest_ = std::max(largest_, std::abs(f_(i, k)));
      spread_ = std::max(spread_, std::abs(f_(i, k) - mean_[at(k)]));
    }
  }
  if (ranks_ == nullptr) return;
  std::array<double, 2> words{largest_, spread_};
  ranks_->largest(words);
  largest_ = words[0];
  spread_ = words[1];
}

std::vector<double> CoupledIntercept::minimise(std::span<const double> start) {
  b_.assign(at(f_.outputs), -loss::infinity);
  for (std::size_t k = 0; k < b_.size(); ++k) {
    if (has_samples_[k]) b_[k] = (start.empty() ? 0.0 : start[k]) - mean_[k];
  }
  centre(b_);
  at_ = slope(b_);
  for (int steps = 0; steps < most_steps && !at_.vanishes; ++steps) {
    const Vector step = newton_step();
    if (!step.empty() && advance(step)) continue;
    if (!step.empty() && is_negligible(step)) break;
    minimise_each();
  }
  Vector b = b_;
  place_empty_classes(b);
  return b;
}

std::vector<double> CoupledIntercept::levels() const {
  Vector result = mean_;
  for (std::size_t k = 0; k < result.size(); ++k) result[k] = has_samples_[k] ? b_[k] + mean_[k] : 0;
  return result;
}

CoupledIntercept::Slope CoupledIntercept::slope(const Vector& b) const {
  const Index n = f_.samples, C = f_.outputs;
  std::vector<Part> parts(at((n + samples_a_part - 1) / samples_a_part));
  Slope result{Vector(at(n * C)), Vector(at(C * C)), Vector(at(C))};
  parallel_pieces(static_cast<Index>(parts.size()), [&](Index part) {
    const Index first = part * samples_a_part;
    parts[at(part)] = part_of(b, first, std::min(n, first + samples_a_part), result.v);
  });
  Vector words;  // Σ v_ik, Σ |v_ik| and a row of the coupling's lower triangle, output by output
  for (Index k = 0; k < C; ++k) {
    CompensatedSum sum;
    Vector others(at(k + 1));
    for (const Part& part : parts) {
      sum.add(part.sum[at(k)].value());
      others[0] += part.magnitude[at(k)];
      for (Index l = 0; l < k; ++l) others[at(l + 1)] += part.coupling[at(k * C + l)];
    }
    words.push_back(sum.value());
    words.insert(words.end(), others.begin(), others.end());
  }
  sum_over_ranks(ranks_, words);
  result.vanishes = true;
  auto word = words.begin();
  for (Index k = 0; k < C; ++k) {
    const double sum = *word++, magnitude = *word++;
    for (Index l = 0; l < k; ++l) result.coupling[at(k * C + l)] = result.coupling[at(l * C + k)] = *word++;
    result.sum[at(k)] = sum;
    result.size += std::abs(sum);
    if (std::abs(sum) > enough * magnitude) result.vanishes = false;
  }
  return result;
}

CoupledIntercept::Part CoupledIntercept::part_of(const Vector& b, Index first, Index last, Vector& gradient) const {
  const Index C = f_.outputs;
  Part part{std::vector<CompensatedSum>(at(C)), Vector(at(C)), Vector(at(C * C))};
  Vector moved(at(C)), p(at(C));
  for (Index i = first; i < last; ++i) {
    const double w = weight(i);
    if (!(w > 0)) continue;
    for (Index k = 0; k < C; ++k) moved[at(k)] = f_(i, k) + b[at(k)];
    const loss::Row<const double> row{moved.data(), 1, C};
    double* v = gradient.data() + i * C;
    loss::Softmax{}.gradient(row, y_.row(i), loss::Row<double>{v, 1, C});
    // Probabilities are in v but for the label's, which loses its digits there when it is small.
    const double own = v[label_[at(i)]];
    std::copy_n(v, C, p.begin());
    p[at(label_[at(i)])] = own > -0.5 ? 1 + own : std::exp(-loss::Softmax{}.value(row, y_.row(i)));
    for (Index k = 0; k < C; ++k) {
      for (Index l = 0; l < k; ++l) part.coupling[at(k * C + l)] += w * p[at(k)] * p[at(l)];
      v[k] *= w;
      part.sum[at(k)].add(v[k]);
      part.magnitude[at(k)] += std::abs(v[k]);
    }
  }
  return part;
}

std::vector<double> CoupledIntercept::newton_step() const {
  Vector right = at_.sum;
  for (double& value : right) value = -value;
  Vector step = solve_laplacian(at_.coupling, std::move(right));
  double residual = 0;
  for (std::size_t k = 0; k < step.size(); ++k) {
    double sum = at_.sum[k];
    for (std::size_t l = 0; l < step.size(); ++l) sum += at_.coupling[k * step.size() + l] * (step[k] - step[l]);
    residual += std::abs(sum);
  }
  if (!(residual <= 0.5 * at_.size)) return {};
  centre(step);
  return step;
}

bool CoupledIntercept::is_negligible(const Vector& step) const { return largest_of(step) <= negligible * (largest_ + largest_of(b_)); }

// A long step, where the coupling is all but gone, could lead to where nothing is left of it.
bool CoupledIntercept::advance(const Vector& step) {
  if (largest_of(step) > 2 * spread_ + longest) return false;
  for (int halvings = 0; halvings <= most_halvings; ++halvings) {
    const double part = std::ldexp(1.0, -halvings);
    Vector b = b_;
    for (std::size_t k = 0; k < b.size(); ++k) b[k] += part * step[k];
    Slope next = slope(b);
    if (next.size <= (1 - part / 2) * at_.size) {
      b_ = std::move(b);
      at_ = std::move(next);
      return true;
    }
    if (is_negligible(step)) break;
  }
  return false;
}

// −log p_k as a function of b_k is the logistic loss of f_k + b_k less the others' log Σ exp, −log(1 − p_k) that of its negative.
void CoupledIntercept::minimise_each() {
  const Index C = f_.outputs;
  Vector margin(at(f_.samples)), side(margin.size()), v(margin.size());
  for (Index k = 0; k < C; ++k) {
    if (!has_samples_[at(k)]) continue;
    for (Index i = 0; i < f_.samples; ++i) {
      double top = -loss::infinity, sum = 0;
      for (Index l = 0; l < C; ++l) top = l == k ? top : std::max(top, f_(i, l) + b_[at(l)]);
      for (Index l = 0; l < C; ++l) sum += l == k ? 0.0 : std::exp(f_(i, l) + b_[at(l)] - top);
      margin[at(i)] = f_(i, k) - (top + std::log(sum));
      side[at(i)] = label_[at(i)] == k ? 1 : -1;
    }
    const auto column = [&](auto* values) { return by_outputs(values, f_.samples, 1); };
    b_[at(k)] = separate_intercepts(Loss::logistic, column(std::as_const(margin).data()), column(std::as_const(side).data()), weights_,
                                    column(v.data()), ranks_)
                    .front();
  }
  centre(b_);
  at_ = slope(b_);
}

void CoupledIntercept::centre(Vector& b) const {
  double sum = 0, count = 0;
  for (std::size_t k = 0; k < b.size(); ++k) {
    sum += has_samples_[k] ? b[k] : 0;
    count += has_samples_[k] ? 1 : 0;
  }
  for (double& value : b) value -= sum / count;
}

void CoupledIntercept::place_empty_classes(Vector& b) const {
  if (std::find(has_samples_.begin(), has_samples_.end(), false) == has_samples_.end()) return;
  Vector above(b.size());  // how far f is above the largest f + b at most
  for (Index i = 0; i < f_.samples; ++i) {
    double top = -loss::infinity;
    for (Index l = 0; l < f_.outputs; ++l) top = std::max(top, f_(i, l) + b_[at(l)]);
    for (Index k = 0; k < f_.outputs; ++k) above[at(k)] = std::max(above[at(k)], f_(i, k) - top);
  }
  if (ranks_ != nullptr) ranks_->largest(above);
  for (std::size_t k = 0; k < b.size(); ++k) b[k] = has_samples_[k] ? b[k] : -above[k] - gone;
}

}  // namespace neuspec
