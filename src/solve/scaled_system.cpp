#include "solve/scaled_system.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "device/lapack.hpp"

namespace neuspec {

namespace {
constexpr int refinements = 12;   // at most
constexpr double worth_it = 0.5;  // of a refinement, the next
constexpr Index panel = 128;      // columns of M: 4 (n + q) min(n, q) flops each
std::size_t at(Index i) { return static_cast<std::size_t>(i); }
double largest_of(const std::vector<double>& x) {
  double largest = 0;
  for (const double value : x) largest = std::max(largest, std::abs(value));
  return largest;
}
}  // namespace

ScaledSystem::ScaledSystem(Index q, Index n, std::vector<double> C, std::function<bool()> stop)
    : q_(q), n_(n), stop_(std::move(stop)), C_(std::move(C)) {
  factor();
}

bool ScaledSystem::stopped() {
  abandoned_ = abandoned_ || (stop_ && stop_());
  return abandoned_;
}

// Rows with the largest entries first, without which reflections mix their rounding into the small ones.
void ScaledSystem::factor() {
  const Index m = size(), others = wide() ? n_ : q_, rows = m + others;
  const auto entry = [&](Index row, Index column) {
    if (row >= others) return row - others == column ? 1.0 : 0.0;
    return wide() ? C_[at(row * q_ + column)] : C_[at(column * q_ + row)];
  };
  std::vector<double> largest(at(rows));
  for (Index j = 0; j < m; ++j) {
    for (Index i = 0; i < rows; ++i) largest[at(i)] = std::max(largest[at(i)], std::abs(entry(i, j)));
  }
  order_.resize(at(rows));
  std::iota(order_.begin(), order_.end(), Index(0));
  std::stable_sort(order_.begin(), order_.end(), [&](Index i, Index j) { return largest[at(i)] > largest[at(j)]; });
  reflectors_.resize(at(rows * m));
  tau_.resize(at(m));
  for (Index j = 0; j < m; ++j) {
    for (Index i = 0; i < rows; ++i) reflectors_[at(j * rows + i)] = entry(order_[at(i)], j);
  }
  reflect(rows, m);
  lower_.assign(at(m * m), 0);
  for (Index j = 0; j < m; ++j) {
    for (Index i = 0; i <= j; ++i) lower_[at(i * m + j)] = reflectors_[at(j * rows + i)];
  }
}

void ScaledSystem::reflect(Index rows, Index columns) {
  std::vector<double> work;
  for (Index j = 0; j < columns && !stopped(); j += panel) {
    const Index width = std::min(panel, columns - j);
    double* corner = reflectors_.data() + j * rows + j;
    lapack::geqrf(rows - j, width, corner, rows, tau_.data() + j, work);
    lapack::ormqr('T', rows - j, columns - j - width, width, corner, rows, tau_.data() + j, corner + width * rows, rows, work);
  }
}

void ScaledSystem::multiply(double alpha, const std::vector<double>& e, std::vector<double>& t) const {
  lapack::gemv('N', q_, n_, alpha, C_.data(), q_, e.data(), 1.0, t.data());
}

void ScaledSystem::multiply_transposed(double alpha, const std::vector<double>& t, std::vector<double>& e) const {
  lapack::gemv('T', q_, n_, alpha, C_.data(), q_, t.data(), 1.0, e.data());
}

// Wide: t is the solution of M t ≈ (r, s), and e the first part of its residual. Otherwise e is that of M e ≈ (−s, r), and t the other sign's first
// part.
ScaledSystem::Solution ScaledSystem::once(const std::vector<double>& r, const std::vector<double>& s) const {
  const Index m = size(), rows = n_ + q_;
  std::vector<double> all = wide() ? r : s, permuted(at(rows)), work;
  if (!wide()) std::transform(all.begin(), all.end(), all.begin(), std::negate());
  const std::vector<double>& below = wide() ? s : r;
  all.insert(all.end(), below.begin(), below.end());
  for (Index i = 0; i < rows; ++i) permuted[at(i)] = all[at(order_[at(i)])];
  lapack::ormqr('T', rows, 1, m, reflectors_.data(), rows, tau_.data(), permuted.data(), rows, work);
  std::vector<double> solution(permuted.begin(), permuted.begin() + m);
  lapack::trsm('L', 'T', m, 1, lower_.data(), m, solution.data(), m);
  std::fill_n(permuted.begin(), m, 0.0);
  lapack::ormqr('N', rows, 1, m, reflectors_.data(), rows, tau_.data(), permuted.data(), rows, work);
  for (Index i = 0; i < rows; ++i) all[at(order_[at(i)])] = permuted[at(i)];
  std::vector<double> residual(all.begin(), all.begin() + (rows - m));
  if (wide()) return {std::move(residual), std::move(solution)};
  std::transform(residual.begin(), residual.end(), residual.begin(), std::negate());
  return {std::move(solution), std::move(residual)};
}

ScaledSystem::Solution ScaledSystem::solve(const std::vector<double>& r) {
  Solution x{std::vector<double>(at(n_)), std::vector<double>(at(q_))};
  refine(r, x);
  return x;
}

void ScaledSystem::refine(const std::vector<double>& r, Solution& x) {
  double last = std::numeric_limits<double>::infinity();
  for (int step = 0; step < refinements && !stopped(); ++step) {
    std::vector<double> off = r, between(at(q_));
    for (Index i = 0; i < n_; ++i) off[at(i)] -= x.e[at(i)];
    for (Index i = 0; i < q_; ++i) between[at(i)] = -x.t[at(i)];
    multiply_transposed(-1, x.t, off);
    multiply(1, x.e, between);
    const Solution change = once(off, between);
    const double size = largest_of(change.e) + largest_of(change.t);
    if (!(size < worth_it * last)) return;
    last = size;
    for (Index i = 0; i < n_; ++i) x.e[at(i)] += change.e[at(i)];
    for (Index i = 0; i < q_; ++i) x.t[at(i)] += change.t[at(i)];
  }
}

}  // namespace neuspec
