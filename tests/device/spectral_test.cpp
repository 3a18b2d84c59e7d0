// Batched projection onto the positive semidefinite cone.
#include <algorithm>
#include <limits>

#include "support/backend.hpp"
#include "support/naive.hpp"

namespace neuspec::test {
namespace {

template <class B>
class Spectral : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  struct Projection {
    Host W, factors;
    Index largest_rank;
  };
  Projection project(Index N, const Host& V) {
    const Matrix from(this->device_, V), to(this->device_, V.rows, V.columns), factors(this->device_, N, N * V.columns);
    const Index rank = this->device_.project_psd(N, from, to, factors);
    return {to.host(), factors.host(), rank};
  }

  /// The projection is the one W with W ⪰ 0, W − V ⪰ 0 and ⟨W, W − V⟩ = 0; its factors reproduce it, largest first.
  void check_block(Index N, const Host& V, const Projection& projection, Index b) {
    const Host before = unpacked(N, V, b), W = unpacked(N, projection.W, b), rest = combination(1, W, -1, before);
    const double size = std::max(1e-300, std::sqrt(inner(before, before))), small = 100 * this->epsilon * size;
    for (const Host& M : {W, rest})
      for (const double value : naive::jacobi(N, M.values).first) EXPECT_GT(value, -small);
    EXPECT_NEAR(inner(W, rest), 0, small * size);
    Host factor(N, N);
    double last = std::numeric_limits<double>::infinity();
    for (Index j = 0; j < N; ++j) {
      const Host column = projection.factors.column(b * N + j);
      const double square = inner(column, column);
      EXPECT_LE(square, last + small);
      last = square;
      set_column(factor, j, column);
    }
    const Host difference = combination(1, product(factor, transposed(factor)), -1, W);
    EXPECT_LE(largest(difference), small);
  }

