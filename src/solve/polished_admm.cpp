#include "solve/polished_admm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "solve/choose.hpp"

namespace neuspec {

namespace {
constexpr double near = 1e-2;       // gap of ADMM's at which its neurons are mostly those of the optimum
constexpr double nearer = 0.1;      // and from one such gap to the next
constexpr Index polishing = 30;     // products with the Hessian that ADMM's result takes, too
constexpr double usual_steps = 60;  // of ADMM
}  // namespace

template <class Real>
PolishedAdmm<Real>::PolishedAdmm(DataOperator<Real>& data, double beta, ProjectionKind projection, std::unique_ptr<PartOfSamples<Real>> part)
    : data_(data), beta_(beta), projection_(projection), part_(std::move(part)), polisher_(data, beta) {
  if (part_ && !part_->exists()) part_.reset();
  if (!part_) admm();
}

template <class Real>
Admm<Real>& PolishedAdmm<Real>::admm() {
  if (!admm_) {
    admm_ = std::make_unique<Admm<Real>>(data_, beta_, projection_);
    admm_->give_up_after(stagnation);
  }
  return *admm_;
}

template <class Real>
void PolishedAdmm<Real>::set_beta(double beta) {
  beta_ = beta;
  if (admm_) admm_->set_beta(beta);
  if (part_) part_->set_beta(beta);
  polisher_.set_beta(beta);
  handed_over_ = std::exchange(started_, false);
  near_ = data_.kind() == OperatorKind::gram ? near : 0;
  steps_ = 0;
  tried_ = 0;
  kept_primal_ = std::numeric_limits<double>::infinity();
}

template <class Real>
void PolishedAdmm<Real>::start_from(const Network& point) {
  polisher_.start_from(point);
  started_ = true;
}

template <class Real>
SolverState PolishedAdmm<Real>::save() {
  return handed_over_ || !admm_ ? polisher_.save() : admm_->save();
}

template <class Real>
void PolishedAdmm<Real>::restore(const SolverState& state) {
  const bool of_descent = state.blocks.empty();
  handed_over_ = of_descent && !part_;  // else the descent goes on that may be given up
  if (of_descent) return polisher_.restore(state);
  part_.reset();
  admm().restore(state);
}

template <class Real>
void PolishedAdmm<Real>::run(Monitor& monitor, double target) {
  if (!handed_over_) {
    const bool arrived = (!admm_ && arrives_without(monitor, target)) || run_admm(monitor, target);
    if (arrived && monitor.status() != Status::optimal && kept_primal_ < monitor.primal()) network_ = kept_;
    if (arrived) return;
  }
  polisher_.run(monitor, target);
  network_ = polisher_.network();
}

template <class Real>
bool PolishedAdmm<Real>::arrives_without(Monitor& monitor, double target) {
  if (polisher_.point().neurons() == 0) polisher_.start_from(part_->optimum(monitor));
  if (polisher_.descend(monitor, target, products_of_admm(polisher_.point().neurons()))) {
    network_ = polisher_.network();
    handed_over_ = monitor.status() == Status::optimal;
    return true;
  }
  kept_ = polisher_.network();
  kept_primal_ = monitor.primal();
  monitor.forget();
  part_.reset();  // its memory is ADMM's now
  return false;
}

template <class Real>
bool PolishedAdmm<Real>::run_admm(Monitor& monitor, double target) {
  bool goes_on = true;
  while (goes_on && near_ * nearer > target) {
    if (ends_early(monitor, target)) return true;
    goes_on = monitor.status() == Status::optimal && monitor.relative_gap() > target;
  }
  if (goes_on) admm().run(monitor, target);
  network_ = admm().network();
  handed_over_ = monitor.status() == Status::stalled;
  if (handed_over_) {
    polisher_.start_from(network_);
    return false;
  }
  const bool in_a_hurry = monitor.status() == Status::interrupted || monitor.status() == Status::time_limit;
  polisher_.polish(std::move(network_), monitor, in_a_hurry ? std::numeric_limits<double>::infinity() : target);
  network_ = polisher_.network();
  return true;
}

template <class Real>
bool PolishedAdmm<Real>::ends_early(Monitor& monitor, double target) {
  const Index before = monitor.iterations();
  admm().approach(monitor, near_);
  steps_ += monitor.iterations() - before;
  near_ = nearer * std::min(near_, monitor.relative_gap());
  if (monitor.relative_gap() <= target || monitor.status() != Status::optimal) return false;
  Network point = admm().network();
  const Index products = affordable_products(point, monitor, target);
  if (products == 0) return false;
  const auto proof = polisher_.polish(std::move(point), monitor, target, products);
  const bool in_a_hurry = monitor.in_a_hurry();
  if (!proof && !in_a_hurry) return false;
  network_ = polisher_.network();
  if (proof) {
    handed_over_ = true;
    monitor.test(proof->objective, proof->bounds, network_.neurons(), 0, target);
  } else {
    admm().run(monitor, target);  // which ends, and tells the monitor why
  }
  return true;
}

template <class Real>
Index PolishedAdmm<Real>::affordable_products(const Network& point, const Monitor& monitor, double target) {
  if (point.neurons() == 0) return 0;
  constexpr double most = 1e6;
  const std::vector<Progress>& history = monitor.history();
  const Index neurons = std::max<Index>(1, history.back().neurons);
  const double steps = static_cast<double>(steps_), step = step_flops(neurons), gap = monitor.relative_gap();
  if (polisher_.is_cheap(neurons) && gap < 1) {
    const double product = product_flops(neurons);
    return static_cast<Index>(std::min(most, steps * std::log(gap / target) / std::log(1 / gap) * step / product)) + polishing;
  }
  const bool changes = history.size() < 2 || neurons != history[history.size() - 2].neurons;
  const double flops = polisher_.polish_flops(neurons);
  if (changes || tried_ + flops > steps * step) return 0;
  if (!polisher_.goes_through_samples(point)) {
    near_ = 0;
    return 0;
  }
  tried_ += flops;
  return BurerMonteiro<Real>::any_number;
}

// Of the form with the Gram matrix, whose steps take more than descent's; a product with a vector waits for memory.
template <class Real>
double PolishedAdmm<Real>::step_flops(Index neurons) const {
  const auto n = static_cast<double>(data_.samples()), d = static_cast<double>(data_.N() - 1), C = static_cast<double>(data_.outputs());
  return n * d * d * C + 4 * n * d * static_cast<double>(neurons) + 2 * slow_flop * n * n * C;
}

// Of the form with the Gram matrix: its factor and the usual steps.
template <class Real>
Index PolishedAdmm<Real>::products_of_admm(Index neurons) const {
  const auto n = static_cast<double>(data_.samples());
  const double all = n * n * n / 3 + usual_steps * step_flops(neurons);
  return static_cast<Index>(all / product_flops(std::max<Index>(1, neurons)));
}

template class PolishedAdmm<float>;
template class PolishedAdmm<double>;

}  // namespace neuspec
