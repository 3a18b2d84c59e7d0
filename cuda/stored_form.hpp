// Samples as a source has them stored, on their way to the device and there.
#pragma once

#include <algorithm>

#include "device/matrix.hpp"
#include "neuspec/dataset.hpp"
#include "numeric/host_device.hpp"
#include "threads/parallel.hpp"

namespace neuspec::cuda {

constexpr Index numbers_worth_a_thread = 1 << 14;  // to be copied, from a file's pages perhaps

/// The same by several threads: one alone fills memory at a fraction of the bus's rate.
inline void copy(const double* from, Index count, double* to) {
  parallel_ranges(count, numbers_worth_a_thread, [&](Index first, Index last) { std::copy(from + first, from + last, to + first); });
}

/// x_ij of the numbers of a StoredForm, of which (i, j) is at i · row + j · column: `to` is d × samples.
template <class T>
struct MakeFeatures {
  const void* stored;
  Index row, column;
  NumberType type;
  const double *mean, *scale;
  double unit;
  View<T> to;
  NEUSPEC_HOST_DEVICE double number(Index at) const {
    switch (type) {
      case NumberType::uint8:
        return static_cast<const unsigned char*>(stored)[at];
      case NumberType::float32:
        return static_cast<double>(static_cast<const float*>(stored)[at]);
      default:
        return static_cast<const double*>(stored)[at];
    }
  }
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e / to.rows, j = e % to.rows;
    const double z = number(i * row + j * column), x = mean == nullptr ? z : (z - mean[j]) / scale[j];
    to.data[i * to.stride + j] = static_cast<T>(x * unit);
  }
};

/// Samples of a stored form as doubles that travel: mean and scale, where there are any, and the numbers in their own type, unless the GPU has them.
class StoredSamples {
 public:
  /// Those from `first` on.
  StoredSamples(const StoredForm& form, Index features, Index first, Index count)
      : form_(form),
        there_(form.stored == nullptr ? GpuMatrix{} : form.stored->on_gpu()),
        features_(features),
        first_(form.first + first),
        count_(count) {}

  /// Doubles of room; those of them that are more the more samples there are.
  Index size() const { return head() + of_numbers(); }
  Index of_numbers() const { return there_.values != nullptr ? 0 : (features_ * count_ * bytes() + 7) / 8; }

  /// Read by several threads.
  void write(double* to) const {
    if (form_.mean != nullptr) {
      std::copy_n(form_.mean, features_, to);
      std::copy_n(form_.scale, features_, to + features_);
    }
    if (there_.values != nullptr) return;
    auto* const rows = reinterpret_cast<unsigned char*>(to + head());
    parallel_ranges(count_, 1 + numbers_worth_a_thread / features_,
                    [&](Index begin, Index end) { form_.stored->read_as_stored(first_ + begin, end - begin, rows + begin * features_ * bytes()); });
  }

  /// Makes features of what has come.
  template <class T>
  MakeFeatures<T> features(const double* sent, View<T> to) const {
    const double* const mean = form_.mean == nullptr ? nullptr : sent;
    const double* const scale = mean == nullptr ? nullptr : sent + features_;
    if (there_.values == nullptr) return {sent + head(), features_, 1, form_.stored->type(), mean, scale, form_.unit, to};
    const auto* const rows = static_cast<const unsigned char*>(there_.values) + first_ * there_.row * bytes();
    return {rows, there_.row, there_.column, form_.stored->type(), mean, scale, form_.unit, to};
  }

 private:
  Index head() const { return form_.mean == nullptr ? 0 : 2 * features_; }
  Index bytes() const { return size_of(form_.stored->type()); }

  const StoredForm& form_;
  GpuMatrix there_;
  Index features_, first_, count_;
};

}  // namespace neuspec::cuda
