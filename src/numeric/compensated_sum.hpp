// Sums whose error does not grow with the number of terms.
#pragma once

namespace neuspec {

/// Neumaier's compensated summation: the error is about 2·2⁻⁵³·|sum| + n²·2⁻¹⁰⁶·Σ|terms|, less where the n terms are summed in parts.
class CompensatedSum {
 public:
  void add(double term) {
    const double next = sum_ + term, of_term = next - sum_;
    low_ += (sum_ - (next - of_term)) + (term - of_term);  // Knuth's: what the sum has lost, without asking which of the two is larger
    sum_ = next;
  }
  void add(const CompensatedSum& part) {
    add(part.sum_);
    low_ += part.low_;
  }
  double value() const { return sum_ + low_; }

  /// To another process and back: the two numbers it consists of.
  double leading() const { return sum_; }
  double rest() const { return low_; }
  static CompensatedSum of(double leading, double rest) {
    CompensatedSum sum;
    sum.sum_ = leading;
    sum.low_ = rest;
    return sum;
  }

 private:
  double sum_ = 0, low_ = 0;
};

}  // namespace neuspec
