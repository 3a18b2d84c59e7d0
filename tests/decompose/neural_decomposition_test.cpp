#include "decompose/neural_decomposition.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "neuspec/error.hpp"
#include "support/random.hpp"

namespace neuspec {
namespace {

using test::Random;

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

Network empty_network(Index d, const Activation& activation = {}) {
  return {.activation = activation, .features = d, .outputs = 2, .directions = {}, .weights = {}, .output = {}};
}

// P Pᵀ, full square.
std::vector<double> gram(Index N, const std::vector<double>& P) {
  std::vector<double> Z(size(N * N));
  for (std::size_t k = 0; k < P.size(); k += size(N))
    for (Index j = 0; j < N; ++j)
      for (Index i = 0; i < N; ++i) Z[size(j * N + i)] += P[k + size(i)] * P[k + size(j)];
  return Z;
}

// r columns with ⟨G, P Pᵀ⟩ = 0 and every single pᵀGp far from 0.
std::vector<double> feasible_factor(Random& random, Index N, Index r, double scale = 1) {
  std::vector<double> P = random.normals(N * r);
  double first = 0, last = 0;
  for (Index j = 0; j < r; ++j) {
    for (Index i = 0; i + 1 < N; ++i) first += P[size(j * N + i)] * P[size(j * N + i)];
    last += P[size(j * N + N - 1)] * P[size(j * N + N - 1)];
  }
  for (Index j = 0; j < r; ++j) {
    for (Index i = 0; i + 1 < N; ++i) P[size(j * N + i)] *= scale * std::sqrt(last / first);
    P[size(j * N + N - 1)] *= scale;
  }
  return P;
}

// Σ |α| [u;1][u;1]ᵀ.
std::vector<double> lifted(const Network& network) {
  const Index d = network.features, N = d + 1;
  std::vector<double> P;
  for (Index j = 0; j < network.neurons(); ++j) {
    const double root = std::sqrt(std::abs(network.weights[size(j)]));
    for (Index i = 0; i < d; ++i) P.push_back(root * network.directions[size(j * d + i)]);
    P.push_back(root);
  }
  return gram(N, P);
}

void expect_same(const std::vector<double>& Z, const std::vector<double>& reference, double relative) {
  double largest = 0;
  for (const double value : reference) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < Z.size(); ++i) EXPECT_NEAR(Z[i], reference[i], relative * largest) << "entry " << i;
}

void expect_unit_and_finite(const Network& network) {
  for (const double alpha : network.weights) EXPECT_TRUE(std::isfinite(alpha) && alpha != 0);
  for (Index j = 0; j < network.neurons(); ++j) {
    double square = 0;
    for (Index i = 0; i < network.features; ++i) square += std::pow(network.directions[size(j * network.features + i)], 2);
    EXPECT_NEAR(square, 1, 1e-14);
  }
}

TEST(NeuralDecomposition, ReproducesEveryRank) {
  Random random(1);
  for (const Index N : {2, 3, 6, 31})
    for (Index rank = 1; rank <= N; rank += std::max<Index>(1, N / 6)) {
      const std::vector<double> P = feasible_factor(random, N, rank), Z = gram(N, P);
      Network from_matrix = empty_network(N - 1), from_factor = empty_network(N - 1);
      decompose(Z.data(), 1, {1}, 1e-12, from_matrix);
      decompose_factor(P, N, -1, {0}, 1e-12, from_factor);
      for (const Network* network : {&from_matrix, &from_factor}) {
        EXPECT_LE(network->neurons(), rank);
        expect_unit_and_finite(*network);
        expect_same(lifted(*network), Z, 1e-12);
        EXPECT_NEAR(network->penalty(), Z.back(), 1e-13 * Z.back());
      }
      EXPECT_TRUE(std::all_of(from_matrix.weights.begin(), from_matrix.weights.end(), [](double alpha) { return alpha > 0; }));
      EXPECT_TRUE(std::all_of(from_factor.weights.begin(), from_factor.weights.end(), [](double alpha) { return alpha < 0; }));
      EXPECT_TRUE(std::all_of(from_matrix.output.begin(), from_matrix.output.end(), [](Index k) { return k == 1; }));
    }
}

TEST(NeuralDecomposition, ReadsTheLowerTriangleOnly) {
  Random random(2);
  const Index N = 7;
  std::vector<double> Z = gram(N, feasible_factor(random, N, 4));
  const std::vector<double> reference = Z;
  for (Index j = 0; j < N; ++j)
    for (Index i = 0; i < j; ++i) Z[size(j * N + i)] = 1e9;
  Network network = empty_network(N - 1);
  decompose(Z.data(), 1, {0}, 1e-12, network);
  expect_same(lifted(network), reference, 1e-12);
}

TEST(NeuralDecomposition, TinyAndHugeScales) {
  Random random(3);
  for (const double scale : {1e-75, 1e-20, 1e20, 1e75}) {
    const std::vector<double> P = feasible_factor(random, 9, 5, scale), Z = gram(9, P);
    Network network = empty_network(8), from_factor = empty_network(8);
    decompose(Z.data(), 1, {0}, 1e-12, network);
    decompose_factor(P, 9, 1, {0}, 1e-12, from_factor);
    expect_unit_and_finite(network);
    expect_same(lifted(network), Z, 1e-12);
    expect_same(lifted(from_factor), Z, 1e-12);
  }
}

TEST(NeuralDecomposition, ColumnsOfVeryDifferentSize) {
  Random random(4);
  const Index N = 6;
  std::vector<double> P;
  for (const double scale : {1.0, 1e-2, 1e-4, 1e-6}) {
    const std::vector<double> part = feasible_factor(random, N, 2, scale);
    P.insert(P.end(), part.begin(), part.end());
  }
  const std::vector<double> Z = gram(N, P);
  Network network = empty_network(N - 1);
  decompose_factor(P, N, 1, {0}, 0, network);
  EXPECT_LE(network.neurons(), N);
  expect_unit_and_finite(network);
  expect_same(lifted(network), Z, 1e-13);
}

TEST(NeuralDecomposition, ZeroMatrixAppendsNothing) {
  const std::vector<double> Z(25);
  for (const Activation activation : {Activation{}, Activation{1, 0, 0}, Activation{0, 1, 0}}) {
    Network network = empty_network(4, activation);
    decompose(Z.data(), 1, {0}, 1e-9, network);
    decompose_factor(std::vector<double>(10), 5, 1, {0}, 1e-9, network);
    decompose_factor({}, 5, 1, {0}, 1e-9, network);
    EXPECT_EQ(network.neurons(), 0);
  }
}

TEST(NeuralDecomposition, RefusesWhatIsNotFinite) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    for (const Activation activation : {Activation{}, Activation{1, 0, 0}}) {
      Network network = empty_network(2, activation);
      std::vector<double> Z{1, bad, 0, 0, 1, 0, 0, 0, 2};
      EXPECT_THROW(decompose(Z.data(), 1, {0}, 1e-9, network), DataError);
      EXPECT_THROW(decompose_factor({0, bad, 0}, 3, 1, {0}, 1e-9, network), DataError);
      EXPECT_EQ(network.neurons(), 0);
    }
}

