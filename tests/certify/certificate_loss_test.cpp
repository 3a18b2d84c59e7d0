// Certificates of every loss and architecture against the tests' own judge, and what a given dual vector may and may not prove.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/naive.hpp"
#include "support/random_architecture.hpp"

namespace neuspec::test {
namespace {

using naive::at;
constexpr double infinity = std::numeric_limits<double>::infinity();

class CertificateOf : public testing::TestWithParam<std::tuple<Loss, Architecture>> {
 protected:
  CertificateOf() {
    std::tie(problem_.loss, problem_.architecture) = GetParam();
    problem_.activation = {0.3, -0.7, 0.2};
  }
  void make(Index n, Index C, bool weighted, double ratio) {
    data_ = with_labels(random_dataset(random_, n, features_of(problem_.architecture), std::max<Index>(C, problem_.loss.coupled() ? 2 : 1)),
                        problem_.loss);
    if (weighted) data_ = with_weights(data_, random_);
    problem_.beta = ratio * naive::beta_max(problem_, data_);
  }
  Network network(Index neurons) { return random_network(random_, problem_, data_.features(), data_.targets(), neurons); }
  std::vector<double> kappas(const std::vector<double>& v) const {
    std::vector<double> result;
    for (Index k = 0; k < data_.targets(); ++k) result.push_back(naive::kappa(problem_, data_, naive::column(v, k, data_.targets())));
    return result;
  }
  /// −Σ w ℓ*(τv/w) at τ = min(1, β/κ), of each output where the loss does not couple them.
  double bound_of(const std::vector<double>& v) const {
    std::vector<double> kappa = kappas(v);
    if (problem_.loss.coupled()) kappa.assign(1, *std::max_element(kappa.begin(), kappa.end()));
    double bound = 0;
    for (Index k = 0; k < static_cast<Index>(kappa.size()); ++k)
      bound += naive::bound_at(problem_, data_, v, std::min(1.0, problem_.beta / at(kappa, k)), k, problem_.loss.coupled() ? data_.targets() : 1);
    return bound;
  }

