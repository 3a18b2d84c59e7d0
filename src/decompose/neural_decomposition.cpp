#include "decompose/neural_decomposition.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "device/lapack.hpp"
#include "neuspec/error.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

/// Z = scale · P Pᵀ; column j of P holds p_j = (w_j, s_j).
struct Factor {
  Index N = 0;
  double scale = 1;
  std::vector<double> P;  // N × r, column-major

  Index rank() const { return static_cast<Index>(P.size()) / N; }
  double* column(Index j) { return P.data() + j * N; }
  const double* column(Index j) const { return P.data() + j * N; }
};

// pᵀGq, split so that ‖w‖² and s² meet only at the end.
double form(Index N, const double* p, const double* q) { return std::inner_product(p, p + N - 1, q, 0.0) - p[N - 1] * q[N - 1]; }

void check_finite(const std::vector<double>& values) {
  if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); })) throw DataError("a lifted block is not finite");
}

/// Eigenvalues ascending, eigenvectors in place of the matrix (lower triangle in; what lies above must be finite too).
std::vector<double> eigendecompose(Index n, std::vector<double>& matrix) {
  std::vector<double> values(size(n)), work;
  std::vector<int> iwork;
  check_finite(matrix);
  if (lapack::syevd(true, n, matrix.data(), n, values.data(), work, iwork) != 0)
    throw DataError("the eigendecomposition of a lifted block did not converge");
  return values;
}

// The leading eigenpairs of Z (ld × ld, its first n rows and columns), eigenvalues relative to the largest so that no square under- or overflows.
Factor leading_factor(Index n, const double* Z, Index ld, double relative_tolerance) {
  std::vector<double> vectors(size(n * n));
  for (Index j = 0; j < n; ++j) std::copy(Z + j * ld + j, Z + j * ld + n, vectors.begin() + j * n + j);
  const std::vector<double> values = eigendecompose(n, vectors);
  const double largest = values.back();
  Factor factor{.N = n, .scale = largest, .P = {}};
  if (!(largest > 0)) return factor;
  for (Index j = n - 1; j >= 0 && values[size(j)] > std::max(0.0, relative_tolerance) * largest; --j) {
    const double root = std::sqrt(values[size(j)] / largest);
    for (Index i = 0; i < n; ++i) factor.P.push_back(root * vectors[size(j * n + i)]);
  }
  return factor;
}

// tr Z₁ and Z_NN of P Pᵀ.
std::pair<double, double> traces(const Factor& factor) {
  const Index N = factor.N;
  double first = 0, last = 0;
  for (Index j = 0; j < factor.rank(); ++j) {
    const double* p = factor.column(j);
    first += std::inner_product(p, p + N - 1, p, 0.0);
    last += p[N - 1] * p[N - 1];
  }
  return {first, last};
}

/// tr Z₁ = Z_NN by scaling rows: Z₁ by √(Z_NN/tr Z₁), Z_NN by its inverse. Keeps the rank and the linear part Σ α u, and of all small
/// changes it costs least: to first order the objective moves only by the multiplier of ⟨G,Z⟩ = 0 times the infeasibility.
void balance(Factor& factor) {
  const auto [first, last] = traces(factor);
  const double ratio = std::sqrt(std::sqrt(last / first));
  const Index N = factor.N;
  for (Index j = 0; j < factor.rank(); ++j) {
    double* p = factor.column(j);
    for (Index i = 0; i + 1 < N; ++i) p[i] *= ratio;
    p[N - 1] /= ratio;
  }
}

std::vector<double> product(const Factor& factor) {
  const Index N = factor.N;
  std::vector<double> Z(size(N * N));
  lapack::syrk('N', N, factor.rank(), 1.0, factor.P.data(), N, 0.0, Z.data(), N);
  return Z;
}

/// ⟨G,Z⟩ = 0 exactly (up to rounding). Where the two traces are far apart no scaling is a small change; then the difference is added
/// to Z_NN or, spread over the identity, to Z₁.
void make_feasible(Factor& factor) {
  const auto [first, last] = traces(factor);
  if (first <= 4 * last && last <= 4 * first) return balance(factor);
  const Index N = factor.N;
  std::vector<double> Z = product(factor);
  const double difference = first - last;
  if (difference > 0)
    Z.back() += difference;
  else
    for (Index i = 0; i + 1 < N; ++i) Z[size(i * N + i)] -= difference / static_cast<double>(N - 1);
  const double scale = factor.scale;
  factor = leading_factor(N, Z.data(), N, kEpsilon);
  factor.scale *= scale;
  balance(factor);
}

/// Rotates the columns p, q with pᵀGp > 0 > qᵀGq by an orthogonal 2 × 2 matrix, so that P Pᵀ stays, until the first has value 0.
void rotate(Index N, double* p, double* q, double value_p, double value_q) {
  // θ of (p + θq)ᵀG(p + θq) = value_p + 2θ·cross + θ²·value_q = 0, the root of smaller size, without cancellation.
  const double cross = form(N, p, q);
  const double larger = -(cross + std::copysign(std::sqrt(cross * cross - value_p * value_q), cross));
  const double theta_1 = value_p / larger, theta_2 = larger / value_q;
  const double theta = std::abs(theta_1) < std::abs(theta_2) ? theta_1 : theta_2;
  const double cosine = 1.0 / std::hypot(1.0, theta), sine = theta * cosine;
  for (Index i = 0; i < N; ++i) {
    const double a = p[i], b = q[i];
    p[i] = cosine * a + sine * b;
    q[i] = cosine * b - sine * a;
  }
}

