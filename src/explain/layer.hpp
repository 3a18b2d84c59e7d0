// The neurons of one output as columns, and the quadratic function they add up to.
#pragma once

#include <vector>

#include "neuspec/explain.hpp"

namespace neuspec {

/// One column for every patch that a neuron of the output sees: directions as functions of the whole sample (d × columns), 0 outside the patch, and
/// the α/P of each.
struct Layer {
  std::vector<double> directions, shares;
  double weight = 0, magnitude = 0;  ///< Σ α and Σ|α|
  Index columns() const { return static_cast<Index>(shares.size()); }
};

Layer layer_of(const Network& network, Index output);

/// a Σ α u uᵀ, b Σ α u and c Σ α + bias for directions of d numbers, with what rounding does to directions of length 1.
QuadraticOutput form_of(const Layer& layer, Index d, const Activation& activation, double bias);

/// The intercept of an output, 0 where there is none.
double bias_of(const Network& network, Index output);

}  // namespace neuspec
