// The preprocessing as a member of a model file.
#pragma once

#include "network/json_values.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec {

/// The version of model files that changed them last.
constexpr Index preprocessing_version = 4;

Json preprocessing_json(const Preprocessing& preprocessing);

/// `version` is that of the model file. \throws DataError, nlohmann::json::exception
Preprocessing preprocessing_from(const Json& json, Index version);

}  // namespace neuspec
