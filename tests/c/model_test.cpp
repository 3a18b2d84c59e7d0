// Models in files and memory, of arrays, and what they tell.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "c/handles.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

namespace fs = std::filesystem;

class CModel : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    options_ = options_with({{"beta-ratio", "0.05"}, {"standardize", "yes"}, {"threads", "1"}});
    handle_ = data_of(data_);
    ASSERT_OK(neuspec_fit(handle_, options_, nullptr, model_.made()));
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& name) const { return folder_ / name; }
  static std::string bytes_of(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static std::string bytes_of(const neuspec_model* model) {
    size_t size = 0;
    EXPECT_OK(neuspec_model_to_memory(model, nullptr, 0, &size));
    std::string bytes(size + 3, '#');
    EXPECT_OK(neuspec_model_to_memory(model, bytes.data(), size, &size));
    EXPECT_EQ(bytes.substr(size), "###");
    bytes.resize(size);
    return bytes;
  }

  fs::path folder_ = fs::temp_directory_path() / ("neuspec-c-model-" + std::to_string(::getpid()));
  Random random_{12};
  Dataset data_ = random_dataset(random_, 60, 3, 2);
  OptionsHandle options_;
  DataHandle handle_;
  ModelHandle model_;
};

TEST_F(CModel, ComesBackFromFileAndMemory) {
  ASSERT_OK(neuspec_model_save(model_, file("net.json").c_str()));
  const std::string bytes = bytes_of(model_);
  EXPECT_EQ(bytes, bytes_of(file("net.json")));
  ModelHandle loaded, read;
  ASSERT_OK(neuspec_model_load(file("net.json").c_str(), loaded.made()));
  ASSERT_OK(neuspec_model_from_memory(bytes.data(), bytes.size(), read.made()));
  for (const neuspec_model* model : {static_cast<neuspec_model*>(loaded), static_cast<neuspec_model*>(read)}) {
    expect_same_network(network_of(model), network_of(model_));
    EXPECT_EQ(bytes_of(model), bytes);
    for (const char* field : {"primal", "dual", "relative_gap", "beta"}) EXPECT_EQ(number(model, field), number(model_, field));
    EXPECT_EQ(text(model, "status"), "optimal");
    EXPECT_EQ(text(model, "loss"), "squared");
    EXPECT_EQ(text(model, "arch"), "dense");
    EXPECT_EQ(text(model, "activation"), text(model_, "activation"));
    EXPECT_EQ(text(model, "provenance"), text(model_, "provenance"));
    // What only its training knew.
    double value = 0;
    const char* words = nullptr;
    int64_t count = -1;
    EXPECT_EQ(neuspec_model_double(model, "beta_max", &value), NEUSPEC_ERROR_USAGE);
    EXPECT_EQ(neuspec_model_int64(model, "iterations", &count), NEUSPEC_ERROR_USAGE);
    EXPECT_EQ(neuspec_model_text(model, "solver", &words), NEUSPEC_ERROR_USAGE);
    EXPECT_OK(neuspec_model_history(model, nullptr, 0, &count));
    EXPECT_EQ(count, 0);
    neuspec_certificate proof{};
    ASSERT_OK(neuspec_certify(model, handle_, nullptr, &proof));
    EXPECT_EQ(proof.proven, 1);
    EXPECT_EQ(proof.primal, number(model_, "primal"));
  }
}

