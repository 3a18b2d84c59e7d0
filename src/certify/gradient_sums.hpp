// Γ(v) of all pools of an architecture, summed by several threads.
#pragma once

#include <vector>

#include "certify/lifted_gradient.hpp"

namespace neuspec {

/// A `LiftedGradient` a pool over the patches of samples. Each thread has sums of its own, which meet at the end, unless they would take too much
/// memory; then the BLAS may share out each block's SYRK. The result depends on the number of threads and on the chunks only.
class GradientSums {
 public:
  GradientSums(const Activation& activation, const Patches& patches, Index outputs);

  /// Adds samples x (row-major n × d) with dual values v (row-major n × C). n·f²·C flops a patch.
  void add(const double* x, const double* v, Index samples);

  std::vector<LiftedGradient> total() const;  ///< one a pool

 private:
  using Pools = std::vector<LiftedGradient>;
  void add_rows(const double* x, const double* v, Index samples, Pools& pools) const;

  Patches patches_;
  Pools empty_;
  std::vector<Pools> of_threads_;
};

}  // namespace neuspec
