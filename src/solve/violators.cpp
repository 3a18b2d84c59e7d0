#include "solve/violators.hpp"

#include <cmath>
#include <numeric>
#include <utility>

#include "certify/sphere_quadratic.hpp"
#include "device/lapack.hpp"
#include "neuspec/error.hpp"
#include "numeric/quadratic_form.hpp"

namespace neuspec {

namespace {

constexpr double at_the_pole = 1e-8;  // norm of w below which an eigenvector has no direction
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Γ less the multiple of G = diag(1, …, 1, −1) that leaves ⟨G, Γ⟩ = 0.
std::vector<double> traceless(Index N, const double* gamma) {
  std::vector<double> full(at(N * N));
  packed::unpack(N, gamma, full.data());
  double trace = -full[at(N * N - 1)] / static_cast<double>(N);
  for (Index j = 0; j + 1 < N; ++j) trace += full[at(j * N + j)] / static_cast<double>(N);
  for (Index j = 0; j < N; ++j) full[at(j * N + j)] -= j + 1 < N ? trace : -trace;
  return full;
}

}  // namespace

std::vector<Violator> violators(Index N, const double* gamma, double beta, Index most) {
  const Index d = N - 1;
  const QuadraticForm form = quadratic_form(gamma, N);
  std::vector<Violator> found;
  auto [plus, minus] = sphere_quadratic_extremes(d, form.M.data(), form.q.data(), form.t);
  if (plus.value > beta && !plus.u.empty()) found.push_back({std::move(plus.u), 1.0, plus.value});
  if (minus.value > beta && !minus.u.empty()) found.push_back({std::move(minus.u), -1.0, minus.value});

  std::vector<double> vectors = traceless(N, gamma), values(at(N)), Mu(at(d)), work;
  std::vector<int> iwork;
  if (lapack::syevd(true, N, vectors.data(), N, values.data(), work, iwork) != 0)
    throw DataError("the data are too large: the lifted gradient overflows");
  for (const double sign : {1.0, -1.0}) {
    Index added = 0;
    for (Index rank = 0; rank < N && added < most; ++rank) {
      const Index k = sign > 0 ? N - 1 - rank : rank;
      double* const u = vectors.data() + k * N;
      const double norm = std::sqrt(std::inner_product(u, u + d, u, 0.0));
      if (sign * values[at(k)] <= 0) break;
      if (norm < at_the_pole) continue;
      for (Index i = 0; i < d; ++i) u[i] /= u[d] < 0 ? -norm : norm;
      lapack::gemv('N', d, d, 1.0, form.M.data(), d, u, 0.0, Mu.data());
      const double value = std::inner_product(u, u + d, Mu.begin(), form.t) + std::inner_product(u, u + d, form.q.begin(), 0.0);
      if (!(sign * value > beta)) continue;
      found.push_back({{u, u + d}, sign, sign * value});
      ++added;
    }
  }
  return found;
}

}  // namespace neuspec
