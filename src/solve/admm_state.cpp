// What ADMM hands out: network, dual vector, and where it stands.
#include <algorithm>
#include <cmath>

#include "decompose/neural_decomposition.hpp"
#include "neuspec/error.hpp"
#include "solve/admm.hpp"

namespace neuspec {

// V is still the one last projected: only `advance` moves it.
template <class Real>
std::vector<std::vector<double>> Admm<Real>::factors() {
  const Index N = step_.N;
  if (!projection_.factored()) rank_ = projection_.factor(N, blocks_.v, W_, factors_);
  const DeviceMatrix<Real> packed = device_.allocate(N, rank_ * 2 * K_);
  device_.copy({factors_.view().data, N * rank_, 2 * K_, N * N}, packed.view().reshaped(N * rank_, 2 * K_));
  std::vector<double> all(static_cast<std::size_t>(packed.view().size()));
  device_.download(packed, all.data());
  std::vector<std::vector<double>> result;
  for (auto P = all.begin(); P != all.end(); P += N * rank_) result.emplace_back(P, P + N * rank_);
  result.resize(static_cast<std::size_t>(2 * K_));  // where the rank is 0
  return result;
}

template <class Real>
Network Admm<Real>::network() {
  const bool seen = std::isfinite(*std::max_element(best_.primal.begin(), best_.primal.end()));
  if (seen && !best_.is_latest) rank_ = projection_.factor(step_.N, best_.W, W_, factors_);
  Network result = empty_network(data_.activation(), data_.patches(), data_.outputs());
  Index block = 0;
  for (std::vector<double>& P : factors()) {
    const Place place{block / 2 / data_.pools(), block / 2 % data_.pools()};
    decompose_factor(std::move(P), step_.N, block % 2 == 0 ? 1.0 : -1.0, place, negligible_eigenvalue, result);
    ++block;
  }
  return result;
}

template <class Real>
std::vector<double> Admm<Real>::dual_vector() {
  const Index n = best_.v.rows(), C = best_.v.columns();
  std::vector<double> columns(static_cast<std::size_t>(best_.v.view().size())), rows(columns.size());
  device_.download(best_.v, columns.data());
  for (Index i = 0; i < n; ++i) {
    for (Index k = 0; k < C; ++k) rows[static_cast<std::size_t>(i * C + k)] = columns[static_cast<std::size_t>(k * n + i)];
  }
  return rows;
}

// W and U follow from V, and so does the carried part. What Anderson remembered is left behind, and so are the best points: the first test finds
// one as good.
template <class Real>
SolverState Admm<Real>::save() {
  SolverState saved;
  saved.rho = step_.rho;
  saved.split_rho = step_.split_rho;
  for (const auto& [from, to] : {std::pair{&blocks_, &saved.blocks}, std::pair{&split_, &saved.split}}) {
    to->resize(static_cast<std::size_t>(from->v.view().size()));
    if (!to->empty()) device_.download(from->v, to->data());
  }
  return saved;
}

template <class Real>
void Admm<Real>::restore(const SolverState& saved) {
  const auto fits = [](const std::vector<double>& numbers, const Part& part) { return static_cast<Index>(numbers.size()) == part.v.view().size(); };
  if (!fits(saved.blocks, blocks_) || !fits(saved.split, split_) || !(saved.rho > 0) || !(saved.split_rho > 0))
    throw DataError("the checkpoint is of a problem of another size");
  start();
  step_.split_rho = saved.split_rho;
  step_.rho = std::max(saved.rho, data_.smallest_rho() * saved.split_rho);
  if (has_split()) split_.weight = step_.split_rho / step_.rho;
  device_.upload(saved.blocks.data(), blocks_.v);
  if (has_split()) device_.upload(saved.split.data(), split_.v);
  data_.start(blocks_.v, carry_.v);
}

template class Admm<float>;
template class Admm<double>;

}  // namespace neuspec
