// Every stored sum is as near to that of exact arithmetic as it says, however the samples came in.
#include <gtest/gtest.h>

#include <cmath>

#include "moments/parts.hpp"
#include "moments/shift.hpp"
#include "neuspec/error.hpp"
#include "support/exact_moments.hpp"
#include "threads/parallel.hpp"

namespace neuspec::test {
namespace {

double worst(const Moments& moments, const std::vector<Dataset>& parts) {
  exact::MomentJudge judge(moments.sums());
  for (const Dataset& part : parts) judge.add(part);
  return static_cast<double>(judge.worst());
}

TEST(Sums, AreWithinTheirOwnBoundsFarFromZeroToo) {
  Random random(11);
  for (const double offset : {0.0, 3.0, 1e3, 1e6, 1e12})
    for (const bool weighted : {false, true})
      for (const Index d : {1, 2, 4}) {
        const Dataset data = moved(random, random_dataset(random, 60, d, 2), offset, weighted);
        const Moments moments = moments_of(data);
        EXPECT_EQ(moments.samples(), 60);
        EXPECT_LE(worst(moments, {data}), 1) << offset << ' ' << weighted << ' ' << d;
        // Not by being told nothing: the bound is that of deviations, whatever the mean.
        EXPECT_LE(moments.sums().rounding, 200);
        for (Index j = 1; j <= d; ++j) EXPECT_LE(moments.sums().envelope[static_cast<std::size_t>(j)], 60 * 3 * 400.0) << offset;
      }
}

TEST(Sums, OfPartsInAnyOrderAreThoseOfTheWhole) {
  Random random(12);
  for (const double offset : {0.0, 1e6}) {
    const Dataset data = moved(random, random_dataset(random, 80, 3, 2), offset, true);
    std::vector<Dataset> parts = dealt(random, data, 7);
    const Moments forwards = merged(parts);
    std::reverse(parts.begin(), parts.end());
    const Moments backwards = merged(parts);
    EXPECT_EQ(forwards.samples(), 80);
    EXPECT_LE(worst(forwards, {data}), 1);
    EXPECT_LE(worst(backwards, {data}), 1);
  }
}

// Parts whose means lie thousands of deviations apart: about one shift each has moments that cancel.
TEST(Sums, OfPartsFarApartAreExactToo) {
  Random random(13);
  for (const double apart : {10.0, 1e3, 1e5}) {
    std::vector<Dataset> parts;
    for (int part = 0; part < 3; ++part) parts.push_back(moved(random, random_dataset(random, 20, 2, 1), apart * part, part == 1));
    const Moments all = merged(parts);
    EXPECT_LE(worst(all, parts), 1) << apart;
    Moments rest = all;
    rest.subtract(moments_of(parts[2]));
    rest.subtract(moments_of(parts[1]));
    EXPECT_EQ(rest.samples(), 20);
    EXPECT_LE(worst(rest, {parts[0]}), 1) << apart;
  }
}

TEST(Sums, MergedAndSubtractedAreTheRestToTheLastDigits) {
  Random random(14);
  const Dataset data = moved(random, random_dataset(random, 90, 3, 1), 1e6, false);
  const std::vector<Dataset> parts = dealt(random, data, 3);
  const Moments first = moments_of(parts[0]), second = moments_of(parts[1]);
  Moments sum = first;
  sum.merge(second);
  sum.subtract(second);
  ASSERT_EQ(sum.sums().fourth.size(), first.sums().fourth.size());
  for (std::size_t at = 0; at < first.sums().fourth.size(); at += 2) {
    const double expected = first.sums().fourth[at] + first.sums().fourth[at + 1], actual = sum.sums().fourth[at] + sum.sums().fourth[at + 1];
    EXPECT_NEAR(actual, expected, 1e-14 * std::abs(expected) + 1e-24);
  }
}

// Whole numbers are summed without any rounding: what was taken out leaves no trace.
TEST(Sums, OfWholeNumbersForgetWithoutATrace) {
  Random random(15);
  std::vector<double> x, y;
  for (int e = 0; e < 3000; ++e) x.push_back(static_cast<double>(random.index(900, 1100)));
  for (int e = 0; e < 1000; ++e) y.push_back(static_cast<double>(random.index(-50, 50)));
  const Dataset data(1000, 3, 1, x, y);
  const std::vector<Dataset> parts = dealt(random, data, 2);
  Moments left = moments_of(data);
  left.subtract(moments_of(parts[1]));
  Moments alone = left;  // the sums of the first part itself, about the same shift
  alone.merge(moments_of(parts[0]));
  alone.subtract(left);
  EXPECT_EQ(alone.sums().fourth, left.sums().fourth);
  EXPECT_EQ(alone.sums().linear, left.sums().linear);
  EXPECT_EQ(alone.sums().squares, left.sums().squares);
  EXPECT_EQ(alone.sums().plain, left.sums().plain);
}

TEST(Sums, PassShortChainsOfAdditionsHoweverManySamplesThereAre) {
  Random random(16);
  const Dataset data = random_dataset(random, 20000, 3, 1);
  const ThreadScope one(1);
  const Moments moments = moments_of(data);
  EXPECT_LE(moments.sums().rounding, 600);
  EXPECT_EQ(moments.sums().fourth[0], 20000);
}

TEST(Sums, RefuseWhatCannotBe) {
  Random random(17);
  const Dataset data = random_dataset(random, 30, 2, 1);
  Moments moments = moments_of(data);
  EXPECT_THROW(moments.add(random_dataset(random, 10, 3, 1)), DataError);
  EXPECT_THROW(moments.add(Dataset(1, 2, 1, {1e70, 0}, {0})), DataError);
  EXPECT_THROW(moments.subtract(moments_of(data)), DataError);                                              // nothing would be left
  EXPECT_THROW(moments.subtract(moments_of(moved(random, rows_of(data, {1, 2}), 1e4, false))), DataError);  // were never in
  EXPECT_THROW(moments.merge(moments_of(random_dataset(random, 10, 3, 1))), DataError);
  EXPECT_EQ(moments.samples(), 30);
  EXPECT_LE(worst(moments, {data}), 1);  // a refusal changes nothing
  Preprocessing columns;
  columns.feature_names = {"height", "weight"};
  Moments named(columns);
  named.add(data);
  try {
    moments.merge(named);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("'height'"), std::string::npos) << error.what();
  }
  named.standardize();
  EXPECT_THROW(named.merge(named), UsageError);
  EXPECT_THROW(named.add(data), UsageError);
}

TEST(Shift, IsNearTheMeanAndHasFewDigits) {
  using moment::shift_of;
  const std::vector<double> whole = {1e6 + 1, 1e6 + 4, 1e6 + 9, 1e6 + 2};
  EXPECT_NEAR(shift_of(whole.data(), 4, 1), 1e6 + 4, 3.1);
  EXPECT_EQ(shift_of(whole.data(), 4, 1), std::floor(shift_of(whole.data(), 4, 1)));
  const std::vector<double> constant(5, 0.1);
  EXPECT_EQ(shift_of(constant.data(), 5, 1), 0.1);
  const std::vector<double> pairs = {0.25, 7, 0.75, 7};
  EXPECT_NEAR(shift_of(pairs.data(), 2, 2), 0.5, 0.25);
  EXPECT_EQ(shift_of(pairs.data() + 1, 2, 2), 7);
  Random random(18);
  std::vector<double> values = random.normals(100);
  for (double& value : values) value = 1e9 + 3 * value;
  EXPECT_NEAR(shift_of(values.data(), 100, 1), 1e9, 4);
}

}  // namespace
}  // namespace neuspec::test
