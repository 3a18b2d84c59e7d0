// Which solver and which form of the data operator: `auto` (docs/mathematics.md section 6).
#pragma once

#include "neuspec/fit.hpp"

namespace neuspec {

/// How much longer a flop of a matrix–vector product or an eigendecomposition takes than one of GEMM, about.
inline constexpr double slow_flop = 8;

struct Choice {
  SolverKind solver = SolverKind::admm;
  OperatorKind data_operator = OperatorKind::moments;
  std::string reason;  ///< one line for the log
  int threads = 1;     ///< CPU threads that an iteration can keep busy
  Index part = 0;      ///< samples of a part whose optimum a descent begins at before ADMM has its factor; 0: ADMM at once
};

/// What a solve's cost depends on.
struct Size {
  Index samples, features, outputs;  ///< n, features f of a patch (all of them in a dense network), C
  Index pools = 1, per_pool = 1;     ///< B, P
  Loss loss = {};
  bool bias = false;
  bool dense() const { return pools == 1 && per_pool == 1; }
};

/// Completes what the settings leave open, from flops and bytes of each form; `memory` in bytes.
/// \throws UsageError for combinations that do not exist, EnvironmentError when what was asked for does not fit.
Choice choose(const Settings& settings, const Size& size, double memory);

}  // namespace neuspec
