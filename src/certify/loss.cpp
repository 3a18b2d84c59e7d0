#include "certify/loss.hpp"

#include <algorithm>
#include <cmath>

#include "loss/intercept.hpp"
#include "loss/table.hpp"
#include "numeric/rounding.hpp"

namespace neuspec {
namespace {

using ConstRow = loss::Row<const double>;
using MutableRow = loss::Row<double>;

/// Calls body(loss, sample, first output, outputs of a row) for every row that the loss sees as one.
template <class Body>
void for_rows(const Loss& chosen, Index samples, Index outputs, const Body& body) {
  const Index width = chosen.coupled() ? outputs : 1;
  with_loss(chosen, [&](const auto& loss) {
    for (Index i = 0; i < samples; ++i) {
      for (Index k = 0; k < outputs; k += width) body(loss, i, k, width);
    }
  });
}

double weight_of(const double* weights, Index i) { return weights == nullptr ? 1.0 : weights[i]; }

/// r = (b − y) + f, and at least the largest |r| that the rounding of f allows, but for 8 u.
struct Residual {
  double value, largest;
};
Residual residual(double f, double rounding, double b, double y) {
  const double high = b - y, of_y = high - b, low = (b - (high - of_y)) - (y + of_y);  // b − y = high + low
  const double rest = low + f, r = high + rest;
  return {r, std::abs(r) + (rounding + 2 * rounding::u * (std::abs(rest) + std::abs(r)))};
}

}  // namespace

DualSums::DualSums(const Loss& loss, Index outputs) : loss_(loss), outputs_(static_cast<std::size_t>(outputs)) {}

void DualSums::add(Index samples, const Predictions& predictions, const double* y, const double* weights, double* v) {
  samples_ += samples;
  if (loss_.kind == LossKind::squared) return add_squared(samples, predictions, y, weights, v);
  if (loss_.classification()) return add_labels(samples, predictions, y, weights, v);
  add_numbers(samples, predictions, y, weights, v);
}

void DualSums::add(const DualSums& part) {
  value_.add(part.value_);
  weight_ += part.weight_;
  terms_ += part.terms_;
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    outputs_[k].curvature.add(part.outputs_[k].curvature);
    outputs_[k].slope.add(part.outputs_[k].slope);
    outputs_[k].magnitude += part.outputs_[k].magnitude;
  }
  samples_ += part.samples_;
  rounding_ = std::max(rounding_, part.rounding_);
}

void DualSums::add_ranks(const Ranks* ranks) {
  if (ranks == nullptr) return;
  std::vector<double> own{
      value_.leading(), value_.rest(), weight_, static_cast<double>(terms_), static_cast<double>(samples_), static_cast<double>(rounding_)};
  for (const Output& output : outputs_)
    own.insert(own.end(), {output.curvature.leading(), output.curvature.rest(), output.slope.leading(), output.slope.rest(), output.magnitude});
  const std::vector<double> all = ranks->all(own);
  const auto C = static_cast<Index>(outputs_.size());
  *this = DualSums(loss_, C);
  for (auto word = all.begin(); word != all.end();) {
    DualSums part(loss_, C);
    const auto next = [&] { return *word++; };
    const auto next_sum = [&] {
      const double leading = next();
      return CompensatedSum::of(leading, next());
    };
    part.value_ = next_sum();
    part.weight_ = next();
    part.terms_ = static_cast<Index>(next());
    part.samples_ = static_cast<Index>(next());
    part.rounding_ = static_cast<int>(next());
    for (Output& output : part.outputs_) {
      output.curvature = next_sum();
      output.slope = next_sum();
      output.magnitude = next();
    }
    add(part);
  }
}

void DualSums::add_term(double term, double weight) {
  value_.add(term);
  weight_ += weight;
  ++terms_;
}

void DualSums::add_squared(Index samples, const Predictions& predictions, const double* y, const double* weights, double* v) {
  const double *f = predictions.f, *rounding = predictions.rounding;
  for (Index i = 0; i < samples; ++i) {
    const double weight = weight_of(weights, i);
    for (std::size_t k = 0; k < outputs_.size(); ++k, ++f, ++rounding, ++y, ++v) {
      const Residual r = residual(*f, *rounding, predictions.bias[k], *y);
      const double gradient = weight * r.value;
      if (r.largest != 0 && weight > 0) add_term(0.5 * (weight * r.largest * r.largest), weight);
      // v²/w = w·residual² also where w = 0; gradient·residual differs from it by rounding alone.
      Output& output = outputs_[k];
      output.curvature.add(gradient * r.value);
      output.slope.add(gradient * *y);
      output.magnitude += std::abs(gradient * *y);
      *v = gradient;
    }
  }
}

