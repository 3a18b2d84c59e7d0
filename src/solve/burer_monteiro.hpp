// Burer–Monteiro with certificate, docs/mathematics.md section 6: factors W of the blocks, Z = Σ z_j z_jᵀ with z_1 = [w_1; ‖W‖_F] and z_j = [w_j; 0]
// else, so that f = Σ ± [a‖Wᵀx‖² + b‖W‖_F xᵀw_1 + c‖W‖_F²] with penalty β‖W‖_F², minimised by truncated Newton; the certificate says which neurons
// are missing. Every Z ⪰ 0 with ⟨G, Z⟩ = 0 is such a sum (turn the last row of its factor), and f is smooth in W but where a whole block vanishes;
// factored by neurons, f = Σ ± [a(xᵀw)² + b‖w‖xᵀw + c‖w‖²], it has a kink wherever one of them vanishes, and Newton's steps become as short as the
// smallest neuron.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "solve/descent.hpp"
#include "solve/solver.hpp"

namespace neuspec {

template <class Real>
class BurerMonteiro final : public Solver {
 public:
  /// What the current point is worth and what its own ∇ℓ proves.
  struct Proof {
    Index columns;
    DualCandidate<Real> candidate;
    std::vector<double> objective, maxima, bounds;
  };

  static constexpr Index any_number = std::numeric_limits<Index>::max();

  BurerMonteiro(DataOperator<Real>& data, double beta);

  void run(Monitor& monitor, double target) override;
  void set_beta(double beta) override;
  Network network() override { return best_; }
  void start_from(const Network& point) override { point_ = point; }
  const Network& point() const { return point_; }
  SolverState save() override;
  void restore(const SolverState& state) override;

  /// As `run`, but false as soon as the round that it is in foresees more products with the Hessian.
  bool descend(Monitor& monitor, double target, Index most_products);
  /// Descends from `point` over its own neurons until no decrease that matters at the gap `target` is left, which makes ∇ℓ there as good a dual
  /// vector as any: what another solver found becomes a point that proves itself. Neurons that it lacks for that are added.
  /// It gives up where more than `most_products` with the Hessian are foreseen. \returns that proof where it reaches the gap
  std::optional<Proof> polish(Network point, const Monitor& monitor, double target, Index most_products = any_number);
  /// Whether products with the Hessian are preconditioned from the first one on, at next to no cost.
  bool is_cheap(Index neurons) { return cheap_.is_worth_while(neurons); }
  /// About what a polish takes from a point that is near, with the Hessian's inverse through the samples; infinite where that cannot be had.
  double polish_flops(Index neurons) const;
  bool goes_through_samples(const Network& point) const;

 private:
  Proof value();  ///< without the proof
  Proof prove();
  /// The same, told to the monitor, and missing neurons added. True when the monitor says stop.
  bool test(Monitor& monitor, double target, Index new_iterations);
  /// Keeps the neurons of those problems whose objective has never been lower.
  void remember(const std::vector<double>& objective);
  /// Appends neurons with |uᵀMu + qᵀu + t| > least to those blocks whose maxima, one of each sign, say that there are some. \returns of each problem
  /// Σ (β − κ) |α|, by which they change its objective to first order
  std::vector<double> add_violators(const Proof& proof, double least);
  /// Brings the weights of the neurons from `first` on near their best: `before` them the objectives were these, with these slopes.
  void scale_from(Index first, const std::vector<double>& before, const std::vector<double>& slopes);
  std::size_t problem_of(Index output) const { return data_.problems() == 1 ? 0 : static_cast<std::size_t>(output); }
  using Effort = typename Descent<Real>::Effort;
  struct Improved {
    Index products;
    bool gave_up;
  };
  /// Minimises over the current neurons. `keeper` is told of the way where there is one: tests may be far apart.
  Improved improve(const Monitor& monitor, const Effort& effort, Monitor* keeper = nullptr);
  /// Of a round that ends where the decrease that is left no longer matters at the gap `target`.
  double precision(const Monitor& monitor, double target) const {
    constexpr double enough = 1000;  // a round that ends so near the target might as well arrive
    const double next = 0.01 * std::min(monitor.relative_gap(), 1.0);
    return next >= enough * target ? next : target;
  }
  /// The network of a point given by its blocks.
  Network network_of(const FactorColumns& columns, ConstView<Real> W);

  DataOperator<Real>& data_;
  Device<Real>& device_;
  double beta_;
  Kronecker<Real> cheap_;
  Network point_, best_;
  std::vector<double> best_objective_;  // of each problem, at `best_`
};

}  // namespace neuspec
