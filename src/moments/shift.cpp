#include "moments/shift.hpp"

#include <cmath>
#include <cstddef>

namespace neuspec::moment {

double shift_of(const double* values, std::ptrdiff_t rows, std::ptrdiff_t stride) {
  const double first = values[0];
  double sum = 0, squares = 0;  // of differences from the first value, so that a constant is its own shift
  for (std::ptrdiff_t i = 0; i < rows; ++i) {
    const double difference = values[i * stride] - first;
    sum += difference;
    squares += difference * difference;
  }
  const auto n = static_cast<double>(rows);
  const double mean = first + sum / n, deviation = std::sqrt(std::fmax(squares / n - (sum / n) * (sum / n), 0.0));
  if (deviation == 0 || std::abs(mean) > 0x1p52 * deviation) return deviation == 0 ? first : mean;
  const double grid = std::ldexp(1.0, std::ilogb(deviation));
  return std::nearbyint(mean / grid) * grid;
}

}  // namespace neuspec::moment
