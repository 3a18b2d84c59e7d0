// Where a patch lies in a sample (docs/mathematics.md section 2): read by strides, never stored for all patches at once.
#pragma once

#include "neuspec/problem.hpp"
#include "numeric/host_device.hpp"
#include "numeric/packed.hpp"

namespace neuspec {

/// The window of one patch: feature i of the patch is feature source(i) of the sample, row-major with channels last, or 0 in the padding.
struct Window {
  Index top = 0, left = 0;                             ///< of the patch, in pixels; negative within the padding
  Index height = 1, width = 1, row = 1, channels = 1;  ///< image in pixels; features of a filter's row

  /// −1 in the padding.
  NEUSPEC_HOST_DEVICE Index source(Index i) const {
    const Index y = top + i / row, x = left + i % row / channels;
    return y < 0 || y >= height || x < 0 || x >= width ? -1 : (y * width + x) * channels + i % channels;
  }
  /// Whether the patch is one run of `size` features, which begins at source(0).
  bool contiguous(Index size) const {
    const bool inside = top >= 0 && left >= 0 && left + row / channels <= width && top + size / row <= height;
    return inside && (row == size || row == width * channels);
  }
};

/// Patch q of a pool; pools and the patches of a pool are counted row by row.
inline Window window_of(const Patches& patches, Index pool, Index q) {
  const Architecture& a = patches.architecture;
  if (patches.whole()) return {0, 0, 1, patches.features, patches.features, 1};
  const Index pools_in_a_row = a.grid().width / a.pool.width;
  const Index y = pool / pools_in_a_row * a.pool.height + q / a.pool.width, x = pool % pools_in_a_row * a.pool.width + q % a.pool.width;
  return {y * a.stride.height - a.padding.height,
          x * a.stride.width - a.padding.width,
          a.image.height,
          a.image.width,
          a.filter.width * a.channels,
          a.channels};
}

/// The activation whose sum over a pool's patches is the mean of σ.
inline Activation shared_among(const Activation& activation, Index patches) {
  const auto P = static_cast<double>(patches);
  return {activation.a / P, activation.b / P, activation.c / P};
}

/// One patch of host samples: row i at data + i·stride.
struct PatchRows {
  const double* data = nullptr;
  Index stride = 0;
};

/// The patch in a window of `samples` rows x (row-major, samples × d): in place where it is one run, else gathered into `scratch` (samples × f).
inline PatchRows patch_rows(const Window& window, const Patches& patches, const double* x, Index samples, double* scratch) {
  if (window.contiguous(patches.size)) return {x + window.source(0), patches.features};
  for (Index l = 0; l < patches.size; ++l) {
    const Index source = window.source(l);
    for (Index i = 0; i < samples; ++i) scratch[i * patches.size + l] = source < 0 ? 0.0 : x[i * patches.features + source];
  }
  return {scratch, patches.size};
}

}  // namespace neuspec
