#include "lift/ranked_operator.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace neuspec {

template <class Real>
RankedOperator<Real>::RankedOperator(Device<Real>& device, const Problem& problem, const Source& data, std::unique_ptr<DataOperator<Real>> own)
    : DataOperator<Real>(device, problem, all_samples(data), data.features(), data.targets()),
      ranks_(*data.ranks()),
      own_(std::move(own)),
      gamma_(device.allocate(this->p(), this->blocks())) {}

template <class Real>
std::vector<double> RankedOperator<Real>::on_host(ConstView<Real> view) const {
  std::vector<double> values(static_cast<std::size_t>(view.size()));
  this->device().download(view, values.data());
  return values;
}

template <class Real>
Index RankedOperator<Real>::of_each(Index samples) const {
  return (samples + ranks_.size() - 1) / ranks_.size();
}

// Numbers of columns first, then what they are, then the point and what else there is.
template <class Real>
void RankedOperator<Real>::tell(Task task, const FactorColumns& columns, ConstView<Real> Z, std::vector<double> more) {
  std::vector<double> words{static_cast<double>(task), static_cast<double>(columns.sign.size()), columns.pool.empty() ? 0.0 : 1.0,
                            columns.lead.empty() ? 0.0 : 1.0};
  words.insert(words.end(), columns.sign.begin(), columns.sign.end());
  for (const std::vector<Index>* indices : {&columns.output, &columns.pool, &columns.lead})
    std::transform(indices->begin(), indices->end(), std::back_inserter(words), [](Index index) { return static_cast<double>(index); });
  const std::vector<double> point = Z.size() > 0 ? on_host(Z) : std::vector<double>();
  words.insert(words.end(), point.begin(), point.end());
  words.insert(words.end(), more.begin(), more.end());
  ranks_.broadcast(words);
}

template <class Real>
typename RankedOperator<Real>::Call RankedOperator<Real>::hear() {
  std::vector<double> words;
  ranks_.broadcast(words);
  Call call;
  call.task = static_cast<Task>(static_cast<int>(words[0]));
  const auto m = static_cast<std::ptrdiff_t>(words[1]);
  auto word = words.begin() + 4;
  call.columns.sign.assign(word, word + m);
  word += m;
  const auto take = [&](std::vector<Index>& indices, bool there) {
    if (there) std::transform(word, word + m, std::back_inserter(indices), [](double index) { return static_cast<Index>(index); });
    word += there ? m : 0;
  };
  take(call.columns.output, true);
  take(call.columns.pool, words[2] > 0);
  take(call.columns.lead, words[3] > 0);
  const bool has_point = call.task != Task::release && call.task != Task::bounds && call.task != Task::second_moments;
  call.Z.assign(word, word + (has_point ? m * this->N() : 0));
  word += static_cast<std::ptrdiff_t>(call.Z.size());
  call.more.assign(word, words.end());
  return call;
}

template <class Real>
void RankedOperator<Real>::serve() {
  for (Call call = hear(); call.task != Task::release; call = hear()) answer(call);
}

template <class Real>
void RankedOperator<Real>::release() {
  tell(Task::release, {}, {}, {});
}

template <class Real>
void RankedOperator<Real>::answer(const Call& call) {
  if (call.task == Task::bounds) {
    bounds_sum(call.more);
    return;
  }
  Device<Real>& device = this->device();
  if (call.task == Task::second_moments) {
    second_moments_sum(device.allocate(this->p(), 1));
    return;
  }
  const auto m = static_cast<Index>(call.columns.sign.size()), unknowns = m * (this->N() - 1);
  const DeviceMatrix<Real> Z = device.allocate(this->N(), m), result = device.allocate(this->N(), m);
  if (m > 0) device.upload(call.Z.data(), Z);
  if (call.task == Task::evaluate) evaluate_sum(call.columns, Z, result);
  if (call.task == Task::dual_of) dual_sum(call.columns, Z);
  if (call.task == Task::gauss_newton) gauss_newton_sum(call.columns, Z, static_cast<Index>(call.more[0]), device.allocate(unknowns, unknowns));
  if (call.task != Task::differentiate) return;
  const DeviceMatrix<Real> Z_dot = device.allocate(this->N(), m);
  device.upload(call.more.data(), Z_dot);
  differentiate_sum(call.columns, Z, Z_dot, result);
}

