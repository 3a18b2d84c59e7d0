// A path whose observer goes over the samples, too.
#pragma once

#include <functional>
#include <vector>

#include "neuspec/fit.hpp"

namespace neuspec {

/// A PathObserver that is given the samples: on ranks it is called on every one of them, with its part, so that it may sum over them; where rank 0
/// has brought all samples together, there alone. Rank 0's answer counts.
template <class Data>
using PointObserver = std::function<bool(const Result&, const Data&)>;

/// `fit_path` with such an observer.
std::vector<Result> fit_observed_path(const Source& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings,
                                      const PointObserver<Source>& after_each, const Observer& observer);

}  // namespace neuspec
