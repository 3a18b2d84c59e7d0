#include "solve/choose_for_ranks.hpp"

#include "distribute/ranks.hpp"
#include "lift/shared_out.hpp"
#include "neuspec/error.hpp"

namespace neuspec {
namespace {

Size size_of(const Problem& problem, const Source& data, Index samples) {
  const Patches patches(problem.architecture, data.features());
  return {samples, patches.size, data.targets(), patches.pools, patches.per_pool, problem.loss, problem.bias};
}

/// Held where memory allows it.
Choice choose_descent(const Size& own, Settings settings, double memory) {
  settings.solver = SolverKind::burer_monteiro;
  if (settings.data_operator != OperatorKind::automatic) return choose(settings, own, memory);
  try {
    settings.data_operator = OperatorKind::matrix_free;
    return choose(settings, own, memory);
  } catch (const EnvironmentError&) {
    settings.data_operator = OperatorKind::streamed;
    return choose(settings, own, memory);
  }
}

}  // namespace

std::optional<Choice> choose_for_ranks(const Problem& problem, const Source& data, const Settings& settings, double memory) {
  const Ranks& ranks = *data.ranks();
  if (!proven_by_sums(problem, data) || !problem.loss.smooth()) return {};
  std::optional<Choice> choice;
  if (problem.loss.kind == LossKind::squared) {
    choice = choose(settings, size_of(problem, data, all_samples(data)), ranks.smallest(memory));
    if (choice->data_operator != OperatorKind::moments) choice = {};
  }
  const OperatorKind form = settings.data_operator;
  const bool descends = settings.solver != SolverKind::admm && form != OperatorKind::gram && form != OperatorKind::moments;
  if (!choice && descends) choice = choose_descent(size_of(problem, data, data.samples()), settings, memory);
  if (choice) choice->reason = std::to_string(ranks.size()) + (ranks.size() == 1 ? " rank, " : " ranks, ") + choice->reason;
  return choice;
}

}  // namespace neuspec