TEST(NeuralDecomposition, NeuronsAlreadyThereComeBack) {
  Random random(5);
  const Index d = 4;
  const std::vector<double> u = random.unit(d);
  std::vector<double> p(u);
  p.push_back(1);
  for (double& value : p) value *= -std::sqrt(2.5);  // s < 0: the same neuron
  Network network = empty_network(d);
  decompose_factor(p, d + 1, 1, {0}, 1e-12, network);
  ASSERT_EQ(network.neurons(), 1);
  EXPECT_NEAR(network.weights[0], 2.5, 1e-14);
  for (std::size_t i = 0; i < u.size(); ++i) EXPECT_NEAR(network.directions[i], u[i], 1e-14);
}

TEST(NeuralDecomposition, OppositeNeuronsCancelTheirLinearPart) {
  // Z = diag(1, 0, 0, 1): eigenvectors e_1 and e_N have values +1 and −1; the neurons are ±e_1 with weight 1/2 each.
  std::vector<double> Z(16);
  Z[0] = Z[15] = 1;
  Network network = empty_network(3);
  decompose(Z.data(), 1, {0}, 1e-12, network);
  ASSERT_EQ(network.neurons(), 2);
  expect_same(lifted(network), Z, 1e-15);
  EXPECT_NEAR(network.weights[0], 0.5, 1e-15);
  EXPECT_NEAR(network.directions[0] + network.directions[3], 0, 1e-15);
}

TEST(NeuralDecomposition, TruncationIsMadeFeasibleAgain) {
  Random random(6);
  for (const double tail : {1e-9, 1e-6, 1e-3}) {
    const Index N = 8;
    std::vector<double> P = feasible_factor(random, N, 3);
    for (Index j = 0; j < 3; ++j) {
      const std::vector<double> noise = random.normals(N);
      for (const double value : noise) P.push_back(std::sqrt(tail) * value);
    }
    const std::vector<double> Z = gram(N, P);
    Network network = empty_network(N - 1);
    decompose(Z.data(), 1, {0}, 100 * tail, network);
    EXPECT_LE(network.neurons(), N);
    expect_unit_and_finite(network);
    expect_same(lifted(network), Z, 300 * tail);  // no further away than what was cut
  }
}

