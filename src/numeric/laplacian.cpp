#include "numeric/laplacian.hpp"

namespace neuspec {

// A node that goes leaves its neighbours connected in its place, by the product of their weights over their sum.
std::vector<double> solve_laplacian(std::vector<double> A, std::vector<double> r) {
  const std::size_t n = r.size();
  std::vector<double> sums(n);
  for (std::size_t node = n; node-- > 1;) {
    const double* row = A.data() + node * n;
    for (std::size_t l = 0; l < node; ++l) sums[node] += row[l];
    for (std::size_t l = 0; l < node && sums[node] > 0; ++l) {
      const double share = row[l] / sums[node];
      r[l] += share * r[node];
      for (std::size_t m = 0; m < node; ++m) A[l * n + m] += share * row[m];
    }
  }
  std::vector<double> x(n);
  for (std::size_t node = 1; node < n; ++node) {
    double right = r[node];
    for (std::size_t l = 0; l < node; ++l) right += A[node * n + l] * x[l];
    if (sums[node] > 0) x[node] = right / sums[node];
  }
  return x;
}

}  // namespace neuspec
