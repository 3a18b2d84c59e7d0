// ADMM with Anderson acceleration on the neural spectrahedron, SPEC.md section 6.
#pragma once

#include <memory>

#include "solve/solver.hpp"

namespace neuspec {

template <class Real>
class Admm final : public Solver {
 public:
  Admm(DataOperator<Real>& data, double beta);

  void run(Monitor& monitor, double target) override;
  void set_beta(double beta) override;
  Network network() override;
  double rho() const { return step_.rho; }

 private:
  std::vector<std::vector<double>> factors() const;  // P (N × r, column-major) of Z_k and Z'_k: blocks 2k and 2k + 1
  double predicted_rho();
  void evaluate();  // W, D and the residual F at V
  void advance();   // the next V: plain, accelerated or back
  bool converged(Monitor& monitor, double target);
  void balance();  // ρ from the residuals of two consecutive steps
  void change_rho(double factor);
  void remember(ConstView<Real> v, ConstView<Real> extra, Real weight);
  void sum_to(ConstView<Real> a, ConstView<Real> b, View<Real> to);
  std::vector<double> primal();
  Index neurons() const;
  AdmmState<Real> state();

  DataOperator<Real>& data_;
  Device<Real>& device_;
  AdmmStep step_;
  Index K_, p_;  // independent problems (outputs), packed size of a block
  DeviceMatrix<Real> V_, W_, F_, fallback_, factors_, T_, D_;
  DeviceMatrix<Real> past_F_, past_Y_;  // slots of 2p × K side by side
  DeviceMatrix<Real> extra_, extra_F_, extra_fallback_, past_extra_;
  DeviceMatrix<Real> coefficients_, squares_, before_;
  DeviceMatrix<Real> previous_W_;
  Index rank_ = 0, iterations_ = 0, tested_ = 0, stored_ = 0, next_slot_ = 0;
  double primal_residual_ = 0;
  bool candidate_pending_ = false, balance_pending_ = false, prepared_ = false;
};

}  // namespace neuspec
