#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "neuspec/error.hpp"
#include "neuspec/network.hpp"

namespace neuspec {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

class ModelFile : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::path(testing::TempDir()) / ("neuspec_" + std::to_string(::getpid()) + "_" + name);
    fs::create_directories(folder_);
    path_ = (folder_ / "model.json").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

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
    json content = json::parse(text());
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

  fs::path folder_;
  std::string path_;
};

Model example() {
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

TEST_F(ModelFile, ComesBackBitForBit) {
  const Model model = example();
  model.save(path_);
  const Model back = Model::load(path_);
  EXPECT_EQ(back.network.activation, model.network.activation);
  EXPECT_EQ(back.network.features, model.network.features);
  EXPECT_EQ(back.network.outputs, model.network.outputs);
  EXPECT_EQ(back.network.directions, model.network.directions);
  EXPECT_EQ(back.network.weights, model.network.weights);
  EXPECT_EQ(back.network.output, model.network.output);
  EXPECT_EQ(back.problem.activation, model.problem.activation);
  EXPECT_EQ(back.problem.loss, model.problem.loss);
  EXPECT_EQ(back.problem.beta, model.problem.beta);
  EXPECT_EQ(back.preprocessing.mean, model.preprocessing.mean);
  EXPECT_EQ(back.preprocessing.scale, model.preprocessing.scale);
  EXPECT_EQ(back.preprocessing.classes, model.preprocessing.classes);
  EXPECT_EQ(back.preprocessing.feature_names, model.preprocessing.feature_names);
  EXPECT_EQ(back.preprocessing.target_names, model.preprocessing.target_names);
  EXPECT_EQ(back.preprocessing.columns.count, 5);
  EXPECT_EQ(back.preprocessing.columns.targets, model.preprocessing.columns.targets);
  EXPECT_EQ(back.preprocessing.columns.left_out, model.preprocessing.columns.left_out);
  EXPECT_TRUE(back.preprocessing.columns.named);
  EXPECT_EQ(back.primal, model.primal);
  EXPECT_EQ(back.dual, model.dual);
  EXPECT_EQ(back.relative_gap, model.relative_gap);
  EXPECT_EQ(back.status, model.status);
  EXPECT_EQ(back.provenance, model.provenance);
}

TEST_F(ModelFile, KeepsImagesAndWindows) {
  Model model = example();
  Preprocessing& p = model.preprocessing;
  p.image_height = 6;
  p.image_width = 4;
  p.window_height = 2;
  p.window_width = 4;
  p.feature_names.assign(24, "pixel");
  p.columns = {24, {}, {}, false};
  model.save(path_);
  const Preprocessing back = Model::load(path_).preprocessing;
  EXPECT_EQ(back.image_height, 6);
  EXPECT_EQ(back.image_width, 4);
  EXPECT_EQ(back.window_height, 2);
  EXPECT_EQ(back.window_width, 4);
}

TEST_F(ModelFile, KeepsClassesThatAreWords) {
  Model model = example();
  model.preprocessing.classes = {0, 1};
  model.preprocessing.class_names = {"no", "yes, \"really\""};
  model.save(path_);
  EXPECT_EQ(Model::load(path_).preprocessing.class_names, model.preprocessing.class_names);
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["class_names"] = {"yes", "no"}; }),
              HasSubstr("class names are not in ascending order"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["class_names"] = {"no"}; }), HasSubstr("wrong number of class names"));
}

TEST_F(ModelFile, HoldsNamesInAnyEncodingAsUtf8) {
  Model model = example();
  model.preprocessing.feature_names = {"gr\xf6\xdf\x65", "\x80", "größe"};
  model.provenance = "trained on d\xe4ten.csv";
  model.save(path_);
  EXPECT_TRUE(json::accept(text()));
  const Model back = Model::load(path_);
  EXPECT_EQ(back.preprocessing.feature_names, (std::vector<std::string>{"größe", "€", "größe"}));
  EXPECT_EQ(back.provenance, "trained on däten.csv");
  back.save(path_);
  EXPECT_EQ(Model::load(path_).preprocessing.feature_names, back.preprocessing.feature_names);
}

