// Certificates of wide data: the same bound, with κ in coordinates of the samples' row space (lift/row_space.hpp).
#pragma once

#include <optional>

#include "lift/row_space.hpp"
#include "neuspec/certificate.hpp"

namespace neuspec {

/// `certify` for a caller who has the row space of `data` already; null: κ is that of the samples as they are, n·d²·C flops. Likewise
/// `objective_unit`, which depends neither on the network nor on β.
Certificate certify(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector, const RowSpace* space,
                    std::optional<double> unit = std::nullopt);

/// Certificate::primal, for what predictions take. \throws as `certify`
double objective(const Network& network, const Problem& problem, const Source& data);

/// `beta_max` likewise.
double beta_max(const Problem& problem, const Source& data, const RowSpace* space);

}  // namespace neuspec
