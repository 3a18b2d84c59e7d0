// Numbers of a JSON file, or a DataError.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "network/check_model.hpp"

namespace neuspec {

using Json = nlohmann::ordered_json;

inline std::vector<double> numbers(const Json& json) {
  require(json.is_array() && std::all_of(json.begin(), json.end(), [](const Json& value) { return value.is_number(); }),
          "where a list of numbers is expected stands something else");
  return json.get<std::vector<double>>();
}

inline double number(const Json& json) {
  require(json.is_number(), "where a number is expected stands " + std::string(json.type_name()));
  return json.get<double>();
}

inline Index integer(const Json& json) {
  require(json.is_number_integer(), "where an integer is expected stands something else");
  return json.get<Index>();
}

inline std::pair<Index, Index> shape(const Json& json) {
  require(json.is_array() && json.size() == 2, "a shape must be two integers");
  return {integer(json[0]), integer(json[1])};
}

}  // namespace neuspec
