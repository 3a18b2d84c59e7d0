// Means and deviations from sums.
#include <algorithm>
#include <cmath>
#include <utility>

#include "moments/coordinates.hpp"
#include "moments/index.hpp"
#include "neuspec/error.hpp"
#include "read/scaling.hpp"

namespace neuspec {

namespace moment {

Coordinates coordinates_of(const Moments& data) {
  const MomentSums& sums = data.sums();
  const Preprocessing& map = data.preprocessing();
  Coordinates result;
  for (std::size_t j = 0; j < sums.shift.size(); ++j) {
    result.shift.push_back(map.mean.empty() ? DoubleDouble(sums.shift[j]) : double_double::sum(sums.shift[j], -map.mean[j]));
    result.scale.push_back(map.mean.empty() ? 1.0 : map.scale[j]);
  }
  return result;
}

}  // namespace moment

void Moments::standardize() {
  if (!preprocessing_.mean.empty()) return;
  if (sums_.samples < 1) throw DataError("the moments are of no samples");
  std::vector<double> means, scales;
  const auto n = static_cast<double>(sums_.samples);
  for (Index j = 0; j < sums_.features; ++j) {
    const DoubleDouble mean = moment::get(sums_.plain, 2 * j) / n, square = moment::get(sums_.plain, 2 * j + 1) / n;
    const double deviation = std::sqrt(std::max((square - mean * mean).value(), 0.0));
    means.push_back((DoubleDouble(sums_.shift[moment::at(j)]) + mean).value());
    scales.push_back(read::scale_of(deviation, means.back(), sums_.samples));
  }
  standardize(std::move(means), std::move(scales));
}

void Moments::standardize(std::vector<double> mean, std::vector<double> scale) {
  const auto d = static_cast<std::size_t>(sums_.features);
  const bool usable = std::all_of(mean.begin(), mean.end(), [](double value) { return std::isfinite(value); }) &&
                      std::all_of(scale.begin(), scale.end(), [](double value) { return value > 0 && std::isfinite(value); });
  if (mean.size() != d || scale.size() != d || !usable) throw DataError("means and scales are not those of the moments' features");
  preprocessing_.mean = std::move(mean);
  preprocessing_.scale = std::move(scale);
}

}  // namespace neuspec
