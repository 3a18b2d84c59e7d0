// A step of the path: Mehrotra's predictor and corrector in Nesterov and Todd's scaling.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "solve/central_path.hpp"
#include "solve/symmetric.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

constexpr double to_the_border = 0.95;  // of the way to the border of the cones that a step goes
constexpr double least_centring = 1e-6;
constexpr double most_spared = 0.5;
constexpr double no_step = 1e-7;  // beside which nothing moves any more
constexpr Index samples_a_piece = 64;

using Numbers = std::vector<double>;
std::size_t at(Index i) { return static_cast<std::size_t>(i); }
double sum(const Numbers& a) { return std::accumulate(a.begin(), a.end(), 0.0); }

/// How far diag(root) + step M stays positive definite: −1 over the least eigenvalue of M beside it.
double to_border(Index N, const Numbers& root, Numbers M) {
  Numbers values(at(N)), work;
  std::vector<int> iwork;
  for (Index j = 0; j < N; ++j) {
    for (Index i = 0; i < N; ++i) M[at(j * N + i)] /= std::sqrt(root[at(i)] * root[at(j)]);
  }
  if (lapack::syevd(false, N, M.data(), N, values.data(), work, iwork) != 0) return 0;
  return values[0] < 0 ? -1 / values[0] : std::numeric_limits<double>::infinity();
}

double to_border(const Numbers& x, const Numbers& change, double sign) {
  double step = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (sign * change[i] < 0) step = std::min(step, -x[i] / (sign * change[i]));
  }
  return step;
}

/// M x = r by elimination with pivots; M is a handful of numbers wide.
Numbers eliminate(std::vector<Numbers> M, Numbers r) {
  const std::size_t m = r.size();
  for (std::size_t k = 0; k < m; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < m; ++i) {
      if (std::abs(M[i][k]) > std::abs(M[pivot][k])) pivot = i;
    }
    std::swap(M[k], M[pivot]);
    std::swap(r[k], r[pivot]);
    for (std::size_t i = k + 1; i < m; ++i) {
      const double factor = M[i][k] / M[k][k];
      for (std::size_t j = k; j < m; ++j) M[i][j] -= factor * M[k][j];
      r[i] -= factor * r[k];
    }
  }
  for (std::size_t k = m; k-- > 0;) {
    for (std::size_t j = k + 1; j < m; ++j) r[k] -= M[k][j] * r[j];
    r[k] /= M[k][k];
  }
  return r;
}

}  // namespace

// C = diag(root_weight)⁻¹ times the scaled lifted samples of every block, and the answers that all right-hand sides share.
void CentralPath::factor(const std::function<bool()>& stop) {
  const Index n = data_.n, N = data_.N, p = data_.p(), q = blocks() * p;
  root_weight_.resize(at(n));
  for (Index i = 0; i < n; ++i) root_weight_[at(i)] = std::sqrt(z_low_[at(i)] / below_[at(i)] + z_high_[at(i)] / above_[at(i)]);
  Numbers C(at(q * n));
  parallel_pieces((n + samples_a_piece - 1) / samples_a_piece, [&](Index piece) {
    for (Index i = samples_a_piece * piece; i < std::min(n, samples_a_piece * (piece + 1)); ++i) {
      for (Index b = 0; b < blocks(); ++b) {
        const Block& block = blocks_[at(b)];
        const Numbers scaled = congruent(N, block.R, square_of(N, data_.lifted(i, block.pool)));
        pack(N, scaled.data(), block.sign / root_weight_[at(i)], C.data() + i * q + b * p);
      }
    }
  });
  system_.emplace(q, n, std::move(C), stop);
  answers_.clear();
  for (Index b = 0; b < blocks(); ++b) {
    const Numbers g = packed_of(N, blocks_[at(b)].G);
    Numbers r(at(n));
    lapack::gemv('T', p, n, -1.0, system_->C().data() + b * p, q, g.data(), 0.0, r.data());
    answers_.push_back(system_->solve(r));
  }
  if (!problem_.bias) return;
  Numbers r;
  for (const double w : root_weight_) r.push_back(1 / w);
  answers_.push_back(system_->solve(r));
}

// The samples' stationarity, of what the targets of the blocks alone would make of it, over root_weight.
Numbers CentralPath::right_side(const Target& target, const Numbers& of_blocks) const {
  const Index n = data_.n, q = blocks() * data_.p();
  Numbers r(at(n));
  lapack::gemv('T', q, n, 1.0, system_->C().data(), q, of_blocks.data(), 0.0, r.data());
  for (Index i = 0; i < n; ++i) {
    const double off = data_.targets(output_)[i] - f_[at(i)] - z_low_[at(i)] - target.lower[at(i)] + z_high_[at(i)] + target.upper[at(i)];
    r[at(i)] -= off / root_weight_[at(i)];
  }
  return r;
}