void DualSums::add_numbers(Index samples, const Predictions& predictions, const double* y, const double* weights, double* v) {
  const auto C = static_cast<Index>(outputs_.size());
  for_rows(loss_, samples, C, [&](const auto& loss, Index i, Index k, Index) {
    const Index at = i * C + k;
    const double w = weight_of(weights, i), zero = 0;
    const Residual r = residual(predictions.f[at], predictions.rounding[at], predictions.bias[static_cast<std::size_t>(k)], y[at]);
    const ConstRow none{&zero, 1, 1};
    if (r.largest != 0 && w > 0) add_term(w * loss.value(ConstRow{&r.largest, 1, 1}, none), w);
    loss.gradient(ConstRow{&r.value, 1, 1}, none, MutableRow{v + at, 1, 1});
    v[at] *= w;
  });
}

void DualSums::add_labels(Index samples, const Predictions& predictions, const double* y, const double* weights, double* v) {
  const auto C = static_cast<Index>(outputs_.size());
  std::vector<double> f(outputs_.size()), worst(outputs_.size());
  for_rows(loss_, samples, C, [&](const auto& loss, Index i, Index k, Index width) {
    const double w = weight_of(weights, i);
    const ConstRow row{f.data(), 1, width}, yi{y + i * C + k, 1, width};
    for (Index j = 0; j < width; ++j) {
      const Index at = i * C + k + j;
      const auto to = static_cast<std::size_t>(j);
      f[to] = predictions.bias[static_cast<std::size_t>(k + j)] + predictions.f[at];
      // 4u |f| for the sum with the intercept and for this one.
      const double rounding = rounding::raised(predictions.rounding[at], 8) + 4 * rounding::u * std::abs(f[to]);
      worst[to] = f[to] + (yi[j] > 0 ? -rounding : rounding);
    }
    if (w > 0) add_term(w * loss.value(ConstRow{worst.data(), 1, width}, yi), w);
    loss.gradient(row, yi, MutableRow{v + i * C + k, 1, width});
    for (Index j = 0; j < width; ++j) v[i * C + k + j] *= w;
  });
}

// The bound is that of the v' of `balance`, whose squares and products differ by twice its rounding at most.
void DualSums::add_balanced(Index samples, const double* v, const double* y, const double* weights, std::span<const double> centre) {
  samples_ += samples;
  for (Index i = 0; i < samples; ++i) {
    const double w = weight_of(weights, i);
    for (std::size_t k = 0; k < outputs_.size(); ++k, ++v, ++y) {
      if (!(w > 0)) continue;  // v = 0
      const double slope = *v * (*y - centre[k]);
      outputs_[k].curvature.add(*v / w * *v);
      outputs_[k].slope.add(slope);
      outputs_[k].magnitude += std::abs(slope);
    }
  }
  rounding_ = 16 + 2 * balance_rounding;
}

// Roundings of a term: the residual and its bound, a few products, elementary functions to 4 units in the last place; of softmax the differences of
// predictions beside which exp is not 0, at most 745, and the sums of C numbers. Below the normal numbers exp and products lose 2⁻¹⁰⁷⁴ times the
// weight, and a product with the weight no more than 2⁻¹⁰²².
double DualSums::loss() const {
  const auto C = static_cast<double>(outputs_.size());
  const double lost = 0x1p-1060 * weight_ + 0x1p-1020 * static_cast<double>(terms_);
  const double of_a_term = loss_.coupled() ? 800 + 64 + 2 * C : loss_.kind == LossKind::logistic ? 64 : 24;
  return rounding::raised(value_.value(), of_a_term + rounding::of_sum(samples_ * static_cast<Index>(outputs_.size()))) + C * lost;
}

double DualSums::dual(std::span<const double> limits) const {
  const double allowance = (rounding_ + 2 * rounding::of_sum(samples_)) * rounding::u, lost = static_cast<double>(samples_) * 0x1p-1020;
  CompensatedSum bound;
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    const Output& sums = outputs_[k];
    const double curvature = sums.curvature.value(), slope = sums.slope.value();
    if (!(curvature > 0)) continue;  // τ_k = 0
    const double tau = std::clamp(-slope / curvature, 0.0, std::max(0.0, limits[k]));
    const double quadratic = 0.5 * (tau * curvature) * tau;
    const double proven = (-quadratic - tau * slope) - allowance * (quadratic + tau * sums.magnitude) - lost * (1 + tau) * (1 + tau);
    if (proven > 0 && std::isfinite(proven)) bound.add(proven);  // else that of τ_k = 0
  }
  return bound.value() * (1 - 8 * rounding::u);
}

