// Moments in units in which the numbers of (P) are near 1.
#pragma once

#include "lift/stored_moments.hpp"
#include "solve/units.hpp"

namespace neuspec {

/// As `Equilibration` of the samples; the means of targets are weighted ones here, and centring is part of the lift.
class MomentUnits final : public Units {
 public:
  MomentUnits(const Problem& problem, const Moments& data);

  ScaledMoments data() const { return {data_, s_, tau_, omega_}; }

 private:
  const Moments& data_;
};

}  // namespace neuspec
