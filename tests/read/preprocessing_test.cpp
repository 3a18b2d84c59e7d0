#include "neuspec/preprocessing.hpp"

#include <cmath>
#include <cstdint>
#include <random>

#include "files.hpp"
#include "read/columns.hpp"
#include "threads/parallel.hpp"

namespace neuspec::test {
namespace {

Table table_of(Index samples, Index features, Doubles x, Doubles y = {}) {
  Table table;
  table.path = "data.csv";
  table.samples = samples;
  table.features = features;
  table.targets = y.empty() ? 0 : 1;
  table.x = std::move(x);
  table.y = std::move(y);
  table.feature_names = read::numbered_names("x", features);
  table.target_names = read::numbered_names("y", table.targets);
  return table;
}

template <typename T>
Table images_of(Index samples, Index height, Index width, std::vector<T> pixels) {
  Table table = table_of(samples, height * width, {});
  table.x = std::move(pixels);
  table.image_height = height;
  table.image_width = width;
  return table;
}

template <typename Call>
std::string complaint(const Call& call) {
  try {
    call();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no complaint";
}

TEST(Preprocessing, leaves_data_alone_unless_asked) {
  const Table table = table_of(2, 2, {1, 2, 3, 4}, {5, 6});
  const Preprocessing map = learn_preprocessing(table, {});
  const Dataset data = map.dataset_of(table);
  EXPECT_EQ(data.x(), (Doubles{1, 2, 3, 4}));
  EXPECT_EQ(data.y(), (Doubles{5, 6}));
  EXPECT_EQ(map.raw_features(), 2);
  EXPECT_TRUE(map.mean.empty());
  EXPECT_EQ(map.feature_names, table.feature_names);
  EXPECT_EQ(map.target_names, table.target_names);
}

TEST(Preprocessing, averages_windows) {
  // 2 × 4 pixels in windows of 2 × 2: {1, 2, 5, 6} and {3, 4, 7, 8}
  const Doubles pixels = {1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40, 50, 60, 70, 81};
  const Doubles means = {3.5, 5.5, 35, 55.25};
  const PreprocessingOptions options{.window_height = 2, .window_width = 2};
  const Table doubles = images_of(2, 2, 4, pixels);
  const Table bytes = images_of(2, 2, 4, std::vector<std::uint8_t>(pixels.begin(), pixels.end()));
  const Preprocessing map = learn_preprocessing(doubles, options);
  EXPECT_EQ(map.raw_features(), 8);
  EXPECT_EQ(map.features_of(doubles), means);
  EXPECT_EQ(map.features_of(bytes), means);
  EXPECT_EQ(learn_preprocessing(bytes, {.window_height = 1, .window_width = 4}).features_of(bytes), (Doubles{2.5, 6.5, 25, 65.25}));
  EXPECT_EQ(learn_preprocessing(bytes, {.window_height = 1, .window_width = 1}).features_of(bytes), pixels);
  EXPECT_EQ(map.features_of(table_of(2, 8, pixels)), means);  // pixels that come as columns of a CSV file
}

TEST(Preprocessing, averages_many_images_of_bytes) {
  std::mt19937 random(5);
  const Index n = 3000, h = 28, w = 28, window = 4;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(n * h * w));
  for (auto& pixel : pixels) pixel = static_cast<std::uint8_t>(random());
  Doubles expected;
  for (Index i = 0; i < n; ++i)
    for (Index r = 0; r < h; r += window)
      for (Index c = 0; c < w; c += window) {
        double sum = 0;
        for (Index k = 0; k < window * window; ++k) sum += pixels[static_cast<std::size_t>((i * h + r + k / window) * w + c + k % window)];
        expected.push_back(sum / 16);
      }
  const Table table = images_of(n, h, w, pixels);
  EXPECT_EQ(learn_preprocessing(table, {.window_height = window, .window_width = window}).features_of(table), expected);
}

TEST(Preprocessing, windows_must_fit) {
  const Table images = images_of(1, 4, 6, Doubles(24));
  const auto learn = [](const Table& table, Index height, Index width) {
    return complaint([&] { learn_preprocessing(table, {.window_height = height, .window_width = width}); });
  };
  EXPECT_EQ(learn(images, 3, 3), "data.csv: windows of 3 × 3 pixels do not tile images of 4 × 6");
  EXPECT_EQ(learn(images, 2, 4), "data.csv: windows of 2 × 4 pixels do not tile images of 4 × 6");
  EXPECT_EQ(learn(images, 2, 0), "data.csv: windows of 2 × 0 pixels do not tile images of 4 × 6");
  EXPECT_EQ(learn(images, -2, -2), "data.csv: windows of -2 × -2 pixels do not tile images of 4 × 6");
  EXPECT_EQ(learn(table_of(1, 24, Doubles(24)), 2, 2), "data.csv: block means of 2 × 2 pixels need images; the samples have no height and width");
}

TEST(Preprocessing, standardises_to_mean_0_and_population_deviation_1) {
  const Table table = table_of(4, 2, {1, 10, 2, 10, 3, 10, 6, 14});
  const Preprocessing map = learn_preprocessing(table, {.standardize = true});
  EXPECT_EQ(map.mean, (Doubles{3, 11}));
  EXPECT_DOUBLE_EQ(map.scale[0], std::sqrt(3.5));
  EXPECT_DOUBLE_EQ(map.scale[1], std::sqrt(3.0));
  EXPECT_DOUBLE_EQ(map.features_of(table)[6], 3 / std::sqrt(3.5));
  const Table other = table_of(1, 2, {3, 11 + std::sqrt(3.0)});
  EXPECT_EQ(map.features_of(other)[0], 0);
  EXPECT_DOUBLE_EQ(map.features_of(other)[1], 1);
}

TEST(Preprocessing, constant_features_are_only_centred) {
  // 0.1 summed three times is not 0.3: a mean by plain summation would miss it and the deviation would not vanish.
  for (const double constant : {0.1, 1e17, -3e-5, 0.0}) {
    const Table table = table_of(3, 2, {constant, 1, constant, 2, constant, 3});
    const Preprocessing map = learn_preprocessing(table, {.standardize = true});
    EXPECT_EQ(map.mean[0], constant);
    EXPECT_EQ(map.scale[0], 1);
    const Doubles z = map.features_of(table);
    EXPECT_EQ(z[0], 0);
    EXPECT_EQ(z[4], 0);
  }
}

TEST(Preprocessing, nearly_constant_features_are_only_centred) {
  const double value = 14.62, next = std::nextafter(value, 15.0);
  Doubles x;
  for (int i = 0; i < 10; ++i) x.insert(x.end(), {i % 4 == 1 ? next : value, 1e6 + 1e-9 * (i % 2), -1e-300 * (1 + 1e-16 * i), 3 + 1e-9 * (i % 2)});
  const Preprocessing map = learn_preprocessing(table_of(10, 4, x), {.standardize = true});
  EXPECT_EQ(map.scale[0], 1) << "one unit in the last place is rounding";
  EXPECT_EQ(map.scale[1], 1);
  EXPECT_EQ(map.scale[2], 1);
  EXPECT_NEAR(map.scale[3], 0.5e-9, 1e-15) << "what is well above rounding is a deviation";
  EXPECT_NEAR(map.features_of(table_of(1, 4, {14.63, 1e6, 0, 3}))[0], 0.01, 1e-12);
}

TEST(Preprocessing, many_samples_do_not_make_deviations_vanish) {
  Doubles x(100000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1.6e9 + 0.01 * static_cast<double>(i % 2);  // seconds of one moment
  EXPECT_NEAR(learn_preprocessing(table_of(100000, 1, x), {.standardize = true}).scale[0], 0.005, 1e-6);
}

TEST(Preprocessing, text_labels_are_classes_by_name) {
  Table table = table_of(4, 1, {0, 0, 0, 0}, {1, 0, 2, 1});
  table.labels = {"no", "perhaps", "yes"};
  const Preprocessing map = learn_preprocessing(table, {.encoding = Encoding::one_hot, .class_weights = {1, 2, 3}});
  EXPECT_EQ(map.class_names, table.labels);
  EXPECT_EQ(map.classes, (Doubles{0, 1, 2}));
  EXPECT_EQ(map.class_label(1), "perhaps");
  EXPECT_EQ(map.dataset_of(table).weights(), (Doubles{2, 1, 3, 2}));
  Table other = table_of(2, 1, {0, 0}, {1, 0});
  other.labels = {"perhaps", "yes"};
  EXPECT_EQ(map.dataset_of(other).y(), (Doubles{0, 0, 1, 0, 1, 0})) << "found by name, not by their place in this file";
  other.labels = {"maybe", "yes"};
  other.target_path = "labels.csv";
  other.target_line = 2;
  EXPECT_EQ(complaint([&] { map.dataset_of(other); }), "labels.csv:3: the label 'maybe' is not one of the classes no, perhaps, yes");
  const Preprocessing numbers = learn_preprocessing(table_of(2, 1, {0, 0}, {1, 2}), {.encoding = Encoding::binary});
  EXPECT_EQ(complaint([&] { numbers.dataset_of(other); }), "labels.csv:2: the label 'yes' is not one of the classes 1, 2");
}

TEST(Preprocessing, any_two_labels_are_coded_by_their_order) {
  const auto coded = [](double a, double b) {
    const Table table = table_of(3, 1, {0, 0, 0}, {a, b, a});
    return learn_preprocessing(table, {.encoding = Encoding::binary}).dataset_of(table).y();
  };
  EXPECT_EQ(coded(0, 1), (Doubles{-1, 1, -1}));
  EXPECT_EQ(coded(2, 1), (Doubles{1, -1, 1}));
  EXPECT_EQ(coded(-1, 1), (Doubles{-1, 1, -1}));
  EXPECT_EQ(coded(-0.0, 1), (Doubles{-1, 1, -1}));
  const Preprocessing zero = learn_preprocessing(table_of(2, 1, {0, 0}, {-0.0, 1}), {.encoding = Encoding::binary});
  EXPECT_EQ(zero.class_label(0), "0");
  EXPECT_EQ(zero.dataset_of(table_of(2, 1, {0, 0}, {0, 0})).y(), (Doubles{-1, -1})) << "one class alone, and 0 is -0";
}

TEST(Preprocessing, a_large_offset_costs_no_digits) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  const Index n = 5000;
  Doubles x;
  for (Index i = 0; i < n; ++i) x.push_back(1e9 + std::ldexp(std::round(std::ldexp(normal(random), 20)), -20));  // exact sums
  long double mean = 0, square = 0;
  for (const double value : x) mean += static_cast<long double>(value) - 1e9L;
  mean /= n;
  for (const double value : x) square += (value - 1e9L - mean) * (value - 1e9L - mean);
  const Preprocessing map = learn_preprocessing(table_of(n, 1, x), {.standardize = true});
  EXPECT_EQ(map.mean[0], static_cast<double>(1e9L + mean));
  EXPECT_NEAR(map.scale[0], static_cast<double>(std::sqrt(square / n)), 1e-14);
}

TEST(Preprocessing, does_not_depend_on_the_number_of_threads) {
  std::mt19937_64 random(12);
  Doubles x(30000);
  for (double& value : x) value = std::normal_distribution<double>()(random);
  const Table table = table_of(10000, 3, x);
  const auto learnt = [&](int threads) {
    const ThreadScope scope(threads);
    return learn_preprocessing(table, {.standardize = true});
  };
  const Preprocessing one = learnt(1), four = learnt(4);
  EXPECT_EQ(one.mean, four.mean);
  EXPECT_EQ(one.scale, four.scale);
}

TEST(Preprocessing, features_too_large_to_standardise) {
  EXPECT_EQ(complaint([] { learn_preprocessing(table_of(2, 2, {1, 1e308, 2, -1e308}), {.standardize = true}); }),
            "data.csv: sample 1: feature 2 is 1e+308, larger than 1e+60 in size: does it stand for what is missing?");
}

TEST(Preprocessing, one_against_the_rest) {
  const Table table = table_of(4, 1, {0, 0, 0, 0}, {7, -1, 2.5, 7});
  const Preprocessing map = learn_preprocessing(table, {.encoding = Encoding::one_vs_rest});
  EXPECT_EQ(map.classes, (Doubles{-1, 2.5, 7}));
  const Dataset data = map.dataset_of(table);
  EXPECT_EQ(data.targets(), 3);
  EXPECT_EQ(data.y(), (Doubles{-1, -1, 1, 1, -1, -1, -1, 1, -1, -1, -1, 1}));
  EXPECT_EQ(complaint([&] { map.dataset_of(table_of(3, 1, {0, 0, 0}, {7, 2.5, 3})); }),
            "data.csv: sample 3: the label 3 is not one of the classes -1, 2.5, 7");
}

TEST(Preprocessing, one_hot_and_two_classes) {
  const Table table = table_of(4, 1, {0, 0, 0, 0}, {7, -1, 2.5, 7});
  const Dataset hot = learn_preprocessing(table, {.encoding = Encoding::one_hot}).dataset_of(table);
  EXPECT_EQ(hot.targets(), 3);
  EXPECT_EQ(hot.y(), (Doubles{0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1}));
  const Table two = table_of(3, 1, {0, 0, 0}, {4, 2, 4});
  const Dataset binary = learn_preprocessing(two, {.encoding = Encoding::binary}).dataset_of(two);
  EXPECT_EQ(binary.targets(), 1);
  EXPECT_EQ(binary.y(), (Doubles{1, -1, 1}));
  EXPECT_EQ(complaint([&] { learn_preprocessing(table, {.encoding = Encoding::binary}); }),
            "data.csv: 3 distinct labels where two classes are needed: -1, 2.5, 7");
  for (const Encoding encoding : {Encoding::none, Encoding::one_vs_rest, Encoding::one_hot, Encoding::binary}) {
    EXPECT_EQ(parse_encoding(name(encoding)), encoding);
  }
  EXPECT_FALSE(parse_encoding("two"));
}

TEST(Preprocessing, classes_need_two_labels_in_one_column) {
  const auto learn = [](const Table& table) { return complaint([&] { learn_preprocessing(table, {.encoding = Encoding::one_vs_rest}); }); };
  EXPECT_EQ(learn(table_of(2, 1, {1, 2}, {3, 3})), "data.csv: fewer than two classes: every label is 3");
  EXPECT_EQ(learn(table_of(2, 1, {1, 2})), "data.csv: classes need one column of labels; there are 0 targets");
  Doubles many(5000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i) / 3;
  EXPECT_EQ(learn(table_of(5000, 1, Doubles(5000), many)), "data.csv: more than 4096 distinct labels: too many for classes");
}

TEST(Preprocessing, refuses_tables_of_another_shape) {
  const Preprocessing map = learn_preprocessing(table_of(1, 2, {1, 2}, {3}), {});
  EXPECT_EQ(complaint([&] { map.features_of(table_of(1, 3, {1, 2, 3})); }), "data.csv: 3 features where 2 are expected");
  EXPECT_EQ(complaint([&] { map.dataset_of(table_of(1, 2, {1, 2})); }),
            "data.csv: the file has no targets; name a column or give the labels in a file of their own");
  const Preprocessing images = learn_preprocessing(images_of(1, 2, 6, Doubles(12)), {});
  EXPECT_EQ(complaint([&] { images.features_of(images_of(1, 3, 4, Doubles(12))); }), "data.csv: images of 3 × 4 where 2 × 6 are expected");
  EXPECT_EQ(complaint([] { learn_preprocessing(table_of(0, 2, {}), {}); }), "data.csv: the file holds no samples");
}

}  // namespace
}  // namespace neuspec::test
