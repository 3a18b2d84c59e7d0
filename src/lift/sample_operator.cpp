#include "lift/sample_operator.hpp"

#include <algorithm>
#include <cmath>

#include "lift/device_sums.hpp"
#include "loss/intercept.hpp"

namespace neuspec {

template <class Real>
SampleOperator<Real>::SampleOperator(Device<Real>& device, const Problem& problem, const Source& data, Features features)
    : DataOperator<Real>(device, problem, data),
      stream_(features == Features::streamed ? &data : nullptr),
      ranks_(data.ranks()),
      x_(device.allocate(data.features(), stream_ == nullptr ? data.samples() : std::min(chunk_samples, data.samples()))) {
  const Index n = data.samples(), C = data.targets();
  for (DeviceMatrix<Real>* matrix : {&y_, &f_, &v_, &part_}) *matrix = device.allocate(n, C);
  if (stream_ == nullptr) {
    for (DeviceMatrix<Real>* matrix : {&f_dot_, &v_dot_}) *matrix = device.allocate(n, C);
  }
  if (!squared()) target_ = device.allocate(n, C);
  gamma_ = device.allocate(this->p(), this->blocks());
  ones_ = device.allocate(n, 1);
  const std::vector<double> ones(static_cast<std::size_t>(n), 1.0);
  device.upload(ones.data(), ones_);
  if (stream_ == nullptr) {
    const StoredForm form = device.stored_form_of(data);
    visit_samples(data, form, chunk_samples, [&](const Chunk& chunk) { load(chunk, form, chunk.first); });
  } else {
    data.visit_targets(chunk_samples, [&](const Chunk& chunk) { load_targets(chunk, chunk.first); });
  }
  if (!this->bias()) return;
  unit_ = device.allocate(n, 1);
  device.copy(squared() && scale_.rows() > 0 ? scale_ : ones_, unit_);
  const double norm = std::sqrt(sum_over_ranks(data, device.dot(unit_, unit_)));
  if (norm > 0) device.axpby(Real(0), unit_, static_cast<Real>(1 / norm), unit_);
}

template <class Real>
void SampleOperator<Real>::centre(View<Real> M) {
  if (!this->bias()) return;
  Device<Real>& device = this->device();
  if (inner_.columns() != M.columns) inner_ = device.allocate(1, M.columns);
  device.gemm(Transpose::yes, Transpose::no, Real(1), unit_, M, Real(0), inner_);
  sum_over_ranks(device, ranks_, inner_.view());
  device.gemm(Transpose::no, Transpose::no, Real(-1), unit_, inner_, Real(1), M);
}

template <class Real>
void SampleOperator<Real>::load(const Chunk& chunk, const StoredForm& form, Index first) {
  this->device().upload_features(chunk, form, x_.view().column_range(first, chunk.samples));
  load_targets(chunk, first);
}

// Squared loss absorbs the weights: rows of A and y are scaled by √w. Any other loss keeps them.
template <class Real>
void SampleOperator<Real>::load_targets(const Chunk& chunk, Index first) {
  Device<Real>& device = this->device();
  const Index C = this->outputs(), n = chunk.samples;
  std::vector<double> y(static_cast<std::size_t>(n * C)), factors;
  if (chunk.weights != nullptr) {
    DeviceMatrix<Real>& to = squared() ? scale_ : weights_;
    if (to.rows() == 0) to = device.allocate(this->samples(), 1);
    for (Index i = 0; i < n; ++i) factors.push_back(squared() ? std::sqrt(chunk.weights[i]) : chunk.weights[i]);
    device.upload(factors.data(), to.view().row_range(first, n));
  }
  for (Index i = 0; i < n; ++i) {
    const double scale = squared() && !factors.empty() ? factors[static_cast<std::size_t>(i)] : 1.0;
    for (Index k = 0; k < C; ++k) y[static_cast<std::size_t>(k * n + i)] = scale * chunk.y[i * C + k];
  }
  device.upload(y.data(), y_.view().row_range(first, n));
}

template <class Real>
ConstView<Real> SampleOperator<Real>::patch(Index pool, Index q, ConstView<Real> x) {
  const Patches& patches = this->patches();
  const Window window = window_of(patches, pool, q);
  if (window.contiguous(patches.size)) return x.row_range(window.source(0), patches.size);
  if (patch_.rows() == 0) patch_ = this->device().allocate(patches.size, x_.columns());
  const View<Real> to = patch_.view().column_range(0, x.columns);
  this->device().gather(window, x, to);
  return to;
}

template <class Real>
template <class Body>
void SampleOperator<Real>::each_stretch(const Body& body) {
  if (stream_ == nullptr) return body(ConstView<Real>(x_), Index(0));
  const StoredForm form = this->device().stored_form_of(*stream_);
  visit_samples(*stream_, form, chunk_samples, [&](const Chunk& chunk) {
    const View<Real> x = x_.view().column_range(0, chunk.samples);
    this->device().upload_features(chunk, form, x);
    body(ConstView<Real>(x), chunk.first);
  });
}

template <class Real>
void SampleOperator<Real>::forward(ConstView<Real> D, View<Real> f) {
  const Activation share = shared_among(this->activation(), this->patches().per_pool);
  each_stretch([&](ConstView<Real> x, Index from) {
    const View<Real> own = f.row_range(from, x.columns), part = part_.view().row_range(from, x.columns);
    for (Index pool = 0; pool < this->pools(); ++pool) {
      for (Index q = 0; q < this->patches().per_pool; ++q) {
        this->sum_up(pool == 0 && q == 0, own, part, [&](View<Real> to) {
          this->device().lifted_forward(share, patch(pool, q, x), rows_of(s(), from, x.columns), this->of_pool(D, pool), to);
        });
      }
    }
  });
}

template <class Real>
void SampleOperator<Real>::adjoint(ConstView<Real> v, View<Real> gamma) {
  const Activation share = shared_among(this->activation(), this->patches().per_pool);
  if ((this->patches().per_pool > 1 || stream_ != nullptr) && gamma_part_.rows() == 0)
    gamma_part_ = this->device().allocate(this->p(), this->outputs());
  each_stretch([&](ConstView<Real> x, Index from) {
    for (Index pool = 0; pool < this->pools(); ++pool) {
      const View<Real> to = this->of_pool(gamma, pool);
      for (Index q = 0; q < this->patches().per_pool; ++q) {
        this->sum_up(from == 0 && q == 0, to, gamma_part_, [&](View<Real> sum) {
          this->device().lifted_adjoint(share, patch(pool, q, x), rows_of(s(), from, x.columns), v.row_range(from, x.columns), sum);
        });
      }
    }
  });
}

template <class Real>
std::vector<double> SampleOperator<Real>::loss_sums(LossStep step, ConstView<Real> a) {
  const Index problems = this->problems();
  this->device().apply_loss(this->loss_function(), step, {a, y_, weights_, {}, 1}, part_);
  return this->device().column_dots({ones_.view().data, ones_.rows(), problems, 0}, part_.view().column_range(0, problems));
}

template <class Real>
std::vector<double> SampleOperator<Real>::loss(ConstView<Real> D) {
  forward(D, f_);
  return loss_of_prediction();
}

template <class Real>
std::vector<double> SampleOperator<Real>::loss_of_prediction() {
  add_intercept(f_, nullptr);
  return loss_sums(LossStep::value, f_);
}

template <class Real>
DualCandidate<Real> SampleOperator<Real>::candidate(ConstView<Real> v) {
  adjoint(v, gamma_);
  return sums(v, gamma_);
}

// For squared loss −Σ ℓ*(τv) = −(τ²/2) vᵀv − τ vᵀy has its maximum in closed form. For others τ = 1 is (nearly) best: the derivative there is
// −Σ v f, which is β Σ|α| > 0 at the optimum, and beyond 1 the conjugate may be infinite.
template <class Real>
DualCandidate<Real> SampleOperator<Real>::sums(ConstView<Real> v, ConstView<Real> gamma) {
  Device<Real>& device = this->device();
  DualCandidate<Real> result{.gamma = gamma};
  if (squared()) {
    const std::vector<double> products = device.column_dots({{v, v}, {v, y_}});
    const auto half = products.begin() + static_cast<std::ptrdiff_t>(products.size() / 2);
    set_squared_bounds({products.begin(), half}, {half, products.end()}, result);
    return result;
  }
  const auto kept = std::make_shared<DeviceMatrix<Real>>(device.allocate(v.rows, v.columns));
  device.copy(v, *kept);
  result.bounds = [this, kept](const std::vector<double>& limits) { return conjugate_bounds(*kept, limits); };
  return result;
}

template <class Real>
std::vector<double> SampleOperator<Real>::conjugate_bounds(ConstView<Real> v, const std::vector<double>& limits) {
  Device<Real>& device = this->device();
  const Index width = this->outputs() / this->problems();
  const DeviceMatrix<Real> scaled = device.allocate(v.rows, v.columns);
  for (std::size_t k = 0; k < limits.size(); ++k) {
    const auto first = static_cast<Index>(k) * width;
    device.axpby(static_cast<Real>(std::min(1.0, limits[k])), v.column_range(first, width), Real(0), scaled.view().column_range(first, width));
  }
  std::vector<double> bounds = loss_sums(LossStep::conjugate, scaled);
  for (double& bound : bounds) bound = -bound;
  return bounds;
}

template <class Real>
ConstView<Real> SampleOperator<Real>::targets(const AdmmStep& step, const AdmmState<Real>& state) {
  if (squared()) return y_;
  Device<Real>& device = this->device();
  device.apply_loss(this->loss_function(), LossStep::prox, {state.split, y_, weights_, {}, 1 / step.split_rho}, state.s);
  device.copy(state.split, target_);
  device.axpby(Real(2), state.s, Real(-1), target_);
  return target_;
}

template <class Real>
void SampleOperator<Real>::split_residual(const AdmmStep& step, const AdmmState<Real>& state, ConstView<Real> prediction) {
  const auto omega = static_cast<Real>(step.relaxation);
  this->device().copy(prediction, state.split_residual);
  this->device().axpby(-omega, state.s, omega, state.split_residual);
}

template <class Real>
DualCandidate<Real> SampleOperator<Real>::split_candidate(const AdmmStep& step, const AdmmState<Real>& state) {
  this->device().copy(state.split, v_);
  this->device().axpby(static_cast<Real>(-step.split_rho), state.s, static_cast<Real>(step.split_rho), v_);
  return dual_near(v_);
}

template <class Real>
DualCandidate<Real> SampleOperator<Real>::dual_near(ConstView<Real> near) {
  this->device().apply_loss(this->loss_function(), LossStep::project, {near, y_, weights_, {}, 1}, v_);
  if (this->bias()) {
    std::vector<double> v(static_cast<std::size_t>(v_.view().size()));
    this->device().download(v_, v.data());
    balance(this->loss_function(), by_outputs(v.data(), this->samples(), this->outputs()), ranks_);
    this->device().upload(v.data(), v_);
  }
  return candidate(v_);
}

template <class Real>
void SampleOperator<Real>::nearer(ConstView<Real> gamma, ConstView<Real> v, View<Real> f) {
  Device<Real>& device = this->device();
  if (off_.rows() == 0) off_ = device.allocate(this->p(), this->blocks());
  device.copy(v, f);
  centre(f);
  adjoint(f, off_);
  device.project_trace(this->N(), off_);
  device.axpby(Real(-1), gamma, Real(1), off_);
  least_change(off_, f);
  centre(f);
  device.axpby(Real(1), v, Real(-1), f);
  device.apply_loss(this->loss_function(), LossStep::project, {f, y_, weights_, {}, 1}, f);
  device.axpby(Real(-1), v, Real(1), f);
}

template class SampleOperator<float>;
template class SampleOperator<double>;

}  // namespace neuspec
