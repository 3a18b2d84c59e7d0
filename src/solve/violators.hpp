// The neurons that a point misses.
#pragma once

#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// A direction at which sign·(uᵀMu + qᵀu + t) > β: a neuron along u whose output weight has the other sign lowers the objective.
struct Violator {
  std::vector<double> u;  ///< d, of norm 1
  double sign = 1;
  double kappa = 0;  ///< sign·(uᵀMu + qᵀu + t)
};

/// Of a packed Γ (N × N, N = d + 1; docs/mathematics.md section 3): the maximiser of each sign, which is exact, and at most so many eigenvectors [w;
/// s] of the traceless Γ, worst first, scaled to the sphere. 14 N³ flops.
/// \throws DataError when LAPACK's eigenvalues do not converge, which finite input does not cause
std::vector<Violator> violators(Index N, const double* gamma, double beta, Index most);

}  // namespace neuspec
