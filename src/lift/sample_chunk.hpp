// A chunk of samples as a matrix-free form, whose intercepts somebody gives who knows all samples.
#pragma once

#include <utility>
#include <vector>

#include "lift/sample_operator.hpp"

namespace neuspec {

/// One chunk as a source.
class ChunkSource final : public Source {
 public:
  ChunkSource(const Chunk& chunk, const StoredForm& form, Index features, Index targets)
      : chunk_(chunk), form_(form), features_(features), targets_(targets) {
    form_.first += std::exchange(chunk_.first, 0);
  }
  Index samples() const override { return chunk_.samples; }
  Index features() const override { return features_; }
  Index targets() const override { return targets_; }
  void visit(Index most, const std::function<void(const Chunk&)>& visitor) const override;
  StoredForm stored_form() const override { return form_; }

 private:
  Chunk chunk_;
  StoredForm form_;
  Index features_, targets_;
};

template <class Real>
class SampleChunk final : public SampleOperator<Real> {
 public:
  /// Of a problem without an intercept.
  using SampleOperator<Real>::SampleOperator;

  /// Takes other samples, as many as before.
  void take(const Chunk& chunk, const StoredForm& form) { this->load(chunk, form, 0); }
  void give_intercepts(std::vector<double> b) { b_ = std::move(b); }

  using SampleOperator<Real>::gradient_at;
  using SampleOperator<Real>::predict;
  using SampleOperator<Real>::adjoint;
  using SampleOperator<Real>::losses;
  using SampleOperator<Real>::conjugate_bounds;
  ConstView<Real> prediction() const { return this->f_; }  ///< f_ of the last `predict` or, with intercepts, `gradient_at`
  ConstView<Real> gradient() const { return this->v_; }    ///< of the last `gradient_at`
  ConstView<Real> targets() const { return this->y(); }    ///< times s
  /// Σ s v̇ of each output after a `differentiate`, which is what an intercept that follows has to undo.
  std::vector<double> moved() { return this->device().column_dots(every_unit(), this->v_dot_); }
  /// Σ s (y − f) and Σ s² of each output, of squared loss.
  std::vector<double> residuals();
  /// How G moves with the intercept of output k, or with those of all outputs at once (k < 0), after `gradient_at`: N × m. Returns Σ s v̇ of each
  /// output.
  std::vector<double> slope(const FactorColumns& columns, ConstView<Real> Z, Index k, View<Real> slope);

 private:
  void add_intercept(View<Real> f, const View<Real>* v) override;
  /// s, or ones where there is none.
  ConstView<Real> unit_rows() const { return this->s().data == nullptr ? this->ones() : this->s(); }
  ConstView<Real> every_unit() const { return {unit_rows().data, this->samples(), this->outputs(), 0}; }

  std::vector<double> b_;
  DeviceMatrix<Real> direction_;  // n × C
};

}  // namespace neuspec
