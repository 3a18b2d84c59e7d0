#include "certify/loss.hpp"

#include <algorithm>
#include <cmath>

#include "neuspec/error.hpp"

namespace neuspec {

DualSums::DualSums(const Loss& loss, Index outputs) : outputs_(static_cast<std::size_t>(outputs)) {
  if (loss.kind != Loss::squared) throw UsageError("loss " + loss.name() + " cannot be certified yet");
}

void DualSums::add(Index samples, const double* f, const double* y, const double* weights, double* v) {
  for (Index i = 0; i < samples; ++i) {
    const double weight = weights == nullptr ? 1.0 : weights[i];
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

double DualSums::loss() const { return value_.value(); }

double DualSums::dual(std::span<const double> limits) const {
  constexpr double allowance = 16 * 0x1p-53;  // relative rounding of the terms, of their compensated sums and of g itself
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

}  // namespace neuspec
