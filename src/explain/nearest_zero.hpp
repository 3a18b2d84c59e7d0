// The nearest point where a quadratic function reaches zero: min ‖y‖₂ subject to Σ λ_i y_i² + p_i y_i ≥ r.
#pragma once

#include <span>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// How far the function meant may be from the one given: ‖ΔQ‖₂, ‖Δp‖₂ and |Δr|, with Q any symmetric matrix near diag(λ).
struct Uncertainty {
  double quadratic = 0, linear = 0, constant = 0;
};

struct NearestZero {
  double distance = 0;     ///< ‖y‖ of the point found, infinite when none is found: there is none if the lower bound is infinite too
  double lower_bound = 0;  ///< proven for every function within the uncertainty
};

/// λ in any order, p of the same size d, r ≥ 0. Fills y with the point (zeros when there is none). O(d) per step on the secular equation; hard
/// case included.
///
/// Eigenvalues and slopes that the uncertainty cannot tell from zero do not make the function reach zero (it would be at some 10⁸ times the
/// data's size). Otherwise the point is exact for the function given.
NearestZero nearest_zero(std::span<const double> lambda, std::span<const double> p, double r, const Uncertainty& uncertainty, std::vector<double>& y);

}  // namespace neuspec
