#include "lift/sample_chunk.hpp"

#include <algorithm>

namespace neuspec {

void ChunkSource::visit(Index most, const std::function<void(const Chunk&)>& visitor) const {
  for (Index first = 0; first < chunk_.samples; first += most) {
    Chunk part = chunk_;
    part.first = first;
    part.samples = std::min(most, chunk_.samples - first);
    if (part.x != nullptr) part.x += first * features_;
    part.y += first * targets_;
    if (part.weights != nullptr) part.weights += first;
    visitor(part);
  }
}

template <class Real>
void SampleChunk<Real>::add_intercept(View<Real> f, const View<Real>* /*v*/) {
  for (std::size_t k = 0; k < b_.size(); ++k)
    this->device().axpby(static_cast<Real>(b_[k]), unit_rows(), Real(1), f.column_range(static_cast<Index>(k), 1));
}

template <class Real>
std::vector<double> SampleChunk<Real>::residuals() {
  const ConstView<Real> units = every_unit();
  const std::vector<double> sums = this->device().column_dots({{units, this->y()}, {units, this->f_}, {units, units}});
  const auto C = static_cast<std::size_t>(this->outputs());
  std::vector<double> result;
  for (std::size_t k = 0; k < C; ++k) result.push_back(sums[k] - sums[C + k]);
  result.insert(result.end(), sums.begin() + static_cast<std::ptrdiff_t>(2 * C), sums.end());
  return result;
}

template <class Real>
std::vector<double> SampleChunk<Real>::slope(const FactorColumns& columns, ConstView<Real> Z, Index k, View<Real> slope) {
  Device<Real>& device = this->device();
  if (direction_.rows() == 0) direction_ = device.allocate(this->samples(), this->outputs());
  for (Index j = 0; j < this->outputs(); ++j)
    device.axpby(k < 0 || j == k ? Real(1) : Real(0), unit_rows(), Real(0), direction_.view().column_range(j, 1));
  this->curve(direction_, this->v_dot_);
  const DeviceMatrix<Real> still = device.allocate(Z.rows, Z.columns);
  device.axpby(Real(0), this->Q_, Real(0), this->Q_);
  this->adjoint_derivative(columns, Z, still, this->v_dot_, slope);
  return moved();
}

template class SampleChunk<float>;
template class SampleChunk<double>;

}  // namespace neuspec
