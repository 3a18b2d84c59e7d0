// Units in which the numbers of (P) are near 1, whatever they are in the data: solvers have constants and a range of exponents, the problem has none.
#pragma once

#include <vector>

#include "solve/units.hpp"

namespace neuspec {

/// Samples in units in which the numbers of (P) are near 1. s is the root mean square of the features, τ that of the targets (of their deviations m
/// from the mean, with an intercept), ω the mean weight (times δ' < 1); m is 0 but for targets far from zero beside an intercept, which takes it up.
class Equilibration final : public Units, public Source {
 public:
  /// Reads the source once, its targets twice where they are numbers, n (d + C) flops; once more what has no squares. The source has to outlive the
  /// object.
  Equilibration(const Problem& problem, const Source& data);

  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  const Ranks* ranks() const override { return data_.ranks(); }
  /// The data in these units: a copy of what changes, chunk by chunk.
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  StoredForm stored_form() const override;

  /// Features, targets and weights of the data are numbers of a usable size (read/range.hpp).
  bool in_range() const { return in_range_; }

 private:
  std::function<void(const Chunk&)> in_units(const std::function<void(const Chunk&)>& visitor) const;
  Exponents choose_units();

  const Source& data_;
  std::vector<double> centre_;  // m, an output each
  bool centred_ = false, in_range_ = true;
};

}  // namespace neuspec