/// Sturm and Zhang's rank-one decomposition: afterwards p_jᵀGp_j = 0 for every column.
void annihilate(Factor& factor) {
  const Index N = factor.N, rank = factor.rank();
  const auto [first, last] = traces(factor);
  const double zero = kEpsilon * (first + last);
  std::vector<double> values;
  values.reserve(size(rank));
  for (Index j = 0; j < rank; ++j) values.push_back(form(N, factor.column(j), factor.column(j)));
  // The values add up to 0, so as long as one is positive another is negative; each step settles one column.
  for (Index step = 1; step < rank; ++step) {
    const auto most = std::max_element(values.begin(), values.end()), least = std::min_element(values.begin(), values.end());
    if (*most <= zero || *least >= -zero) break;
    const Index j = most - values.begin(), k = least - values.begin();
    rotate(N, factor.column(j), factor.column(k), *most, *least);
    *most = 0;
    *least = form(N, factor.column(k), factor.column(k));
  }
}

// p = (w, s) with ‖w‖ = |s| is the neuron u = sign(s)·w/‖w‖ with weight s².
void append_neurons(const Factor& factor, double sign, const Place& place, Network& network) {
  const Index N = factor.N;
  const double negligible = kEpsilon * traces(factor).second;
  std::vector<double> u(size(N - 1));
  for (Index j = 0; j < factor.rank(); ++j) {
    const double *p = factor.column(j), s = p[N - 1];
    const double norm = std::sqrt(std::inner_product(p, p + N - 1, p, 0.0));
    if (s * s <= negligible || norm == 0) continue;
    for (Index i = 0; i + 1 < N; ++i) u[size(i)] = p[i] / std::copysign(norm, s);
    network.add(u.data(), sign * (s * s * factor.scale), place.output, place.pool);
  }
}

// For b = c = 0 only Z₁ counts: its eigenvectors are the neurons.
void append_eigenvectors(const Factor& factor, double sign, const Place& place, Network& network) {
  const Index d = factor.N;
  std::vector<double> u(size(d));
  for (Index j = 0; j < factor.rank(); ++j) {
    const double* p = factor.column(j);
    const double square = std::inner_product(p, p + d, p, 0.0), norm = std::sqrt(square);
    for (Index i = 0; i < d; ++i) u[size(i)] = p[i] / norm;
    network.add(u.data(), sign * (square * factor.scale), place.output, place.pool);
  }
}

void append(Factor factor, double sign, const Place& place, Network& network) {
  if (factor.rank() == 0) return;
  make_feasible(factor);
  annihilate(factor);
  append_neurons(factor, sign, place, network);
}

bool pure_quadratic(const Activation& activation) { return activation.b == 0 && activation.c == 0; }

// Orthogonal columns with the same P Pᵀ, those below the tolerance dropped.
Factor compress(Factor factor, double relative_tolerance) {
  const Index N = factor.N, r = factor.rank();
  if (r > N) {
    Factor compressed = leading_factor(N, product(factor).data(), N, relative_tolerance);
    compressed.scale *= factor.scale;
    return compressed;
  }
  std::vector<double> vectors(size(r * r));
  lapack::syrk('T', r, N, 1.0, factor.P.data(), N, 0.0, vectors.data(), r);
  const std::vector<double> values = eigendecompose(r, vectors);
  Index first = r;
  while (first > 0 && values[size(first - 1)] > std::max(relative_tolerance, kEpsilon * kEpsilon) * values.back()) --first;
  Factor compressed{.N = N, .scale = factor.scale, .P = std::vector<double>(size(N * (r - first)))};
  if (first < r) lapack::gemm('N', 'N', N, r - first, r, 1.0, factor.P.data(), N, vectors.data() + first * r, r, 0.0, compressed.P.data(), N);
  return compressed;
}

}  // namespace

void decompose(const double* Z, double sign, const Place& place, double relative_tolerance, Network& network) {
  const Index N = network.direction_size() + 1;
  if (pure_quadratic(network.activation))
    append_eigenvectors(leading_factor(N - 1, Z, N, relative_tolerance), sign, place, network);
  else
    append(leading_factor(N, Z, N, relative_tolerance), sign, place, network);
}

void decompose_factor(std::vector<double> P, Index N, double sign, const Place& place, double relative_tolerance, Network& network) {
  check_finite(P);
  double largest = 0;
  for (const double value : P) largest = std::max(largest, std::abs(value));
  if (largest == 0) return;
  for (double& value : P) value /= largest;
  Factor factor{.N = N, .scale = largest * largest, .P = std::move(P)};
  if (pure_quadratic(network.activation)) {
    const Index r = factor.rank();
    for (Index j = 0; j < r; ++j) std::copy_n(factor.column(j), N - 1, factor.P.begin() + j * (N - 1));
    factor.P.resize(size((N - 1) * r));
    factor.N = N - 1;
    append_eigenvectors(compress(std::move(factor), relative_tolerance), sign, place, network);
  } else {
    append(compress(std::move(factor), relative_tolerance), sign, place, network);
  }
}

}  // namespace neuspec
