// A form of samples that ranks share out: each has one of its own samples, of which this one sums up.
#pragma once

#include <memory>

#include "lift/data_operator.hpp"
#include "lift/device_sums.hpp"

namespace neuspec {

/// Rank 0's solver asks, the others `serve`: every call tells them the point and brings their sums back, N × m numbers or p × C·B for a bound. An
/// intercept is one of all samples: the ranks' own forms sum up what says where its best value is. Smooth losses; descent alone.
template <class Real>
class RankedOperator final : public DataOperator<Real> {
 public:
  /// `own`: the form of this rank's samples, a part of `data`'s.
  RankedOperator(Device<Real>& device, const Problem& problem, const Source& data, std::unique_ptr<DataOperator<Real>> own);

  OperatorKind kind() const override { return own_->kind(); }
  double evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) override;
  void differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) override;
  bool has_gauss_newton() const override { return own_->has_gauss_newton(); }
  void gauss_newton(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B) override;
  bool second_moments(View<Real> moments) override;
  double gauss_newton_samples_an_unknown() const override { return own_->gauss_newton_samples_an_unknown(); }
  double gauss_newton_flops(double unknowns, double squares, Index samples) const override {
    return own_->gauss_newton_flops(unknowns, squares, of_each(samples));
  }
  double gauss_newton_memory(double unknowns) const override { return own_->gauss_newton_memory(unknowns); }
  double product_flops(double unknowns) const override { return own_->product_flops(unknowns); }
  DualCandidate<Real> dual_of(const FactorColumns& columns, ConstView<Real> Z) override;
  void serve() override;
  void release() override;

 private:
  enum class Task { release, evaluate, differentiate, gauss_newton, second_moments, dual_of, bounds };
  /// What a rank hears of a call.
  struct Call {
    Task task = Task::release;
    FactorColumns columns;
    std::vector<double> Z, more;  // N × m; Ż, limits or a number of samples
  };

  Index of_each(Index samples) const;
  void tell(Task task, const FactorColumns& columns, ConstView<Real> Z, std::vector<double> more);
  Call hear();
  void answer(const Call& call);
  std::vector<double> on_host(ConstView<Real> view) const;
  void sum(View<Real> view) { sum_over_ranks(this->device(), &ranks_, view); }

  // A call's own part and the sum over the ranks.
  double evaluate_sum(const FactorColumns& columns, ConstView<Real> Z, View<Real> G);
  void differentiate_sum(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot);
  void gauss_newton_sum(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B);
  bool second_moments_sum(View<Real> moments);
  DualCandidate<Real> dual_sum(const FactorColumns& columns, ConstView<Real> Z);
  std::vector<double> bounds_sum(const std::vector<double>& of_which_then_limits);

  const Ranks& ranks_;
  std::unique_ptr<DataOperator<Real>> own_;
  std::vector<DualCandidate<Real>> candidates_;  // own: of the first `dual_of`, which a session keeps, and of the last
  DeviceMatrix<Real> gamma_;                     // p × C·B
};

}  // namespace neuspec