void project_to_domain(const Loss& chosen, Index samples, Index outputs, const double* y, const double* weights, double* v) {
  for_rows(chosen, samples, outputs, [&](const auto& loss, Index i, Index k, Index width) {
    const double w = weight_of(weights, i);
    const MutableRow row{v + i * outputs + k, 1, width};
    for (Index j = 0; j < width; ++j) row[j] = w > 0 ? row[j] / w : 0.0;
    if (w > 0) loss.project(ConstRow{row.data, 1, width}, ConstRow{y + i * outputs + k, 1, width}, row);
    for (Index j = 0; j < width; ++j) row[j] *= w;
  });
}

void ConjugateSums::add(Index samples, const double* v, const double* y, const double* weights, std::span<const double> tau) {
  std::vector<double> scaled(static_cast<std::size_t>(outputs_));
  for_rows(loss_, samples, outputs_, [&](const auto& loss, Index i, Index k, Index width) {
    const double w = weight_of(weights, i);
    const Index at = i * outputs_ + k;
    if (!(w > 0)) return;
    double slope = 4;  // what a term can lose, in units of w 2⁻¹⁰⁷⁴: its products, and
    for (Index j = 0; j < width; ++j) {
      double& value = scaled[static_cast<std::size_t>(j)];
      value = v[at + j] / w * tau[static_cast<std::size_t>(k + j)];
      // where the argument itself falls below the normal numbers, the conjugate's slope there: y, or a logarithm of at most 745.
      slope += 4;
      if (v[at + j] != 0 && std::abs(value) < 0x1p-1000) slope += 16 * (std::abs(y[at + j]) + 1000);
    }
    const double term = w * loss.conjugate(ConstRow{scaled.data(), 1, width}, ConstRow{y + at, 1, width});
    sum_.add(-term);
    magnitude_ += std::abs(term);
    lost_ += slope * (w * 0x1p-60);
    ++terms_;
  });
}

void ConjugateSums::add(const ConjugateSums& part) {
  sum_.add(part.sum_);
  magnitude_ += part.magnitude_;
  lost_ += part.lost_;
  terms_ += part.terms_;
}

void ConjugateSums::add_ranks(const Ranks* ranks) {
  if (ranks == nullptr) return;
  const std::vector<double> all = ranks->all(std::vector{sum_.leading(), sum_.rest(), magnitude_, lost_, static_cast<double>(terms_)});
  *this = ConjugateSums(loss_, outputs_);
  for (std::size_t at = 0; at < all.size(); at += 5) {
    ConjugateSums part(loss_, outputs_);
    part.sum_ = CompensatedSum::of(all[at], all[at + 1]);
    part.magnitude_ = all[at + 2];
    part.lost_ = all[at + 3];
    part.terms_ = static_cast<Index>(all[at + 4]);
    add(part);
  }
}

double ConjugateSums::bound() const {
  // Elementary functions and a few operations a term, of softmax sums of C numbers; their compensated sum. An intercept adds at most 2·19: a v that
  // rounding, `balance` and the domain's slack have moved by 3, 8 and 8 units is brought to Σ v = 0 by scaling one sign's entries by 1 − η, η ≤ 38
  // units, and ℓ* is convex with ℓ*(0) = −inf ℓ = 0, so that no term grows by more than that fraction. Of softmax's rows p (the label's entry left
  // out) rounding and `balance` move an entry by 3 and 8 units, the division by Σ p by 2(C + 4): ε ≤ 19 + 2C. All of them together are scaled by
  // 1 − ε, after which none is above what ℓ* was taken at and none lower than that by more than 2ε; such a row is the mixture (1 − 2ε) p + 2ε z with
  // a z of the domain, whose ℓ*(z) ≤ 0, and again no term grows by more than the fraction 2ε.
  const double allowance = (104 + 2 * rounding::of_sum(terms_) + (loss_.coupled() ? 6 * static_cast<double>(outputs_) : 0)) * rounding::u;
  const double bound = sum_.value() - (allowance * magnitude_ + 2 * (lost_ * 0x1p-1014) + static_cast<double>(terms_) * (4 * rounding::least));
  return bound > 0 ? bound : 0.0;  // also where it is NaN or −infinity
}

}  // namespace neuspec
