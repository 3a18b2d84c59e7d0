// ADMM's steps and what its tests of convergence ask of the GPU (docs/mathematics.md section 6).
#include "cuda_device.hpp"
#include "device/elementwise.inl"
#include "kernels.inl"

namespace neuspec {

template <class Real>
void CudaDevice<Real>::admm_difference(const AdmmStep& step, ConstView<Real> V, ConstView<Real> W, View<Real> T) {
  context_.each(T.size(), Difference<Real>{V, W, T});
  project_trace(step.N, T);
}

template <class Real>
void CudaDevice<Real>::project_trace(Index N, View<Real> M) {
  const View<Real> traces{traces_.reserve(M.columns), M.columns, 1, M.columns};
  context_.sums(M.columns, N, Traces<Real>{M, traces, N});
  context_.each(N * M.columns, SubtractTrace<Real>{traces, M, N, Real(1), 1});
}

template <class Real>
void CudaDevice<Real>::admm_residual(const AdmmStep& step, ConstView<Real> V, ConstView<Real> W, ConstView<Real> D, View<Real> F) {
  const View<Real> traces{traces_.reserve(D.columns), D.columns, 1, D.columns};
  const Real corner = static_cast<Real>(step.beta / step.rho), omega = static_cast<Real>(step.relaxation);
  context_.sums(D.columns, step.N, SumTraces<Real>{V, W, traces, step.N, corner});
  context_.each(D.size(), Residual<Real>{V, W, D, F, corner, omega});
  context_.each(step.N * F.columns, SubtractTrace<Real>{traces, F, step.N, omega / 2, 2});
}

template <class Real>
void CudaDevice<Real>::advance_or_fall_back(ConstView<Real> f, ConstView<Real> fallback, ConstView<Real> squares, ConstView<Real> before,
                                            View<Real> v) {
  context_.each(v.size(), AdvanceOrFallBack<Real>{f, fallback, squares, before, v});
}

template <class Real>
void CudaDevice<Real>::traces(Index N, ConstView<Real> M, View<Real> result) {
  context_.sums(M.columns, N, MeanTraces<Real>{{M, result, N}});
}

template <class Real>
void CudaDevice<Real>::feasibility(Index N, ConstView<Real> W, View<Real> moves, View<Real> corners) {
  context_.sums(W.columns, N, Feasibility<Real>{W, moves, corners, N});
}

template <class Real>
void CudaDevice<Real>::feasible_difference(Index N, ConstView<Real> W, ConstView<Real> moves, View<Real> D) {
  context_.each(D.size(), PairDifference<Real>{W, D});
  context_.each(N * D.columns, MoveDiagonal<Real>{moves, D, N});
}

template <class Real>
void CudaDevice<Real>::factor_ranks(Index N, Index width, ConstView<Real> factors, double negligible, View<Real> ranks) {
  double* squares = scalars_.reserve(width * ranks.columns);
  context_.sums(width * ranks.columns, N, FactorSquares<Real>{factors, squares, N, width});
  context_.each(ranks.columns, FactorRanks<Real>{squares, ranks, width, negligible});
}

template <class Real>
std::vector<double> CudaDevice<Real>::sphere_maxima(Index N, ConstView<Real> Gamma) {
  std::vector<double> maxima(static_cast<std::size_t>(2 * Gamma.columns));
  if (!maxima.empty()) context_.receive(sphere_.solve(N, Gamma), 2 * Gamma.columns, maxima.data());
  return maxima;
}

template class CudaDevice<float>;
template class CudaDevice<double>;

}  // namespace neuspec