/// Takes out of a model what versions before 4 did not write.
void make_version_3(json& model) {
  model["version"] = 3;
  model["preprocessing"].erase("columns");
  model["preprocessing"].erase("class_names");
}

TEST_F(ModelFile, OfAnEarlierVersionKnowsNoPositions) {
  Model model = example();
  EXPECT_EQ(complaint(model, make_version_3), "loaded");
  EXPECT_EQ(Model::load(path_).preprocessing.columns.count, 0);
  EXPECT_TRUE(Model::load(path_).preprocessing.columns.named);
  model.preprocessing.feature_names = {"x0", "x1", "x2"};
  EXPECT_EQ(complaint(model, make_version_3), "loaded");
  EXPECT_FALSE(Model::load(path_).preprocessing.columns.named);
}

TEST_F(ModelFile, WithColumnsThatCannotBeIsRefused) {
  const Model model = example();
  const auto refusal = [&](const char* member, const json& value) {
    return complaint(model, [&](json& j) { j["preprocessing"]["columns"][member] = value; });
  };
  EXPECT_THAT(refusal("count", 4), HasSubstr("out of range"));
  EXPECT_THAT(refusal("count", 6), HasSubstr("the columns are not the features, the targets and those left out"));
  EXPECT_THAT(refusal("count", -1), HasSubstr("out of range"));
  EXPECT_THAT(refusal("targets", {0}), HasSubstr("repeated"));
  EXPECT_THAT(refusal("targets", {-1}), HasSubstr("out of range"));
  EXPECT_THAT(refusal("targets", {1, 2}), HasSubstr("target positions"));
  EXPECT_THAT(refusal("left_out", {5}), HasSubstr("out of range"));
  EXPECT_THAT(refusal("named", 1), HasSubstr("damaged"));
}

TEST_F(ModelFile, OfTheZeroNetworkIsAModel) {
  Model model = example();
  model.network.directions.clear();
  model.network.weights.clear();
  model.network.output.clear();
  model.save(path_);
  EXPECT_EQ(Model::load(path_).network.neurons(), 0);
}

