// Arrays that stay in their file, and what is made of them at every visit, are the numbers of those that are held.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <random>

#include "files.hpp"
#include "neuspec/preprocessing.hpp"
#include "read/file_buffer.hpp"
#include "read/parts.hpp"
#include "read/prepared_source.hpp"
#include "read/readers.hpp"

namespace neuspec::test {
namespace {

using read::FileBuffer;
using read::FileView;
using read::Selection;
using read::TargetRule;

template <typename T>
std::string random_numbers(Index count, bool big_endian = false) {
  std::mt19937 random(7);
  std::vector<T> values;
  for (Index i = 0; i < count; ++i) values.push_back(static_cast<T>(static_cast<int>(random() % 100)));
  return numbers(values, big_endian);
}

class Stored : public Files {
 protected:
  static Table read(const std::string& path, const Selection& selection, std::size_t held) {
    const auto file = std::make_shared<FileBuffer>(path, [](std::string_view) { return true; }, held);
    EXPECT_EQ(file->in_memory(), file->size() <= held);
    return read::is_npy(file->content()) ? read::read_npy(FileView(file), path, selection) : read::read_idx(FileView(file), path, selection);
  }
  static Table stored(const std::string& path, const Selection& selection = {}) {
    Table table = read(path, selection, 0);
    EXPECT_TRUE(table.features == 0 || std::holds_alternative<std::shared_ptr<const StoredFeatures>>(table.x));
    return table;
  }
  static Table held(const std::string& path, const Selection& selection = {}) { return read(path, selection, std::size_t{1} << 30U); }

  static void expect_same(const std::string& path, const Selection& selection) {
    const Table one = held(path, selection), other = stored(path, selection);
    EXPECT_EQ(features_of(one), features_of(other));
    EXPECT_EQ(one.y, other.y);
    EXPECT_EQ(one.feature_names, other.feature_names);
    std::vector<double> part(static_cast<std::size_t>(3 * other.features));
    other.read_features(5, 3, part.data());
    const std::vector<double> all = features_of(one);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + 5 * other.features));
    expect_same_as_stored(other, all);
  }

  /// In the type that the table keeps them in.
  static void expect_same_as_stored(const Table& table, const std::vector<double>& all) {
    if (table.features == 0) return;
    const auto check = [&](auto number) {
      std::vector<decltype(number)> part(static_cast<std::size_t>(3 * table.features));
      table.read_stored(5, 3, part.data());
      EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + 5 * table.features));
    };
    switch (table.stored_type()) {
      case NumberType::uint8:
        return check(std::uint8_t{});
      case NumberType::float32:
        return check(float{});
      case NumberType::float64:
        return check(double{});
    }
  }
};

TEST_F(Stored, are_the_numbers_of_those_that_are_held) {
  const Index n = 5000;
  const std::string text = std::to_string(n);
  for (const bool fortran : {false, true}) {
    const auto in = [&](const std::string& type, const std::string& data) { return write("x.npy", npy(type, fortran, text + ", 7", data)); };
    for (const Selection& selection :
         {Selection{}, Selection{TargetRule::named, {"6", "2"}}, Selection{TargetRule::none, {"3"}}, Selection{TargetRule::every_column}}) {
      expect_same(in("<f4", random_numbers<float>(7 * n)), selection);
      expect_same(in(">f8", random_numbers<double>(7 * n, true)), selection);
      expect_same(in("<i8", random_numbers<std::int64_t>(7 * n)), selection);
      expect_same(in("|u1", random_numbers<std::uint8_t>(7 * n)), selection);
      expect_same(in(">i2", random_numbers<std::int16_t>(7 * n, true)), selection);
    }
    expect_same(write("images.npy", npy("<u2", fortran, text + ", 2, 3", random_numbers<std::uint16_t>(6 * n))), {});
  }
  const std::string idx = "\0\0\x08\x03"s + bytes_of(static_cast<std::uint32_t>(n), true) + bytes_of(2U, true) + bytes_of(3U, true);
  expect_same(write("images.idx", idx + random_numbers<std::uint8_t>(6 * n)), {});
}

