/// \file architecture.hpp
/// Which parts of a sample a neuron sees (docs/mathematics.md section 2): all of it, or patches whose activations are averaged over pools.
#pragma once

#include <string>

#include "neuspec/dataset.hpp"

namespace neuspec NEUSPEC_API {

/// A dense network has one patch, the whole sample of d features. A convolutional one slides a filter over an image of height × width × channels
/// (row-major, channels last) and averages σ(uᵀp) over the patches p of a pool; every pool has neurons of its own:
///
///     f_k(x) = Σ_{j of output k} α_j (1/P) Σ_{q in pool_j} σ(u_jᵀ p_q),   u_j ∈ R^f, f = filter height · filter width · channels.
///
/// A 1-D convolution has height 1.
struct Architecture {
  enum class Kind { dense, conv1d, conv2d };
  struct Extent {
    Index height = 1, width = 1;
    bool operator==(const Extent&) const = default;
  };

  Kind kind = Kind::dense;
  Index channels = 1;
  Extent image, filter, stride, padding = {0, 0}, pool;

  /// `dense`, `conv1d:length=12,channels=1,filter=4,stride=2,pool=5` or `conv2d:height=6,width=6,channels=1,filter=3x3,stride=1x1,pool=2x2`;
  /// channels, stride and pool default to 1, padding to 0; `pool=global` averages over all patches. \throws UsageError
  static Architecture parse(const std::string& text);
  /// The text that `parse` understands.
  std::string name() const;
  /// Patches along each side of the image.
  Extent grid() const;
  /// \throws UsageError unless the filter fits and the pools tile the patch grid.
  void check() const;
  bool operator==(const Architecture&) const = default;
};

/// The patches of samples with d features.
struct Patches {
  Architecture architecture;
  Index features = 0;  ///< d
  Index size = 0;      ///< f, features of a patch
  Index pools = 1;     ///< B
  Index per_pool = 1;  ///< P

  Patches() = default;
  /// \throws UsageError when the architecture does not fit samples of `features` features.
  Patches(const Architecture& architecture, Index features);
  /// The only patch is the sample.
  bool whole() const { return architecture.kind == Architecture::Kind::dense; }
};

}  // namespace neuspec NEUSPEC_API
