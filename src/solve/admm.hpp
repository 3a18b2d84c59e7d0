// ADMM with Anderson acceleration on the neural spectrahedron, docs/mathematics.md section 6.
#pragma once

#include <limits>
#include <memory>

#include "solve/anderson.hpp"
#include "solve/projection.hpp"
#include "solve/solver.hpp"

namespace neuspec {

/// Steps, and as many as have been taken, in which the gap has to halve where another method can take over.
inline constexpr double stagnation = 1000;
/// Of the largest eigenvalue of a block: no neuron.
inline constexpr double negligible_eigenvalue = 1e-10;

template <class Real>
class Admm final : public Solver {
 public:
  Admm(DataOperator<Real>& data, double beta, ProjectionKind projection = ProjectionKind::automatic);

  void run(Monitor& monitor, double target) override;
  /// Runs to a gap at which the caller looks around; the next `run` goes on from there as if it had never stopped.
  void approach(Monitor& monitor, double gap);
  void set_beta(double beta) override;
  Network network() override;
  std::vector<double> dual_vector() override;
  SolverState save() override;
  void restore(const SolverState& state) override;
  double rho() const { return step_.rho; }
  /// Stalled, once the gap has not halved within so many steps, and as many as had been taken before: where another method can take over.
  void give_up_after(double steps) { patience_ = steps; }
  const std::vector<double>& bounds() const { return best_.dual; }  ///< the best of each problem

 private:
  using Part = typename Anderson<Real>::Part;
  /// What a test asks of the projected blocks, in device memory, side by side: it travels in one piece.
  struct Summary {
    DeviceMatrix<Real> all;
    View<Real> moves, corners, ranks;  // Device::feasibility and Device::factor_ranks: 2 × 2K, 1 × 2K, 2 × 2K
  };
  /// The same on the host, of it what the host has to know.
  struct Seen {
    std::vector<double> corners;  // β⟨E, Z + Z'⟩ of each problem, W made feasible
    Index rank, neurons;          // the largest rank; Σ ranks: columns of the factors that carry weight
  };

  /// The best point and the best dual vector of each problem at this β, wherever the iteration has gone since.
  struct Best {
    std::vector<double> primal, dual;
    DeviceMatrix<Real> W;
    DeviceMatrix<Real> v;    // n × C; without rows for squared loss
    bool is_latest = false;  // W is that of the last test
  };

  void forget_best();
  /// `preferred`: what bounds may fall short of others and still be those to keep.
  void remember(const std::vector<double>& objective, const std::vector<double>& bounds, double preferred);
  void start();                                // from zero, with the ρ that the data foretell
  std::vector<std::vector<double>> factors();  // P (N × r, column-major) of Z_b and Z'_b: blocks 2b and 2b + 1
  void count_anew();
  double predicted_rho();
  void evaluate();  // W, D and the residuals at V
  bool converged(Monitor& monitor, double target);
  /// The last `dual_at` with a v whose Γ(v) is `share` of what the blocks' multipliers say.
  DualCandidate<Real> repaired_dual(double share);
  double spare(const std::vector<double>& objective, const std::vector<double>& corners, double target) const;
  bool stagnates(double gap);
  /// Whether the gap falls as if it would soon be closed.
  bool nears(double target) const;
  void measure();  // the residuals that `balance` weighs
  void balance();  // ρ from the residuals of two consecutive steps
  /// The norm ratio of the residuals of one kind of multiplier, of which the squares of ‖W_next − W‖, ‖W‖ and ‖U‖ are given: how much larger its ρ
  /// should be.
  static double wanted_factor(double primal_residual, const double* squares);
  void change_rho(double factor, double split_factor);
  Seen summarise();
  AdmmState<Real> state();
  bool has_room_for_repairs() const;
  bool has_split() const { return data_.split_rows() > 0; }

  DataOperator<Real>& data_;
  Device<Real>& device_;
  AdmmStep step_;
  Projection<Real> projection_;
  Index K_, p_;  // blocks (outputs times pools), packed size of a block
  Anderson<Real> iteration_;
  Part &blocks_, &carry_, &split_;  // V = W + U; the data operator's linear part; s + u
  DeviceMatrix<Real> W_, factors_, T_, D_, s_;
  DeviceMatrix<Real> previous_W_, previous_s_;
  Best best_;
  Summary summary_;
  Index rank_ = 0, iterations_ = 0, tested_ = 0;  // iterations since the start at this β
  std::vector<double> gaps_;                      // at the tests since the start
  Index cold_iterations_ = 0;                     // of the last solve that started from zero
  Index halved_at_ = 0;                           // iteration at which the gap was last half of what it had been then
  Index changes_ = 0, changed_at_ = 0;            // of ρ, and the iteration of the last one
  Index repair_at_ = 0;                           // iteration of the next repaired bound
  double patience_ = std::numeric_limits<double>::infinity();
  double halved_gap_ = std::numeric_limits<double>::infinity();
  double primal_residual_ = 0, split_residual_ = 0;
  double size_ = std::numeric_limits<double>::quiet_NaN();  // about ‖D‖, once known
  bool balance_pending_ = false, measure_pending_ = false, prepared_ = false, warm_ = false;
  bool evaluated_ = false;   // at V, which has not moved on since
  bool on_the_way_ = false;  // since `approach`
};

}  // namespace neuspec
