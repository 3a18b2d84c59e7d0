// Some of the samples to stand for all.
#pragma once

#include "neuspec/dataset.hpp"

namespace neuspec {

/// `count` samples of a source in ranges of some `gauss_newton_samples` neighbours spread over it, which a read of a file brings anyway, with weights
/// that make up for those that are not among them, of `stand_for` in all. A pass.
Dataset spread_samples(const Source& data, Index count, Index stand_for);
inline Dataset spread_samples(const Source& data, Index count) { return spread_samples(data, count, data.samples()); }

}  // namespace neuspec
