// A solve on its way as bytes: versioned, little-endian, with a checksum at the end.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "solve/solver.hpp"

namespace neuspec {

/// What of the data a solver sees before it begins, to know them again: their lifted gradient at zero on the sphere, φ_b(u) = uᵀMu + qᵀu + t of block
/// b, as three sums over blocks with weights and u of their own. Whatever moves a sample, a target, a weight or a column moves it.
struct Fingerprint {
  static constexpr int probes = 3;
  std::array<double, probes> values{};
  double size = 0;  ///< max |φ| over blocks and sphere

  /// Equal up to the rounding of whoever summed them.
  bool agrees(const Fingerprint& other, Precision precision) const;
};

/// Of packed Γ (N(N+1)/2 × blocks); κ the largest violation over all blocks.
Fingerprint fingerprint_of(const std::vector<double>& gamma, Index N, double kappa);

struct Checkpoint {
  std::string loss, activation, architecture;  ///< by name
  bool bias = false;
  double beta = 0;
  Index samples = 0, features = 0, targets = 0;
  Fingerprint data;
  SolverKind solver = SolverKind::admm;
  Precision precision = Precision::double_precision;
  Index iterations = 0;  ///< so far
  double seconds = 0;    ///< so far
  SolverState state;
};

/// What tells problem and shape, the rest to be filled in.
Checkpoint identity_of(const Problem& problem, Index samples, Index features, Index targets);

/// Whether it is worth keeping.
bool is_finite(const SolverState& state);

std::string checkpoint_bytes(const Checkpoint& checkpoint);

/// \throws DataError "NAME: …" for what is none, is damaged or of another version
Checkpoint read_checkpoint(const std::string& bytes, const std::string& name);

/// The one that the settings go on from, whose solver they then take. \throws as `read_checkpoint`; UsageError where problem, β or solver are others
Checkpoint checkpoint_of(Settings& settings, const Problem& problem, double beta);

/// \throws DataError where these are no data of that shape
void check_shape(const Checkpoint& checkpoint, Index samples, Index features, Index targets);

}  // namespace neuspec
