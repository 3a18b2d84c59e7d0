// Certificates of networks with an intercept: whatever v they start from, no network is below the bound.
#include "certify/bias.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "loss/intercept.hpp"
#include "neuspec/certificate.hpp"
#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/naive.hpp"
#include "support/random_architecture.hpp"

namespace neuspec {
namespace {

constexpr Index n = 40, d = 3;

class BiasCertificate : public testing::TestWithParam<const char*> {
 protected:
  void make(Index outputs, bool weighted, double offset) {
    problem_.loss = Loss::parse(GetParam());
    problem_.bias = true;
    problem_.beta = 0.5;
    Dataset plain = test::random_dataset(random_, n, d, problem_.loss.coupled() ? outputs + 1 : outputs);
    std::vector<double> y = plain.y(), w;
    for (double& value : y) value += problem_.loss.classification() ? -0.3 : offset;
    for (Index i = 0; weighted && i < n; ++i) w.push_back(i % 5 == 0 ? 0.0 : random_.uniform(0.2, 2));
    data_ = test::with_labels({n, d, plain.targets(), plain.x(), std::move(y), std::move(w)}, problem_.loss);
  }
  Index C() const { return data_.targets(); }
  /// Predictions of a sample with the intercept; `f` without.
  naive::Row shifted(const std::vector<double>& f, Index i, const std::vector<double>& bias) const {
    naive::Row row = naive::row(f, i, C());
    for (std::size_t k = 0; k < row.size(); ++k) row[k] += bias[k];
    return row;
  }
  double loss(const naive::Row& f, Index i) const {
    return naive::weight(data_, i) * naive::loss_value(problem_.loss, f, naive::row(data_.y(), i, C()));
  }
  double primal(const Network& network) const {
    const std::vector<double> f = naive::predict(network, data_);
    double sum = problem_.beta * network.penalty();
    for (Index i = 0; i < n; ++i) sum += loss(shifted(f, i, network.bias), i);
    return sum;
  }
  Network random_network(double offset) {
    Network network = random_.network(problem_.activation, d, data_.targets(), random_.index(0, 6));
    for (double& alpha : network.weights) alpha *= 0.3;
    for (Index k = 0; k < C(); ++k) network.bias.push_back(offset + random_.normal());
    return network;
  }

