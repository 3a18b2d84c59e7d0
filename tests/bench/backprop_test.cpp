// The rival's gradients: backpropagation through the plain layers against central differences of the objective, computed by other code.
#include <gtest/gtest.h>

#include <algorithm>

#include "backprop/host_machine.hpp"
#include "backprop/network.hpp"
#include "neuspec/error.hpp"
#include "support/random.hpp"

namespace neuspec::bench {
namespace {

struct Case {
  const char* label;
  const char* architecture;
  Index features, outputs;
  RaceLoss loss;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.label; }
constexpr Case kCases[] = {{"dense", "dense", 7, 3, RaceLoss::squared},
                           {"logistic", "dense", 5, 2, RaceLoss::logistic},
                           {"softmax", "dense", 4, 3, RaceLoss::softmax},
                           {"patches", "conv1d:length=12,channels=2,filter=4,stride=2", 24, 1, RaceLoss::squared},
                           {"pooled", "conv2d:height=6,width=7,channels=2,filter=3x2,stride=1x1,pool=2x3", 84, 2, RaceLoss::softmax},
                           {"strided", "conv2d:height=7,width=5,filter=3x1,stride=2x2,pool=3x3", 35, 3, RaceLoss::logistic}};
constexpr Index kSamples = 4, kNeurons = 3;

class Backprop : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case& c = GetParam();
    shape_ = parse_architecture(c.architecture, c.features, kNeurons, c.outputs).with_batch(kSamples);
    x_ = random_.normals(kSamples * c.features);
    for (Index i = 0; i < kSamples * c.outputs; ++i) {
      const double one_hot = i % c.outputs == i / c.outputs % c.outputs ? 1 : 0;
      y_.push_back(c.loss == RaceLoss::squared ? random_.normal() : c.loss == RaceLoss::softmax ? one_hot : random_.normal() > 0 ? 1 : -1);
    }
    w_ = random_.normals(shape_.first.weight_size());
    alpha_ = random_.normals(shape_.last.weight_size());
  }

  /// f of docs/mathematics.md section 2, straight from its formula: means over the patches of each pool of σ(u_jᵀpatch), weighted.
  std::vector<double> outputs() const {
    const ConvolutionShape &F = shape_.first, &L = shape_.last;
    const PoolShape& P = shape_.pool;
    std::vector<double> f(static_cast<std::size_t>(kSamples * L.filters));
    const auto at = [](const std::vector<double>& v, Index e) { return v[static_cast<std::size_t>(e)]; };
    for (Index i = 0; i < kSamples; ++i)
      for (Index j = 0; j < F.filters; ++j) {
        double norm = 0;
        for (Index e = 0; e < F.filter_size(); ++e) norm += std::pow(at(w_, j * F.filter_size() + e), 2);
        for (Index row = 0; row < F.out_height(); ++row)
          for (Index column = 0; column < F.out_width(); ++column) {
            double t = 0;
            for (Index e = 0; e < F.filter_size(); ++e) {
              const Index c = e / (F.filter_height * F.filter_width), y = row * F.stride_height + e / F.filter_width % F.filter_height,
                          x = column * F.stride_width + e % F.filter_width;
              t += at(w_, j * F.filter_size() + e) * at(x_, i * F.sample_size() + (c * F.height + y) * F.width + x) / std::sqrt(norm);
            }
            const Index pool = (row / P.window_height) * P.out_width() + column / P.window_width;
            const double share = 1 / static_cast<double>(P.window_height * P.window_width);
            for (Index k = 0; k < L.filters; ++k)
              f[static_cast<std::size_t>(i * L.filters + k)] +=
                  at(alpha_, (k * F.filters + j) * P.out_height() * P.out_width() + pool) * share * activation_(t);
          }
      }
    return f;
  }

