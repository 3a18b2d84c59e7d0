// Conjugate gradients on the CPU, where every answer is there at once.
#include <utility>

#include "device/conjugate_gradients.inl"
#include "device/cpu_device.hpp"
#include "device/cpu_launch.hpp"

namespace neuspec {

template <class Real>
DeviceMatrix<double> CpuDevice<Real>::cg_scalars() {
  return {new double[cg::count]{}, cg::count, 1, [](const double* p) { delete[] p; }};
}

template <class Real>
void CpuDevice<Real>::cg_begin(double radius, double tolerance, ConstView<Real> residual, ConstView<Real> y, View<Real> direction, View<Real> step,
                               View<double> scalars) {
  BeginGradients{scalars.data, radius, tolerance}(this->dot(residual, y));
  each(y.rows, FirstDirection<Real>{y, direction, step});
}

template <class Real>
void CpuDevice<Real>::cg_stride(ConstView<Real> direction, ConstView<Real> product, View<Real> step, View<Real> residual, View<double> scalars) {
  TakeStride{scalars.data}(this->dot(direction, product));
  each(step.rows, Stride<Real>{scalars.data, direction, product, step, residual});
}

template <class Real>
void CpuDevice<Real>::cg_turn(ConstView<Real> residual, ConstView<Real> y, View<Real> direction, View<double> scalars) {
  TakeTurn{scalars.data}(this->dot(residual, y));
  each(y.rows, Turn<Real>{scalars.data, y, direction});
}

template <class Real>
void CpuDevice<Real>::ask(ConstView<double> scalars) {
  asked_.assign(scalars.data, scalars.data + scalars.rows);
}

template <class Real>
std::vector<double> CpuDevice<Real>::answer() {
  return std::move(asked_);
}

template class CpuDevice<float>;
template class CpuDevice<double>;

}  // namespace neuspec
