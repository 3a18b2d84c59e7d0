#include "lift/streamed_operator.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "device/runs.hpp"
#include "distribute/ranked_source.hpp"
#include "lift/spread_samples.hpp"
#include "loss/intercept.hpp"
#include "numeric/laplacian.hpp"

namespace neuspec {

namespace {

constexpr Index held_numbers = 1 << 22, fewest_held = 8192;  // of the neighbours' features; samples, as many as a preconditioner may have unknowns

Problem without_intercept(Problem problem) {
  problem.bias = false;
  return problem;
}

void add(const std::vector<double>& part, std::vector<double>& sum) {
  sum.resize(part.size());
  std::transform(part.begin(), part.end(), sum.begin(), sum.begin(), std::plus<>());
}

}  // namespace

template <class Real>
StreamedOperator<Real>::StreamedOperator(Device<Real>& device, const Problem& problem, const Source& data)
    : DataOperator<Real>(device, problem, data),
      problem_(without_intercept(problem)),
      data_(data),
      ranks_(data.ranks()),
      gamma_(device.allocate(this->p(), this->blocks())),
      gamma_part_(device.allocate(this->p(), this->blocks())) {
  const Index held = std::min(data.samples(), std::max(fewest_held, held_numbers / data.features()));
  const std::shared_ptr<const Ranks> not_owned(std::shared_ptr<void>(), ranks_);
  const RankedSource neighbours(std::make_shared<Dataset>(spread_samples(data, held)), not_owned);
  neighbours_ = std::make_unique<SampleOperator<Real>>(device, problem, neighbours);
}

template <class Real>
template <class Body>
void StreamedOperator<Real>::each_chunk(const Body& body) {
  const StoredForm form = this->device().stored_form_of(data_);
  visit_samples(data_, form, chunk_samples, [&](const Chunk& samples) {
    if (chunk_ != nullptr && chunk_->samples() == samples.samples) {
      chunk_->take(samples, form);
    } else {
      chunk_ = std::make_unique<SampleChunk<Real>>(this->device(), problem_, ChunkSource(samples, form, data_.features(), data_.targets()));
    }
    chunk_->give_intercepts(b_);
    body(*chunk_, samples);
  });
}

template <class Real>
void StreamedOperator<Real>::find_intercepts(const FactorColumns& columns, ConstView<Real> Z) {
  slopes_known_ = false;
  if (!this->bias()) return;
  if (this->loss_function().kind != LossKind::squared) return find_best_intercepts(columns, Z);
  std::vector<double> sums;
  each_chunk([&](SampleChunk<Real>& chunk, const Chunk& /*samples*/) {
    chunk.predict(columns, Z);
    add(chunk.residuals(), sums);
  });
  sum_over_ranks(ranks_, sums);
  const std::size_t C = sums.size() / 2;
  b_.assign(C, 0.0);
  for (std::size_t k = 0; k < C; ++k) b_[k] = sums[C + k] > 0 ? sums[k] / sums[C + k] : 0.0;
}

template <class Real>
void StreamedOperator<Real>::find_best_intercepts(const FactorColumns& columns, ConstView<Real> Z) {
  const Index n = data_.samples(), C = data_.targets();
  std::vector<double> f(static_cast<std::size_t>(n * C)), y(f.size()), weights, part;
  each_chunk([&](SampleChunk<Real>& chunk, const Chunk& samples) {
    chunk.predict(columns, Z);
    part.resize(static_cast<std::size_t>(samples.samples * C));
    this->device().download(chunk.prediction(), part.data());
    for (Index i = 0; i < samples.samples; ++i) {
      for (Index k = 0; k < C; ++k)
        f[static_cast<std::size_t>((samples.first + i) * C + k)] = part[static_cast<std::size_t>(k * samples.samples + i)];
    }
    std::copy_n(samples.y, samples.samples * C, y.begin() + samples.first * C);
    if (samples.weights != nullptr) weights.insert(weights.end(), samples.weights, samples.weights + samples.samples);
  });
  Intercepts best = best_intercepts(this->loss_function(), by_samples<const double>(f.data(), n, C), by_samples<const double>(y.data(), n, C),
                                    weights, levels_, ranks_);
  b_ = std::move(best.b);
  levels_ = std::move(best.levels);
  coupling_ = std::move(best.coupling);
}

template <class Real>
double StreamedOperator<Real>::evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) {
  Device<Real>& device = this->device();
  find_intercepts(columns, Z);
  if (G_part_.columns() != Z.columns) G_part_ = device.allocate(Z.rows, Z.columns);
  double loss = 0;
  each_chunk([&](SampleChunk<Real>& chunk, const Chunk& samples) {
    this->sum_up(samples.first == 0, G, G_part_, [&](View<Real> part) { loss += chunk.evaluate(columns, Z, part); });
  });
  return loss;
}

