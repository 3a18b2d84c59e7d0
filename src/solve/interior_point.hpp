// An interior-point method for losses with kinks, where ADMM gets no further: docs/mathematics.md section 6.
#pragma once

#include <optional>
#include <vector>

#include "solve/central_path.hpp"
#include "solve/solver.hpp"

namespace neuspec {

class InteriorPoint {
 public:
  /// What another solver has found: its best network, without intercept, and its best bound of each output.
  struct Known {
    Network network;
    std::vector<double> bounds;       ///< C
    std::vector<double> dual_vector;  ///< n × C, row-major
  };

  /// Flops and bytes for n samples, blocks of N rows and so many pools: of a whole solve of every output, and of what it holds.
  static double flops(Index n, Index N, Index pools, Index outputs);
  static double bytes(Index n, Index N, Index pools, Index outputs);

  /// Of absolute or hinge loss. The problem has to outlive the method, which holds all samples, lifted.
  InteriorPoint(const Problem& problem, const Source& samples);

  void start(double beta, Known known);
  /// Steps until the monitor says stop, or gives up.
  void run(Monitor& monitor, double target);
  /// The best point of each output, of the fewest neurons that are as good.
  Network network() const;
  /// n × C, row-major: of the best bound of each output.
  std::vector<double> dual_vector() const;

 private:
  /// One output of a network as a packed D, and its penalty.
  struct Point {
    std::vector<double> D;
    double penalty = 0;
  };
  struct Output {
    double objective = 0;  // of the network that is known
    std::optional<CentralPath> path;
  };
  Point point_of(const Network& network, Index output) const;
  /// One step of every path; false where none moves any more.
  bool advance(double target, const Monitor& monitor);
  bool arrived(double target) const;
  /// Adds the neurons of an output's path.
  void decompose_path(Index output, Network& network) const;

  const Problem& problem_;
  LiftedSamples samples_;
  double beta_ = 0, target_ = 0;
  Known known_;
  std::vector<Output> outputs_;
};

}  // namespace neuspec
