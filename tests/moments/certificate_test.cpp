// No certificate from moments claims more than is true: random problems, merged, moved, subtracted, standardised, judged in 60 digits on the samples.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "moments/parts.hpp"
#include "neuspec/error.hpp"
#include "support/sanitizers.hpp"
#include "support/verdict.hpp"

namespace neuspec::test {
namespace {

/// A random problem and the moments it is to be proven from.
struct Case {
  Claim claim;
  Moments moments;
};

/// Numbers with few digits, so that standardising by powers of two takes no rounding.
Dataset coarse(const Dataset& data) {
  std::vector<double> x = data.x();
  for (double& value : x) value = std::nearbyint(std::ldexp(value, 20)) / 0x1p20;
  return {data.samples(), data.features(), data.targets(), std::move(x), data.y(), data.weights()};
}

Dataset standardised(const Dataset& data, const std::vector<double>& mean, const std::vector<double>& scale) {
  std::vector<double> x = data.x();
  for (std::size_t at = 0; at < x.size(); ++at) x[at] = (x[at] - mean[at % mean.size()]) / scale[at % scale.size()];
  return {data.samples(), data.features(), data.targets(), std::move(x), data.y(), data.weights()};
}

/// Samples in some parts, of which one more is added and taken out again every third time.
Moments summed(Random& random, const Dataset& data, double offset) {
  Moments sum = merged(dealt(random, data, random.index(1, 3)));
  if (random.index(0, 2) != 0) return sum;
  const Moments other = moments_of(moved(random, random_dataset(random, random.index(1, 30), data.features(), data.targets()), offset, false));
  sum.merge(other);
  sum.subtract(other);
  return sum;
}

Case random_case(Random& random) {
  const double offset = std::vector<double>{0, 1, 100, 1e6}[static_cast<std::size_t>(random.index(0, 3))];
  const Index d = random.index(1, 3), C = random.index(1, 2), n = random.index(5, 25);
  Case result;
  Claim& claim = result.claim;
  claim.data = coarse(moved(random, random_dataset(random, n, d, C), offset, random.index(0, 1) == 0));
  result.moments = summed(random, claim.data, offset);
  if (random.index(0, 1) == 0) {
    result.moments.standardize();
    std::vector<double> mean = result.moments.preprocessing().mean, scale = result.moments.preprocessing().scale;
    for (double& value : mean) value = std::nearbyint(std::ldexp(value, 10)) / 0x1p10;
    for (double& value : scale) value = std::ldexp(1.0, std::ilogb(value));
    result.moments.standardize(mean, scale);
    claim.data = standardised(claim.data, mean, scale);
  }
  claim.problem.activation = kActivations[random.index(0, 4)];
  claim.problem.bias = random.index(0, 1) == 0;
  claim.problem.beta = beta_max(claim.problem, claim.data) * std::pow(10, random.uniform(-4, 0.3));
  if (random.index(0, 2) == 0) {
    claim.network = random.network(claim.problem.activation, d, C, random.index(0, 4));
    if (claim.problem.bias) claim.network.bias = random.normals(C);
  } else {
    Settings settings;
    settings.max_iterations = 2000;
    claim.network = fit(result.moments, claim.problem, settings).network;
  }
  return result;
}

// Sanitizers make numbers of 60 digits some fifteen times slower.
constexpr unsigned problems_a_shard = address_sanitizer ? 10 : 50, shards = 20;

class MomentClaims : public testing::TestWithParam<unsigned> {};

TEST_P(MomentClaims, AreTrue) {
  for (unsigned seed = GetParam() * problems_a_shard; seed < (GetParam() + 1) * problems_a_shard; ++seed) {
    Random random(7000 + seed);
    const Case of = random_case(random);
    const Verdict verdict = Trial(of.claim, [&](const Claim& claim) { return certify(claim.network, claim.problem, of.moments); }).run();
    EXPECT_FALSE(verdict.refused || verdict.wrong() || verdict.unconfirmed()) << "seed " << seed << '\n' << verdict << of.claim;
    // What it concedes is what it says: without its rounding the primal is the true one.
    const Certificate& claimed = verdict.certificate;
    EXPECT_GT(claimed.rounding, 0) << seed;
    EXPECT_LE(claimed.primal - claimed.rounding, verdict.primal * (1 + 1e-12)) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, MomentClaims, testing::Range(0U, shards));

// And where numbers have every size: those that moments hold at all.
TEST(MomentClaims, OfNumbersOfEverySizeAreTrue) {
  int judged = 0, optimal = 0;
  const unsigned problems = std::getenv("NEUSPEC_MOMENT_CLAIMS") ? 60000 : address_sanitizer ? 600 : 3000;
  for (unsigned seed = 0; seed < problems; ++seed) {
    Claim claim = ExtremeProblem(seed).make();
    if (claim.problem.loss.kind != LossKind::squared || claim.problem.architecture.kind != Architecture::Kind::dense) continue;
    claim.dual_vector.clear();
    const Verdict verdict = Trial(claim, [](const Claim& of) { return certify(of.network, of.problem, moments_of(of.data)); }).run();
    // Beside an intercept a neuron that is constant violates nothing, exactly; the judge's 60 digits leave a little.
    const Activation& sigma = claim.problem.activation;
    const bool trivial = claim.problem.bias && sigma.a == 0 && sigma.b == 0;
    EXPECT_FALSE(verdict.wrong() || (verdict.unconfirmed() && !trivial)) << "seed " << seed << '\n' << verdict << claim;
    judged += verdict.refused ? 0 : 1;
    optimal += !verdict.refused && verdict.optimal ? 1 : 0;
  }
  EXPECT_GE(judged, 20);
  EXPECT_GE(optimal, 2);
}

}  // namespace
}  // namespace neuspec::test
