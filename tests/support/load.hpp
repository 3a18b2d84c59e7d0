// The committed data sets as problems.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "neuspec/preprocessing.hpp"
#include "neuspec/problem.hpp"

namespace neuspec::test {

/// `dense`, or an object of kind, sizes and, in 2-D, pairs [height, width].
inline Architecture architecture_of(const nlohmann::json& entry) {
  if (entry.is_string()) return Architecture::parse(entry);
  std::string text = entry.at("kind").get<std::string>() + ':';
  for (const auto& [key, value] : entry.items()) {
    if (key == "kind") continue;
    if (text.back() != ':') text += ',';
    text += key + '=' + (value.is_array() ? value[0].dump() + 'x' + value[1].dump() : value.dump());
  }
  return Architecture::parse(text);
}

struct GoldenCase {
  Dataset data;
  Problem problem;
  double primal = 0, dual = 0;  ///< objective of a network and proven lower bound, found by another solver
};

inline GoldenCase load_golden(const std::string& name) {
  const std::string folder = std::string(NEUSPEC_TEST_DATA) + "/golden/";
  const auto entry = nlohmann::json::parse(std::ifstream(folder + "cases.json")).at(name);
  const auto targets = entry.at("targets").get<int>();
  ReadOptions options;
  if (targets > 1)
    for (int k = 0; k < targets; ++k) options.targets.push_back(std::to_string(k).insert(0, 1, 'y'));
  const auto table = read_table(folder + entry.at("file").get<std::string>(), options);
  const auto& sigma = entry.at("activation");
  return {.data = learn_preprocessing(table, {}).dataset_of(table),
          .problem = {.activation = {sigma[0], sigma[1], sigma[2]},
                      .loss = Loss::parse(entry.at("loss")),
                      .beta = entry.at("beta"),
                      .architecture = architecture_of(entry.at("architecture"))},
          .primal = entry.at("primal"),
          .dual = entry.at("dual")};
}

/// One of tests/data/real, standardised; with `one_vs_rest` one ±1 target per class.
inline Dataset load_real(const std::string& name, bool one_vs_rest) {
  const auto table = read_table(std::string(NEUSPEC_TEST_DATA) + "/real/" + name + ".csv.gz");
  return learn_preprocessing(table, {.standardize = true, .one_vs_rest = one_vs_rest}).dataset_of(table);
}

}  // namespace neuspec::test