TEST(NeuralDecomposition, SmallInfeasibilityKeepsRankAndLinearPart) {
  Random random(7);
  const Index N = 7;
  for (const double relative : {1e-10, 1e-4, 0.3, -1e-10, -1e-4, -0.3}) {
    std::vector<double> P = feasible_factor(random, N, 3);
    for (Index j = 0; j < 3; ++j) P[size(j * N + N - 1)] *= 1 + relative;
    const std::vector<double> Z = gram(N, P);
    Network network = empty_network(N - 1);
    decompose(Z.data(), 1, {0}, 1e-12, network);
    EXPECT_LE(network.neurons(), 3);
    expect_unit_and_finite(network);
    const std::vector<double> result = lifted(network);
    expect_same(result, Z, 1.5 * std::abs(relative));
    for (Index i = 0; i + 1 < N; ++i) EXPECT_NEAR(result[size(i * N + N - 1)], Z[size(i * N + N - 1)], 1e-12 * Z.back());
  }
}

TEST(NeuralDecomposition, FarFromFeasibleStillWorks) {
  const Index N = 5;
  // Only Z_NN: half of the neurons must cancel the other half's linear part. Only Z₁: Z_NN = tr Z₁.
  for (const bool last_only : {true, false}) {
    std::vector<double> Z(size(N * N));
    if (last_only)
      Z.back() = 2;
    else
      Z[0] = 2;
    Network network = empty_network(N - 1);
    decompose(Z.data(), 1, {0}, 1e-12, network);
    expect_unit_and_finite(network);
    EXPECT_NEAR(network.penalty(), 2, 1e-14);
    const std::vector<double> result = lifted(network);
    for (Index i = 0; i + 1 < N; ++i) EXPECT_NEAR(result[size(i * N + N - 1)], 0, 1e-14);
    for (Index i = 0; i + 1 < N; ++i) EXPECT_NEAR(result[size(i * N + i)], last_only ? 0.5 : (i == 0 ? 2 : 0), 1e-14);
  }
}

TEST(NeuralDecomposition, PureQuadraticUsesEigenvectors) {
  Random random(8);
  const Index d = 5, N = d + 1;
  const std::vector<double> Q = random.orthogonal(d), eigenvalues{3, 2, 0.5, 0, 0};
  std::vector<double> Z(size(N * N)), P;
  for (Index k = 0; k < d; ++k)
    for (Index j = 0; j < d; ++j)
      for (Index i = 0; i < d; ++i) Z[size(j * N + i)] += eigenvalues[size(k)] * Q[size(k * d + i)] * Q[size(k * d + j)];
  for (Index k = 0; k < 3; ++k) {
    for (Index i = 0; i < d; ++i) P.push_back(std::sqrt(eigenvalues[size(k)]) * Q[size(k * d + i)]);
    P.push_back(0.1);  // the last row means nothing here
  }
  Network from_matrix = empty_network(d, {1, 0, 0}), from_factor = empty_network(d, {1, 0, 0});
  decompose(Z.data(), -1, {0}, 1e-12, from_matrix);
  decompose_factor(P, N, -1, {0}, 1e-12, from_factor);
  for (const Network* network : {&from_matrix, &from_factor}) {
    ASSERT_EQ(network->neurons(), 3);
    EXPECT_NEAR(network->penalty(), 5.5, 1e-14);  // the nuclear norm
    std::vector<double> Z1 = lifted(*network);
    for (Index j = 0; j < N; ++j)
      for (Index i = 0; i < N; ++i)
        if (i == d || j == d) Z1[size(j * N + i)] = 0;
    expect_same(Z1, Z, 1e-14);
  }
}

TEST(NeuralDecomposition, MoreColumnsThanRowsAreCompressed) {
  Random random(9);
  const Index N = 5;
  const std::vector<double> P = feasible_factor(random, N, 40), Z = gram(N, P);
  Network network = empty_network(N - 1);
  decompose_factor(P, N, 1, {0}, 1e-12, network);
  EXPECT_LE(network.neurons(), N);
  expect_same(lifted(network), Z, 1e-13);
}

TEST(NeuralDecomposition, NetworkAndLiftedMatrixPredictTheSame) {
  Random random(10);
  for (const Activation activation : {Activation{}, Activation{0, 1, 0}, Activation{-0.3, 0, 2}}) {
    const Index d = 6, N = d + 1, n = 20;
    const std::vector<double> Z = gram(N, feasible_factor(random, N, 4)), x = random.normals(n * d);
    Network network = empty_network(d, activation);
    decompose(Z.data(), 1, {1}, 1e-12, network);
    std::vector<double> f(size(2 * n));
    network.predict(x.data(), n, f.data());
    for (Index i = 0; i < n; ++i) {  // ⟨A_i, Z⟩
      double value = activation.c * Z.back();
      for (Index j = 0; j < d; ++j) {
        value += activation.b * x[size(i * d + j)] * Z[size(d * N + j)];
        for (Index k = 0; k < d; ++k) value += activation.a * x[size(i * d + j)] * x[size(i * d + k)] * Z[size(j * N + k)];
      }
      EXPECT_NEAR(f[size(2 * i + 1)], value, 1e-12 * Z.back() * 10);
      EXPECT_EQ(f[size(2 * i)], 0);
    }
  }
}

}  // namespace
}  // namespace neuspec