template <class Real>
double RankedOperator<Real>::evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) {
  tell(Task::evaluate, columns, Z, {});
  return evaluate_sum(columns, Z, G);
}

template <class Real>
double RankedOperator<Real>::evaluate_sum(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) {
  double loss = own_->evaluate(columns, Z, G);
  ranks_.sum(std::span(&loss, 1));
  sum(G);
  return loss;
}

template <class Real>
void RankedOperator<Real>::differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) {
  tell(Task::differentiate, columns, Z, on_host(Z_dot));
  differentiate_sum(columns, Z, Z_dot, G_dot);
}

template <class Real>
void RankedOperator<Real>::differentiate_sum(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) {
  own_->differentiate(columns, Z, Z_dot, G_dot);
  sum(G_dot);
}

template <class Real>
void RankedOperator<Real>::gauss_newton(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B) {
  tell(Task::gauss_newton, columns, Z, {static_cast<double>(samples)});
  gauss_newton_sum(columns, Z, samples, B);
}

template <class Real>
void RankedOperator<Real>::gauss_newton_sum(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B) {
  const DeviceMatrix<Real> curvature = this->device().allocate(B.rows, B.columns);
  own_->gauss_newton(columns, Z, of_each(samples), curvature);
  sum(curvature);
  this->device().axpby(Real(1), curvature, Real(1), B);
}

template <class Real>
bool RankedOperator<Real>::second_moments(View<Real> moments) {
  tell(Task::second_moments, {}, {}, {});
  return second_moments_sum(moments);
}

template <class Real>
bool RankedOperator<Real>::second_moments_sum(View<Real> moments) {
  if (!own_->second_moments(moments)) return false;
  sum(moments);
  return true;
}

template <class Real>
DualCandidate<Real> RankedOperator<Real>::dual_of(const FactorColumns& columns, ConstView<Real> Z) {
  tell(Task::dual_of, columns, Z, {});
  return dual_sum(columns, Z);
}

template <class Real>
DualCandidate<Real> RankedOperator<Real>::dual_sum(const FactorColumns& columns, ConstView<Real> Z) {
  if (candidates_.size() > 1) candidates_.pop_back();
  candidates_.push_back(own_->dual_of(columns, Z));
  DualCandidate<Real>& own = candidates_.back();
  this->device().copy(own.gamma, gamma_);
  sum(gamma_);
  DualCandidate<Real> result{.gamma = gamma_, .bounds = {}, .loss = own.loss};
  ranks_.sum(result.loss);
  if (!own.vv.empty()) {
    ranks_.sum(own.vv);
    ranks_.sum(own.vy);
    set_squared_bounds(own.vv, own.vy, result);
    return result;
  }
  result.bounds = [this, which = static_cast<double>(candidates_.size() - 1)](const std::vector<double>& limits) {
    std::vector<double> words{which};
    words.insert(words.end(), limits.begin(), limits.end());
    tell(Task::bounds, {}, {}, words);
    return bounds_sum(words);
  };
  return result;
}

// −Σ ℓ*(τ v) at a τ that the limits alone say, the same for every rank.
template <class Real>
std::vector<double> RankedOperator<Real>::bounds_sum(const std::vector<double>& of_which_then_limits) {
  const auto words = of_which_then_limits.begin();
  std::vector<double> bounds = candidates_[static_cast<std::size_t>(words[0])].bounds({words + 1, of_which_then_limits.end()});
  ranks_.sum(bounds);
  return bounds;
}

template class RankedOperator<float>;
template class RankedOperator<double>;

}  // namespace neuspec
