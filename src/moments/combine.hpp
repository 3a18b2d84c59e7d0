// The same sums about another shift.
#pragma once

#include "neuspec/moments.hpp"
#include "numeric/double_double.hpp"

namespace neuspec::moment {

/// With z' = z + δ, δ = shift − shift', every product of z̃' is a polynomial in z̃: each sum of `sums` becomes that of shift' and target_shift'. Exact
/// but for 2⁻¹⁰⁰ of what the envelope allows. 16 terms a moment.
void translate(MomentSums& sums, const std::vector<double>& shift, const std::vector<double>& target_shift);

/// The same of the features alone and for any δ, an entry each, behind one of 0 for the constant; `shift` is left as it was.
void translate_features(MomentSums& sums, const std::vector<DoubleDouble>& delta);

}  // namespace neuspec::moment
