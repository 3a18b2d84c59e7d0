// Π₊(A) = (A + |A|)/2 with |A| = A sign(A), and sign(A) as a composition of odd cubics. An eigenvalue λ that the steps have only taken to h(λ), not
// to ±1, spoils the projection by |λ| |1 − |h(λ)||/2 < |λ|: hence those far below the accuracy asked for need no care, which decides how many steps
// there are.
//
// The bound. X is symmetric, as computed; T = A X, B = (T + Tᵀ)/2, P = (A + B)/2. Let F = A − T X = A(I − X²) and C = T − Tᵀ = AX − XA, f and c their
// Frobenius norms, and b that of the negative part of B. In the basis of X's eigenvectors, eigenvalues ξ, with entries a of A,
//   f_ij = a_ij (1 − ξ_j²),   c_ij = a_ij (ξ_j − ξ_i),   b_ij = a_ij (ξ_i + ξ_j)/2.
// Split the basis by the sign of ξ; A' is A without its entries between the two parts, then with the positive part of A on the first and the
// negative part on the second.
//   Within a part of sign σ, |σ a_ij − b_ij| = |a_ij| |1 − (|ξ_i| + |ξ_j|)/2| ≤ (|f_ij| + |f_ji|)/2, because 1 − |ξ| = (1 − ξ²)/(1 + |ξ|): there
//   σA is B but for f, hence PSD but for f + b.
//   Between the parts c_ij² + f_ij² + f_ji² = a_ij² ((|ξ_i| + |ξ_j|)² + (1 − ξ_i²)² + (1 − ξ_j²)²) ≥ (3/2) a_ij², and |b_ij| ≤ |c_ij|/2.
// Therefore ‖A − A'‖ ≤ √(2/3) c + (2/√3) f + b and ‖B − |A'|‖ ≤ c/2 + 2 f + b. The absolute value of symmetric matrices is a contraction, 2Π₊ − I, so
//   ‖P − Π₊(A)‖ = ‖B − |A|‖/2 ≤ (‖B − |A'|‖ + ‖A − A'‖)/2 ≤ b + 1.6 f + 0.7 c,
// first order in all three. A Cholesky factor of B + ε I shows b ≤ √N ε. Rounding on the way to f, c and B, each about √N u ‖A‖ (N rounded terms a
// sum, growing as their root: Higham and Mary, 2019), is added.
#include "solve/product_projection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace neuspec {

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_square_shows = 1e-150;   // more than the norm of anything whose entries' squares all vanish
constexpr double smallest_part = 0.25;       // of the accuracy: from there on eigenvalues are mapped to ±1; some two hundred may lie just below
constexpr double deviation_part = 1.0 / 16;  // of the accuracy, what is left of 1 − |h|
constexpr double cholesky_part = 1.0 / 8;    // of the accuracy for ε, which counts twice for the factorisation's own rounding

constexpr double largest_scaling = 1.65;  // √3 would be the fastest, and take x = 1 to 0: rounding would decide what becomes of it

template <class Real>
constexpr double rounding = 0.5 * static_cast<double>(std::numeric_limits<Real>::epsilon());

template <class Real>
double frobenius(Device<Real>& device, ConstView<Real> M) {
  return std::sqrt(device.dot(M, M));
}
}  // namespace

std::vector<double> sign_scalings(double smallest, double deviation) {
  constexpr double reachable = 4 * std::numeric_limits<double>::epsilon();
  std::vector<double> result;
  for (double l = smallest; 1 - l > std::max(deviation, reachable);) {
    const double alpha = std::min(std::sqrt(3 / (1 + l + l * l)), largest_scaling);
    l = 0.5 * alpha * l * (3 - alpha * alpha * l * l);
    result.push_back(alpha);
  }
  return result;
}

template <class Real>
double ProductProjection<Real>::margin() const {
  return std::sqrt(static_cast<double>(A_.rows())) * rounding<Real>;
}

// ‖A²‖_F^½ is at most N^¼ above the largest eigenvalue.
template <class Real>
double ProductProjection<Real>::scaled(ConstView<Real> v, double norm) {
  device_.unpack(v, A_);
  device_.axpby(static_cast<Real>(1 / norm), A_, Real(0), A_);
  device_.symmetric_product(Real(1), A_, A_, Real(0), Y_);
  const double largest = std::sqrt(frobenius<Real>(device_, Y_)) * (1 + margin());
  device_.axpby(static_cast<Real>(1 / largest), A_, Real(0), A_);
  return norm * largest;
}

// X ← sign(A) but for small eigenvalues: X ← (3α/2) X − (α³/2) X X².
template <class Real>
void ProductProjection<Real>::iterate(double smallest, double deviation) {
  device_.copy(A_, X_);
  for (const double alpha : sign_scalings(smallest, deviation)) {
    device_.symmetric_product(Real(1), X_, X_, Real(0), Y_);
    device_.copy(X_, Z_);
    device_.symmetric_product(static_cast<Real>(-0.5 * alpha * alpha * alpha), X_, Y_, static_cast<Real>(1.5 * alpha), Z_);
    std::swap(X_, Z_);
  }
}

// w = packed B and the bound on ‖B − |A|‖/2, with the names from above; `size` is ‖A‖.
template <class Real>
double ProductProjection<Real>::absolute_value(double size, double accuracy, View<Real> w) {
  const double root = std::sqrt(static_cast<double>(A_.rows()));
  device_.gemm(Transpose::no, Transpose::no, Real(1), A_, X_, Real(0), Y_);
  device_.copy(A_, Z_);
  device_.gemm(Transpose::no, Transpose::no, Real(-1), Y_, X_, Real(1), Z_);
  const double f = frobenius<Real>(device_, Z_);
  device_.pack(Y_, w);
  device_.unpack(w, X_);
  device_.axpby(Real(-1), X_, Real(1), Y_);
  const double c = 2 * frobenius<Real>(device_, Y_);
  const double epsilon = std::max(cholesky_part * accuracy * size / root, 16 * rounding<Real>);
  if (!device_.invert_shifted(X_, epsilon, Z_)) return infinity;
  return 2 * root * epsilon + 1.6 * f + 0.7 * c + 8 * margin() * size;
}

template <class Real>
Proven ProductProjection<Real>::project(Index N, ConstView<Real> v, double accuracy, View<Real> w) {
  const double norm = frobenius<Real>(device_, v);
  if (norm == 0) {
    device_.copy(v, w);
    return {no_square_shows, norm};
  }
  if (A_.rows() != N) {
    for (DeviceMatrix<Real>* M : {&A_, &X_, &Y_, &Z_}) *M = device_.allocate(N, N);
  }
  if (!std::isnormal(static_cast<Real>(norm)) || !std::isnormal(static_cast<Real>(1 / norm))) return {infinity, norm};
  const double scale = scaled(v, norm), size = norm / scale;
  iterate(smallest_part * accuracy * size, deviation_part * accuracy);
  const double bound = absolute_value(size, accuracy, w);
  device_.axpby(Real(0.5), v, static_cast<Real>(0.5 * scale), w);
  return {std::isnan(bound) ? infinity : scale * bound, norm};
}

template class ProductProjection<float>;
template class ProductProjection<double>;

}  // namespace neuspec
