// Moments: parts of the samples that never come together.
#include <filesystem>
#include <fstream>

#include "c/handles.hpp"
#include "moments/parts.hpp"

namespace neuspec::test {
namespace {

namespace fs = std::filesystem;

class CMoments : public testing::Test {
 protected:
  static MomentsHandle of(const std::vector<Dataset>& parts) {
    MomentsHandle sum;
    EXPECT_OK(neuspec_moments_create(nullptr, sum.made()));
    for (const Dataset& part : parts) EXPECT_OK(neuspec_moments_add(sum, data_of(part)));
    return sum;
  }
  static DataHandle data_of_moments(const neuspec_moments* moments) {
    DataHandle handle;
    EXPECT_OK(neuspec_data_from_moments(moments, handle.made()));
    return handle;
  }
  static int64_t samples(const neuspec_moments* moments) {
    int64_t n = -1, d = -1, C = -1;
    EXPECT_OK(neuspec_moments_size(moments, &n, &d, &C));
    EXPECT_EQ(d, n == 0 ? 0 : 4);
    EXPECT_EQ(C, n == 0 ? 0 : 2);
    return n;
  }
  static std::string bytes_of(const neuspec_moments* moments) {
    size_t size = 0;
    EXPECT_OK(neuspec_moments_to_memory(moments, nullptr, 0, &size));
    std::string bytes(size, '#');
    EXPECT_OK(neuspec_moments_to_memory(moments, bytes.data(), bytes.size(), &size));
    return bytes;
  }

  Random random_{13};
  Dataset all_ = random_dataset(random_, 240, 4, 2);
  std::vector<Dataset> parts_ = dealt(random_, all_, 3);
  OptionsHandle options_ = options_with({{"beta-ratio", "0.05"}, {"threads", "1"}});
};

TEST_F(CMoments, TrainAndProveAsInCpp) {
  const MomentsHandle sum = of(parts_);
  EXPECT_EQ(samples(sum), 240);
  Moments expected;
  for (const Dataset& part : parts_) expected.add(part);
  for (const bool standardize : {false, true}) {
    ASSERT_OK(neuspec_options_set_flag(options_, "standardize", standardize ? 1 : 0));
    if (standardize) expected.standardize();
    Problem problem;
    problem.beta = 0.05 * beta_max(problem, expected);
    const Result result = fit(expected, problem, one_thread());
    const DataHandle data = data_of_moments(sum);
    ModelHandle model;
    ASSERT_OK(neuspec_fit(data, options_, nullptr, model.made()));
    expect_same_network(network_of(model), result.network);
    EXPECT_EQ(number(model, "primal"), result.report.primal);
    EXPECT_EQ(number(model, "rounding"), result.report.rounding);
    neuspec_certificate proof{};
    ASSERT_OK(neuspec_certify(model, data, options_, &proof));
    EXPECT_EQ(proof.proven, 1);
    EXPECT_EQ(proof.dual, result.report.dual);
    EXPECT_GT(proof.rounding, 0);
    // The same network is proven on the samples, and predicts on them.
    ASSERT_OK(neuspec_certify(model, data_of(all_), options_, &proof));
    EXPECT_EQ(proof.proven, 1);
    EXPECT_EQ(proof.rounding, 0);
    double largest = 0;
    ASSERT_OK(neuspec_beta_max(data, options_, &largest));
    EXPECT_EQ(largest, beta_max(problem, expected));
  }
}

TEST_F(CMoments, MergeAndSubtract) {
  const MomentsHandle first = of({parts_[0]}), rest = of({parts_[1], parts_[2]}), sum = of({});
  EXPECT_EQ(samples(sum), 0);
  ASSERT_OK(neuspec_moments_merge(sum, rest));
  ASSERT_OK(neuspec_moments_merge(sum, first));
  EXPECT_EQ(samples(sum), 240);
  ASSERT_OK(neuspec_moments_subtract(sum, rest));
  EXPECT_EQ(samples(sum), parts_[0].samples());
  EXPECT_EQ(neuspec_moments_subtract(sum, rest), NEUSPEC_ERROR_DATA);
  // Data of moments may be added as samples are, and twice the same are twice the samples.
  ASSERT_OK(neuspec_moments_add(sum, data_of_moments(rest)));
  ASSERT_OK(neuspec_moments_merge(sum, sum));
  EXPECT_EQ(samples(sum), 480);
  Random random(1);
  const Dataset other = random_dataset(random, 10, 3, 2);
  EXPECT_EQ(neuspec_moments_add(sum, data_of(other)), NEUSPEC_ERROR_DATA);
  EXPECT_EQ(samples(sum), 480);
}

TEST_F(CMoments, ComeBackFromFileAndMemory) {
  const MomentsHandle sum = of(parts_);
  const std::string path = fs::temp_directory_path() / ("neuspec-c-moments-" + std::to_string(::getpid()) + ".nsm");
  ASSERT_OK(neuspec_moments_save(sum, path.c_str()));
  std::ifstream stream(path, std::ios::binary);
  std::string bytes = bytes_of(sum);
  EXPECT_EQ(bytes, std::string(std::istreambuf_iterator<char>(stream), {}));
  MomentsHandle loaded, read;
  ASSERT_OK(neuspec_moments_load(path.c_str(), loaded.made()));
  ASSERT_OK(neuspec_moments_from_memory(bytes.data(), bytes.size(), read.made()));
  EXPECT_EQ(bytes_of(loaded), bytes);
  EXPECT_EQ(bytes_of(read), bytes);
  DataHandle file;
  ASSERT_OK(neuspec_data_from_file(path.c_str(), nullptr, nullptr, file.made()));
  ModelHandle one, other;
  ASSERT_OK(neuspec_fit(file, options_, nullptr, one.made()));
  ASSERT_OK(neuspec_fit(data_of_moments(read), options_, nullptr, other.made()));
  expect_same_network(network_of(one), network_of(other));
  fs::remove(path);

  EXPECT_EQ(neuspec_moments_load(path.c_str(), loaded.made()), NEUSPEC_ERROR_DATA);
  for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, std::size_t{3}})
    EXPECT_EQ(neuspec_moments_from_memory(bytes.data(), size, read.made()), NEUSPEC_ERROR_DATA) << size;
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  EXPECT_EQ(neuspec_moments_from_memory(bytes.data(), bytes.size(), read.made()), NEUSPEC_ERROR_DATA);
  bytes[0] = 'x';
  EXPECT_EQ(neuspec_moments_from_memory(bytes.data(), bytes.size(), read.made()), NEUSPEC_ERROR_DATA);
  size_t size = 0;
  EXPECT_EQ(neuspec_moments_to_memory(sum, bytes.data(), 10, &size), NEUSPEC_ERROR_USAGE);
  const MomentsHandle none = of({});
  EXPECT_EQ(neuspec_moments_to_memory(none, nullptr, 0, &size), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_moments_save(none, path.c_str()), NEUSPEC_ERROR_USAGE);
}

