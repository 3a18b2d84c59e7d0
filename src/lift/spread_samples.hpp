// Some of the samples to stand for all.
#pragma once

#include "neuspec/dataset.hpp"

namespace neuspec {

/// `count` samples of a source in `ranges` ranges of neighbours spread over it, with weights that make up for those that are not among them. A pass.
Dataset spread_samples(const Source& data, Index count, Index ranges);

}  // namespace neuspec