TEST_F(Stored, have_the_smallest_type_that_holds_them) {
  const auto type_of = [&](const std::string& type, const std::string& data) {
    return stored(write("x.npy", npy(type, false, "40, 2", data))).stored_type();
  };
  EXPECT_EQ(type_of("|u1", random_numbers<std::uint8_t>(80)), NumberType::uint8);
  EXPECT_EQ(type_of("|i1", random_numbers<std::int8_t>(80)), NumberType::float32);
  EXPECT_EQ(type_of(">i2", random_numbers<std::int16_t>(80, true)), NumberType::float32);
  EXPECT_EQ(type_of("<f4", random_numbers<float>(80)), NumberType::float32);
  EXPECT_EQ(type_of("<i4", random_numbers<std::int32_t>(80)), NumberType::float64);
  EXPECT_EQ(type_of("<f8", random_numbers<double>(80)), NumberType::float64);
}

TEST_F(Stored, parts_of_one_type_keep_it) {
  const Selection selection{.rule = TargetRule::none, .names = {"2"}};
  const auto file = [&](const std::string& name, const std::string& type, const std::string& data) {
    return write(name, npy(type, false, "40, 3", data));
  };
  const std::string single = file("a.npy", "<f4", random_numbers<float>(120)), other = file("b.npy", ">f4", random_numbers<float>(120, true)),
                    real = file("c.npy", "<f8", random_numbers<double>(120));
  for (const auto& [last, type] : {std::pair(other, NumberType::float32), std::pair(real, NumberType::float64)}) {
    std::vector<Table> parts{stored(single, selection), stored(last, selection)};
    std::vector<double> all = features_of(parts[0]);
    const std::vector<double> more = features_of(parts[1]);
    all.insert(all.end(), more.begin(), more.end());
    const Table table = read::stacked("parts", std::move(parts));
    EXPECT_EQ(table.stored_type(), type);
    EXPECT_EQ(features_of(table), all);
    expect_same_as_stored(table, all);
  }
}

TEST_F(Stored, form_of_a_source_is_what_it_hands_out) {
  Table table = stored(write("x.npy", npy("<f4", false, "40, 3", random_numbers<float>(120))));
  for (const bool standardize : {false, true}) {
    const Preprocessing map = learn_preprocessing(table, {.standardize = standardize});
    const read::PreparedSource source(map, table);
    const StoredForm form = source.stored_form();
    ASSERT_NE(form.stored, nullptr);
    EXPECT_EQ(form.stored->type(), NumberType::float32);
    EXPECT_EQ(form.mean != nullptr, standardize);
    std::vector<float> z(80);
    form.stored->read_as_stored(0, 40, z.data());
    source.visit(40, [&](const Chunk& chunk) {
      for (std::size_t at = 0; at < z.size(); ++at) {
        const auto value = static_cast<double>(z[at]);
        EXPECT_EQ(chunk.x[at], standardize ? (value - form.mean[at % 2]) / form.scale[at % 2] : value);
      }
    });
  }
}

TEST_F(Stored, gzip_is_held_as_the_file_has_it) {
  const std::string path = write("x.npy.gz", gzip(npy("<f4", false, "50, 3", random_numbers<float>(150))));
  const auto file = std::make_shared<FileBuffer>(path, read::is_npy, 0);
  EXPECT_TRUE(file->in_memory());
  const Table table = read::read_npy(FileView(file), path, {});
  EXPECT_TRUE(std::holds_alternative<std::shared_ptr<const StoredFeatures>>(table.x));
  EXPECT_EQ(features_of(table), features_of(held(path)));
}

TEST_F(Stored, what_is_not_finite_is_named_as_when_held) {
  std::vector<float> values(30000, 1.0F);
  values[20002] = std::numeric_limits<float>::infinity();
  values[20006] = values[29999] = std::numeric_limits<float>::quiet_NaN();
  for (const std::size_t held : {std::size_t{0}, std::size_t{1} << 30U}) {
    try {
      read(write("x.npy", npy("<f4", false, "10000, 3", numbers(values))), {}, held);
      ADD_FAILURE();
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::EndsWith("x.npy: sample 6668, column 'x1': inf is not finite"));
    }
  }
}

