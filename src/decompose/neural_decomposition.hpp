// Neural Decomposition, docs/mathematics.md section 4: a point of the neural spectrahedron becomes neurons.
#pragma once

#include "neuspec/network.hpp"

namespace neuspec {

/// Where the neurons of a block belong.
struct Place {
  Index output = 0, pool = 0;
};

/// Decomposes Z ⪰ 0 (N × N, N = features of a patch + 1, column-major, lower triangle), ⟨G,Z⟩ = 0 up to solver accuracy, into at most
/// rank Z neurons and appends them to `network` with weights of the given sign (+1 from Z, −1 from Z') at `place`.
/// Eigenvalues below `relative_tolerance`·λ_max are dropped; then the point is made feasible again: Z₁ and Z_NN are scaled to the geometric
/// mean of their traces, which keeps the rank and the linear part Σ α u; only where the traces differ by more than a factor of 4 the
/// difference is added to Z_NN or to the identity of Z₁ instead. For b = c = 0 the eigenvectors of Z₁ are the neurons.
/// Rank 0 appends nothing. N³ + rank·N flops.
/// \throws DataError when Z is not finite.
void decompose(const double* Z, double sign, const Place& place, double relative_tolerance, Network& network);

/// The same for Z = P Pᵀ given by its factor P (N × r, column-major), which is consumed. N·r² flops.
void decompose_factor(std::vector<double> P, Index N, double sign, const Place& place, double relative_tolerance, Network& network);

}  // namespace neuspec
