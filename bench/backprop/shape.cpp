#include "backprop/shape.hpp"

#include <algorithm>
#include <map>
#include <sstream>

#include "neuspec/error.hpp"
#include "text/number.hpp"

namespace neuspec::bench {
namespace {

using Pair = std::array<Index, 2>;

class Options {
 public:
  Options(const std::string& text, std::size_t start, bool flat) : text_(text), flat_(flat) {
    std::istringstream items(text.substr(std::min(start + 1, text.size())));
    for (std::string item; std::getline(items, item, ',');) {
      const auto equals = std::min(item.find('='), item.size() - 1);
      values_[item.substr(0, equals)] = item.substr(equals + 1);
    }
  }
  /// Height and width: `AxB`, or one number for both (for the width alone in one dimension); 1 where it is not given.
  Pair pair(const std::string& name) const {
    const auto value = values_.find(name);
    if (value == values_.end()) return {1, 1};
    const auto cross = value->second.find('x');
    if (flat_) return {1, number(value->second)};
    if (cross == std::string::npos) return {number(value->second), number(value->second)};
    return {number(value->second.substr(0, cross)), number(value->second.substr(cross + 1))};
  }
  Index single(const std::string& name) const {
    const auto value = values_.find(name);
    return value == values_.end() ? 1 : number(value->second);
  }
  [[noreturn]] void refuse(const std::string& reason) const { throw UsageError("architecture '" + text_ + "': " + reason); }

 private:
  Index number(const std::string& digits) const {
    const auto value = parse_number<Index>(digits);
    if (!value || *value < 1) refuse("'" + digits + "' is no positive integer");
    return *value;
  }

  const std::string& text_;
  bool flat_;
  std::map<std::string, std::string> values_;
};

}  // namespace

NetworkShape NetworkShape::with_batch(Index batch) const {
  NetworkShape shape = *this;
  shape.first.batch = shape.pool.batch = shape.last.batch = batch;
  return shape;
}

NetworkShape parse_architecture(const std::string& architecture, Index features, Index neurons, Index outputs) {
  const auto colon = std::min(architecture.find(':'), architecture.size());
  const std::string kind = architecture.substr(0, colon);
  const Options options(architecture, colon, kind == "conv1d");
  ConvolutionShape first{.channels = features, .filters = neurons};
  Pair window = {1, 1};
  if (kind == "conv1d" || kind == "conv2d") {
    const Pair filter = options.pair("filter"), stride = options.pair("stride");
    first = {.channels = options.single("channels"),
             .height = options.single("height"),
             .width = options.single(kind == "conv1d" ? "length" : "width"),
             .filters = neurons,
             .filter_height = filter[0],
             .filter_width = filter[1],
             .stride_height = stride[0],
             .stride_width = stride[1]};
    window = options.pair("pool");
  } else if (kind != "dense") {
    options.refuse("dense, conv1d:… or conv2d:…");
  }
  if (first.sample_size() != features) options.refuse("the data have " + std::to_string(features) + " features");
  if (first.filter_height > first.height || first.filter_width > first.width) options.refuse("the filter is larger than the sample");
  const PoolShape pool{
      .channels = neurons, .height = first.out_height(), .width = first.out_width(), .window_height = window[0], .window_width = window[1]};
  if (pool.height % pool.window_height != 0 || pool.width % pool.window_width != 0) options.refuse("the pool does not tile the patches");
  const ConvolutionShape last{.channels = neurons,
                              .height = pool.out_height(),
                              .width = pool.out_width(),
                              .filters = outputs,
                              .filter_height = pool.out_height(),
                              .filter_width = pool.out_width()};
  return {first, pool, last};
}

}  // namespace neuspec::bench
