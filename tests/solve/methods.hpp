// Every pair of solver and form of the data operator that goes together.
#pragma once

#include <ostream>

#include "neuspec/fit.hpp"

namespace neuspec::test {

struct Method {
  const char* label;
  SolverKind solver;
  OperatorKind data_operator;
};
inline void PrintTo(const Method& method, std::ostream* out) { *out << method.label; }

inline constexpr Method kMethods[] = {{"admm_moments", SolverKind::admm, OperatorKind::moments},
                                      {"admm_gram", SolverKind::admm, OperatorKind::gram},
                                      {"bm_moments", SolverKind::burer_monteiro, OperatorKind::moments},
                                      {"bm_gram", SolverKind::burer_monteiro, OperatorKind::gram},
                                      {"bm_matrix_free", SolverKind::burer_monteiro, OperatorKind::matrix_free},
                                      {"bm_streamed", SolverKind::burer_monteiro, OperatorKind::streamed}};
/// For squared loss ADMM has no samples to stream.
inline constexpr Method kStreamedAdmm = {"admm_streamed", SolverKind::admm, OperatorKind::streamed};

/// Descent needs a loss without kinks.
inline bool applies(const Method& method, const Loss& loss) { return method.solver == SolverKind::admm || loss.smooth(); }

}  // namespace neuspec::test
