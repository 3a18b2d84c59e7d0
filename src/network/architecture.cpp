#include "neuspec/architecture.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "neuspec/error.hpp"
#include "text/number.hpp"

namespace neuspec {
namespace {

using Kind = Architecture::Kind;
using Extent = Architecture::Extent;

constexpr const char* forms = "give dense, conv1d:length=L,filter=F[,channels=1,stride=1,padding=0,pool=1] or conv2d:height=H,width=W,filter=HxW[,…]";

[[noreturn]] void refuse(std::string_view text, const std::string& why) { throw UsageError("architecture '" + std::string(text) + "': " + why); }

/// "3x2", or "3" for both sides; one side alone in 1-D.
std::optional<Extent> parse_extent(std::string_view text, Kind kind, Index across) {
  const std::size_t cross = kind == Kind::conv2d ? text.find('x') : std::string_view::npos;
  const auto first = parse_number<Index>(text.substr(0, cross));
  const auto second = cross == std::string_view::npos ? first : parse_number<Index>(text.substr(cross + 1));
  if (!first || !second) return std::nullopt;
  return kind == Kind::conv1d ? Extent{across, *second} : Extent{*first, *second};
}

/// Sets one "key=value". False when there is no such key or the value is no such thing.
bool assign(Architecture& architecture, std::string_view key, std::string_view value) {
  const std::array<std::pair<std::string_view, Index*>, 4> numbers = {
      {{"channels", &architecture.channels},
       {"length", architecture.kind == Kind::conv1d ? &architecture.image.width : nullptr},
       {"height", architecture.kind == Kind::conv2d ? &architecture.image.height : nullptr},
       {"width", architecture.kind == Kind::conv2d ? &architecture.image.width : nullptr}}};
  for (const auto& [name, number] : numbers) {
    if (key != name || number == nullptr) continue;
    const auto parsed = parse_number<Index>(value);
    if (parsed) *number = *parsed;
    return parsed.has_value();
  }
  const std::array<std::pair<std::string_view, Extent*>, 4> extents = {
      {{"filter", &architecture.filter}, {"stride", &architecture.stride}, {"padding", &architecture.padding}, {"pool", &architecture.pool}}};
  for (const auto& [name, extent] : extents) {
    if (key != name) continue;
    const auto parsed = parse_extent(value, architecture.kind, name == "padding" ? 0 : 1);
    if (parsed) *extent = *parsed;
    return parsed.has_value();
  }
  return false;
}

std::string text_of(const Extent& extent, Kind kind) {
  return kind == Kind::conv1d ? std::to_string(extent.width) : std::to_string(extent.height) + "x" + std::to_string(extent.width);
}

}  // namespace

Architecture Architecture::parse(const std::string& text) {
  Architecture result;
  if (text == "dense") return result;
  const std::string_view view = text;
  const std::size_t colon = view.find(':');
  if (view.substr(0, colon) == "conv1d") {
    result.kind = Kind::conv1d;
  } else if (view.substr(0, colon) == "conv2d") {
    result.kind = Kind::conv2d;
  } else {
    refuse(text, forms);
  }
  if (colon == std::string_view::npos) refuse(text, forms);
  result.image = {result.kind == Kind::conv1d ? 1 : 0, 0};
  result.filter = {0, 0};
  bool global = false;
  for (std::size_t begin = colon + 1; begin <= view.size();) {
    const std::size_t end = std::min(view.find(',', begin), view.size());
    const std::string_view item = view.substr(begin, end - begin);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) refuse(text, std::string(forms) + "; '" + std::string(item) + "' is no key=value");
    if (item == "pool=global") {
      global = true;
    } else if (!assign(result, item.substr(0, equals), item.substr(equals + 1))) {
      refuse(text, std::string(forms) + "; '" + std::string(item) + "' is not understood");
    }
    begin = end + 1;
  }
  if (global) {
    result.pool = {1, 1};
    result.check();
    result.pool = result.grid();
  }
  result.check();
  return result;
}

std::string Architecture::name() const {
  if (kind == Kind::dense) return "dense";
  std::string text = kind == Kind::conv1d ? "conv1d:length=" + std::to_string(image.width)
                                          : "conv2d:height=" + std::to_string(image.height) + ",width=" + std::to_string(image.width);
  text += ",channels=" + std::to_string(channels) + ",filter=" + text_of(filter, kind) + ",stride=" + text_of(stride, kind);
  if (padding != Extent{0, 0}) text += ",padding=" + text_of(padding, kind);
  return text + ",pool=" + text_of(pool, kind);
}

Extent Architecture::grid() const {
  if (kind == Kind::dense) return {1, 1};
  return {(image.height + 2 * padding.height - filter.height) / stride.height + 1,
          (image.width + 2 * padding.width - filter.width) / stride.width + 1};
}

void Architecture::check() const {
  if (kind == Kind::dense) return;
  constexpr Index most = 1 << 20;  // products of a few sides stay far from overflow
  const auto within = [](const Extent& e, Index least) { return e.height >= least && e.width >= least && e.height <= most && e.width <= most; };
  if (!within(image, 1) || !within(filter, 1) || !within(stride, 1) || !within(pool, 1) || channels < 1 || channels > most) {
    refuse(name(), "image, filter, stride, pool and channels have to be given as numbers from 1");
  }
  if (!within(padding, 0) || padding.height >= filter.height + (kind == Kind::conv1d ? 1 : 0) || padding.width >= filter.width) {
    refuse(name(), "the padding has to be smaller than the filter");
  }
  if (filter.height > image.height + 2 * padding.height || filter.width > image.width + 2 * padding.width) {
    refuse(name(), "the filter is larger than the image");
  }
  const Extent patches = grid();
  if (patches.height % pool.height != 0 || patches.width % pool.width != 0) {
    refuse(name(), "pools of " + text_of(pool, kind) + " do not tile the " + text_of(patches, kind) + " patches");
  }
}

Patches::Patches(const Architecture& shape, Index d) : architecture(shape), features(d), size(d) {
  if (whole()) return;
  shape.check();
  const Index expected = shape.image.height * shape.image.width * shape.channels;
  if (expected != d) {
    throw UsageError("architecture '" + shape.name() + "' is for samples of " + std::to_string(expected) + " features, the data have " +
                     std::to_string(d));
  }
  const Extent grid = shape.grid();
  size = shape.filter.height * shape.filter.width * shape.channels;
  per_pool = shape.pool.height * shape.pool.width;
  pools = grid.height * grid.width / per_pool;
}

}  // namespace neuspec