  /// Blocks with the given eigenvalues, projected in one batch.
  void check(const std::vector<std::vector<double>>& spectra) {
    const auto N = static_cast<Index>(spectra.front().size());
    Host V(N * (N + 1) / 2, static_cast<Index>(spectra.size()));
    Index largest_rank = 0;
    for (std::size_t b = 0; b < spectra.size(); ++b) {
      set_column(V, static_cast<Index>(b), packed_of(symmetric_with(this->random_, spectra[b])));
      largest_rank = std::max(largest_rank, static_cast<Index>(std::count_if(spectra[b].begin(), spectra[b].end(), [](double x) { return x > 0; })));
    }
    V = this->rounded(V);
    const Projection projection = project(N, V);
    for (Index b = 0; b < V.columns; ++b) {
      check_block(N, V, projection, b);
      if (this->HasFailure()) return;
    }
    EXPECT_TRUE(projection.largest_rank >= largest_rank && projection.largest_rank <= N) << projection.largest_rank << " of " << largest_rank;
    for (Index j = projection.largest_rank; j < N; ++j)
      for (Index b = 0; b < V.columns; ++b) EXPECT_EQ(largest(projection.factors.column(b * N + j)), 0);
  }
};
TYPED_TEST_SUITE(Spectral, Backends, BackendName);

TYPED_TEST(Spectral, ProjectsBlocksOfEveryRankInOneBatch) {
  for (const Index N : {1, 2, 3, 10, 33, 37}) {
    std::vector<std::vector<double>> spectra;
    for (Index rank = 0; rank <= N; rank += N > 10 ? 6 : 1) {
      std::vector<double> eigenvalues;
      for (Index j = 0; j < N; ++j) eigenvalues.push_back((j < rank ? 1 : -1) * this->random_.uniform(0.1, 3));
      spectra.push_back(eigenvalues);
    }
    this->check(spectra);
  }
}

TYPED_TEST(Spectral, ProjectsRandomBlocks) {
  for (const Index N : {5, 65}) {
    const Host V = this->random(N * (N + 1) / 2, 3);
    const auto projection = this->project(N, V);
    for (Index b = 0; b < 3; ++b) this->check_block(N, V, projection, b);
  }
}

TYPED_TEST(Spectral, ProjectsRepeatedEigenvalues) {
  std::vector<double> mixed(37, 1.0), clustered(37, -2.0), few(37, 0.0);
  std::fill_n(mixed.begin(), 18, -1.0);
  std::fill_n(clustered.begin(), 3, 5.0);
  std::fill_n(few.begin(), 4, 1.0);
  this->check({mixed, clustered, std::vector<double>(37, 2.0), std::vector<double>(37, -2.0)});
  this->check({{1, 1, 0, 0, -1}, {3, 3, 3, 3, 3}});
  const auto projection = this->project(37, packed_of(symmetric_with(this->random_, few)));
  Index carrying = 0;
  for (Index j = 0; j < 37; ++j) carrying += inner(projection.factors.column(j), projection.factors.column(j)) > 1e-3 ? 1 : 0;
  EXPECT_EQ(carrying, 4);
}

TYPED_TEST(Spectral, LeavesDiagonalBlocksDiagonal) {
  Host V(15, 1);
  for (const auto& [position, value] : {std::pair<Index, double>{0, 2}, {5, -1}, {9, 0}, {12, 3}, {14, -4}}) V(position, 0) = value;
  const auto projection = this->project(5, V);
  Host expected(15, 1);
  expected(0, 0) = 2;
  expected(12, 0) = 3;
  this->expect_near(projection.W, expected, 10);
  EXPECT_EQ(projection.largest_rank == 2 || projection.largest_rank == 5, true) << projection.largest_rank;
}

TYPED_TEST(Spectral, ProjectsZeroAndExtremeScales) {
  const auto zero = this->project(37, Host(703, 2));
  EXPECT_EQ(largest(zero.W), 0);
  EXPECT_EQ(largest(zero.factors), 0);
  EXPECT_TRUE(zero.largest_rank == 0 || zero.largest_rank == 37);
  for (const double scale : {1e-12, 1e12}) {
    const Host V = this->rounded(combination(scale, this->random(45, 2), 0, Host(45, 2)));
    const auto projection = this->project(9, V);
    for (Index b = 0; b < 2; ++b) this->check_block(9, V, projection, b);
  }
}

// Large enough for a backend to look for a few eigenvectors alone once it has seen that there are few.
TYPED_TEST(Spectral, ProjectsLargeBlocksOfSmallRankAgainAndAgain) {
  const Index N = 310, p = packed_size(N);
  std::vector<double> before(static_cast<std::size_t>(N)), after(before.size());
  for (std::size_t j = 0; j < before.size(); ++j) {
    before[j] = j < 5 ? 3.0 - 0.5 * static_cast<double>(j) : -this->random_.uniform(0, 2);
    after[j] = std::max(before[j], 0.0);
  }
  auto same = this->random_;
  Host V(p, 2), expected(p, 2);
  set_column(V, 0, packed_of(symmetric_with(this->random_, before)));
  set_column(expected, 0, packed_of(symmetric_with(same, after)));  // the second block is zero
  for (int repetition = 0; repetition < 3; ++repetition) {
    const auto projection = this->project(N, V);
    this->expect_near(projection.W, expected, 500);
    EXPECT_TRUE(projection.largest_rank == 5 || projection.largest_rank == N);
    for (Index b = 0; b < 2; ++b) {
      Host factor(N, 8);  // five columns, and some that have to be zero
      for (Index j = 0; j < 8; ++j) set_column(factor, j, projection.factors.column(b * N + j));
      this->expect_near(packed_of(product(factor, transposed(factor))), expected.column(b), 500);
    }
  }
  // What was learned of the rank must not cut off a larger one.
  for (double& value : V.values) value = -value;
  const auto negated = this->project(N, V);
  this->expect_near(negated.W, combination(1, expected, 1, V), 500);
}

TYPED_TEST(Spectral, TakesNoBlocks) { EXPECT_EQ(this->project(4, Host(10, 0)).W.columns, 0); }

}  // namespace
}  // namespace neuspec::test
