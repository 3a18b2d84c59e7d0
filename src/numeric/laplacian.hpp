// Linear systems of weighted graphs.
#pragma once

#include <vector>

namespace neuspec {

/// An x with Σ_l A_kl (x_k − x_l) = r_k for every k; A is n × n, symmetric, without negative entries (its diagonal means nothing) and Σ r = 0. x is
/// unique but for a constant in every connected part. Elimination by Grassmann, Taksar and Heyman, which forms no differences of entries of A: no
/// pivot loses its digits, however widely they are spread. n³/3 flops.
std::vector<double> solve_laplacian(std::vector<double> A, std::vector<double> r);

}  // namespace neuspec
