// Targets without their mean, for squared loss with an intercept: the intercept's best value takes up the mean of the residuals.
#pragma once

#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

class CentredSource final : public Source {
 public:
  /// Targets of `data` less their mean, which sample weights enter where `weighted`. `with_constant` adds a last target that is 1, with which moments
  /// become the sums of the lifted samples.
  CentredSource(const Source& data, bool weighted, bool with_constant);

  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets() + (with_constant_ ? 1 : 0); }
  const Ranks* ranks() const override { return data_.ranks(); }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  StoredForm stored_form() const override { return data_.stored_form(); }

 private:
  std::function<void(const Chunk&)> centred(const std::function<void(const Chunk&)>& visitor) const;

  const Source& data_;
  bool with_constant_;
  std::vector<double> mean_;
};

}  // namespace neuspec
