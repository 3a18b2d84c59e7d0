#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "explain/attack.hpp"
#include "neuspec/error.hpp"
#include "neuspec/explain.hpp"
#include "support/naive.hpp"

namespace neuspec {
namespace {

using test::Random;
using test::Vector;

double value_of(const QuadraticOutput& form, const Vector& x) {
  double sum = form.s;
  for (std::size_t j = 0; j < x.size(); ++j) {
    sum += form.q[j] * x[j];
    for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * form.Q[j * x.size() + i] * x[j];
  }
  return sum;
}

TEST(QuadraticForm, IsTheNetwork) {
  Random random(1);
  for (const auto& [d, C, m] : {std::array<Index, 3>{1, 1, 1}, {3, 1, 8}, {7, 4, 20}, {5, 6, 3}, {40, 2, 90}}) {
    for (const Activation activation : {Activation{}, Activation{1, 0, 0}, Activation{0, 1, 0}, Activation{-2, 0.1, 3}}) {
      const Network network = random.network(activation, d, C, m);
      const std::vector<QuadraticOutput> outputs = quadratic_form(network);
      ASSERT_EQ(outputs.size(), static_cast<std::size_t>(C));
      for (int trial = 0; trial < 5; ++trial) {
        const Vector x = random.normals(d);
        for (Index k = 0; k < C; ++k) {
          const QuadraticOutput& form = outputs[static_cast<std::size_t>(k)];
          const double tolerance =
              (form.rounding.Q * test::dot(x, x) + form.rounding.q * test::norm(x) + form.rounding.s) + 1e-13 * network.penalty() * test::dot(x, x);
          EXPECT_NEAR(value_of(form, x), test::value_of(network, k, x), tolerance);
        }
      }
    }
  }
}

// Overlapping patches, padding and channels; `predict` reads the patches themselves.
TEST(QuadraticForm, OfAConvolutionIsTheNetwork) {
  Random random(7);
  Network network;
  network.architecture = Architecture::parse("conv2d:height=5,width=4,channels=2,filter=3x2,stride=1x1,padding=1x1,pool=1x5");
  network.features = 40;
  network.outputs = 2;
  for (Index j = 0; j < 12; ++j) {
    Vector u = random.normals(network.direction_size());
    const double length = test::norm(u);
    for (double& value : u) value /= length;
    network.add(u.data(), random.normals(1)[0], j % 2, j % 5);
  }
  const std::vector<QuadraticOutput> outputs = quadratic_form(network);
  for (int trial = 0; trial < 20; ++trial) {
    const Vector x = random.normals(40);
    double f[2];
    network.predict(x.data(), 1, f);
    for (std::size_t k = 0; k < 2; ++k) EXPECT_NEAR(value_of(outputs[k], x), f[k], 1e-13 * network.penalty() * (1 + test::dot(x, x)));
  }
}

TEST(QuadraticForm, IsSymmetricToTheBit) {
  Random random(2);
  const QuadraticOutput form = quadratic_form(random.network({}, 23, 1, 60)).front();
  for (std::size_t j = 0; j < 23; ++j)
    for (std::size_t i = 0; i < j; ++i) EXPECT_EQ(form.Q[j * 23 + i], form.Q[i * 23 + j]);
}

TEST(QuadraticForm, OfNoNeuronsIsZero) {
  const std::vector<QuadraticOutput> outputs =
      quadratic_form({.activation = {}, .features = 3, .outputs = 2, .directions = {}, .weights = {}, .output = {}});
  for (const QuadraticOutput& form : outputs) {
    EXPECT_EQ(form.Q, Vector(9));
    EXPECT_EQ(form.q, Vector(3));
    EXPECT_EQ(form.s, 0);
    EXPECT_EQ(spectrum(form), Vector(3));
  }
}

TEST(QuadraticForm, HasTheSpectrumOfQ) {
  Random random(3);
  for (const Index d : {1, 2, 17, 40}) {
    const QuadraticOutput form = quadratic_form(random.network({}, d, 1, d + 3)).front();
    Vector reference = naive::jacobi(d, form.Q).first;
    std::sort(reference.begin(), reference.end());
    const Vector lambda = spectrum(form);
    ASSERT_EQ(lambda.size(), reference.size());
    for (std::size_t i = 0; i < lambda.size(); ++i) EXPECT_NEAR(lambda[i], reference[i], 1e-13 * std::abs(reference.back()) + 1e-13);
  }
}

TEST(QuadraticForm, RefusesWhatIsNone) {
  const double nan = std::nan("");
  EXPECT_THROW(spectrum({.Q = {1, 2}, .q = {1}}), DataError);
  EXPECT_THROW(spectrum({.Q = {}, .q = {}}), DataError);
  EXPECT_THROW(spectrum({.Q = {nan}, .q = {1}}), DataError);
  const double x[2] = {1, 2};
  EXPECT_THROW(smallest_flips({}, x, 1), DataError);
  EXPECT_THROW(smallest_flips({{.Q = {1}, .q = {1}}, {.Q = {1, 0, 0, 1}, .q = {1, 1}}}, x, 1), DataError);
  EXPECT_THROW(smallest_flips({{.Q = {1}, .q = {nan}}}, x, 1), DataError);
  EXPECT_THROW(smallest_flips({{.Q = {1}, .q = {1}}}, &nan, 1), DataError);
}

}  // namespace
}  // namespace neuspec
