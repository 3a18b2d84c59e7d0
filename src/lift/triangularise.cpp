#include "lift/triangularise.hpp"

#include <algorithm>
#include <vector>

#include "device/lapack.hpp"

namespace neuspec {
namespace {

constexpr Index kPanel = 64;

bool stops(const std::function<bool()>& stop) { return stop && stop(); }

}  // namespace

bool triangularise(Index d, Index n, double* A, double* tau, const std::function<bool()>& stop) {
  std::vector<double> work;
  for (Index first = 0; first < n; first += kPanel) {
    if (stops(stop)) return false;
    const Index columns = std::min(kPanel, n - first), next = first + columns, rows = d - first;
    double* panel = A + first * d + first;
    lapack::geqrf(rows, columns, panel, d, tau + first, work);
    lapack::ormqr('T', rows, n - next, columns, panel, d, tau + first, A + next * d + first, d, work);
  }
  return true;
}

bool orthonormal_columns(Index d, Index n, double* A, const double* tau, const std::function<bool()>& stop) {
  std::vector<double> work;
  // From the identity's columns, in each panel below its first row, the panels' reflectors are applied from the last one on.
  for (Index j = 0; j < n; ++j) std::fill_n(A + j * d, j / kPanel * kPanel, 0.0);
  std::fill_n(A + n * d, d, 0.0);
  A[n * d + n] = 1;
  for (Index first = (n - 1) / kPanel * kPanel; first >= 0; first -= kPanel) {
    if (stops(stop)) return false;
    const Index columns = std::min(kPanel, n - first), next = first + columns, rows = d - first;
    double* panel = A + first * d + first;
    lapack::ormqr('N', rows, n + 1 - next, columns, panel, d, tau + first, A + next * d + first, d, work);
    lapack::orgqr(rows, columns, panel, d, tau + first, work);
  }
  return true;
}

}  // namespace neuspec