template <class Real>
void StreamedOperator<Real>::differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) {
  Device<Real>& device = this->device();
  if (G_part_.columns() != Z.columns) G_part_ = device.allocate(Z.rows, Z.columns);
  const bool learn = this->bias() && !slopes_known_;
  if (learn) {
    curvature_.clear();
    slopes_.clear();
    while (static_cast<Index>(slopes_.size()) < (coupled() ? this->outputs() : 1)) slopes_.push_back(device.allocate(Z.rows, Z.columns));
  }
  std::vector<double> moved;
  each_chunk([&](SampleChunk<Real>& chunk, const Chunk& samples) {
    chunk.gradient_at(columns, Z);
    for (std::size_t k = 0; learn && k < slopes_.size(); ++k) {
      this->sum_up(samples.first == 0, slopes_[k], G_part_, [&](View<Real> part) {
        const std::vector<double> sums = chunk.slope(columns, Z, coupled() ? static_cast<Index>(k) : -1, part);
        if (!coupled()) add(sums, curvature_);
      });
    }
    this->sum_up(samples.first == 0, G_dot, G_part_, [&](View<Real> part) { chunk.differentiate(columns, Z, Z_dot, part); });
    if (this->bias()) add(chunk.moved(), moved);
  });
  if (!this->bias()) return;
  if (learn && !coupled()) sum_over_ranks(ranks_, curvature_);
  sum_over_ranks(ranks_, moved);
  slopes_known_ = true;
  const std::vector<double> b_dot = follow(moved);
  if (coupled()) {
    for (std::size_t k = 0; k < slopes_.size(); ++k) device.axpby(static_cast<Real>(b_dot[k]), slopes_[k], Real(1), G_dot);
    return;
  }
  for (const Run& run : runs_of(columns))
    device.axpby(static_cast<Real>(b_dot[static_cast<std::size_t>(run.output)]), slopes_.front().view().column_range(run.first, run.count), Real(1),
                 G_dot.column_range(run.first, run.count));
}

template <class Real>
std::vector<double> StreamedOperator<Real>::follow(const std::vector<double>& right) const {
  std::vector<double> b_dot;
  for (const double sum : right) b_dot.push_back(-sum);
  if (coupled()) return solve_laplacian(coupling_, b_dot);
  for (std::size_t k = 0; k < b_dot.size(); ++k) b_dot[k] = curvature_[k] > 0 ? b_dot[k] / curvature_[k] : 0.0;
  return b_dot;
}

template <class Real>
DualCandidate<Real> StreamedOperator<Real>::dual_of(const FactorColumns& columns, ConstView<Real> Z) {
  Device<Real>& device = this->device();
  find_intercepts(columns, Z);
  const bool squared = this->loss_function().kind == LossKind::squared;
  std::vector<double> losses, vv, vy;
  each_chunk([&](SampleChunk<Real>& chunk, const Chunk& samples) {
    chunk.gradient_at(columns, Z);
    add(chunk.losses(), losses);
    if (squared) {
      add(device.column_dots(chunk.gradient(), chunk.gradient()), vv);
      add(device.column_dots(chunk.gradient(), chunk.targets()), vy);
    }
    this->sum_up(samples.first == 0, gamma_, gamma_part_, [&](View<Real> part) { chunk.adjoint(chunk.gradient(), part); });
  });
  DualCandidate<Real> result{.gamma = gamma_, .bounds = {}, .loss = losses};
  if (squared) {
    set_squared_bounds(vv, vy, result);
    return result;
  }
  const auto point = std::make_shared<DeviceMatrix<Real>>(device.allocate(Z.rows, Z.columns));
  device.copy(Z, *point);
  result.bounds = [this, columns, point, b = b_](const std::vector<double>& limits) {
    std::vector<double> bounds;
    b_ = b;
    each_chunk([&](SampleChunk<Real>& chunk, const Chunk& /*samples*/) {
      chunk.gradient_at(columns, *point);
      add(chunk.conjugate_bounds(chunk.gradient(), limits), bounds);
    });
    return bounds;
  };
  return result;
}

template class StreamedOperator<float>;
template class StreamedOperator<double>;

}  // namespace neuspec
