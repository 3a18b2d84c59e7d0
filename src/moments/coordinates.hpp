// How the features of the problem follow from what the moments are sums of.
#pragma once

#include <vector>

#include "neuspec/moments.hpp"
#include "numeric/double_double.hpp"

namespace neuspec::moment {

/// x_j = (z_j + shift_j)/scale_j, exactly: standardisation is no more than that.
struct Coordinates {
  std::vector<DoubleDouble> shift;
  std::vector<double> scale;
};
Coordinates coordinates_of(const Moments& data);

}  // namespace neuspec::moment
