/// \file moments_data.hpp
/// Files of moments in place of samples.
#pragma once

#include <string>

#include "cli/evaluate.hpp"
#include "cli/options.hpp"
#include "neuspec/moments.hpp"

namespace neuspec::cli {

/// Reads moments and prepares them as the options say: --features and --standardize. \throws UsageError for options that only samples can follow
Moments read_moments(const DataOptions& options);

/// \throws UsageError for --features, which samples cannot follow
void check_sample_options(const DataOptions& options);

/// What moments tell of a network on the samples they are of: the loss and, where no weights are in them, rmse and r2.
Scores scores_from(const Moments& data, const Report& report, double penalty);

}  // namespace neuspec::cli