  test::Random random_{5};
  Problem problem_;
  Dataset data_;
};

TEST_P(BiasCertificate, NoNetworkIsBelowTheBoundOfAnyDualVector) {
  for (const Index outputs : {Index{1}, Index{3}}) {
    for (const bool weighted : {false, true}) {
      make(outputs, weighted, 5);
      double best = std::numeric_limits<double>::infinity(), largest = -best;
      for (int trial = 0; trial < 60; ++trial) {
        Network network = random_network(trial % 3 == 0 ? 50 : 5);
        if (trial % 2 == 0) set_best_bias(network, problem_, data_);
        const std::vector<double> v = trial % 4 == 0 ? std::vector<double>{} : random_.normals(n * C());
        const Certificate certificate = certify(network, problem_, data_, v);
        EXPECT_NEAR(certificate.primal, primal(network), 1e-12 * std::max(1.0, certificate.primal));
        best = std::min(best, certificate.primal);
        largest = std::max(largest, certificate.dual);
      }
      EXPECT_LE(largest, best);
      EXPECT_GT(largest, 0) << "a bound that says nothing";
    }
  }
}

// Without Σ v = 0 the gradient at the zero network proves what holds for networks that have no intercept, which is more than the optimum here.
TEST_P(BiasCertificate, NothingIsProvenFromAnUnbalancedDualVector) {
  make(2, false, 20);
  std::vector<double> y = data_.y();
  const auto outputs = static_cast<std::size_t>(C());
  for (std::size_t i = 0; problem_.loss.classification() && i < y.size(); ++i) {  // few of one class, of a third none
    const std::size_t label = i / outputs % 8 == 0 ? 1 : 0;
    y[i] = problem_.loss.coupled() ? (i % outputs == label ? 1 : 0) : label == 1 ? -1 : 1;
  }
  data_ = Dataset(n, d, C(), data_.x(), y);
  problem_.beta = 30;
  Problem without = problem_;
  without.bias = false;
  const double optimum = fit(data_, problem_).report.primal;
  Network zero{.activation = problem_.activation, .features = d, .outputs = C(), .directions = {}, .weights = {}, .output = {}};
  EXPECT_GT(certify(zero, without, data_).dual, 1.01 * optimum) << "a case that shows nothing";
  EXPECT_LE(certify(zero, problem_, data_).dual, optimum);
}

TEST_P(BiasCertificate, TheBestInterceptIsBetterThanAnyOther) {
  make(2, true, -3);
  for (int trial = 0; trial < 10; ++trial) {
    Network network = random_network(0);
    const std::vector<double> v = set_best_bias(network, problem_, data_);
    const double least = primal(network);
    for (Index k = 0; k < C(); ++k) {
      const std::vector<double> of_output = naive::column(v, k, C());
      double sum = 0, size = 0;
      for (const double value : of_output) {
        sum += value;
        size += std::abs(value);
      }
      EXPECT_NEAR(sum, 0, 1e-14 * size);
      for (const double step : {-1.0, -1e-3, 1e-3, 1.0}) {
        Network other = network;
        naive::at(other.bias, k) += step;
        EXPECT_GE(primal(other), least - 1e-13 * least);
      }
    }
    // v is a subgradient at f: ℓ(g) ≥ ℓ(f) + vᵀ(g − f) for every sample and g.
    const std::vector<double> f = naive::predict(network, data_);
    for (Index i = 0; i < n; ++i) {
      const naive::Row fi = shifted(f, i, network.bias);
      for (Index k = 0; k < C(); ++k) {
        for (const double step : {-2.0, -0.01, 0.01, 2.0}) {
          naive::Row g = fi;
          naive::at(g, k) += step;
          EXPECT_GE(loss(g, i) - loss(fi, i), naive::at(v, i * C() + k) * step - 1e-12);
        }
      }
    }
  }
}

TEST_P(BiasCertificate, FromBetaMaxOnTheConstantIsProvenOptimal) {
  for (const bool weighted : {false, true}) {
    make(3, weighted, 2);
    problem_.beta = beta_max(problem_, data_) * (1 + 1e-12);
    Network constant{.activation = problem_.activation, .features = d, .outputs = C(), .directions = {}, .weights = {}, .output = {}};
    const std::vector<double> v = set_best_bias(constant, problem_, data_);
    const Certificate certificate = certify(constant, problem_, data_, v);
    EXPECT_LT(certificate.relative_gap, 1e-12);
    problem_.beta *= 0.5;
    EXPECT_GT(certify(constant, problem_, data_, v).relative_gap, 1e-6);
  }
}
INSTANTIATE_TEST_SUITE_P(Losses, BiasCertificate,
                         testing::Values("squared", "huber:0.7", "absolute", "logistic", "squared_hinge", "hinge", "softmax"));

TEST(Intercept, OfAbsoluteLossIsAMedianAndOfAnEvenSplitWithinIt) {
  const std::vector<double> f(5, 0.0), y = {4, 1, 9, 2, 7};
  EXPECT_DOUBLE_EQ(best_intercept(Loss::absolute, f, y, {}).b, 4);
  const Intercept even = best_intercept(Loss::absolute, std::vector<double>(4, 1.0), std::vector<double>{1, 2, 5, 9}, {});
  EXPECT_GE(even.b, 1);
  EXPECT_LE(even.b, 4);
  EXPECT_EQ(best_intercept(Loss::absolute, f, y, std::vector<double>{0, 10, 1, 1, 1}).b, 1);
}

TEST(Intercept, OfLabelsOfOneClassGivesNothingAway) {
  const Intercept best = best_intercept(Loss::logistic, std::vector<double>{-3, 2}, std::vector<double>{1, 1}, {});
  EXPECT_EQ(std::log1p(std::exp(-(best.b - 3))), 0);
  EXPECT_EQ(best.v, std::vector<double>(2, 0.0));
}

TEST(Intercept, OfLogisticLossHasAClosedForm) {
  const std::vector<double> f(7, 0.0), y = {1, 1, 1, 1, 1, -1, -1};
  EXPECT_NEAR(best_intercept(Loss::logistic, f, y, {}).b, std::log(2.5), 1e-14);
  EXPECT_NEAR(best_intercept(Loss::logistic, f, y, std::vector<double>{1, 1, 1, 1, 0, 8, 8}).b, std::log(0.25), 1e-14);
}

TEST(Balance, ScalesTheHeavierSideDownToZeroSum) {
  std::vector<double> v = {3, 10, -1, 10, 2, 10, -2, 10};
  balance(Loss::squared, Grid<double>{v.data(), 4, 1, 2, 1});
  EXPECT_DOUBLE_EQ(v[0] + v[4], 3);
  EXPECT_DOUBLE_EQ(v[0] / v[4], 1.5);
  EXPECT_EQ(v[2], -1);
  EXPECT_EQ(v[1], 10) << "another output";
  std::vector<double> one_sided = {1, 2};
  balance(Loss::squared, by_outputs(one_sided.data(), 2, 1));
  EXPECT_EQ(one_sided, std::vector<double>(2, 0.0));
}

TEST(BiasRefusals, NetworksWhoseInterceptDoesNotFit) {
  const Dataset data(2, 1, 1, {1, 2}, {1, 2});
  Network network{.activation = {}, .features = 1, .outputs = 1, .directions = {}, .weights = {}, .output = {}};
  network.bias = {1};
  Problem problem;
  EXPECT_THROW(certify(network, problem, data), DataError);
  problem.bias = true;
  EXPECT_NO_THROW(certify(network, problem, data));
  network.bias = {1, 2};
  EXPECT_THROW(certify(network, problem, data), DataError);
  network.bias = {std::nan("")};
  EXPECT_THROW(certify(network, problem, data), DataError);
}

}  // namespace
}  // namespace neuspec
