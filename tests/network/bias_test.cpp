// Networks with an intercept: predictions and model files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "neuspec/error.hpp"
#include "neuspec/network.hpp"

namespace neuspec {
namespace {

class BiasModel : public testing::Test {
 protected:
  BiasModel() {
    Network& network = model_.network;
    network.features = 2;
    network.outputs = 2;
    network.bias = {1.0 / 3.0, -5};
    network.add(std::vector<double>{0.6, 0.8}.data(), 2, 1);
    model_.problem.bias = true;
  }
  ~BiasModel() override { std::filesystem::remove(path_); }
  BiasModel(const BiasModel&) = delete;
  BiasModel& operator=(const BiasModel&) = delete;

  std::vector<double> predict(const Network& network) const {
    const std::vector<double> x = {1, 2, -3, 0.5};
    std::vector<double> f(4);
    network.predict(x.data(), 2, f.data());
    return f;
  }
  nlohmann::json saved() const {
    model_.save(path_);
    std::ifstream file(path_);
    return nlohmann::json::parse(file);
  }
  std::string complaint(const nlohmann::json& content) const {
    std::ofstream(path_) << content.dump();
    try {
      Model::load(path_);
    } catch (const DataError& error) {
      return error.what();
    }
    return "loaded";
  }

  const std::string path_ = testing::TempDir() + "neuspec_bias_" + std::to_string(::getpid()) + ".json";
  Model model_;
};

TEST_F(BiasModel, PredictsItWithNeuronsAndWithout) {
  Network without = model_.network;
  without.bias.clear();
  const std::vector<double> f = predict(without), g = predict(model_.network);
  EXPECT_NE(f[1], 0);
  for (std::size_t i = 0; i < f.size(); ++i) EXPECT_DOUBLE_EQ(g[i], f[i] + model_.network.bias[i % 2]);
  Network constant{.activation = {}, .features = 2, .outputs = 2, .directions = {}, .weights = {}, .output = {}};
  constant.bias = {3, 4};
  EXPECT_EQ(predict(constant), (std::vector<double>{3, 4, 3, 4}));
  EXPECT_EQ(model_.network.penalty(), 2) << "the intercept is free";
}

TEST_F(BiasModel, SurvivesAModelFile) {
  model_.save(path_);
  const Model loaded = Model::load(path_);
  EXPECT_TRUE(loaded.problem.bias);
  EXPECT_EQ(loaded.network.bias, model_.network.bias);
  EXPECT_EQ(predict(loaded.network), predict(model_.network));
}

TEST_F(BiasModel, IsRefusedWhereItDoesNotFit) {
  nlohmann::json content = saved();
  content["bias"] = {1};
  EXPECT_THAT(complaint(content), testing::HasSubstr("one number an output"));
  content["bias"] = {1, "x"};
  EXPECT_THAT(complaint(content), testing::HasSubstr("list of numbers"));
  model_.problem.bias = false;
  EXPECT_THROW(model_.save(path_), DataError);
}

}  // namespace
}  // namespace neuspec
