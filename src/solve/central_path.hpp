// A primal-dual interior-point method for one output of a loss whose conjugate is linear on an interval, docs/mathematics.md section 6.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "neuspec/problem.hpp"
#include "solve/lifted_samples.hpp"
#include "solve/scaled_system.hpp"

namespace neuspec {

/// minimise Σ v_i y_i over lower ≤ v ≤ upper (Σ v = 0 with an intercept) subject to S_b± = β E + λ_b± G ± Γ_b(v) ⪰ 0, beside its own dual, which is
/// (SDP) with Z_b± ⪰ 0. S is that of v to the last digit at every step, for a β that falls to the one wanted as the gap closes, and a share of it
/// further, so that a proof has room for rounding.
class CentralPath {
 public:
  CentralPath(const LiftedSamples& data, const Problem& problem, Index output, double beta);

  /// One step; false where the arithmetic gets no further, or `stop` has said yes meanwhile, and then nothing has moved. κ(v) shall stay below β by
  /// what costs the bound `allowance` of the objective.
  bool advance(double allowance, const std::function<bool()>& stop);

  double primal() const { return primal_; }  ///< the best objective so far
  double dual() const { return dual_; }      ///< the best bound so far
  /// The sum over complementary pairs, which is the gap once all constraints hold.
  double gap() const { return mu_ * pairs(); }
  const std::vector<double>& dual_vector() const { return best_v_; }                 ///< n, of that bound
  const std::vector<std::vector<double>>& factors() const { return best_factors_; }  ///< P (N × N, Z = P Pᵀ) of that objective: blocks 2b and 2b + 1
  /// The objective of a packed D (p·B) with a penalty, at the best intercept.
  double objective(const std::vector<double>& D, double penalty) const;

 private:
  struct Block {
    Index pool;
    double sign, lambda;
    std::vector<double> S, L;           // N × N; Z = L Lᵀ
    std::vector<double> R, root, G, E;  // Rᵀ S R = R⁻¹ Z R⁻ᵀ = diag(root); Rᵀ G R and Rᵀ E R
  };
  struct Direction {
    std::vector<double> v, lower, upper, lambda;  // of v, of the multipliers of its limits, of the blocks' λ and the intercept's
    std::vector<std::vector<double>> S, Z;        // scaled, N × N
  };
  /// What remains of the complementary pairs: of the scaled blocks, and of the limits.
  struct Target {
    std::vector<std::vector<double>> blocks;
    std::vector<double> lower, upper;
  };
  struct Steps {
    double dual, primal;
  };

  double pairs() const { return static_cast<double>(2 * data_.n + blocks() * data_.N); }
  Index blocks() const { return static_cast<Index>(blocks_.size()); }
  void start();
  void set_slacks();
  bool scale();
  void judge();
  void factor(const std::function<bool()>& stop);
  Direction direction(const Target& target);
  std::vector<double> right_side(const Target& target, const std::vector<double>& of_blocks) const;
  std::vector<double> multiples(const std::vector<double>& of_blocks, ScaledSystem::Solution& x) const;
  Target affine() const;
  Target corrected(const Direction& affine, Steps steps) const;
  double product_after(const Direction& direction, Steps steps) const;
  Steps longest(const Direction& direction) const;
  bool move(const Direction& direction, Steps steps);

  const LiftedSamples& data_;
  const Problem& problem_;
  Index output_;
  double beta_, aim_, now_;             // β; the one aimed at; that of S
  std::vector<double> v_, low_, high_;  // and its limits
  std::vector<double> below_, above_;   // v − low, high − v
  std::vector<double> z_low_, z_high_;  // their multipliers
  std::vector<double> f_;               // Σ_b ⟨A_ib, Z_b − Z'_b⟩
  std::vector<Block> blocks_;
  double mu_ = std::numeric_limits<double>::infinity(), share_of_penalty_ = 1;  // in the best objective
  std::vector<double> root_weight_;                                             // √(z_low/below + z_high/above)
  std::optional<ScaledSystem> system_;
  std::vector<ScaledSystem::Solution> answers_;  // to each block's G, and to the intercept
  double primal_ = std::numeric_limits<double>::infinity(), dual_ = -primal_;
  std::vector<double> best_v_;
  std::vector<std::vector<double>> best_factors_;
};

}  // namespace neuspec