// Δλ of every block and the intercept: ⟨G, Z + ΔZ⟩ = 0 and Σ(v + Δv) = 0. To x, the answer without them, they are added.
Numbers CentralPath::multiples(const Numbers& of_blocks, ScaledSystem::Solution& x) const {
  const Index N = data_.N, p = data_.p();
  const std::size_t m = answers_.size();
  std::vector<Numbers> M(m, Numbers(m));
  Numbers right(m);
  const auto unscaled_sum = [&](const Numbers& e) {
    double total = 0;
    for (std::size_t i = 0; i < e.size(); ++i) total += e[i] / root_weight_[i];
    return total;
  };
  for (Index b = 0; b < blocks(); ++b) {
    const Block& block = blocks_[at(b)];
    const Numbers g = packed_of(N, block.G);
    const auto with_g = [&](const Numbers& t) { return std::inner_product(g.begin(), g.end(), t.begin() + b * p, 0.0); };
    for (std::size_t j = 0; j < m; ++j) M[at(b)][j] = with_g(answers_[j].t);
    M[at(b)][at(b)] += std::inner_product(g.begin(), g.end(), g.begin(), 0.0);
    right[at(b)] = with_g(of_blocks) - with_g(x.t);
    for (Index j = 0; j < N; ++j) right[at(b)] += block.G[at(j * N + j)] * block.root[at(j)];
  }
  if (problem_.bias) {
    for (std::size_t j = 0; j < m; ++j) M.back()[j] = unscaled_sum(answers_[j].e);
    right.back() = -sum(v_) - unscaled_sum(x.e);
  }
  const Numbers result = eliminate(std::move(M), std::move(right));
  for (std::size_t j = 0; j < m; ++j) {
    for (std::size_t i = 0; i < x.e.size(); ++i) x.e[i] += result[j] * answers_[j].e[i];
    for (std::size_t i = 0; i < x.t.size(); ++i) x.t[i] += result[j] * answers_[j].t[i];
  }
  return result;
}

// In scaled blocks ΔS = Rᵀ(Δβ E + Δλ G ± Γ(Δv))R and ΔZ = target − ΔS.
CentralPath::Direction CentralPath::direction(const Target& target) {
  const Index n = data_.n, N = data_.N, p = data_.p();
  const double of_beta = aim_ - now_;
  Direction result;
  result.Z = target.blocks;
  Numbers of_blocks(at(blocks() * p));
  for (Index b = 0; b < blocks(); ++b) {
    for (Index i = 0; i < N * N; ++i) result.Z[at(b)][at(i)] -= of_beta * blocks_[at(b)].E[at(i)];
    pack(N, result.Z[at(b)].data(), 1, of_blocks.data() + b * p);
  }
  ScaledSystem::Solution x = system_->solve(right_side(target, of_blocks));
  result.lambda = multiples(of_blocks, x);
  for (Index b = 0; b < blocks(); ++b) {
    Numbers S = square_of(N, x.t.data() + b * p);
    for (Index i = 0; i < N * N; ++i) {
      S[at(i)] += result.lambda[at(b)] * blocks_[at(b)].G[at(i)];
      result.Z[at(b)][at(i)] -= S[at(i)];
      S[at(i)] += of_beta * blocks_[at(b)].E[at(i)];
    }
    result.S.push_back(std::move(S));
  }
  for (Index i = 0; i < n; ++i) {
    result.v.push_back(x.e[at(i)] / root_weight_[at(i)]);
    result.lower.push_back(target.lower[at(i)] - z_low_[at(i)] / below_[at(i)] * result.v.back());
    result.upper.push_back(target.upper[at(i)] + z_high_[at(i)] / above_[at(i)] * result.v.back());
  }
  return result;
}

CentralPath::Target CentralPath::affine() const {
  Target target;
  for (const Block& block : blocks_) {
    Numbers all(block.R.size());
    for (Index j = 0; j < data_.N; ++j) all[at(j * data_.N + j)] = -block.root[at(j)];
    target.blocks.push_back(std::move(all));
  }
  for (Index i = 0; i < data_.n; ++i) {
    target.lower.push_back(-z_low_[at(i)]);
    target.upper.push_back(-z_high_[at(i)]);
  }
  return target;
}

