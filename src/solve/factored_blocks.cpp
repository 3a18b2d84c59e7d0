#include "solve/factored_blocks.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "certify/sphere_quadratic.hpp"

namespace neuspec {

namespace {
constexpr double vanished = 1e-24;  // weight relative to the heaviest of all below which a neuron is none
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// P ← P H, H the orthogonal matrix that brings the last row of P (N × r), all of whose entries are positive, to (s, 0, …): P Pᵀ stays.
void align(Index N, std::vector<double>& P) {
  const Index r = static_cast<Index>(P.size()) / N, d = N - 1;
  std::vector<double> v;
  for (Index j = 0; j < r; ++j) v.push_back(P[at(j * N + d)]);
  const double s = norm_of(v);
  for (double& entry : v) entry /= s;
  const double scale = 1 / (1 + v[0]);  // 2/vᵀv for v = row/s + e₁
  v[0] += 1;
  for (Index i = 0; i < N; ++i) {
    double product = 0;
    for (Index j = 0; j < r; ++j) product += P[at(j * N + i)] * v[at(j)];
    for (Index j = 0; j < r; ++j) P[at(j * N + i)] -= scale * product * v[at(j)];
    P[at(i)] = -P[at(i)];
  }
}

}  // namespace

Blocks blocks_of(const Network& network) {
  const Index d = network.direction_size(), N = d + 1;
  std::map<std::tuple<Index, Index, bool>, std::vector<double>> factors;
  double heaviest = 0;
  for (const double alpha : network.weights) heaviest = std::max(heaviest, std::abs(alpha));
  for (Index j = 0; j < network.neurons(); ++j) {
    const double alpha = network.weights[at(j)], root = std::sqrt(std::abs(alpha));
    if (!(std::abs(alpha) > vanished * heaviest)) continue;
    std::vector<double>& P = factors[{network.pool_of(j), network.output[at(j)], alpha < 0}];
    for (Index i = 0; i < d; ++i) P.push_back(root * network.directions[at(j * d + i)]);
    P.push_back(root);
  }
  Blocks result;
  for (auto& [block, P] : factors) {
    const auto [pool, output, negative] = block;
    align(N, P);
    const auto lead = static_cast<Index>(result.table.sign.size());
    for (auto column = P.begin(); column != P.end(); column += N) {
      result.table.sign.push_back(negative ? -1.0 : 1.0);
      result.table.output.push_back(output);
      result.table.lead.push_back(lead);
      if (!network.pool.empty()) result.table.pool.push_back(pool);
      result.W.insert(result.W.end(), column, column + d);
    }
  }
  return result;
}

}  // namespace neuspec
