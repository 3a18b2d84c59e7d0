// Projection onto the positive semidefinite cone from the eigenvectors of the last one, against exact projections.
#include <algorithm>
#include <cmath>
#include <vector>

#include "support/backend.hpp"

namespace neuspec::test {
namespace {

constexpr Index N = 40;

template <class B>
class Basis : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  struct Projection {
    Host W, factors, positive;
  };
  /// Blocks with `rank` positive eigenvalues each, well apart from the others.
  Host blocks_of_rank(const std::vector<Index>& ranks) {
    Host V(packed_size(N), static_cast<Index>(ranks.size()));
    for (std::size_t b = 0; b < ranks.size(); ++b) {
      std::vector<double> eigenvalues;
      for (Index j = 0; j < N; ++j) eigenvalues.push_back(j < ranks[b] ? 1 + 0.1 * static_cast<double>(j) : -this->random_.uniform(0.2, 2));
      set_column(V, static_cast<Index>(b), packed_of(symmetric_with(this->random_, eigenvalues)));
    }
    return this->rounded(V);
  }
  Projection exact(const Host& V) {
    const Matrix from(this->device_, V), to(this->device_, V.rows, V.columns), factors(this->device_, N, N * V.columns);
    this->device_.project_psd(N, from, to, factors);
    return {to.host(), factors.host(), {}};
  }
  SpectralBasis<Real> start(const Host& factors, Index width) {
    SpectralBasis<Real> basis;
    this->device_.start_basis(N, Matrix(this->device_, factors), width, basis);
    return basis;
  }
  Projection near(const Host& V, SpectralBasis<Real>& basis) {
    const Matrix from(this->device_, V), to(this->device_, V.rows, V.columns), factors(this->device_, Host(N, N * V.columns));
    this->device_.project_psd_near(N, from, basis, to, factors);
    return {to.host(), factors.host(), this->downloaded(basis.positive)};
  }
  Host downloaded(ConstView<Real> view) {
    Host host(view.rows, view.columns);
    this->device_.download(view, host.values.data());
    return host;
  }
  static double distance(const Host& A, const Host& B_) {
    const Host difference = combination(1, A, -1, B_);
    return std::sqrt(inner(difference, difference));
  }
  void expect_orthonormal(const SpectralBasis<Real>& basis) {
    const Host X = downloaded(basis.vectors);
    for (Index b = 0; b < X.columns / basis.width; ++b) {
      Host block(N, basis.width), identity(basis.width, basis.width);
      for (Index j = 0; j < basis.width; ++j) {
        set_column(block, j, X.column(b * basis.width + j));
        identity(j, j) = 1;
      }
      this->expect_near(product(transposed(block), block), identity, 100);
    }
  }
};
TYPED_TEST_SUITE(Basis, Backends, BackendName);

TYPED_TEST(Basis, OfTheProjectionReproducesIt) {
  const Host V = this->blocks_of_rank({3, 0, 5});
  const auto expected = this->exact(V);
  auto basis = this->start(expected.factors, 8);
  this->expect_orthonormal(basis);
  for (int repetition = 0; repetition < 3; ++repetition) {  // converged vectors leave nothing to add to the space
    const auto projection = this->near(V, basis);
    this->expect_near(projection.W, expected.W, 300);
    this->expect_near(projection.positive, Host(1, 3, std::vector<double>{3, 0, 5}), 1);
    this->expect_orthonormal(basis);
    for (Index b = 0; b < 3; ++b) {
      Host factor(N, 8);
      for (Index j = 0; j < 8; ++j) set_column(factor, j, projection.factors.column(b * N + j));
      this->expect_near(packed_of(product(factor, transposed(factor))), expected.W.column(b), 300);
      for (Index j = 1; j < 8; ++j) EXPECT_GE(inner(factor.column(j - 1), factor.column(j - 1)) + 1e-6, inner(factor.column(j), factor.column(j)));
    }
  }
}

// One step takes most of the way from the last projection to this one, however far it is.
TYPED_TEST(Basis, OfAProjectionNearbyComesMuchNearer) {
  const Host V = this->blocks_of_rank({4, 2}), change = this->random(packed_size(N), 2);
  for (const double size : {3e-2, 3e-4}) {
    const Host moved = this->rounded(combination(1, V, size, change));
    const auto before = this->exact(V), after = this->exact(moved);
    auto basis = this->start(before.factors, 8);
    const double way = this->distance(before.W, after.W), first = this->distance(this->near(moved, basis).W, after.W);
    EXPECT_LT(first, 0.3 * way + 100 * this->epsilon);
    EXPECT_LT(this->distance(this->near(moved, basis).W, after.W), 0.3 * first + 100 * this->epsilon);
  }
}

TYPED_TEST(Basis, ConvergesFromNothing) {
  const Host V = this->blocks_of_rank({3, 5});
  auto basis = this->start(Host(N, 2 * N), 10);
  this->expect_orthonormal(basis);
  typename TestFixture::Projection projection;
  for (int step = 0; step < 40; ++step) projection = this->near(V, basis);
  this->expect_near(projection.W, this->exact(V).W, 1000);
  this->expect_orthonormal(basis);
}

TYPED_TEST(Basis, SaysWhenItIsTooNarrow) {
  const Host V = this->blocks_of_rank({9, 2});
  auto basis = this->start(this->exact(V).factors, 6);
  const Host positive = this->near(V, basis).positive;
  EXPECT_EQ(positive(0, 0), 6);
  EXPECT_EQ(positive(0, 1), 2);
}

TYPED_TEST(Basis, TakesZeroDiagonalRepeatedAndExtremeBlocks) {
  Host diagonal(packed_size(N), 1);
  for (Index j = 0; j < N; ++j) diagonal(j * N - j * (j - 1) / 2, 0) = j < 4 ? 2.0 : -1.0;
  for (const double scale : {0.0, 1.0, 1e-15, 1e15}) {
    const Host V = this->rounded(combination(scale, diagonal, 0, diagonal));
    const auto expected = this->exact(V);
    auto basis = this->start(expected.factors, 7);
    for (int repetition = 0; repetition < 2; ++repetition) {
      const auto projection = this->near(V, basis);
      this->expect_near(projection.W, expected.W, 300, scale);
      EXPECT_EQ(projection.positive(0, 0), scale > 0 ? 4 : 0);
      this->expect_orthonormal(basis);
    }
  }
}

TYPED_TEST(Basis, TakesNoBlocks) {
  auto basis = this->start(Host(N, 0), 5);
  EXPECT_EQ(this->near(Host(packed_size(N), 0), basis).W.columns, 0);
}

}  // namespace
}  // namespace neuspec::test
