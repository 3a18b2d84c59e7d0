#include "solve/outputs_on_ranks.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "distribute/share.hpp"

namespace neuspec {

namespace {

/// A network of some outputs as numbers: a neuron's output, pool, weight and direction one after the other.
std::vector<double> numbers_of(const Network& network, Index first_output) {
  const Index f = network.direction_size();
  std::vector<double> numbers;
  for (Index j = 0; j < network.neurons(); ++j) {
    const auto at = static_cast<std::size_t>(j);
    numbers.insert(numbers.end(),
                   {static_cast<double>(first_output + network.output[at]), static_cast<double>(network.pool_of(j)), network.weights[at]});
    numbers.insert(numbers.end(), network.directions.begin() + j * f, network.directions.begin() + (j + 1) * f);
  }
  return numbers;
}

void add_numbers(std::span<const double> numbers, Network& network) {
  const auto size = static_cast<std::size_t>(3 + network.direction_size());
  for (; !numbers.empty(); numbers = numbers.subspan(size))
    network.add(numbers.data() + 3, numbers[2], static_cast<Index>(numbers[0]), static_cast<Index>(numbers[1]));
}

double part(Index count, Index all) { return static_cast<double>(count) / static_cast<double>(all); }

}  // namespace

template <class Real>
OutputsOnRanks<Real>::OutputsOnRanks(const Ranks& ranks, const MomentsOperator<Real>& all, const SolverOf<Real>& make, const Monitor& monitor)
    : ranks_(ranks),
      first_(all.outputs() * ranks.rank() / ranks.size()),
      count_(all.outputs() * (ranks.rank() + 1) / ranks.size() - first_),
      outputs_(all.outputs()),
      monitor_(monitor.of_some(count_, part(count_, outputs_))),
      network_(empty_network(all.activation(), all.patches(), outputs_)) {
  if (count_ == 0) return;
  own_ = std::make_unique<MomentsOperator<Real>>(all, first_, count_);
  solver_ = make(*own_);
}

template <class Real>
void OutputsOnRanks<Real>::tell(Task task, double value) {
  std::array<double, 2> told{static_cast<double>(static_cast<int>(task)), value};
  ranks_.broadcast(told);
}

template <class Real>
void OutputsOnRanks<Real>::serve() {
  while (true) {
    std::array<double, 2> told{};
    ranks_.broadcast(told);
    switch (static_cast<Task>(static_cast<int>(told[0]))) {
      case Task::release:
        return;
      case Task::set_beta:
        if (solver_) solver_->set_beta(told[1]);
        monitor_.restart();
        break;
      case Task::run:
        solve(told[1]);
        bring_together(nullptr, told[1]);
    }
  }
}

template <class Real>
void OutputsOnRanks<Real>::release() {
  tell(Task::release, 0);
}

template <class Real>
void OutputsOnRanks<Real>::set_beta(double beta) {
  tell(Task::set_beta, beta);
  if (solver_) solver_->set_beta(beta);
  monitor_.restart();
}

template <class Real>
void OutputsOnRanks<Real>::run(Monitor& monitor, double target) {
  tell(Task::run, target);
  solve(target);
  bring_together(&monitor, target);
}

template <class Real>
void OutputsOnRanks<Real>::solve(double target) {
  if (solver_) solver_->run(monitor_, target / 2);
}

// Objectives and bounds by output, each rank's own where the others have zeros.
template <class Real>
void OutputsOnRanks<Real>::bring_together(Monitor* monitor, double target) {
  std::vector<double> sums(static_cast<std::size_t>(2 * outputs_));
  std::copy_n(monitor_.primals().begin(), count_, sums.begin() + first_);
  std::copy_n(monitor_.duals().begin(), count_, sums.begin() + outputs_ + first_);
  ranks_.sum(sums);
  // What ended any of them: the most urgent.
  constexpr std::array ends{Status::stalled, Status::iteration_limit, Status::time_limit, Status::interrupted};
  const auto own = std::find(ends.begin(), ends.end(), count_ > 0 ? monitor_.status() : Status::optimal);
  const double urgency = ranks_.largest(own == ends.end() ? 0.0 : static_cast<double>(own - ends.begin()));
  const auto iterations = static_cast<Index>(ranks_.largest(static_cast<double>(monitor_.iterations())));
  const std::vector<double> all = gather(ranks_, solver_ ? numbers_of(solver_->network(), first_) : std::vector<double>());
  if (monitor == nullptr) return;
  network_ = empty_network(network_);
  add_numbers(all, network_);
  const auto half = sums.begin() + outputs_;
  const bool done = monitor->test({sums.begin(), half}, {half, sums.end()}, network_.neurons(), iterations - monitor->iterations(), target);
  if (!done) monitor->give_up(ends.at(static_cast<std::size_t>(urgency)));
}

template <class Real>
SolverState OutputsOnRanks<Real>::save() {
  throw std::logic_error("a checkpoint of outputs on ranks");
}

template <class Real>
void OutputsOnRanks<Real>::restore(const SolverState& /*state*/) {
  throw std::logic_error("a checkpoint of outputs on ranks");
}

template class OutputsOnRanks<float>;
template class OutputsOnRanks<double>;

}  // namespace neuspec
