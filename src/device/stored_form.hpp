// Features from what a source has stored.
#pragma once

#include "neuspec/dataset.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

/// x (count × d, row-major) of samples first … first + count − 1. By several threads where this one has not its part of a loop already.
inline void make_features(const StoredForm& form, Index d, Index first, Index count, double* x) {
  constexpr Index numbers = 1 << 14;  // that are worth a thread's while
  parallel_ranges(count, 1 + numbers / d, [&](Index begin, Index end) {
    form.stored->read(form.first + first + begin, end - begin, x + begin * d);
    for (Index i = begin; form.mean != nullptr && i < end; ++i) {
      for (Index j = 0; j < d; ++j) x[i * d + j] = (x[i * d + j] - form.mean[j]) / form.scale[j];
    }
    if (form.unit == 1) return;
    for (Index at = begin * d; at < end * d; ++at) x[at] *= form.unit;
  });
}

}  // namespace neuspec
