// The shapes of a two-layer network and of its layers. Samples are channels × height × width, the last index running fastest.
#pragma once

#include <array>
#include <string>

#include "neuspec/dataset.hpp"

namespace neuspec::bench {

/// Filters over samples without padding: filters × channels × filter_height × filter_width.
struct ConvolutionShape {
  Index batch = 1, channels = 1, height = 1, width = 1;
  Index filters = 1, filter_height = 1, filter_width = 1;
  Index stride_height = 1, stride_width = 1;

  Index out_height() const { return (height - filter_height) / stride_height + 1; }
  Index out_width() const { return (width - filter_width) / stride_width + 1; }
  Index filter_size() const { return channels * filter_height * filter_width; }
  Index sample_size() const { return channels * height * width; }
  Index input_size() const { return batch * sample_size(); }
  Index weight_size() const { return filters * filter_size(); }
  Index output_size() const { return batch * filters * out_height() * out_width(); }
};

/// Means over windows that tile the maps.
struct PoolShape {
  Index batch = 1, channels = 1, height = 1, width = 1;
  Index window_height = 1, window_width = 1;

  Index out_height() const { return height / window_height; }
  Index out_width() const { return width / window_width; }
  Index input_size() const { return batch * channels * height * width; }
  Index output_size() const { return batch * channels * out_height() * out_width(); }
  bool trivial() const { return window_height == 1 && window_width == 1; }
};

/// A network of docs/mathematics.md section 2: filters u_j, activation, average pooling, output weights for every neuron, pool and output.
/// Output weights are once more filters, as large as the pooled maps.
struct NetworkShape {
  ConvolutionShape first;
  PoolShape pool;
  ConvolutionShape last;

  /// The same network for another number of samples at once.
  NetworkShape with_batch(Index batch) const;
};

/// `architecture` as the program's --arch: dense, conv1d:length=…,channels=…,filter=…,stride=…,pool=… or
/// conv2d:height=…,width=…,channels=…,filter=AxB,stride=AxB,pool=AxB.
/// \throws UsageError when it cannot be read or does not fit the number of features.
NetworkShape parse_architecture(const std::string& architecture, Index features, Index neurons, Index outputs);

}  // namespace neuspec::bench
