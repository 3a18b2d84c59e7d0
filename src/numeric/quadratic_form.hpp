// The function on the sphere that a packed Γ stands for.
#pragma once

#include <vector>

#include "numeric/packed.hpp"

namespace neuspec {

/// uᵀMu + qᵀu + t on the sphere, of a packed Γ(v_k) (docs/mathematics.md section 3); M has both triangles.
struct QuadraticForm {
  std::vector<double> M, q;  ///< d × d, d
  double t = 0;
};

/// Γ is N × N, N = d + 1.
template <class Real>
QuadraticForm quadratic_form(const Real* gamma, Index N) {
  const Index d = N - 1;
  QuadraticForm form{std::vector<double>(static_cast<std::size_t>(d * d)), std::vector<double>(static_cast<std::size_t>(d)),
                     static_cast<double>(gamma[packed::size(N) - 1])};
  for (Index j = 0; j < d; ++j) {
    const Real* column = gamma + packed::position(N, j, j);
    form.M[static_cast<std::size_t>(j * d + j)] = static_cast<double>(column[0]);
    for (Index i = j + 1; i < d; ++i) {
      form.M[static_cast<std::size_t>(j * d + i)] = form.M[static_cast<std::size_t>(i * d + j)] =
          static_cast<double>(column[i - j]) / packed::root_two;
    }
    form.q[static_cast<std::size_t>(j)] = packed::root_two * static_cast<double>(column[d - j]);  // 2 Γ_jN
  }
  return form;
}

}  // namespace neuspec
