// Moments for every architecture and, beside the samples, for every loss.
#include <algorithm>
#include <cmath>

#include "lift/centred_source.hpp"
#include "lift/device_sums.hpp"
#include "lift/moments_operator.hpp"
#include "lift/streamed_operator.hpp"
#include "neuspec/error.hpp"

namespace neuspec {

namespace {

constexpr Index lifted_doubles = 1 << 23;  // of lifted samples held at a time: 64 MiB in double

/// A chunk of a source as columns on the device, weights absorbed.
template <class Real>
struct Columns {
  DeviceMatrix<Real> x, y, s;

  Columns(Device<Real>& device, const Chunk& chunk, const StoredForm& form, Index d, Index C)
      : x(device.allocate(d, chunk.samples)), y(device.allocate(chunk.samples, C)) {
    const Index n = chunk.samples;
    std::vector<double> columns(static_cast<std::size_t>(n * C)), root;
    for (Index i = 0; chunk.weights != nullptr && i < n; ++i) root.push_back(std::sqrt(chunk.weights[i]));
    for (Index i = 0; i < n; ++i) {
      const double scale = root.empty() ? 1.0 : root[static_cast<std::size_t>(i)];
      for (Index k = 0; k < C; ++k) columns[static_cast<std::size_t>(k * n + i)] = scale * chunk.y[i * C + k];
    }
    device.upload_features(chunk, form, x);
    device.upload(columns.data(), y);
    if (root.empty()) return;
    s = device.allocate(n, 1);
    device.upload(root.data(), s);
  }
};

void add_squares(const Chunk& chunk, std::vector<double>& yy) {
  for (Index i = 0; i < chunk.samples; ++i) {
    const double w = chunk.weights == nullptr ? 1.0 : chunk.weights[i];
    for (std::size_t k = 0; k < yy.size(); ++k) {
      const double y = chunk.y[static_cast<std::size_t>(i) * yy.size() + k];
      yy[k] += w * y * y;
    }
  }
}

/// S and r of all ranks that share the samples out: of S one half travels.
template <class Real>
void sum_over_ranks(Device<Real>& device, const Source& data, View<Real> S, View<Real> r, std::vector<double>& yy) {
  if (data.ranks() == nullptr) return;
  neuspec::sum_over_ranks(data, yy);
  neuspec::sum_over_ranks(device, data.ranks(), r);
  const DeviceMatrix<Real> half = device.allocate(packed::size(S.rows), 1);
  device.pack(S, half);
  neuspec::sum_over_ranks(device, data.ranks(), half.view());
  device.unpack(half, S);
}

// Dense networks: n N⁴/12 flops by the sorted fourth moments. Others: n p² B² in SYRK over lifted samples, whose pools have no such symmetry.
template <class Real>
std::vector<double> sums_of(Device<Real>& device, const Problem& problem, const Source& data, bool weighted, View<Real> S, View<Real> r) {
  const Patches patches(problem.architecture, data.features());
  const Index N = patches.size + 1, p = packed::size(N), C = data.targets();
  std::vector<double> yy(static_cast<std::size_t>(C));
  const StoredForm form = device.stored_form_of(data);
  const auto visit = [&](Index samples, const auto& visitor) {
    visit_samples(data, form, samples, [&](Chunk chunk) {
      if (!weighted) chunk.weights = nullptr;
      add_squares(chunk, yy);
      visitor(chunk);
    });
  };
  if (patches.whole()) {
    const auto accumulator = device.moment_accumulator(data.features(), C);
    visit(chunk_samples, [&](const Chunk& chunk) { accumulator->add(chunk, form); });
    accumulator->finish(problem.activation, S, r);
    sum_over_ranks(device, data, S, r, yy);
    return yy;
  }
  const Index lifted = p * patches.pools, most = std::clamp<Index>(lifted_doubles / lifted, 64, chunk_samples);
  const Activation share = shared_among(problem.activation, patches.per_pool);
  const auto accumulator = device.lifted_accumulator(lifted, C);
  const DeviceMatrix<Real> L = device.allocate(lifted, most), patch = device.allocate(patches.size, most);
  visit(most, [&](const Chunk& chunk) {
    const Columns<Real> columns(device, chunk, form, data.features(), C);
    const View<Real> part = L.view().column_range(0, chunk.samples), gathered = patch.view().column_range(0, chunk.samples);
    for (Index pool = 0; pool < patches.pools; ++pool) {
      const View<Real> rows = part.row_range(pool * p, p);
      for (Index q = 0; q < patches.per_pool; ++q) {
        device.gather(window_of(patches, pool, q), columns.x, gathered);
        device.lift_samples(share, gathered, columns.s, q == 0 ? Real(0) : Real(1), rows);
      }
      device.project_trace(N, rows);
    }
    accumulator->add(part, columns.y);
  });
  accumulator->finish(S, r);
  sum_over_ranks(device, data, S, r, yy);
  return yy;
}

}  // namespace

// S − m mᵀ/Σw with m = Σ w ā, which is the right-hand side of a target that is 1.
template <class Real>
LiftedSums sum_moments(Device<Real>& device, const Problem& problem, const Source& data, bool weighted, View<Real> S, View<Real> r) {
  if (!problem.bias) return {sums_of(device, problem, data, weighted, S, r), 0};
  const DeviceMatrix<Real> right = device.allocate(r.rows, r.columns + 1);
  LiftedSums sums{sums_of<Real>(device, problem, CentredSource(data, weighted, true), weighted, S, right), 0};
  const ConstView<Real> mean = right.view().column_range(r.columns, 1);
  const double all = sums.yy.back();
  sums.yy.pop_back();
  device.copy(right.view().column_range(0, r.columns), r);
  if (!(all > 0)) return sums;
  sums.removed = device.dot(mean, mean) / all;
  device.gemm(Transpose::no, Transpose::yes, static_cast<Real>(-1 / all), mean, mean, Real(1), S);
  return sums;
}

template <class Real>
SampledMomentsOperator<Real>::SampledMomentsOperator(Device<Real>& device, const Problem& problem, const Source& data, Features features)
    : SampleOperator<Real>(device, problem, data, features),
      kind_(features == Features::held ? OperatorKind::moments : OperatorKind::streamed),
      S_(device.allocate(this->p() * this->pools(), this->p() * this->pools())),
      r_(device.allocate(this->p(), this->blocks())),
      right_(device.allocate(this->p(), this->blocks())),
      prediction_(device.allocate(this->samples(), this->outputs())) {
  if (features == Features::streamed && problem.loss.smooth()) own_ = std::make_unique<StreamedOperator<Real>>(device, problem, data);
  const LiftedSums sums = sum_moments<Real>(device, problem, data, false, S_, this->by_output(r_.view()));
  this->set_scale(S_, sums.removed);
}

template <class Real>
double SampledMomentsOperator<Real>::ridge_norm() {
  return this->ridge_norm_of(S_, this->by_output(ConstView<Real>(r_)));
}

template <class Real>
void SampledMomentsOperator<Real>::prepare(double rho) {
  this->invert_moments(S_, rho, inverse_);
}

// 2 p² B² C flops, and 3 n f² C a patch for the adjoint of the targets and the prediction.
template <class Real>
void SampledMomentsOperator<Real>::solve(const AdmmStep& step, const AdmmState<Real>& state) {
  Device<Real>& device = this->device();
  const ConstView<Real> targets = this->targets(step, state);
  device.copy(targets, prediction_);
  this->centre(prediction_);
  this->adjoint(prediction_, right_);
  device.project_trace(this->N(), right_);
  device.axpby(static_cast<Real>(step.rho / step.split_rho / 2), state.T, Real(1), right_);
  device.symm(Real(1), inverse_, this->by_output(right_.view()), Real(0), this->by_output(state.D));
  this->forward(state.D, prediction_);
  if (this->bias()) {
    device.axpby(Real(-1), targets, Real(1), prediction_);
    this->centre(prediction_);
    device.axpby(Real(1), targets, Real(1), prediction_);
  }
  this->split_residual(step, state, prediction_);
}

template <class Real>
double SampledMomentsOperator<Real>::evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) {
  return own_ ? own_->evaluate(columns, Z, G) : SampleOperator<Real>::evaluate(columns, Z, G);
}

