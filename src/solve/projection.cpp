#include "solve/projection.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace neuspec {

namespace {
constexpr Index products_from = 256;  // size of a block from which products alone are tried
constexpr Index near_from = 64;       // size of a block from which a basis pays …
constexpr Index few = 4;              // … if it is no wider than N over this
constexpr Index guards = 6;           // vectors beyond the rank
constexpr Index least_guards = 2;     // with fewer, positive eigenvalues may have gone unseen
constexpr int renewal = 10;           // reviews after which a basis is made anew, should it have missed what it cannot see
constexpr int patience = 3;           // fallbacks in a row before products are given up
constexpr int repetitions = 2;        // the first warms up

/// Seconds of the last of some repetitions.
template <class Real, class Body>
double seconds(Device<Real>& device, const Body& body) {
  double result = 0;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    device.synchronize();
    const auto start = std::chrono::steady_clock::now();
    body();
    device.synchronize();
    result = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return result;
}
}  // namespace

template <class Real>
Index Projection<Real>::project(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) {
  if (std::exchange(renew_, false) && basis_.width > 0) return renew(N, V, W, factors);
  if (basis_.width > 0) {
    device_.project_psd_near(N, V, basis_, W, factors);
    factored_ = true;
    if (!device_.tells_rank()) return basis_.width;
    std::vector<double> positive(static_cast<std::size_t>(basis_.positive.columns()));
    device_.download(basis_.positive, positive.data());
    if (settled(N, static_cast<Index>(*std::max_element(positive.begin(), positive.end())))) return rank_;
  }
  if (kind_ == ProjectionKind::automatic) choose(N, V, W, factors);
  ++full_;
  if (kind_ == ProjectionKind::products && refusals_ < patience) {
    if (by_products(N, V, W)) {
      refusals_ = 0;
      factored_ = false;
      return N;
    }
    ++refusals_;
  }
  const Index rank = factor(N, V, W, factors);
  if (device_.tells_rank()) rebase(N, rank, factors);
  return rank;
}

template <class Real>
Index Projection<Real>::renew(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) {
  ++full_;
  const Index width = std::exchange(basis_.width, 0), rank = factor(N, V, W, factors);
  if (device_.tells_rank()) {
    rebase(N, rank, factors);
  } else {
    device_.start_basis(N, factors, width, basis_);
  }
  return rank;
}

template <class Real>
Index Projection<Real>::factor(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) {
  factored_ = true;
  return device_.project_psd(N, V, W, factors);
}

template <class Real>
void Projection<Real>::review(Index N, Index rank, ConstView<Real> factors) {
  if (!may_keep_basis_) return;
  renew_ = basis_.width > 0 && ++reviews_ % renewal == 0;
  if (device_.tells_rank()) return;
  if (basis_.width > 0) {
    settled(N, rank);
  } else if (factored_) {
    rebase(N, rank, factors);
  }
}

// Whether the basis still has guards.
template <class Real>
bool Projection<Real>::settled(Index N, Index rank) {
  rank_ = rank;
  const bool enough = rank_ + least_guards <= basis_.width;
  if (!enough) {
    basis_.width = 0;
  } else if (rank_ + 3 * guards < basis_.width) {
    narrow(N, rank_ + guards);
  }
  return enough;
}

template <class Real>
void Projection<Real>::narrow(Index N, Index width) {
  const Index blocks = basis_.positive.columns();
  DeviceMatrix<Real> first = device_.allocate(N, width * blocks);
  device_.copy({basis_.vectors.view().data, N * width, blocks, N * basis_.width}, first.view().reshaped(N * width, blocks));
  basis_.vectors = std::move(first);
  basis_.width = width;
}

template <class Real>
void Projection<Real>::rebase(Index N, Index rank, ConstView<Real> factors) {
  const Index width = rank + guards;
  if (may_keep_basis_ && N >= near_from && few * width <= N) device_.start_basis(N, factors, width, basis_);
}

// The host waits for the bound of each block: microseconds against the milliseconds that a block this large takes.
template <class Real>
bool Projection<Real>::by_products(Index N, ConstView<Real> V, View<Real> W) {
  for (Index b = 0; b < V.columns; ++b) {
    if (!products_.project(N, V.column_range(b, 1), accuracy_, W.column_range(b, 1)).within(accuracy_)) return false;
  }
  return true;
}

// Against the clock, where eigendecompositions tell neither rank nor few eigenvectors anyway. The first point of a solve is zero, which tells
// nothing.
template <class Real>
void Projection<Real>::choose(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) {
  const bool may_pay = N >= products_from && !device_.tells_rank();
  if (may_pay && device_.dot(V, V) == 0) return;
  kind_ = ProjectionKind::eigen;
  if (!may_pay) return;
  const double by_eigen = seconds(device_, [&] { device_.project_psd(N, V, W, factors); });
  bool proven = true;
  const double with_products = seconds(device_, [&] { proven = by_products(N, V, W); });
  if (proven && with_products < by_eigen) kind_ = ProjectionKind::products;
}

template class Projection<float>;
template class Projection<double>;

}  // namespace neuspec
