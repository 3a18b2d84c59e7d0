#include "network/preprocessing_json.hpp"

#include <algorithm>
#include <tuple>

#include "text/utf8.hpp"

namespace neuspec {
namespace {

std::vector<std::string> as_utf8(const std::vector<std::string>& names) {
  std::vector<std::string> result(names.size());
  std::transform(names.begin(), names.end(), result.begin(), utf8_of);
  return result;
}

std::vector<Index> integers(const Json& json) {
  require(json.is_array(), "where a list of integers is expected stands something else");
  std::vector<Index> list;
  std::transform(json.begin(), json.end(), std::back_inserter(list), integer);
  return list;
}

FileColumns columns_from(const Json& json) {
  return {integer(json.at("count")), integers(json.at("targets")), integers(json.at("left_out")), json.at("named").get<bool>()};
}

/// x0, x1, …: what features without a header are called. Files of versions that did not say where names come from are judged by them.
bool are_generated(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != std::to_string(i).insert(0, 1, 'x')) {
      return false;
    }
  }
  return true;
}

}  // namespace

Json preprocessing_json(const Preprocessing& p) {
  const FileColumns& columns = p.columns;
  return {{"image", {p.image_height, p.image_width}},
          {"window", {p.window_height, p.window_width}},
          {"mean", p.mean},
          {"scale", p.scale},
          {"classes", p.classes},
          {"class_names", as_utf8(p.class_names)},
          {"encoding", name(p.encoding)},
          {"class_weights", p.class_weights},
          {"feature_names", as_utf8(p.feature_names)},
          {"target_names", as_utf8(p.target_names)},
          {"columns", {{"count", columns.count}, {"targets", columns.targets}, {"left_out", columns.left_out}, {"named", columns.named}}}};
}

Preprocessing preprocessing_from(const Json& json, Index version) {
  Preprocessing p;
  std::tie(p.image_height, p.image_width) = shape(json.at("image"));
  std::tie(p.window_height, p.window_width) = shape(json.at("window"));
  p.mean = numbers(json.at("mean"));
  p.scale = numbers(json.at("scale"));
  p.classes = numbers(json.at("classes"));
  const std::string first_version = p.classes.empty() ? "none" : "one_vs_rest";
  const auto encoding = parse_encoding(version < 2 ? first_version : json.at("encoding").get<std::string>());
  require(encoding.has_value(), "preprocessing: unknown encoding");
  p.encoding = *encoding;
  if (version >= 2) {
    p.class_weights = numbers(json.at("class_weights"));
  }
  json.at("feature_names").get_to(p.feature_names);
  json.at("target_names").get_to(p.target_names);
  if (version >= 4) {
    json.at("class_names").get_to(p.class_names);
    p.columns = columns_from(json.at("columns"));
  } else {
    p.columns.named = !are_generated(p.feature_names);
  }
  return p;
}

}  // namespace neuspec
