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

class Solver {
 public:
  virtual ~Solver() = default;
  /// Continues from where it stands until the monitor says stop, aiming at the relative gap `target`.
  virtual void run(Monitor& monitor, double target) = 0;
  /// Another β on the same data; the current point is the warm start.
  virtual void set_beta(double beta) = 0;
  /// The current point as a network.
  virtual Network network() = 0;
  /// A dual vector (row-major n × C) to prove it with where ∇ℓ does not exist everywhere; else empty.
  virtual std::vector<double> dual_vector() { return {}; }
};

}  // namespace neuspec
