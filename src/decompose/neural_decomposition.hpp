// Neural Decomposition, SPEC.md section 4: a point of the neural spectrahedron becomes neurons.
#pragma once

#include "neuspec/network.hpp"

namespace neuspec {

/// Decomposes Z ⪰ 0 (N × N, N = features + 1, column-major, lower triangle), ⟨G,Z⟩ = 0 up to solver accuracy, into at most
/// rank Z neurons and appends them to `network` with weights of the given sign (+1 from Z, −1 from Z') at `output`.
/// Eigenvalues below `relative_tolerance`·λ_max are dropped; the point is first made feasible again (⟨G,Z⟩ = 0 exactly) by adding to Z_NN or to the
/// identity of Z₁. For b = c = 0 eigenvectors are used directly. No NaN for any input without NaN; rank 0 appends nothing.
void decompose(const double* Z, double sign, Index output, double relative_tolerance, Network& network);

/// The same for Z = P Pᵀ given by its factor P (N × r, column-major), which is consumed.
void decompose_factor(std::vector<double> P, Index N, double sign, Index output, double relative_tolerance, Network& network);

}  // namespace neuspec
