// The matrix-free form of samples that fit nowhere: every product reads them again, chunk by chunk. Smooth losses; descent alone.
#pragma once

#include <memory>

#include "lift/sample_chunk.hpp"

namespace neuspec {

/// Holds a chunk, some thousands of neighbours that preconditioners are learnt from and, with an intercept and a loss other than squared, the
/// predictions and targets of all samples: its best value is no sum over chunks. A value or a gradient takes a pass over the source (two, with an
/// intercept), a product another; the source has to outlive the form.
template <class Real>
class StreamedOperator final : public DataOperator<Real> {
 public:
  StreamedOperator(Device<Real>& device, const Problem& problem, const Source& data);

  OperatorKind kind() const override { return OperatorKind::streamed; }
  double evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) override;
  void differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) override;
  DualCandidate<Real> dual_of(const FactorColumns& columns, ConstView<Real> Z) override;
  bool has_gauss_newton() const override { return true; }
  double gauss_newton_samples_an_unknown() const override { return 8; }
  double gauss_newton_flops(double unknowns, double squares, Index samples) const override {
    return neighbours_->gauss_newton_flops(unknowns, squares, samples);
  }
  double gauss_newton_memory(double unknowns) const override { return neighbours_->gauss_newton_memory(unknowns); }
  double product_flops(double unknowns) const override { return 12 * static_cast<double>(this->samples() * this->patches().per_pool) * unknowns; }
  /// From the neighbours, those of all ranks with an intercept that is best for them.
  void gauss_newton(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B) override {
    neighbours_->gauss_newton(columns, Z, samples, B);
  }

  /// From the neighbours.
  bool second_moments(View<Real> moments) override { return neighbours_->second_moments(moments); }

 private:
  template <class Body>
  void each_chunk(const Body& body);
  /// Finds the intercepts at a point: a pass, of losses other than squared through the host's memory.
  void find_intercepts(const FactorColumns& columns, ConstView<Real> Z);
  void find_best_intercepts(const FactorColumns& columns, ConstView<Real> Z);
  /// ḃ such that Σ v̇ stays zero in every output, where all the rest makes it `right`.
  std::vector<double> follow(const std::vector<double>& right) const;
  bool coupled() const { return this->loss_function().coupled(); }

  Problem problem_;  // whose intercepts chunks are given
  const Source& data_;
  const Ranks* ranks_;  // that share the samples out, which have one intercept, or null
  std::unique_ptr<SampleChunk<Real>> chunk_;
  std::unique_ptr<SampleOperator<Real>> neighbours_;
  DeviceMatrix<Real> gamma_, gamma_part_, G_part_;  // p × C·B; N × m
  std::vector<double> b_, levels_, coupling_;       // at the point last evaluated (Intercepts)
  // How G moves with an intercept, N × m each, and Σ ∇²ℓ of every output: known from the first product after an evaluation on. One matrix where
  // outputs have nothing in common, else one for each.
  std::vector<DeviceMatrix<Real>> slopes_;
  std::vector<double> curvature_;
  bool slopes_known_ = false;
};

}  // namespace neuspec