TEST_F(CModel, IsTheProgramsToo) {
  ASSERT_OK(neuspec_model_save(model_, file("net.json").c_str()));
  const Model model = Model::load(file("net.json"));
  expect_same_network(network_of(model_), model.network);
  EXPECT_EQ(model.preprocessing.raw_features(), 3);
  EXPECT_EQ(model.preprocessing.mean.size(), 3U);
  // Its columns are those of a file with the targets last, which the program reads by position.
  std::ofstream csv(file("new.csv"));
  for (Index i = 0; i < 60; ++i) {
    for (Index j = 0; j < 3; ++j) csv << number_text(data_.x()[static_cast<std::size_t>(3 * i + j)]) << ',';
    csv << number_text(data_.y()[static_cast<std::size_t>(2 * i)]) << ',' << number_text(data_.y()[static_cast<std::size_t>(2 * i + 1)]) << '\n';
  }
  csv.close();
  DataHandle from_file;
  ASSERT_OK(neuspec_data_from_file(file("new.csv").c_str(), nullptr, model_, from_file.made()));
  neuspec_certificate proof{};
  ASSERT_OK(neuspec_certify(model_, from_file, nullptr, &proof));
  EXPECT_EQ(proof.proven, 1);
  std::vector<double> f(120), g(120);
  ASSERT_OK(neuspec_predict(model_, handle_, nullptr, f.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
  ASSERT_OK(neuspec_predict(model_, from_file, nullptr, g.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
  EXPECT_EQ(f, g);
  // And a fit from the file is the fit from the arrays.
  DataHandle training;
  ASSERT_OK(neuspec_options_set(options_, "target", "3,4"));
  ASSERT_OK(neuspec_data_from_file(file("new.csv").c_str(), options_, nullptr, training.made()));
  ModelHandle again;
  ASSERT_OK(neuspec_fit(training, options_, nullptr, again.made()));
  expect_same_network(network_of(again), network_of(model_));
}

TEST_F(CModel, ThatIsDamagedOrCannotBeWrittenIsRefused) {
  std::string bytes = bytes_of(model_);
  ModelHandle model;
  EXPECT_EQ(neuspec_model_from_memory(bytes.data(), bytes.size() / 2, model.made()), NEUSPEC_ERROR_DATA);
  EXPECT_EQ(neuspec_model_from_memory(bytes.data(), 0, model.made()), NEUSPEC_ERROR_DATA);
  bytes.replace(bytes.find("\"weight\":"), 9, "\"height\":");
  EXPECT_EQ(neuspec_model_from_memory(bytes.data(), bytes.size(), model.made()), NEUSPEC_ERROR_DATA);
  EXPECT_EQ(static_cast<neuspec_model*>(model), nullptr);
  size_t size = 0;
  char small[4] = "abc";
  EXPECT_EQ(neuspec_model_to_memory(model_, small, 4, &size), NEUSPEC_ERROR_USAGE);
  EXPECT_GT(size, 100U);
  EXPECT_STREQ(small, "abc");
  EXPECT_EQ(neuspec_model_save(model_, file("no/folder.json").c_str()), NEUSPEC_ERROR_ENVIRONMENT);
  EXPECT_EQ(neuspec_model_load(file("none.json").c_str(), model.made()), NEUSPEC_ERROR_DATA);
}

TEST_F(CModel, OfANetworksArraysIsCertifiedAndSaved) {
  ASSERT_OK(neuspec_options_set(options_, "standardize", "no"));
  ASSERT_OK(neuspec_fit(handle_, options_, nullptr, model_.made()));
  const Network network = network_of(model_);
  const std::vector<int64_t> output(network.output.begin(), network.output.end());
  ASSERT_OK(neuspec_options_set_double(options_, "beta", number(model_, "beta")));
  ModelHandle made;
  ASSERT_OK(neuspec_model_create(options_, 3, 2, network.neurons(), network.directions.data(), network.weights.data(), output.data(), nullptr,
                                 nullptr, made.made()));
  expect_same_network(network_of(made), network);
  EXPECT_EQ(integer(made, "status"), NEUSPEC_UNCERTIFIED);
  EXPECT_EQ(text(made, "status"), "uncertified");
  EXPECT_EQ(number(made, "dual"), 0);
  neuspec_certificate proof{};
  ASSERT_OK(neuspec_certify(made, handle_, options_, &proof));
  EXPECT_EQ(proof.primal, number(model_, "primal"));
  EXPECT_EQ(proof.dual, number(model_, "dual"));
  ModelHandle started, back;
  ASSERT_OK(neuspec_fit(handle_, options_, made, started.made()));
  EXPECT_LE(integer(started, "iterations"), 30);
  const std::string bytes = bytes_of(made);
  ASSERT_OK(neuspec_model_from_memory(bytes.data(), bytes.size(), back.made()));
  EXPECT_EQ(integer(back, "status"), NEUSPEC_UNCERTIFIED);

  // With an intercept, and of several pools.
  const double u[] = {0.6, 0.8}, alpha[] = {2}, b[] = {0.5};
  const int64_t first[] = {0}, second[] = {1}, third[] = {2};
  const OptionsHandle pools = options_with({{"arch", "conv1d:length=4,filter=2,stride=2"}, {"beta", "1"}});
  ASSERT_OK(neuspec_model_create(pools, 4, 1, 1, u, alpha, first, second, b, made.made()));
  EXPECT_EQ(network_of(made).pool, std::vector<Index>{1});
  EXPECT_EQ(network_of(made).bias, std::vector<double>{0.5});
  ASSERT_OK(neuspec_model_create(pools, 4, 1, 0, nullptr, nullptr, nullptr, nullptr, nullptr, made.made()));
  EXPECT_EQ(integer(made, "neurons"), 0);
  for (const int code : {neuspec_model_create(pools, 4, 1, 1, u, alpha, second, nullptr, nullptr, made.made()),
                         neuspec_model_create(pools, 4, 1, 1, u, alpha, nullptr, third, nullptr, made.made()),
                         neuspec_model_create(pools, 4, 1, 1, alpha, alpha, nullptr, nullptr, nullptr, made.made())})
    EXPECT_EQ(code, NEUSPEC_ERROR_DATA);
  for (const int code : {neuspec_model_create(pools, 3, 1, 1, u, alpha, nullptr, nullptr, nullptr, made.made()),
                         neuspec_model_create(pools, 0, 1, 1, u, alpha, nullptr, nullptr, nullptr, made.made()),
                         neuspec_model_create(pools, 4, 1, -1, u, alpha, nullptr, nullptr, nullptr, made.made()),
                         neuspec_model_create(pools, 4, 1, 1, nullptr, alpha, nullptr, nullptr, nullptr, made.made()),
                         neuspec_model_create(pools, 4, 1, 1, u, nullptr, nullptr, nullptr, nullptr, made.made()),
                         neuspec_model_create(options_with({}), 2, 1, 1, u, alpha, nullptr, nullptr, nullptr, made.made())})
    EXPECT_EQ(code, NEUSPEC_ERROR_USAGE);
}

TEST_F(CModel, HasNoFieldsButItsOwn) {
  double value = 0;
  int64_t count = 0;
  const char* words = nullptr;
  EXPECT_EQ(neuspec_model_double(model_, "neurons", &value), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_model_int64(model_, "primal", &count), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_model_text(model_, "primal", &words), NEUSPEC_ERROR_USAGE);
  EXPECT_STREQ(neuspec_message(model_), "a model has no text 'primal'");
  for (const char* field : {"seconds_lift", "seconds_solve", "seconds_certify", "seconds_decompose"})
    EXPECT_LE(number(model_, field), number(model_, "seconds_total"));
  EXPECT_EQ(text(model_, "precision"), "double");
  EXPECT_NE(text(model_, "device"), "");
  // Texts stay where they are while others are asked for.
  const char *loss = nullptr, *status = nullptr;
  ASSERT_OK(neuspec_model_text(model_, "loss", &loss));
  ASSERT_OK(neuspec_model_text(model_, "status", &status));
  EXPECT_STREQ(loss, "squared");
  EXPECT_STREQ(status, "optimal");
}

TEST_F(CModel, PredictsWhatFitsIt) {
  std::vector<double> f(4);
  const neuspec_array x = rows(data_.x());
  DataHandle narrow;
  ASSERT_OK(neuspec_data_from_arrays(2, 2, 0, &x, nullptr, nullptr, narrow.made()));
  EXPECT_EQ(neuspec_predict(model_, narrow, nullptr, f.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0), NEUSPEC_ERROR_DATA);
  DataHandle two;
  ASSERT_OK(neuspec_data_from_arrays(2, 3, 0, &x, nullptr, nullptr, two.made()));
  EXPECT_OK(neuspec_predict(model_, two, nullptr, f.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
  EXPECT_EQ(neuspec_predict(model_, two, nullptr, f.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 1), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_predict(model_, two, nullptr, f.data(), 5, NEUSPEC_ROW_MAJOR, 0), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_predict(model_, two, nullptr, f.data(), NEUSPEC_DOUBLE, 5, 0), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_certify(model_, two, nullptr, nullptr), NEUSPEC_ERROR_USAGE);
  ModelHandle none;
  EXPECT_EQ(neuspec_fit(two, options_, nullptr, none.made()), NEUSPEC_ERROR_USAGE);
  EXPECT_STREQ(neuspec_message(two), "the data have no targets to train on");
}

}  // namespace
}  // namespace neuspec::test
