#include "explain/eigenbasis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "certify/sphere_quadratic.hpp"
#include "device/lapack.hpp"
#include "neuspec/error.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kLeast = std::numeric_limits<double>::denorm_min();

/// With vectors in place of Q.
std::vector<double> decompose(std::vector<double>& Q, Index d, bool with_vectors) {
  std::vector<double> lambda(static_cast<std::size_t>(d)), work;
  std::vector<int> iwork;
  if (lapack::syevd(with_vectors, d, Q.data(), d, lambda.data(), work, iwork) != 0)
    throw DataError("the eigendecomposition of a quadratic output did not converge");
  return lambda;
}

/// From the residuals VᵀV − I and Q − V diag(λ) Vᵀ, the latter in place of Q. W is the orthogonal factor of V, of which singular values within φ of 1
/// leave V no further off than φ = ‖VᵀV − I‖₂. Sums of d products of entries of V are rounded by d ε/2 times ‖|V|‖₂² ≤ ‖V‖_F² ≤ d (1 + φ).
void prove(Eigenbasis& basis, std::vector<double>& Q, Index d) {
  std::vector<double> scaled = basis.vectors, gram(basis.vectors.size());
  for (std::size_t at = 0; at < scaled.size(); ++at) scaled[at] *= basis.lambda[at / static_cast<std::size_t>(d)];
  lapack::gemm('N', 'T', d, d, d, -1.0, scaled.data(), d, basis.vectors.data(), d, 1.0, Q.data(), d);
  lapack::gemm('T', 'N', d, d, d, 1.0, basis.vectors.data(), d, basis.vectors.data(), d, 0.0, gram.data(), d);
  for (Index i = 0; i < d; ++i) gram[static_cast<std::size_t>(i * d + i)] -= 1;
  const auto n = static_cast<double>(d);
  const double sums = 0.5 * (n + 8) * kEpsilon, norms = 1 + 2 * sums;  // norms: of the Frobenius norms themselves
  const double off = norms * norm_of(gram), phi = off + sums * n * (1 + 2 * off), size = basis.spectral_norm();
  basis.vectors_off = phi;
  basis.values_off = norms * norm_of(Q) + sums * n * (1 + 2 * phi) * 2 * size + (2 * phi + phi * phi) * size + 4 * n * n * kLeast;
}

}  // namespace

double Eigenbasis::spectral_norm() const { return std::max(std::abs(lambda.front()), std::abs(lambda.back())); }

Eigenbasis eigenbasis_of(std::vector<double> Q, Index d) {
  Eigenbasis basis{.vectors = Q, .lambda = {}};
  basis.lambda = decompose(basis.vectors, d, true);
  prove(basis, Q, d);
  return basis;
}

std::vector<double> eigenvalues_of(std::vector<double> Q, Index d) { return decompose(Q, d, false); }

}  // namespace neuspec
