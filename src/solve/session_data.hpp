// What a session takes from its data, samples or moments: functions of the same name, each of which knows its data.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "certify/bias.hpp"
#include "certify/from_moments.hpp"
#include "certify/in_row_space.hpp"
#include "certify/targets.hpp"
#include "distribute/ranks.hpp"
#include "neuspec/error.hpp"
#include "read/range.hpp"
#include "solve/choose.hpp"
#include "solve/choose_for_ranks.hpp"
#include "solve/equilibration.hpp"
#include "solve/make_solver.hpp"
#include "solve/moment_units.hpp"

namespace neuspec {

template <class Data>
struct UnitsOf {
  using Type = Equilibration;
};
template <>
struct UnitsOf<Moments> {
  using Type = MomentUnits;
};

inline Settings settings_for(const Source& /*data*/, const Settings& settings) { return settings; }
inline Settings settings_for(const Moments& /*data*/, Settings settings) {
  if (settings.data_operator != OperatorKind::automatic && settings.data_operator != OperatorKind::moments)
    throw UsageError("operator " + name(settings.data_operator) + " needs the samples; of moments there is operator moments alone");
  settings.data_operator = OperatorKind::moments;
  return settings;
}

inline void check_data(const Source& data, const Problem& problem) {
  if (data.samples() < 1 || data.features() < 1 || data.targets() < 1) throw DataError("the data have no samples, no features or no targets");
  if (RowSpace::serves(problem.architecture, data)) check_range(data);  // others are looked at on the way to their units
  check_targets(problem.loss, data);
}
inline void check_data(const Moments& data, const Problem& problem) {
  check_problem_of_moments(problem);
  if (data.samples() < 1) throw DataError("the moments are of no samples");
}

/// Of wide samples; moments are not wide.
inline std::unique_ptr<RowSpace> space_of(const Problem& problem, const Source& data, const std::function<bool()>& stop) {
  return row_space_of(problem, data, stop);
}
inline std::unique_ptr<RowSpace> space_of(const Problem& /*problem*/, const Moments& /*data*/, const std::function<bool()>& /*stop*/) {
  return nullptr;
}

inline const Source* seen(const RowSpace* space, const Source* data) { return space != nullptr ? space : data; }
inline const Moments* seen(const RowSpace* /*space*/, const Moments* data) { return data; }

/// Names a value that is too large to be reckoned with; moments were made of none.
inline void check_units(const Equilibration& units, const Source& data) {
  if (!units.in_range()) check_range(data);
}
inline void check_units(const MomentUnits& /*units*/, const Moments& /*data*/) {}

template <class Real>
std::unique_ptr<DataOperator<Real>> operator_of(const Choice& choice, Device<Real>& device, const Equilibration& units) {
  return make_operator<Real>(choice.data_operator, device, units.problem(), units, choice.solver);
}
template <class Real>
std::unique_ptr<DataOperator<Real>> operator_of(const Choice& /*choice*/, Device<Real>& device, const MomentUnits& units) {
  return make_operator<Real>(device, units.problem(), units.data());
}

template <class Real>
std::unique_ptr<Solver> solver_of(DataOperator<Real>& data, const Equilibration& units, const Settings& settings, const Choice& choice,
                                  double memory) {
  return make_solver(data, units.problem(), &units, settings, choice, memory);
}
template <class Real>
std::unique_ptr<Solver> solver_of(DataOperator<Real>& data, const MomentUnits& units, const Settings& settings, const Choice& choice, double memory) {
  return make_solver(data, units.problem(), nullptr, settings, choice, memory);
}

inline Certificate proof_of(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector,
                            const RowSpace* space, double unit) {
  return certify(network, problem, data, dual_vector, space, unit);
}
inline Certificate proof_of(const Network& network, const Problem& problem, const Moments& data, const std::vector<double>& /*dual_vector*/,
                            const RowSpace* /*space*/, double /*unit*/) {
  return certify(network, problem, data);
}

/// The objective from above, without a bound from below where that costs more.
inline double objective_of(const Network& network, const Problem& problem, const Source& data) { return objective(network, problem, data); }
inline double objective_of(const Network& network, const Problem& problem, const Moments& data) { return certify(network, problem, data).primal; }

inline double largest_beta(const Problem& problem, const Source& data, const RowSpace* space) { return beta_max(problem, data, space); }
inline double largest_beta(const Problem& problem, const Moments& data, const RowSpace* /*space*/) { return beta_max(problem, data); }

inline std::vector<double> bias_of(Network& network, const Problem& problem, const Source& data) { return set_best_bias(network, problem, data); }
inline std::vector<double> bias_of(Network& network, const Problem& problem, const Moments& data) {
  set_best_bias(network, problem, data);
  return {};
}

inline const Ranks* ranks_of(const Source& data) { return data.ranks(); }
inline const Ranks* ranks_of(const Moments& /*data*/) { return nullptr; }
inline Index samples_of(const Source& data) { return all_samples(data); }
inline Index samples_of(const Moments& data) { return data.samples(); }

/// The solver and the form that the data will have.
template <class Data>
Choice choice_for(const Problem& problem, const Data& data, const Settings& settings, double memory) {
  const Patches patches(problem.architecture, data.features());
  return choose(settings, {data.samples(), patches.size, data.targets(), patches.pools, patches.per_pool, problem.loss, problem.bias}, memory);
}
inline Choice choice_for(const Problem& problem, const Source& data, const Settings& settings, double memory) {
  return data.ranks() == nullptr ? choice_for<Source>(problem, data, settings, memory) : *choose_for_ranks(problem, data, settings, memory);
}

/// What the choice of a solver says beforehand.
inline std::string origin(const Source& /*data*/) { return {}; }
inline std::string origin(const Moments& /*data*/) { return "from stored moments alone, "; }

}  // namespace neuspec