  double objective() const {
    const std::vector<double> f = outputs();
    double value = 0;
    for (std::size_t i = 0; i < f.size(); ++i) {
      if (GetParam().loss == RaceLoss::squared) value += 0.5 * std::pow(f[i] - y_[i], 2);
      if (GetParam().loss == RaceLoss::logistic) value += std::log(1 + std::exp(-y_[i] * f[i]));
      if (GetParam().loss == RaceLoss::softmax) value -= y_[i] * f[i];
    }
    if (GetParam().loss == RaceLoss::softmax) {
      const auto C = static_cast<std::size_t>(GetParam().outputs);
      for (std::size_t i = 0; i < f.size(); i += C) {
        double total = 0;
        for (std::size_t k = 0; k < C; ++k) total += std::exp(f[i + k]);
        value += std::log(total);
      }
    }
    return value;
  }
  double penalty() const {
    double sum = 0;
    for (const double alpha : alpha_) sum += std::abs(alpha);
    return sum;
  }

  void expect_derivatives(std::vector<double>& parameters, const std::vector<double>& gradient) {
    constexpr double step = 1e-5;
    ASSERT_EQ(parameters.size(), gradient.size());
    for (std::size_t e = 0; e < parameters.size(); ++e) {
      const double before = parameters[e];
      parameters[e] = before + step;
      const double above = kScale * objective() + kPenalty * penalty();
      parameters[e] = before - step;
      const double below = kScale * objective() + kPenalty * penalty();
      parameters[e] = before;
      EXPECT_NEAR(gradient[e], (above - below) / (2 * step), 1e-7) << "parameter " << e;
    }
  }

  static constexpr double kScale = 0.3, kPenalty = 0.7;
  Activation activation_{0.4, -0.7, 0.2};
  test::Random random_{7};
  NetworkShape shape_;
  std::vector<double> x_, y_, w_, alpha_;
};

TEST_P(Backprop, ObjectiveAndGradientsAreThoseOfTheFormula) {
  HostMachine machine;
  Network<HostMachine, double> network(machine, shape_, {activation_, GetParam().loss, kPenalty});
  network.w().upload(w_);
  network.alpha().upload(alpha_);
  EXPECT_NEAR(network.loss(x_.data(), y_.data()), objective(), 1e-12 * std::max(1.0, objective()));
  EXPECT_NEAR(network.penalty(), penalty(), 1e-12 * penalty());
  network.differentiate(x_.data(), y_.data(), kScale, kPenalty);
  expect_derivatives(w_, network.w_gradient().download());
  expect_derivatives(alpha_, network.alpha_gradient().download());
}

TEST_P(Backprop, LossCanLeaveOutTheFirstSamples) {
  HostMachine machine;
  Network<HostMachine, double> network(machine, shape_, {activation_, GetParam().loss, kPenalty});
  network.w().upload(w_);
  network.alpha().upload(alpha_);
  const double all = network.loss(x_.data(), y_.data()), last = network.loss(x_.data(), y_.data(), kSamples - 1);
  EXPECT_GT(all, last);
  for (Index i = 0; i < kSamples - 1; ++i) {  // three samples without loss, and the last
    std::copy_n(x_.end() - shape_.first.sample_size(), shape_.first.sample_size(), x_.begin() + i * shape_.first.sample_size());
    std::copy_n(y_.end() - shape_.last.filters, shape_.last.filters, y_.begin() + i * shape_.last.filters);
  }
  EXPECT_NEAR(network.loss(x_.data(), y_.data()), static_cast<double>(kSamples) * last, 1e-12 * std::max(1.0, all));
}

INSTANTIATE_TEST_SUITE_P(Networks, Backprop, testing::ValuesIn(kCases), [](const auto& instance) { return std::string(instance.param.label); });

TEST(BackpropArchitecture, RefusesWhatDoesNotFit) {
  EXPECT_THROW(parse_architecture("conv3d:length=3", 3, 1, 1), UsageError);
  EXPECT_THROW(parse_architecture("conv1d:length=12,filter=4,stride=2", 13, 1, 1), UsageError);
  EXPECT_THROW(parse_architecture("conv1d:length=12,filter=4,stride=2,pool=2", 12, 1, 1), UsageError);
  EXPECT_THROW(parse_architecture("conv1d:length=12,filter=0", 12, 1, 1), UsageError);
  EXPECT_THROW(parse_architecture("conv1d:length=12,filter=13", 12, 1, 1), UsageError);
}

}  // namespace
}  // namespace neuspec::bench
