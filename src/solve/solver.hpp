// What ADMM and Burer–Monteiro have in common.
#pragma once

#include "neuspec/network.hpp"
#include "solve/monitor.hpp"

namespace neuspec {

/// The zero network.
inline Network empty_network(const Activation& activation, const Patches& patches, Index outputs) {
  Network network;
  network.activation = activation;
  network.features = patches.features;
  network.outputs = outputs;
  network.architecture = patches.architecture;
  return network;
}

/// The zero network of another's shape.
inline Network empty_network(const Network& like) {
  Network network;
  network.activation = like.activation;
  network.features = like.features;
  network.outputs = like.outputs;
  network.architecture = like.architecture;
  return network;
}

/// Whether the optimum at one β is a better start for another than zero is: at a tenth of β or ten times it, it no longer is.
inline bool is_near(double beta, double other) { return beta <= 10 * other && other <= 10 * beta; }

/// Where a solver stands, in its own units: what it needs to go on from there on any device and in any precision.
struct SolverState {
  std::vector<double> blocks;     ///< V of ADMM, p × 2·C·B, column-major; empty: of a descent
  std::vector<double> split;      ///< s + u, n × C, column-major; empty for squared loss
  double rho = 0, split_rho = 0;  ///< ρ₂ and ρ₁
  Network network;                ///< a descent's point
};

class Solver {
 public:
  virtual ~Solver() = default;
  /// Continues from where it stands until the monitor says stop, aiming at the relative gap `target`.
  virtual void run(Monitor& monitor, double target) = 0;
  /// Another β on the same data; the current point is the start where that `is_near`, else zero.
  virtual void set_beta(double beta) = 0;
  /// Where the next run begins, if the solver can begin at a network.
  virtual void start_from(const Network& /*point*/) {}
  /// Where it stands, at a test of convergence or after a run; `restore` goes on from there at the β it stood at, which is set before.
  /// \throws DataError where the state is of another problem
  virtual SolverState save() = 0;
  virtual void restore(const SolverState& state) = 0;
  /// The best point so far at this β as a network; of problems that share nothing but the data, each one's best.
  virtual Network network() = 0;
  /// The dual vector (row-major n × C) of the best bound so far, where there is one beside ∇ℓ at the network; else empty.
  virtual std::vector<double> dual_vector() { return {}; }
};

}  // namespace neuspec
