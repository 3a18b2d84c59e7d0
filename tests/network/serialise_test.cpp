#include <sys/stat.h>

#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "model_file.hpp"

namespace neuspec::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

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

TEST_F(ModelFile, IsWholeWhoeverElseWritesTheSameName) {
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([this, writer] {
      Model model = example();
      model.provenance = std::string(static_cast<std::size_t>(1000 * writer), 'x');
      for (int time = 0; time < 50; ++time) {
        model.save(path_);
        EXPECT_EQ(Model::load(path_).provenance.size() % 1000, 0U);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
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

}  // namespace
}  // namespace neuspec::test