TEST_F(Stored, a_file_that_changes_is_an_error) {
  const std::string path = write("x.npy", npy("<f4", false, "5000, 3", random_numbers<float>(15000)));
  const Table table = stored(path);
  std::vector<double> x(6);
  std::filesystem::resize_file(path, 1000);
  try {
    table.read_features(0, 3, x.data());
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::EndsWith("x.npy: was written to while it was read"));
  }
}

TEST_F(Stored, a_file_that_is_gone_stays_open) {
  const std::string path = write("x.npy", npy("<f4", false, "5000, 3", random_numbers<float>(15000)));
  const Table table = stored(path), other = held(path);
  std::filesystem::remove(path);
  EXPECT_EQ(features_of(table), features_of(other));
}

class Prepared : public Stored {
 protected:
  /// Everything that visits hand out, of the table and of its Dataset.
  static void expect_same_visits(const Preprocessing& map, const Table& table, Index chunk_samples) {
    const Dataset whole = map.dataset_of(table);
    const read::PreparedSource source(map, table);
    ASSERT_EQ(source.samples(), whole.samples());
    ASSERT_EQ(source.features(), whole.features());
    ASSERT_EQ(source.targets(), whole.targets());
    std::vector<double> x, y, weights, targets_alone;
    Index next = 0;
    source.visit(chunk_samples, [&](const Chunk& chunk) {
      EXPECT_EQ(chunk.first, next);
      EXPECT_LE(chunk.samples, chunk_samples);
      next += chunk.samples;
      x.insert(x.end(), chunk.x, chunk.x + chunk.samples * source.features());
      y.insert(y.end(), chunk.y, chunk.y + chunk.samples * source.targets());
      if (chunk.weights != nullptr) weights.insert(weights.end(), chunk.weights, chunk.weights + chunk.samples);
    });
    source.visit_targets(chunk_samples, [&](const Chunk& chunk) {
      EXPECT_EQ(chunk.x, nullptr);
      targets_alone.insert(targets_alone.end(), chunk.y, chunk.y + chunk.samples * source.targets());
    });
    EXPECT_EQ(x, whole.x());
    EXPECT_EQ(y, whole.y());
    EXPECT_EQ(targets_alone, whole.y());
    EXPECT_EQ(weights, whole.weights());
  }
};

TEST_F(Prepared, visits_hand_out_what_a_dataset_holds) {
  const std::string numbers = write("x.npy", npy("<f4", false, "5000, 4", random_numbers<float>(20000)));
  const Table table = stored(numbers);
  const Preprocessing plain = learn_preprocessing(table, {}), standard = learn_preprocessing(table, {.standardize = true});
  const Preprocessing held_standard = learn_preprocessing(held(numbers), {.standardize = true});
  EXPECT_EQ(standard.mean, held_standard.mean);
  EXPECT_EQ(standard.scale, held_standard.scale);
  for (const Index chunk : {1L, 37L, 4096L, 5000L, 100000L}) {
    expect_same_visits(plain, table, chunk);
    expect_same_visits(standard, table, chunk);
  }
}

TEST_F(Prepared, images_and_labels_too) {
  const std::string path = write("images.npy", npy("|u1", false, "3000, 4, 6", random_numbers<std::uint8_t>(3000 * 24)));
  Table table = stored(path);
  table.targets = 1;
  table.target_names = {"y"};
  for (Index i = 0; i < table.samples; ++i) table.y.push_back(static_cast<double>(i % 3) - 1);
  const PreprocessingOptions balanced{
      .standardize = true, .encoding = Encoding::one_vs_rest, .balance_classes = true, .window_height = 2, .window_width = 3};
  expect_same_visits(learn_preprocessing(table, balanced), table, 1000);
  expect_same_visits(learn_preprocessing(table, {.encoding = Encoding::one_hot}), table, 1000);
}

TEST_F(Prepared, values_too_large_are_named) {
  std::vector<double> values(12000, 1.0);
  values[7000] = -1e61;
  const Table table = stored(write("x.npy", npy("<f8", false, "4000, 3", numbers(values))));
  try {
    learn_preprocessing(table, {});
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("sample 2334: feature 2 is -1e+61, larger than 1e+60 in size"));
  }
}

}  // namespace
}  // namespace neuspec::test
