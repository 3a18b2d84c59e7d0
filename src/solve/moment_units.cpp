#include "solve/moment_units.hpp"

#include <cmath>

#include "moments/coordinates.hpp"
#include "moments/index.hpp"

namespace neuspec {

MomentUnits::MomentUnits(const Problem& problem, const Moments& data) : Units(problem), data_(data) {
  const MomentSums& sums = data.sums();
  const moment::Coordinates coordinates = moment::coordinates_of(data);
  const double n = static_cast<double>(sums.samples), all = sums.fourth[0];
  double x = 0, y = 0;
  for (Index j = 0; j < sums.features; ++j) {
    const double shift = coordinates.shift[moment::at(j)].high, scale = coordinates.scale[moment::at(j)];
    x += (sums.plain[moment::at(4 * j + 2)] + 2 * shift * sums.plain[moment::at(4 * j)] + n * shift * shift) / (scale * scale);
  }
  for (Index k = 0; k < sums.targets; ++k) {
    const double first = sums.linear[moment::at(2 * k * moment::pairs(sums.features + 1))], shift = sums.target_shift[moment::at(k)];
    y += sums.squares[moment::at(2 * k)] + (problem.bias ? -first * (first / all) : 2 * shift * first + shift * shift * all);
  }
  set({exponent_of(std::sqrt(x / (n * static_cast<double>(sums.features)))), exponent_of(std::sqrt(y / (all * static_cast<double>(sums.targets)))),
       exponent_of(all / n)});
  finish(false);
}

}  // namespace neuspec