template <class Real>
void SampledMomentsOperator<Real>::differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) {
  own_ ? own_->differentiate(columns, Z, Z_dot, G_dot) : SampleOperator<Real>::differentiate(columns, Z, Z_dot, G_dot);
}

template <class Real>
void SampledMomentsOperator<Real>::gauss_newton(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B) {
  own_ ? own_->gauss_newton(columns, Z, samples, B) : SampleOperator<Real>::gauss_newton(columns, Z, samples, B);
}

template <class Real>
DualCandidate<Real> SampledMomentsOperator<Real>::dual_of(const FactorColumns& columns, ConstView<Real> Z) {
  return own_ ? own_->dual_of(columns, Z) : SampleOperator<Real>::dual_of(columns, Z);
}

template <class Real>
DualCandidate<Real> SampledMomentsOperator<Real>::dual_at(const AdmmStep& step, const AdmmState<Real>& state) {
  return this->split_candidate(step, state);
}

template <class Real>
void SampledMomentsOperator<Real>::least_change(View<Real> R, View<Real> f) {
  this->device().symm(Real(1), inverse_, this->by_output(ConstView<Real>(R)), Real(0), this->by_output(right_.view()));
  this->forward(right_, f);
}

template LiftedSums sum_moments<float>(Device<float>&, const Problem&, const Source&, bool, View<float>, View<float>);
template LiftedSums sum_moments<double>(Device<double>&, const Problem&, const Source&, bool, View<double>, View<double>);
template class SampledMomentsOperator<float>;
template class SampledMomentsOperator<double>;

}  // namespace neuspec
