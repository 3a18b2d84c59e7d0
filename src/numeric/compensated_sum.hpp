// Sums whose error does not grow with the number of terms.
#pragma once

#include <cmath>

namespace neuspec {

/// Neumaier's compensated summation: the error is about 2·2⁻⁵³·|sum| + n²·2⁻¹⁰⁶·Σ|terms|, less where the n terms are summed in parts.
class CompensatedSum {
 public:
  void add(double term) {
    const double next = sum_ + term;
    low_ += std::abs(sum_) >= std::abs(term) ? (sum_ - next) + term : (term - next) + sum_;
    sum_ = next;
  }
  void add(const CompensatedSum& part) {
    add(part.sum_);
    low_ += part.low_;
  }
  double value() const { return sum_ + low_; }

 private:
  double sum_ = 0, low_ = 0;
};

}  // namespace neuspec
