// The solver that was chosen, with what it begins or ends with.
#pragma once

#include <memory>

#include "solve/choose.hpp"
#include "solve/solver.hpp"

namespace neuspec {

/// `problem` and `samples` as the operator has them, which outlive the solver; of stored moments there are none. `memory` in bytes.
/// \throws UsageError where the settings do not go together
template <class Real>
std::unique_ptr<Solver> make_solver(DataOperator<Real>& data, const Problem& problem, const Source* samples, const Settings& settings,
                                    const Choice& choice, double memory);

}  // namespace neuspec
