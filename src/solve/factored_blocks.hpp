// A network as Burer–Monteiro's factored point.
#pragma once

#include <vector>

#include "device/device.hpp"
#include "neuspec/network.hpp"

namespace neuspec {

/// A point by its blocks: the columns' table and the upper rows W (d × m) of each block's factor.
struct Blocks {
  FactorColumns table;
  std::vector<double> W;
};

/// The neurons' factors Σ |α| [u; 1][u; 1]ᵀ of each pool, output and sign, brought to the form that FactorColumns tells.
Blocks blocks_of(const Network& network);

}  // namespace neuspec