// Towards pairs whose products are all the same, a share of today's that is the smaller the farther the affine step went; less its second order.
CentralPath::Target CentralPath::corrected(const Direction& affine, Steps steps) const {
  const Index N = data_.N;
  const double mu = std::clamp(std::pow(product_after(affine, steps) / mu_, 3), least_centring, 1.0) * mu_;
  Target target;
  for (Index b = 0; b < blocks(); ++b) {
    const Numbers& root = blocks_[at(b)].root;
    Numbers order(at(N * N));
    lapack::gemm('N', 'N', N, N, N, -1.0, affine.S[at(b)].data(), N, affine.Z[at(b)].data(), N, 0.0, order.data(), N);
    Numbers all(at(N * N));
    for (Index j = 0; j < N; ++j) {
      for (Index i = 0; i < N; ++i) {
        const double own = i == j ? mu - root[at(i)] * root[at(i)] : 0;
        all[at(j * N + i)] = (2 * own + order[at(j * N + i)] + order[at(i * N + j)]) / (root[at(i)] + root[at(j)]);
      }
    }
    target.blocks.push_back(std::move(all));
  }
  for (std::size_t i = 0; i < v_.size(); ++i) {
    target.lower.push_back((mu - affine.lower[i] * affine.v[i]) / below_[i] - z_low_[i]);
    target.upper.push_back((mu + affine.upper[i] * affine.v[i]) / above_[i] - z_high_[i]);
  }
  return target;
}

double CentralPath::product_after(const Direction& direction, Steps steps) const {
  double products = 0;
  for (std::size_t i = 0; i < v_.size(); ++i) {
    products += (z_low_[i] + steps.primal * direction.lower[i]) * (below_[i] + steps.dual * direction.v[i]);
    products += (z_high_[i] + steps.primal * direction.upper[i]) * (above_[i] - steps.dual * direction.v[i]);
  }
  for (Index b = 0; b < blocks(); ++b) {
    for (Index j = 0; j < data_.N; ++j) {
      for (Index i = 0; i < data_.N; ++i) {
        const std::size_t entry = at(j * data_.N + i);
        const double own = i == j ? blocks_[at(b)].root[at(i)] : 0;
        products += (own + steps.primal * direction.Z[at(b)][entry]) * (own + steps.dual * direction.S[at(b)][entry]);
      }
    }
  }
  return products / pairs();
}

CentralPath::Steps CentralPath::longest(const Direction& direction) const {
  Steps steps{std::min(to_border(below_, direction.v, 1), to_border(above_, direction.v, -1)),
              std::min(to_border(z_low_, direction.lower, 1), to_border(z_high_, direction.upper, 1))};
  for (Index b = 0; b < blocks(); ++b) {
    steps.dual = std::min(steps.dual, to_border(data_.N, blocks_[at(b)].root, direction.S[at(b)]));
    steps.primal = std::min(steps.primal, to_border(data_.N, blocks_[at(b)].root, direction.Z[at(b)]));
  }
  return steps;
}

// Z is moved by a factor of it, which stays one whatever the rounding; S is made of v anew.
bool CentralPath::move(const Direction& direction, Steps steps) {
  const Index N = data_.N;
  for (Index b = 0; b < blocks(); ++b) {
    Block& block = blocks_[at(b)];
    Numbers Z = direction.Z[at(b)];
    for (double& entry : Z) entry *= steps.primal;
    for (Index j = 0; j < N; ++j) {
      Z[at(j * N + j)] += block.root[at(j)];
    }
    if (lapack::potrf(N, Z.data(), N) != 0) return false;
    for (Index j = 0; j < N; ++j) std::fill_n(Z.begin() + j * N, j, 0.0);
    lapack::gemm('N', 'N', N, N, N, 1.0, block.R.data(), N, Z.data(), N, 0.0, block.L.data(), N);
    block.lambda += steps.dual * direction.lambda[at(b)];
  }
  for (std::size_t i = 0; i < v_.size(); ++i) {
    v_[i] += steps.dual * direction.v[i];
    z_low_[i] += steps.primal * direction.lower[i];
    z_high_[i] += steps.primal * direction.upper[i];
  }
  now_ += steps.dual * (aim_ - now_);
  set_slacks();
  return true;
}

bool CentralPath::advance(double allowance, const std::function<bool()>& stop) {
  if (!scale()) return false;
  judge();
  aim_ = beta_ * (1 - std::min(most_spared, allowance / share_of_penalty_));
  factor(stop);
  if (system_->abandoned()) return false;
  const Direction predicted = direction(affine());
  Steps steps = longest(predicted);
  const Direction chosen = direction(corrected(predicted, {std::min(1.0, steps.dual), std::min(1.0, steps.primal)}));
  steps = longest(chosen);
  steps = {std::min(1.0, to_the_border * steps.dual), std::min(1.0, to_the_border * steps.primal)};
  return !system_->abandoned() && std::max(steps.dual, steps.primal) > no_step && move(chosen, steps);
}

}  // namespace neuspec
