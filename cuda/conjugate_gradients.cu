// Conjugate gradients on the GPU: each inner product is summed where its scalar is kept, and rules the step along the vectors that is queued behind
// it.
#include <algorithm>

#include "cuda_device.hpp"
#include "device/conjugate_gradients.inl"
#include "kernels.inl"

namespace neuspec {

namespace {

/// then(Σ_t partial_t).
template <class Then>
struct SumThen {
  const double* partial;
  Then then;
  NEUSPEC_HOST_DEVICE double term(Index /*column*/, Index t) const { return partial[t]; }
  NEUSPEC_HOST_DEVICE void store(Index /*column*/, double sum) const { then(sum); }
};

/// then(⟨X, Y⟩) on the device.
template <class Real, class Then>
void dot_then(cuda::Context& context, cuda::Buffer<double>& buffer, ConstView<Real> X, ConstView<Real> Y, Then then) {
  constexpr Index tile = TileProducts<Real>::tile;
  const Index tiles = (X.rows + tile - 1) / tile;
  double* partial = buffer.reserve(tiles);
  context.sums(tiles, std::min(tile, X.rows), TileProducts<Real>{X, Y, partial, tiles});
  context.sums(1, tiles, SumThen<Then>{partial, then});
}

}  // namespace

template <class Real>
DeviceMatrix<double> CudaDevice<Real>::cg_scalars() {
  auto* data = static_cast<double*>(context_.allocate(cg::count * sizeof(double)));
  DeviceMatrix<double> scalars(data, cg::count, 1, [this](double* p) { context_.free(p); });
  NEUSPEC_CHECK(cudaMemsetAsync(data, 0, cg::count * sizeof(double), context_.stream()));
  return scalars;
}

template <class Real>
void CudaDevice<Real>::cg_begin(double radius, double tolerance, ConstView<Real> residual, ConstView<Real> y, View<Real> direction, View<Real> step,
                                View<double> scalars) {
  context_.forget_questions();
  dot_then(context_, scalars_, residual, y, BeginGradients{scalars.data, radius, tolerance});
  context_.each(y.rows, FirstDirection<Real>{y, direction, step});
}

template <class Real>
void CudaDevice<Real>::cg_stride(ConstView<Real> direction, ConstView<Real> product, View<Real> step, View<Real> residual, View<double> scalars) {
  dot_then(context_, scalars_, direction, product, TakeStride{scalars.data});
  context_.each(step.rows, Stride<Real>{scalars.data, direction, product, step, residual});
}

template <class Real>
void CudaDevice<Real>::cg_turn(ConstView<Real> residual, ConstView<Real> y, View<Real> direction, View<double> scalars) {
  dot_then(context_, scalars_, residual, y, TakeTurn{scalars.data});
  context_.each(y.rows, Turn<Real>{scalars.data, y, direction});
}

template <class Real>
void CudaDevice<Real>::ask(ConstView<double> scalars) {
  context_.ask(scalars.data, scalars.rows);
}

template <class Real>
std::vector<double> CudaDevice<Real>::answer() {
  return context_.answer();
}

template class CudaDevice<float>;
template class CudaDevice<double>;

}  // namespace neuspec
