#include "solve/anderson.hpp"

#include <algorithm>

namespace neuspec {

namespace {
constexpr Index interval = 10;
}  // namespace

template <class Real>
Anderson<Real>::Anderson(Device<Real>& device, Index problems, Index pairs)
    : device_(device),
      problems_(problems),
      pairs_(pairs),
      coefficients_(device.allocate(pairs, problems)),
      squares_(device.allocate(1, problems)),
      before_(device.allocate(1, problems)),
      part_squares_(device.allocate(1, problems)) {}

template <class Real>
typename Anderson<Real>::Part& Anderson<Real>::add(Index rows, Index columns, double weight) {
  auto part = std::make_unique<Part>();
  part->v = device_.allocate(rows, columns);
  part->f = device_.allocate(rows, columns);
  part->fallback = device_.allocate(rows, columns);
  const Index length = rows * columns / problems_;
  part->past_y = device_.allocate(length, problems_ * pairs_);
  if (weight > 0) part->past_f = device_.allocate(length, problems_ * pairs_);
  part->weight = weight;
  parts_.push_back(std::move(part));
  return *parts_.back();
}

template <class Real>
void Anderson<Real>::forget() {
  stored_ = next_slot_ = 0;
  candidate_pending_ = false;
}

template <class Real>
void Anderson<Real>::restart() {
  for (const auto& part : parts_) device_.copy(device_.allocate(part->v.rows(), part->v.columns()), part->v);
  forget();
  steps_ = 0;
}

template <class Real>
void Anderson<Real>::advance(bool plain) {
  ++steps_;
  if (candidate_pending_) {
    judge();
  } else if (steps_ % interval == 0 && stored_ >= 2 && !plain) {
    accelerate();
  } else {
    remember(Real(1));
    for (const auto& part : parts_) device_.axpby(Real(1), part->f, Real(1), part->v);
  }
}

template <class Real>
void Anderson<Real>::sum_squares(View<Real> squares) {
  bool first = true;
  for (const auto& part : parts_) {
    if (!(part->weight > 0)) continue;
    device_.column_squares(by_problem(part->f), part_squares_);
    device_.axpby(static_cast<Real>(part->weight), part_squares_, first ? Real(0) : Real(1), squares);
    first = false;
  }
}

template <class Real>
void Anderson<Real>::judge() {
  candidate_pending_ = false;
  remember(Real(1));
  sum_squares(squares_);
  for (const auto& part : parts_) {
    device_.advance_or_fall_back(by_problem(part->f), by_problem(part->fallback), squares_, before_, by_problem(part->v));
  }
}

template <class Real>
void Anderson<Real>::accelerate() {
  std::vector<AndersonPart<Real>> measured;
  for (const auto& part : parts_) {
    if (part->weight > 0) measured.push_back({part->past_f, by_problem(part->f), part->weight});
  }
  device_.anderson_coefficients(measured, stored_, coefficients_);
  sum_squares(before_);
  const Index slots = stored_;
  for (const auto& part : parts_) {
    device_.copy(part->v, part->fallback);
    device_.axpby(Real(1), part->f, Real(1), part->fallback);
    device_.anderson_combine(part->past_y, slots, coefficients_, by_problem(part->f), by_problem(part->v));
    std::swap(part->v, part->fallback);  // what is remembered is the plain step
  }
  remember(Real(0));
  for (const auto& part : parts_) std::swap(part->v, part->fallback);
  candidate_pending_ = true;
}

template <class Real>
void Anderson<Real>::remember(Real weight) {
  for (const auto& part : parts_) {
    const View<Real> y = part->past_y.view().column_range(next_slot_ * problems_, problems_);
    if (part->weight > 0) device_.copy(by_problem(part->f), part->past_f.view().column_range(next_slot_ * problems_, problems_));
    device_.copy(by_problem(part->v), y);
    if (weight != Real(0)) device_.axpby(weight, by_problem(part->f), Real(1), y);
  }
  next_slot_ = (next_slot_ + 1) % pairs_;
  stored_ = std::min(stored_ + 1, pairs_);
}

template class Anderson<float>;
template class Anderson<double>;

}  // namespace neuspec
