#include "solve/central_path.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "loss/intercept.hpp"
#include "loss/table.hpp"
#include "solve/symmetric.hpp"

namespace neuspec {

namespace {

constexpr double first_beta = 4;  // of ‖Γ(v)‖ at the middle of the limits, where the path begins

using Numbers = std::vector<double>;
std::size_t at(Index i) { return static_cast<std::size_t>(i); }
double dot(const Numbers& a, const Numbers& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

/// P Pᵀ.
Numbers product_with_itself(Index N, const Numbers& P) {
  Numbers Z(at(N * N));
  lapack::gemm('N', 'T', N, N, N, 1.0, P.data(), N, P.data(), N, 0.0, Z.data(), N);
  return Z;
}

}  // namespace

CentralPath::CentralPath(const LiftedSamples& data, const Problem& problem, Index output, double beta)
    : data_(data), problem_(problem), output_(output), beta_(beta), aim_(beta), now_(beta) {
  const double* y = data.targets(output);
  const bool hinge = problem.loss.kind == LossKind::hinge;
  for (Index i = 0; i < data.n; ++i) {
    const double w = data.weights[at(i)];
    low_.push_back(hinge && y[i] < 0 ? 0 : -w);
    high_.push_back(hinge && y[i] > 0 ? 0 : w);
  }
  start();
}

// In the middle of the limits, of whose two signs the heavier is made lighter until they weigh the same.
void CentralPath::start() {
  const Index n = data_.n, N = data_.N;
  for (Index i = 0; i < n; ++i) v_.push_back((low_[at(i)] + high_[at(i)]) / 2);
  double positive = 0, negative = 0, size = 0;
  for (const double v : v_) (v > 0 ? positive : negative) += std::abs(v);
  for (double& v : v_) {
    if (problem_.bias && v != 0) v *= std::min(positive, negative) / (v > 0 ? positive : negative);
  }
  const Numbers gamma = data_.adjoint(v_);
  for (Index pool = 0; pool < data_.pools; ++pool) {
    const auto from = gamma.begin() + pool * data_.p();
    size = std::max(size, std::sqrt(std::inner_product(from, from + data_.p(), from, 0.0)));
  }
  now_ = std::max(2 * beta_, first_beta * size);
  double loss = 0;
  for (Index i = 0; i < n; ++i) loss += data_.weights[at(i)] * std::abs(data_.targets(output_)[i]);
  const double mu = loss / static_cast<double>(2 * (n + data_.pools * N));
  for (Index b = 0; b < 2 * data_.pools; ++b) {
    Block block{b / 2, b % 2 == 0 ? 1.0 : -1.0, now_ / 2, {}, Numbers(at(N * N)), {}, {}, {}, {}};
    for (Index j = 0; j < N; ++j) block.L[at(j * N + j)] = std::sqrt(2 * mu / now_);
    blocks_.push_back(std::move(block));
  }
  set_slacks();
  for (Index i = 0; i < n; ++i) {
    z_low_.push_back(mu / below_[at(i)]);
    z_high_.push_back(mu / above_[at(i)]);
  }
}

void CentralPath::set_slacks() {
  const Index n = data_.n, N = data_.N;
  below_.resize(at(n));
  above_.resize(at(n));
  for (Index i = 0; i < n; ++i) {
    below_[at(i)] = v_[at(i)] - low_[at(i)];
    above_[at(i)] = high_[at(i)] - v_[at(i)];
  }
  const Numbers gamma = data_.adjoint(v_);
  for (Block& block : blocks_) {
    block.S = square_of(N, gamma.data() + block.pool * data_.p());
    for (double& entry : block.S) entry *= block.sign;
    for (Index j = 0; j < N; ++j) block.S[at(j * N + j)] += j + 1 < N ? block.lambda : now_ - block.lambda;
  }
}

// Nesterov and Todd's scaling: Lᵀ S L = Q diag(root²) Qᵀ, R = L Q diag(root)^−½.
bool CentralPath::scale() {
  const Index N = data_.N;
  double products = dot(z_low_, below_) + dot(z_high_, above_);
  for (Block& block : blocks_) {
    Numbers Q = congruent(N, block.L, block.S), work;
    std::vector<int> iwork;
    block.root.resize(at(N));
    if (lapack::syevd(true, N, Q.data(), N, block.root.data(), work, iwork) != 0 || !(block.root[0] > 0)) return false;
    for (Index j = 0; j < N; ++j) {
      products += block.root[at(j)];
      block.root[at(j)] = std::sqrt(block.root[at(j)]);
      for (Index i = 0; i < N; ++i) Q[at(j * N + i)] /= std::sqrt(block.root[at(j)]);
    }
    block.R.resize(at(N * N));
    lapack::gemm('N', 'N', N, N, N, 1.0, block.L.data(), N, Q.data(), N, 0.0, block.R.data(), N);
    Numbers E(at(N * N)), G(at(N * N));
    E.back() = 1;
    for (Index j = 0; j < N; ++j) G[at(j * N + j)] = j + 1 < N ? 1 : -1;
    block.G = congruent(N, block.R, G);
    block.E = congruent(N, block.R, E);
  }
  mu_ = products / pairs();
  const bool inside = *std::min_element(below_.begin(), below_.end()) > 0 && *std::min_element(above_.begin(), above_.end()) > 0;
  return inside && std::isfinite(mu_);
}

double CentralPath::objective(const Numbers& D, double penalty) const {
  const Numbers f = data_.forward(D);
  const std::span<const double> y(data_.targets(output_), f.size());
  const double b = problem_.bias ? best_intercept(problem_.loss, f, y, data_.weights).b : 0;
  return with_loss(problem_.loss, [&](const auto& loss) {
    double sum = beta_ * penalty;
    for (std::size_t i = 0; i < f.size(); ++i) {
      const double at_b = f[i] + b;
      sum += data_.weights[i] * loss.value(loss::Row<const double>{&at_b, 1, 1}, loss::Row<const double>{&y[i], 1, 1});
    }
    return sum;
  });
}

// What ⟨G, Z⟩ lacks goes to its corner, or in equal parts to the rest of its diagonal.
void CentralPath::judge() {
  const Index N = data_.N, p = data_.p();
  Numbers D(at(data_.rows())), feasible(at(data_.rows()));
  double penalty = 0;
  for (const Block& block : blocks_) {
    Numbers Z = product_with_itself(N, block.L);
    double lack = -Z.back();
    for (Index j = 0; j + 1 < N; ++j) lack += Z[at(j * N + j)];
    const auto add = [&](Numbers& to) {
      const Numbers z = packed_of(N, Z);
      for (Index i = 0; i < p; ++i) to[at(block.pool * p + i)] += block.sign * z[at(i)];
    };
    add(D);
    if (lack > 0) Z.back() += lack;
    for (Index j = 0; lack < 0 && j + 1 < N; ++j) Z[at(j * N + j)] -= lack / static_cast<double>(N - 1);
    add(feasible);
    penalty += Z.back();
  }
  f_ = data_.forward(D);
  const double primal = objective(feasible, penalty), scale = std::min(1.0, beta_ / now_);
  const double dual = -scale * std::inner_product(v_.begin(), v_.end(), data_.targets(output_), 0.0);
  if (primal < primal_) {
    primal_ = primal;
    share_of_penalty_ = beta_ * penalty / primal;
    best_factors_.clear();
    for (const Block& block : blocks_) best_factors_.push_back(block.L);
  }
  if (dual > dual_) {
    dual_ = dual;
    best_v_ = v_;
    for (double& v : best_v_) v *= scale;
  }
}

}  // namespace neuspec