  Random random_{31};
  Problem problem_;
  Dataset data_;
};

TEST_P(CertificateOf, AgreesWithTheJudge) {
  for (const Index C : {1, 3}) {
    for (const bool weighted : {false, true}) {
      for (const double ratio : {0.05, 0.7}) {
        make(25, C, weighted, ratio);
        const Network network = this->network(static_cast<Index>(10 * ratio));
        const Certificate certificate = certify(network, problem_, data_);
        const std::vector<double> v = naive::gradient(problem_, data_, naive::predict(network, data_)), kappa = kappas(v);
        const double primal = naive::primal(network, problem_, data_), largest = *std::max_element(kappa.begin(), kappa.end());
        EXPECT_NEAR(certificate.primal, primal, 1e-12 * std::max(1.0, primal));
        EXPECT_NEAR(certificate.kappa, largest, 1e-10 * std::max(1.0, largest));
        const double dual = problem_.loss.kind == Loss::squared ? naive::dual(problem_, data_, v) : std::max(0.0, bound_of(v));
        EXPECT_NEAR(certificate.dual, dual, 1e-9 * std::max(1.0, primal));
        EXPECT_NEAR(certificate.relative_gap, (primal - dual) / std::max(1.0, primal), 1e-9);
      }
    }
  }
}

TEST_P(CertificateOf, NoDualVectorProvesMoreThanTheOptimum) {
  make(20, 2, true, 0.2);
  Settings settings;
  settings.tolerance = 1e-7;
  const Result result = fit(data_, problem_, settings);
  const Network& best = result.network;
  const double primal = result.report.primal;
  ASSERT_EQ(result.report.status, Status::optimal);
  const std::vector<double> gradient = naive::gradient(problem_, data_, naive::predict(best, data_));
  const auto expect_no_more = [&](const std::vector<double>& v) {
    const Certificate certificate = certify(best, problem_, data_, v);
    EXPECT_LE(certificate.dual, primal);
    EXPECT_GE(certificate.dual, 0) << "losses are not negative";
    return certificate.dual;
  };
  for (const double scale : {1e-300, 1e-3, 1.0, 30.0, 1e10, 1e150}) {
    std::vector<double> v = random_.normals(data_.samples() * data_.targets()), jittered = gradient, scaled = gradient;
    for (double& value : v) value *= scale;
    for (double& value : jittered) value *= 1 + 1e-2 * random_.normal();
    for (double& value : scaled) value *= scale;
    expect_no_more(v);
    expect_no_more(jittered);
    expect_no_more(scaled);
    // The judge takes the best multiple, from the same point of the domain where that is a product of intervals.
    if (problem_.loss.kind == Loss::squared || problem_.loss.coupled() || scale > 1e100) continue;
    EXPECT_LE(expect_no_more(v), naive::dual(problem_, data_, v) + 1e-9 * std::max(1.0, primal));
  }
  for (const double odd : {-0.0, infinity, -infinity, std::nan(""), 1e308, -1e308}) {
    for (const Index every : {1, 3}) {
      std::vector<double> v = gradient;
      for (Index i = 0; i < static_cast<Index>(v.size()); i += every) at(v, i) = odd;
      try {
        expect_no_more(v);
      } catch (const DataError&) {  // as good an answer
      }
    }
  }
  // Squared loss has a gradient that is best, and takes no notice.
  if (problem_.loss.kind == Loss::squared) return;
  EXPECT_THROW(certify(best, problem_, data_, {0, 0, 0}), DataError);
}

TEST_P(CertificateOf, DualVectorOfASolveProvesIt) {
  make(20, 2, false, 0.2);
  const auto [best, report] = fit(data_, problem_);
  ASSERT_EQ(report.status, Status::optimal);
  EXPECT_EQ(report.dual_vector.empty(), problem_.loss.smooth());
  const Certificate with = certify(best, problem_, data_, report.dual_vector), without = certify(best, problem_, data_);
  EXPECT_EQ(with.dual, report.dual);
  EXPECT_EQ(with.primal, report.primal);
  EXPECT_LE(without.dual, with.primal);
  EXPECT_LE(with.relative_gap, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(All, CertificateOf, testing::Combine(testing::ValuesIn(every_loss()), testing::ValuesIn(every_architecture())),
                         [](const auto& instance) { return label_of(std::get<0>(instance.param), std::get<1>(instance.param)); });

/// Whether fit, certify and beta_max all refuse such targets, naming the sample.
void expect_refused(const Loss& loss, Index C, const std::vector<double>& y, const char* named) {
  const Dataset data(static_cast<Index>(y.size()) / C, 1, C, std::vector<double>(y.size() / static_cast<std::size_t>(C), 1.0), y);
  const Problem problem{.activation = {}, .loss = loss, .beta = 1};
  Random random(1);
  const Network network = random_network(random, problem, 1, C, 1);
  const auto refuses = [&](const auto& call) {
    try {
      call();
      ADD_FAILURE() << loss.name() << " took the labels";
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
    }
  };
  refuses([&] { fit(data, problem); });
  refuses([&] { certify(network, problem, data); });
  refuses([&] { beta_max(problem, data); });
}

TEST(Targets, HaveToBeLabelsOfTheLoss) {
  for (const Loss& loss : {Loss(Loss::logistic), Loss(Loss::squared_hinge), Loss(Loss::hinge)}) {
    for (const double odd : {0.0, 0.5, 2.0, -1 - 1e-15, 1 + 1e-15}) expect_refused(loss, 1, {1, -1, odd, 1}, "sample 3");
    expect_refused(loss, 2, {1, -1, -1, 1, 1, 0}, "sample 3");
    EXPECT_NO_THROW(beta_max({.activation = {}, .loss = loss, .beta = 1}, Dataset(2, 1, 1, {1, 2}, {1, -1})));
  }
  for (const std::vector<double>& odd : {std::vector<double>{0, 0, 0}, {1, 1, 0}, {0.5, 0.5, 0}, {1, -1, 1}, {0, 2, 0}, {1, 0, 1e-300}}) {
    std::vector<double> y{1, 0, 0, 0, 0, 1};
    y.insert(y.end(), odd.begin(), odd.end());
    expect_refused(Loss::softmax, 3, y, "sample 3");
  }
  expect_refused(Loss::softmax, 1, {1, 1}, "two outputs");
  EXPECT_NO_THROW(beta_max({.activation = {}, .loss = Loss::softmax, .beta = 1}, Dataset(2, 1, 2, {1, 2}, {1, 0, 0, 1})));
  for (const Loss& loss : {Loss(Loss::squared), Loss(Loss::huber), Loss(Loss::absolute)})
    EXPECT_NO_THROW(beta_max({.activation = {}, .loss = loss, .beta = 1}, Dataset(2, 1, 1, {1, 2}, {0.3, -7})));
}

}  // namespace
}  // namespace neuspec::test
