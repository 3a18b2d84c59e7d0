// What is no model, or no longer one, is refused with what is wrong with it.
#include "model_file.hpp"

namespace neuspec::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class DamagedModel : public ModelFile {};

TEST_F(DamagedModel, ThatIsNoModelIsNamedAsSuch) {
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

TEST_F(DamagedModel, CutShortAnywhereIsRefused) {
  example().save(path_);
  const std::string whole = text();
  const std::size_t end = whole.find_last_of('}');
  for (std::size_t length = 0; length <= end; length += 7) {
    write(whole.substr(0, length));
    EXPECT_NE(load_error(), "loaded") << length;
  }
}

TEST_F(DamagedModel, OfALaterVersionIsRefused) {
  EXPECT_THAT(complaint(example(), [](json& j) { j["version"] = 5; }), HasSubstr("later version"));
  EXPECT_THAT(complaint(example(), [](json& j) { j["version"] = 0; }), HasSubstr("unknown model format"));
}

TEST_F(DamagedModel, WithAnyMemberMissingOrOfAnotherTypeIsRefused) {
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

TEST_F(DamagedModel, WithDamagedNeuronsIsRefused) {
  const Model model = example();
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][1]["direction"].erase(0); }), HasSubstr("neuron 2"));
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][2]["direction"][0] = 0.5; }), HasSubstr("neuron 3: its direction is not of unit length"));
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][0]["output"] = 2; }), HasSubstr("output 2 is not among the 2 outputs"));
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][0]["output"] = -1; }), HasSubstr("output -1"));
  EXPECT_THAT(complaint(model, [](json& j) { j["neurons"][0]["weight"] = nullptr; }), HasSubstr("null"));
  EXPECT_THAT(complaint(model, [](json& j) { j["features"] = 0; }), HasSubstr("features"));
}

TEST_F(DamagedModel, WithNumbersOutOfRangeIsRefused) {
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

TEST_F(DamagedModel, WithDamagedHeadIsRefused) {
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
}  // namespace neuspec::test
