#include "lift/sample_operator.hpp"

#include <cmath>

#include "neuspec/error.hpp"

namespace neuspec {

template <class Real>
SampleOperator<Real>::SampleOperator(Device<Real>& device, const Problem& problem, const Source& data)
    : DataOperator<Real>(device, problem.activation, data.samples(), data.features(), data.targets()),
      x_(device.allocate(data.features(), data.samples())),
      y_(device.allocate(data.samples(), data.targets())),
      f_(device.allocate(data.samples(), data.targets())),
      f_dot_(device.allocate(data.samples(), data.targets())),
      gamma_(device.allocate(this->p(), this->outputs())) {
  const Index C = this->outputs();
  data.visit(chunk_samples, [&](const Chunk& chunk) {
    device.upload(chunk.x, x_.view().column_range(chunk.first, chunk.samples));
    std::vector<double> y(static_cast<std::size_t>(chunk.samples * C)), root;
    if (chunk.weights != nullptr) {
      if (scale_.rows() == 0) scale_ = device.allocate(data.samples(), 1);
      for (Index i = 0; i < chunk.samples; ++i) root.push_back(std::sqrt(chunk.weights[i]));
      device.upload(root.data(), scale_.view().row_range(chunk.first, chunk.samples));
    }
    for (Index i = 0; i < chunk.samples; ++i) {
      for (Index k = 0; k < C; ++k) {
        const double scale = root.empty() ? 1.0 : root[static_cast<std::size_t>(i)];
        y[static_cast<std::size_t>(k * chunk.samples + i)] = scale * chunk.y[i * C + k];
      }
    }
    device.upload(y.data(), y_.view().row_range(chunk.first, chunk.samples));
  });
}

template <class Real>
void SampleOperator<Real>::reserve(Index neurons) {
  if (H_.columns() >= neurons) return;
  H_ = this->device().allocate(this->samples(), neurons + neurons / 2);
  Q_ = this->device().allocate(this->samples(), neurons + neurons / 2);
}

// v = prediction − y at the factored point in f_, its xᵀw in H_.
template <class Real>
void SampleOperator<Real>::residual_at(const FactorColumns& columns, ConstView<Real> Z) {
  reserve(Z.columns);
  this->device().factored_forward(this->activation(), x_, scale_, columns, Z, H_.view().column_range(0, Z.columns), f_);
  this->device().axpby(Real(-1), y_, Real(1), f_);
}

template <class Real>
double SampleOperator<Real>::evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) {
  Device<Real>& device = this->device();
  residual_at(columns, Z);
  const double loss = 0.5 * device.dot(f_, f_);
  device.factored_adjoint(this->activation(), x_, scale_, columns, Z, f_, H_.view().column_range(0, Z.columns), Q_.view().column_range(0, Z.columns),
                          G);
  return loss;
}

template <class Real>
void SampleOperator<Real>::differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) {
  const View<Real> H = H_.view().column_range(0, Z.columns), H_dot = Q_.view().column_range(0, Z.columns);
  this->device().factored_forward_derivative(this->activation(), x_, scale_, columns, Z, Z_dot, H, H_dot, f_dot_);
  this->device().factored_adjoint_derivative(this->activation(), x_, scale_, columns, Z, Z_dot, f_, f_dot_, H, H_dot, G_dot);
}

template <class Real>
DualCandidate SampleOperator<Real>::dual_of(const FactorColumns& columns, ConstView<Real> Z) {
  residual_at(columns, Z);
  return candidate(f_);
}

template <class Real>
DualCandidate SampleOperator<Real>::candidate(ConstView<Real> v) {
  this->device().lifted_adjoint(this->activation(), x_, scale_, v, gamma_);
  return sums(v, gamma_);
}

template <class Real>
DualCandidate SampleOperator<Real>::sums(ConstView<Real> v, ConstView<Real> gamma) {
  DualCandidate result{std::vector<double>(static_cast<std::size_t>(gamma.size())), {}, {}};
  this->device().download(gamma, result.gamma.data());
  for (Index k = 0; k < this->outputs(); ++k) {
    result.vv.push_back(this->device().dot(v.column_range(k, 1), v.column_range(k, 1)));
    result.vy.push_back(this->device().dot(v.column_range(k, 1), y_.view().column_range(k, 1)));
  }
  return result;
}

// 2 n d² C flops.
template <class Real>
std::vector<double> SampleOperator<Real>::loss(ConstView<Real> D) {
  Device<Real>& device = this->device();
  device.lifted_forward(this->activation(), x_, scale_, D, f_);
  device.axpby(Real(-1), y_, Real(1), f_);
  std::vector<double> losses;
  for (Index k = 0; k < this->outputs(); ++k) losses.push_back(0.5 * device.dot(f_.view().column_range(k, 1), f_.view().column_range(k, 1)));
  return losses;
}

// ADMM's linear step needs a factor, which this form does not have; `choose` never pairs them.
namespace {
[[noreturn]] void no_factor() { throw UsageError("solver admm needs operator moments or gram; with operator matrix-free use solver bm"); }
}  // namespace
template <class Real>
double SampleOperator<Real>::ridge_norm() {
  no_factor();
}
template <class Real>
void SampleOperator<Real>::prepare(double /*rho*/) {
  no_factor();
}
template <class Real>
void SampleOperator<Real>::solve(const AdmmStep& /*step*/, const AdmmState<Real>& /*state*/) {
  no_factor();
}
template <class Real>
DualCandidate SampleOperator<Real>::dual_at(const AdmmStep& /*step*/, const AdmmState<Real>& /*state*/) {
  no_factor();
}

template class SampleOperator<float>;
template class SampleOperator<double>;

}  // namespace neuspec
