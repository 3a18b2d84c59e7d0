// Model files of the tests, each in a folder of its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "neuspec/error.hpp"
#include "neuspec/network.hpp"

namespace neuspec::test {

class ModelFile : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = std::filesystem::path(testing::TempDir()) / ("neuspec_" + std::to_string(::getpid()) + "_" + name);
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "model.json").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string text() const {
    std::ifstream file(path_);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  }
  void write(const std::string& content) const { std::ofstream(path_) << content; }

  /// What load says about a saved model after `change` was made to its JSON.
  template <class Change>
  std::string complaint(const Model& model, Change change) const {
    model.save(path_);
    nlohmann::json content = nlohmann::json::parse(text());
    change(content);
    write(content.dump());
    return load_error();
  }
  std::string load_error() const {
    try {
      Model::load(path_);
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::StartsWith(path_));
      return error.what();
    }
    return "loaded";
  }

  std::filesystem::path folder_;
  std::string path_;
};

/// A model that has everything.
inline Model example() {
  Model model;
  model.problem.activation = {0.09, 0.5, 1.0 / 3.0};
  model.problem.beta = 0.1 + 0.2;
  Network& network = model.network;
  network.activation = model.problem.activation;
  network.features = 3;
  network.outputs = 2;
  for (int j = 0; j < 4; ++j) {
    const double angle = 0.7 * (j + 1);
    network.directions.insert(network.directions.end(), {std::cos(angle), std::sin(angle) * 0.6, std::sin(angle) * 0.8});
    network.weights.push_back(std::exp(-20.0 * j) * (j % 2 == 0 ? 1 : -1) / 7);
    network.output.push_back(j % 2);
  }
  model.preprocessing.mean = {1e-300, -2.0 / 3.0, 12345678.9012345678};
  model.preprocessing.scale = {1, 1e-17, std::nextafter(1.0, 2.0)};
  model.preprocessing.classes = {-1.5, 3};
  model.preprocessing.encoding = Encoding::one_vs_rest;
  model.preprocessing.feature_names = {"height", "a \"quoted\", name", "größe"};
  model.preprocessing.target_names = {"label"};
  model.preprocessing.columns = {5, {4}, {0}, true};
  model.primal = 4.168447761234567;
  model.dual = 4.168447700000001;
  model.relative_gap = (model.primal - model.dual) / model.primal;
  model.status = "optimal";
  model.provenance = "train.csv, 100 samples";
  return model;
}

}  // namespace neuspec::test
