#include "solve/projection.hpp"

#include <chrono>

namespace neuspec {

namespace {
constexpr Index large = 1000;   // beyond, batched eigensolvers no longer serve
constexpr int patience = 3;     // fallbacks in a row before products are given up
constexpr int repetitions = 2;  // the first warms up

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
  if (kind_ == ProjectionKind::automatic) choose(N, V, W, factors);
  if (kind_ == ProjectionKind::products && refusals_ < patience) {
    if (by_products(N, V, W)) {
      refusals_ = 0;
      factored_ = false;
      return N;
    }
    ++refusals_;
  }
  return factor(N, V, W, factors);
}

template <class Real>
Index Projection<Real>::factor(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) {
  factored_ = true;
  return device_.project_psd(N, V, W, factors);
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
  const bool may_pay = N > large && !device_.tells_rank();
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
