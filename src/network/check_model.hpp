// What a model file must fulfil, when it is written and when it is read.
#pragma once

#include <string>

#include "neuspec/network.hpp"

namespace neuspec {

/// \throws DataError saying `what` unless the condition holds.
void require(bool condition, const std::string& what);

/// The patches of a network from a file. \throws DataError where its architecture does not fit its features.
Patches patches_of(const Network& network);

/// A preprocessing that gives so many features and targets, as far as it says what it does. \throws DataError
void check_preprocessing(const Preprocessing& p, Index features, Index targets);

/// \throws DataError
void check_model(const Model& model);

}  // namespace neuspec
