// What `certify` refuses, because nothing could be proven from it, and what it does not.
#include <gtest/gtest.h>

#include <limits>

#include "neuspec/certificate.hpp"
#include "neuspec/error.hpp"

namespace neuspec {
namespace {

class FixedSource final : public Source {
 public:
  FixedSource(std::vector<double> x, std::vector<double> y, std::vector<double> w) : x_(std::move(x)), y_(std::move(y)), w_(std::move(w)) {}
  Index samples() const override { return static_cast<Index>(y_.size()); }
  Index features() const override { return static_cast<Index>(x_.size() / y_.size()); }
  Index targets() const override { return 1; }
  void visit(Index, const std::function<void(const Chunk&)>& visitor) const override {
    visitor({.first = 0, .samples = samples(), .x = x_.data(), .y = y_.data(), .weights = w_.empty() ? nullptr : w_.data()});
  }

 private:
  std::vector<double> x_, y_, w_;
};

TEST(Certificate, RefusesWhatProvesNothing) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const FixedSource good({1, 2, 3, 4}, {1, 2}, {});
  const Problem problem;
  const Network zero{.activation = problem.activation, .features = 2, .outputs = 1, .directions = {}, .weights = {}, .output = {}};
  EXPECT_NO_THROW(certify(zero, problem, good));
  for (const double bad : {nan, infinity, -infinity}) {
    EXPECT_THROW(certify(zero, problem, FixedSource({1, 2, 3, bad}, {1, 2}, {})), DataError);
    EXPECT_THROW(certify(zero, problem, FixedSource({1, 2, 3, 4}, {bad, 2}, {})), DataError);
    EXPECT_THROW(certify(zero, problem, FixedSource({1, 2, 3, 4}, {1, 2}, {1, bad})), DataError);
    EXPECT_THROW(beta_max(problem, FixedSource({1, 2, 3, bad}, {1, 2}, {})), DataError);
    Network network = zero;
    network.add(std::vector<double>{1, 0}.data(), bad, 0);
    EXPECT_THROW(certify(network, problem, good), DataError);
    network = zero;
    network.add(std::vector<double>{bad, 0}.data(), 1, 0);
    EXPECT_THROW(certify(network, problem, good), DataError);
  }
  EXPECT_THROW(certify(zero, problem, FixedSource({1, 2, 3, 4}, {1, 2}, {1, -1})), DataError);
  EXPECT_THROW(certify(zero, problem, FixedSource({1e200, 2, 3, 4}, {1, 2}, {})), DataError);  // overflow
  Network network = zero;
  network.add(std::vector<double>{1, 1}.data(), 1, 0);
  EXPECT_THROW(certify(network, problem, good), DataError);  // not a unit vector: the penalty would be too small
  network = zero;
  network.add(std::vector<double>{1, 0}.data(), 1, 1);
  EXPECT_THROW(certify(network, problem, good), DataError);  // no such output
  network = zero;
  network.weights.push_back(1);
  EXPECT_THROW(certify(network, problem, good), DataError);  // lengths
  network = zero;
  network.features = 3;
  EXPECT_THROW(certify(network, problem, good), DataError);
  network = zero;
  network.outputs = 2;
  EXPECT_THROW(certify(network, problem, good), DataError);
  network = zero;
  network.activation = {1, 0, 0};
  EXPECT_THROW(certify(network, problem, good), DataError);
  for (const double beta : {0.0, -1.0, nan, infinity})
    EXPECT_THROW(certify(zero, {.activation = {}, .loss = Loss::squared, .beta = beta}, good), UsageError);
}

TEST(Certificate, ZeroFeaturesAreNoError) {
  const Problem problem{.activation = {1, 1, 0}, .loss = Loss::squared, .beta = 1};
  const Dataset data(3, 2, 1, std::vector<double>(6), {1, 2, 3});
  const Network zero{.activation = problem.activation, .features = 2, .outputs = 1, .directions = {}, .weights = {}, .output = {}};
  const Certificate certificate = certify(zero, problem, data);
  EXPECT_NEAR(certificate.primal, 7, 5e-14);
  EXPECT_NEAR(certificate.relative_gap, 0, 3e-14);  // no network can do better
  EXPECT_NEAR(beta_max(problem, data), 0, 1e-300);
}

}  // namespace
}  // namespace neuspec
