#include "solve/part_of_samples.hpp"

#include <algorithm>

#include "lift/spread_samples.hpp"
#include "solve/make_solver.hpp"

namespace neuspec {

template <class Real>
PartOfSamples<Real>::PartOfSamples(const DataOperator<Real>& all, const Problem& problem, const Source& samples, const Settings& settings,
                                   const PartSize& size)
    : settings_(settings) {
  settings_.tolerance = std::max(settings.tolerance, size.tolerance);
  settings_.data_operator = OperatorKind::automatic;
  settings_.solver = SolverKind::automatic;
  const Patches& patches = all.patches();
  for (Index share = size.largest_share; samples.samples() / share >= size.fewest && !exists(); share *= 2) {
    const Index n = samples.samples() / share;
    const Size own{n, patches.size, all.outputs(), patches.pools, patches.per_pool, problem.loss, problem.bias};
    const Choice choice = choose(settings_, own, size.memory);
    if (choice.data_operator == OperatorKind::streamed) continue;
    const Dataset held = spread_samples(samples, n, all.samples());
    data_ = make_operator<Real>(choice.data_operator, all.device(), problem, held);
    solver_ = make_solver(*data_, problem, nullptr, settings_, choice, size.memory);
  }
}

template <class Real>
void PartOfSamples<Real>::set_beta(double beta) {
  if (exists()) solver_->set_beta(beta);
}

template <class Real>
Network PartOfSamples<Real>::optimum(const Monitor& whole) {
  Monitor own(settings_, observer_, data_->problems(), whole.start());
  solver_->run(own, settings_.tolerance);
  return solver_->network();
}

template class PartOfSamples<float>;
template class PartOfSamples<double>;

}  // namespace neuspec