TEST_F(CMoments, MakeTargetsOfLabelsAndRefuseWhatTheyCannotServe) {
  std::vector<double> labels;
  for (Index i = 0; i < all_.samples(); ++i) labels.push_back(static_cast<double>(i % 3));
  const Dataset classes(all_.samples(), 4, 1, all_.x(), labels);
  const OptionsHandle one_vs_rest = options_with({{"one-vs-rest", "yes"}, {"class-weights", "balanced"}, {"beta", "1"}, {"threads", "1"}});
  MomentsHandle sum;
  ASSERT_OK(neuspec_moments_create(one_vs_rest, sum.made()));
  ASSERT_OK(neuspec_moments_add(sum, data_of(classes)));
  int64_t targets = 0;
  ASSERT_OK(neuspec_moments_size(sum, nullptr, nullptr, &targets));
  EXPECT_EQ(targets, 3);
  ModelHandle from_samples, from_moments;
  ASSERT_OK(neuspec_fit(data_of(classes), one_vs_rest, nullptr, from_samples.made()));
  const DataHandle data = data_of_moments(sum);
  EXPECT_EQ(neuspec_fit(data, one_vs_rest, nullptr, from_moments.made()), NEUSPEC_ERROR_USAGE);
  const OptionsHandle plain = options_with({{"beta", "1"}, {"threads", "1"}});
  ASSERT_OK(neuspec_fit(data, plain, nullptr, from_moments.made()));
  EXPECT_LE(number(from_moments, "dual"), number(from_samples, "primal"));
  EXPECT_LE(number(from_samples, "dual"), number(from_moments, "primal"));
  neuspec_certificate proof{};
  ASSERT_OK(neuspec_certify(from_samples, data, plain, &proof));
  EXPECT_EQ(proof.proven, 1);

  EXPECT_EQ(neuspec_fit(data, options_with({{"loss", "huber"}, {"beta", "1"}}), nullptr, from_moments.made()), NEUSPEC_ERROR_USAGE);
  double f[3];
  EXPECT_EQ(neuspec_predict(from_samples, data, nullptr, f, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_moments_create(options_with({{"standardize", "yes"}}), sum.made()), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_moments_create(options_with({{"loss", "logistic"}}), sum.made()), NEUSPEC_ERROR_USAGE);
}

}  // namespace
}  // namespace neuspec::test
