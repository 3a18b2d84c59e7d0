// Certificates of wide data: the same bound, with κ in coordinates of the samples' row space (lift/row_space.hpp).
#pragma once

#include "lift/row_space.hpp"
#include "neuspec/certificate.hpp"

namespace neuspec {

/// `certify` for a caller who has the row space of `data` already; null: κ is that of the samples as they are, n·d²·C flops.
Certificate certify(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector,
                    const RowSpace* space);

/// `beta_max` likewise.
double beta_max(const Problem& problem, const Source& data, const RowSpace* space);

}  // namespace neuspec
