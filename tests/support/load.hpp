// The committed data sets as problems.
#pragma once

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "neuspec/preprocessing.hpp"
#include "neuspec/problem.hpp"
#include "support/located.hpp"

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
  const std::string folder = data_folder() + "/golden/";
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

/// A case of tests/data/fresh (see make_fresh.py).
struct FreshCase {
  std::string name;
  Dataset data;
  Problem problem;
  double primal = 0, gap = 0;  ///< objective that another solver found and how far it may be from the optimum
};

inline const nlohmann::json& fresh_file() {
  static const auto file = nlohmann::json::parse(std::ifstream(data_folder() + "/fresh/cases.json"));
  return file;
}
inline std::size_t fresh_cases() { return fresh_file().at("cases").size(); }

inline FreshCase load_fresh(std::size_t index) {
  const auto& entry = fresh_file().at("cases").at(index);
  const auto& set = fresh_file().at("sets").at(entry.at("data").get<std::string>());
  const Loss loss = Loss::parse(entry.at("loss"));
  const auto C = entry.at("targets").get<std::size_t>();
  std::vector<double> x, y, weights;
  for (const auto& row : set.at("x")) x.insert(x.end(), row.begin(), row.end());
  for (const std::vector<double> row : set.at("y")) {
    const auto largest = static_cast<std::size_t>(std::max_element(row.begin(), row.begin() + static_cast<Index>(C)) - row.begin());
    for (std::size_t k = 0; k < C; ++k)
      y.push_back(loss.coupled() ? (k == largest ? 1.0 : 0.0) : !loss.classification() ? row[k] : row[k] > 0 ? 1.0 : -1.0);
  }
  if (entry.at("weighted")) weights = set.at("weights").get<std::vector<double>>();
  const auto n = static_cast<Index>(set.at("x").size()), d = static_cast<Index>(x.size()) / n;
  const auto& sigma = set.at("activation");
  std::string name = entry.at("data").get<std::string>() + '_' + entry.at("loss").get<std::string>() + '_' + std::to_string(C);
  std::replace_if(name.begin(), name.end(), [](char c) { return c == ':' || c == '.'; }, '_');
  return {.name = std::move(name),
          .data = {n, d, static_cast<Index>(C), std::move(x), std::move(y), std::move(weights)},
          .problem = {.activation = {sigma[0], sigma[1], sigma[2]},
                      .loss = loss,
                      .beta = entry.at("beta"),
                      .architecture = Architecture::parse(set.at("architecture"))},
          .primal = entry.at("primal"),
          .gap = entry.at("gap")};
}

/// One of tests/data/real, standardised; with `one_vs_rest` one ±1 target per class.
inline Dataset load_real(const std::string& name, bool one_vs_rest) {
  const auto table = read_table(data_folder() + "/real/" + name + ".csv.gz");
  return learn_preprocessing(table, {.standardize = true, .encoding = one_vs_rest ? Encoding::one_vs_rest : Encoding::none}).dataset_of(table);
}

}  // namespace neuspec::test
