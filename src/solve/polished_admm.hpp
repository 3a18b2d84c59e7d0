// ADMM of smooth losses, with the descents that begin and end it.
#pragma once

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "solve/admm.hpp"
#include "solve/burer_monteiro.hpp"
#include "solve/part_of_samples.hpp"

namespace neuspec {

/// ADMM ends with W and the linear step's D a little apart: D proves the bound, W becomes the network. Descent over the network's own neurons closes
/// that last distance for the price of a few steps, where ADMM takes half as many again, and all of it where ADMM gets no further. And where a part
/// of the samples says which neurons there are, descent from there may arrive before ADMM has its factor, which then is never made.
template <class Real>
class PolishedAdmm final : public Solver {
 public:
  /// `part`: null where there is none to begin with.
  PolishedAdmm(DataOperator<Real>& data, double beta, ProjectionKind projection, std::unique_ptr<PartOfSamples<Real>> part);

  void run(Monitor& monitor, double target) override;
  void set_beta(double beta) override;
  /// ADMM would want a dual point too; descent does not.
  void start_from(const Network& point) override;
  SolverState save() override;
  void restore(const SolverState& state) override;
  Network network() override { return network_; }
  std::vector<double> dual_vector() override { return admm_ ? admm_->dual_vector() : std::vector<double>(); }

 private:
  Admm<Real>& admm();
  /// Descends from the optimum of the part, or at a neighbour's β from where the last one ended, as long as that takes no longer than ADMM would.
  bool arrives_without(Monitor& monitor, double target);
  /// About how many products with the Hessian take as long as all of ADMM.
  Index products_of_admm(Index neurons) const;
  bool run_admm(Monitor& monitor, double target);  ///< false where it gets no further, and descent is to go on
  /// At a gap from which ADMM has as many steps to go as this foretells: where descent takes less, that may be all that is missing.
  bool ends_early(Monitor& monitor, double target);
  /// With the Hessian, in place of the steps that the gap so far foretells. Through the samples any number, of a rank that no longer changes and
  /// while all such attempts take less than the steps have taken.
  Index affordable_products(const Network& point, const Monitor& monitor, double target);
  double step_flops(Index neurons) const;  ///< of ADMM
  double product_flops(Index neurons) const { return data_.product_flops(static_cast<double>((data_.N() - 1) * neurons)); }

  DataOperator<Real>& data_;
  double beta_;
  ProjectionKind projection_;
  std::unique_ptr<PartOfSamples<Real>> part_;
  std::unique_ptr<Admm<Real>> admm_;  // where there is a part, once it is wanted
  BurerMonteiro<Real> polisher_;
  Network network_, kept_;                                        // `kept_`: where a descent was given up
  double kept_primal_ = std::numeric_limits<double>::infinity();  // its objective, as monitors have it
  bool handed_over_ = false;                                      // to descent
  bool started_ = false;                                          // somewhere, before the first β is set
  double near_ = 0;                                               // gap at which to look around; 0: no more
  double tried_ = 0;                                              // flops of descents through the samples
  Index steps_ = 0;                                               // of ADMM until then
};

}  // namespace neuspec