TEST_F(ModelFile, ReplacesWhatWasThereAndLeavesNoTemporary) {
  write("something else");
  ::chmod(path_.c_str(), 0640);
  example().save(path_);
  EXPECT_EQ(Model::load(path_).status, "optimal");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(ModelFile, IsWrittenThroughASymbolicLink) {
  const fs::path link = folder_ / "link.json";
  write("old");
  fs::create_symlink(path_, link);
  example().save(link.string());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(Model::load(path_).status, "optimal");
}

TEST_F(ModelFile, ThatCannotBeWrittenSaysSo) {
  EXPECT_THROW(example().save((folder_ / "nowhere" / "model.json").string()), EnvironmentError);
  EXPECT_THROW(example().save(folder_.string()), EnvironmentError);
  EXPECT_THROW(example().save("/dev/full"), EnvironmentError);
}

TEST_F(ModelFile, IsNotTouchedByAModelThatLoadWouldRefuse) {
  write("old");
  Model model = example();
  model.network.weights[1] = std::nan("");
  EXPECT_THROW(model.save(path_), DataError);
  EXPECT_EQ(text(), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(ModelFile, ThatIsNoModelIsNamedAsSuch) {
  EXPECT_THAT(load_error(), HasSubstr("cannot be read"));
  write("");
  EXPECT_THAT(load_error(), HasSubstr("not a neuspec model"));
  write("x0,x1,y\n1,2,3\n");
  EXPECT_THAT(load_error(), HasSubstr("not a neuspec model"));
  write("[1, 2, 3]");
  EXPECT_THAT(load_error(), HasSubstr("not a neuspec model"));
  write("{\"format\": \"another\", \"version\": 1}");
  EXPECT_THAT(load_error(), HasSubstr("not a neuspec model"));
  EXPECT_THROW(Model::load(folder_.string()), DataError);
}

TEST_F(ModelFile, CutShortAnywhereIsRefused) {
  example().save(path_);
  const std::string whole = text();
  const std::size_t end = whole.find_last_of('}');
  for (std::size_t length = 0; length <= end; length += 7) {
    write(whole.substr(0, length));
    EXPECT_NE(load_error(), "loaded") << length;
  }
}

TEST_F(ModelFile, OfALaterVersionIsRefused) {
  EXPECT_THAT(complaint(example(), [](json& j) { j["version"] = 5; }), HasSubstr("later version"));
  EXPECT_THAT(complaint(example(), [](json& j) { j["version"] = 0; }), HasSubstr("unknown model format"));
}

TEST_F(ModelFile, WithAnyMemberMissingOrOfAnotherTypeIsRefused) {
  example().save(path_);
  const json whole = json::parse(text());
  const auto check = [&](const json::json_pointer& place) {
    json without = whole;
    without[place.parent_pointer()].erase(place.back());
    write(without.dump());
    EXPECT_NE(load_error(), "loaded") << "without " << place.to_string();
    json other = whole;
    other[place] = {{"another", "type"}};
    write(other.dump());
    EXPECT_NE(load_error(), "loaded") << "changed " << place.to_string();
  };
  for (const auto& [key, value] : whole.items()) {
    check(json::json_pointer("/" + key));
    if (value.is_object()) {
      for (const auto& [inner, ignored] : value.items()) {
        check(json::json_pointer("/" + key + "/" + inner));
      }
    }
  }
  for (const auto& [key, ignored] : whole["neurons"][0].items()) {
    check(json::json_pointer("/neurons/0/" + key));
  }
}

TEST_F(ModelFile, WithDamagedNeuronsIsRefused) {
  const Model model = example();
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][1]["direction"].erase(0); }), HasSubstr("neuron 2"));
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][2]["direction"][0] = 0.5; }), HasSubstr("neuron 3: its direction is not of unit length"));
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][0]["output"] = 2; }), HasSubstr("output 2 is not among the 2 outputs"));
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][0]["output"] = -1; }), HasSubstr("output -1"));
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][0]["weight"] = nullptr; }), HasSubstr("null"));
  EXPECT_THAT(complaint(model, [](json& j) { j["features"] = 0; }), HasSubstr("features"));
}

TEST_F(ModelFile, WithNumbersOutOfRangeIsRefused) {
  example().save(path_);
  const std::string whole = text();
  const std::string weight = "\"weight\":";
  const std::size_t begin = whole.find(weight) + weight.size();
  const std::size_t end = whole.find(',', begin);
  write(whole.substr(0, begin) + "1e999" + whole.substr(end));
  EXPECT_NE(load_error(), "loaded");
  write(whole.substr(0, begin) + "NaN" + whole.substr(end));
  EXPECT_NE(load_error(), "loaded");
}

TEST_F(ModelFile, WithDamagedHeadIsRefused) {
  const Model model = example();
  EXPECT_THAT(complaint(model, [](json& j) { j["problem"]["beta"] = 0; }), HasSubstr("beta"));
  EXPECT_THAT(complaint(model, [](json& j) { j["problem"]["loss"] = "cubic"; }), HasSubstr("loss 'cubic'"));
  EXPECT_THAT(complaint(model, [](json& j) { j["problem"]["activation"] = {1, 2}; }), HasSubstr("activation"));
  EXPECT_THAT(complaint(model, [](json& j) { j["certificate"]["dual"] = nullptr; }), HasSubstr("null"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["mean"].erase(0); }), HasSubstr("means"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["scale"][0] = 0; }), HasSubstr("scale"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["classes"] = {3, 1}; }), HasSubstr("classes"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["classes"] = {3}; }), HasSubstr("classes"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["feature_names"].erase(0); }), HasSubstr("feature names"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["target_names"] = {"a", "b"}; }), HasSubstr("target names"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["window"] = {2, 2}; }), HasSubstr("tile"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["image"] = {2, 2}; }), HasSubstr("image"));
  EXPECT_THAT(complaint(model, [](json& j) { j["preprocessing"]["image"] = {-3, -1}; }), HasSubstr("image"));
}

}  // namespace
}  // namespace neuspec
