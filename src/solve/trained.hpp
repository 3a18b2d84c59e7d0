// What becomes of a solve in every interface alike.
#pragma once

#include <string>

#include "neuspec/moments.hpp"
#include "neuspec/network.hpp"

namespace neuspec {

/// β_max of data that have one. \throws DataError when every target is zero, so that every β gives the zero network
double positive_beta_max(const Problem& problem, const Source& data);
double positive_beta_max(const Problem& problem, const Moments& data);

/// The network of a result with everything a model file holds. `origin` is what it was trained on, a file's name.
Model model_of(const Result& result, const Problem& problem, const Preprocessing& preprocessing, const std::string& origin);

/// \throws DataError when what is to be printed or saved is not finite
void require_finite(const Report& report);

}  // namespace neuspec
