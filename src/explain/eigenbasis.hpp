// The eigenvectors of a quadratic function and what is proven of them.
#pragma once

#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Q ≈ V diag(λ) Vᵀ. Some orthogonal W is within `vectors_off` of V with ‖Q − W diag(λ) Wᵀ‖₂ ≤ `values_off`, whatever LAPACK did.
struct Eigenbasis {
  std::vector<double> vectors;  ///< d × d, column-major
  std::vector<double> lambda;   ///< ascending
  double vectors_off = 0, values_off = 0;

  double spectral_norm() const;
};

/// Q is d × d symmetric, both triangles. 9 d³ flops and 4 d³ for the proof. \throws DataError when LAPACK does not converge.
Eigenbasis eigenbasis_of(std::vector<double> Q, Index d);

/// The eigenvalues alone, ascending. \throws as above
std::vector<double> eigenvalues_of(std::vector<double> Q, Index d);

}  // namespace neuspec
