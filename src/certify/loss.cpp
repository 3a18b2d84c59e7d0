#include "certify/loss.hpp"

#include <algorithm>
#include <cmath>

#include "loss/intercept.hpp"
#include "loss/table.hpp"

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

}  // namespace

DualSums::DualSums(const Loss& loss, Index outputs) : loss_(loss), outputs_(static_cast<std::size_t>(outputs)) {}

void DualSums::add(Index samples, const double* f, const double* y, const double* weights, double* v) {
  if (loss_.kind == LossKind::squared) return add_squared(samples, f, y, weights, v);
  const auto C = static_cast<Index>(outputs_.size());
  for_rows(loss_, samples, C, [&](const auto& loss, Index i, Index k, Index width) {
    const Index at = i * C + k;
    const double w = weight_of(weights, i);
    const ConstRow fi{f + at, 1, width}, yi{y + at, 1, width};
    value_.add(w * loss.value(fi, yi));
    loss.gradient(fi, yi, MutableRow{v + at, 1, width});
    for (Index j = at; j < at + width; ++j) v[j] *= w;
  });
}

void DualSums::add_squared(Index samples, const double* f, const double* y, const double* weights, double* v) {
  for (Index i = 0; i < samples; ++i) {
    const double weight = weight_of(weights, i);
    for (Output& output : outputs_) {
      const double residual = *f++ - *y, gradient = weight * residual;
      // v²/w = w·residual² also where w = 0; gradient·residual differs from it by rounding alone.
      value_.add(0.5 * gradient * residual);
      output.curvature.add(gradient * residual);
      output.slope.add(gradient * *y);
      output.magnitude += std::abs(gradient * *y);
      *v++ = gradient;
      ++y;
    }
  }
}

// The bound is that of the v' of `balance`, whose squares and products differ by twice its rounding at most.
void DualSums::add_balanced(Index samples, const double* v, const double* y, const double* weights, std::span<const double> centre) {
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

double DualSums::loss() const { return value_.value(); }

double DualSums::dual(std::span<const double> limits) const {
  const double allowance = rounding_ * 0x1p-53;
  double bound = 0;
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    const Output& sums = outputs_[k];
    const double curvature = sums.curvature.value(), slope = sums.slope.value();
    if (curvature <= 0) continue;  // v_k = 0
    const double tau = std::clamp(-slope / curvature, 0.0, std::max(0.0, limits[k]));
    const double quadratic = 0.5 * tau * tau * curvature;
    bound += -quadratic - tau * slope - allowance * (quadratic + tau * sums.magnitude);
  }
  return bound;
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
    if (!(w > 0)) return;
    for (Index j = 0; j < width; ++j) scaled[static_cast<std::size_t>(j)] = v[i * outputs_ + k + j] * (tau[static_cast<std::size_t>(k + j)] / w);
    const double term = w * loss.conjugate(ConstRow{scaled.data(), 1, width}, ConstRow{y + i * outputs_ + k, 1, width});
    sum_.add(-term);
    magnitude_ += std::abs(term);
  });
}

double ConjugateSums::bound() const {
  // Elementary functions and a few operations a term, of softmax sums of C numbers; their compensated sum. An intercept adds at most 2·19: a v that
  // rounding, `balance` and the domain's slack have moved by 3, 8 and 8 units is brought to Σ v = 0 by scaling one sign's entries by 1 − η, η ≤ 38
  // units, and ℓ* is convex with ℓ*(0) = −inf ℓ = 0, so that no term grows by more than that fraction. Of softmax's rows p (the label's entry left
  // out) rounding and `balance` move an entry by 3 and 8 units, the division by Σ p by 2(C + 4): ε ≤ 19 + 2C. All of them together are scaled by
  // 1 − ε, after which none is above what ℓ* was taken at and none lower than that by more than 2ε; such a row is the mixture (1 − 2ε) p + 2ε z with
  // a z of the domain, whose ℓ*(z) ≤ 0, and again no term grows by more than the fraction 2ε.
  const double allowance = (104 + (loss_.coupled() ? 6 * static_cast<double>(outputs_) : 0)) * 0x1p-53;
  const double bound = sum_.value() - allowance * magnitude_;
  return bound > 0 ? bound : 0.0;  // also where it is NaN or −infinity
}

}  // namespace neuspec
