// cuDNN's layers and the update kernels on a GPU against the plain ones, whose gradients backprop_test.cpp compares with differences.
#include <gtest/gtest.h>

#include <algorithm>

#include "backprop/cudnn_machine.hpp"
#include "backprop/host_machine.hpp"
#include "backprop/race.hpp"
#include "neuspec/error.hpp"
#include "support/random.hpp"

namespace neuspec::bench {
namespace {

struct Case {
  const char* architecture;
  Index features, outputs, neurons, samples;
  RaceLoss loss;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.architecture << ", " << c.outputs << " outputs"; }
const Case cases[] = {{"dense", 49, 10, 100, 256, RaceLoss::squared},
                      {"dense", 7, 3, 5, 33, RaceLoss::softmax},
                      {"conv1d:length=12,channels=2,filter=4,stride=2", 24, 1, 6, 40, RaceLoss::logistic},
                      {"conv2d:height=12,width=10,channels=3,filter=3x3,stride=1x1,pool=2x4", 360, 10, 16, 64, RaceLoss::softmax}};

/// Parameters after `steps` steps from the same start, with gradients of the last.
template <class Machine, class Real>
std::vector<std::vector<Real>> trained(Machine& machine, const Case& c, Optimizer optimizer, int steps, double& objective) {
  test::Random random(5);
  const NetworkShape shape = parse_architecture(c.architecture, c.features, c.neurons, c.outputs).with_batch(c.samples);
  const RaceProblem problem{.activation = {}, .loss = c.loss, .beta = 0.1};
  typename Machine::template Array<Real> x(machine, c.samples * c.features), y(machine, c.samples * c.outputs);
  std::vector<Real> inputs, targets;
  for (const double value : random.normals(x.size())) inputs.push_back(static_cast<Real>(value));
  for (Index i = 0; i < y.size(); ++i) {
    const bool hit = i / c.outputs % c.outputs == i % c.outputs;
    targets.push_back(static_cast<Real>(c.loss == RaceLoss::softmax    ? (hit ? 1 : 0)
                                        : c.loss == RaceLoss::logistic ? (i % 3 ? 1 : -1)
                                                                       : random.normal()));
  }
  x.upload(inputs);
  y.upload(targets);
  Network<Machine, Real> network(machine, shape, problem);
  network.randomise(3);
  Stepper<Machine, Real> stepper(machine, network, optimizer, 0.9);
  for (int step = 0; step < steps; ++step) {
    network.differentiate(x.data(), y.data(), 1 / static_cast<double>(c.samples), 0.01);
    stepper.step(0.01);
  }
  objective = network.loss(x.data(), y.data()) + network.penalty();
  return {network.w().download(), network.alpha().download(), network.w_gradient().download(), network.alpha_gradient().download()};
}

class Cudnn : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    try {
      machine_ = std::make_unique<CudnnMachine>(false);
    } catch (const NoDevice& error) {
      GTEST_SKIP() << error.what();
    }
  }
  template <class Real>
  void compare(Optimizer optimizer, int steps, double tolerance) {
    HostMachine host;
    double expected_objective = 0, objective = 0;
    const auto expected = trained<HostMachine, Real>(host, GetParam(), optimizer, steps, expected_objective);
    const auto actual = trained<CudnnMachine, Real>(*machine_, GetParam(), optimizer, steps, objective);
    EXPECT_NEAR(objective, expected_objective, tolerance * std::max(1.0, expected_objective));
    for (std::size_t array = 0; array < expected.size(); ++array)
      for (std::size_t e = 0; e < expected[array].size(); ++e)
        ASSERT_NEAR(actual[array][e], expected[array][e], tolerance) << "array " << array << ", element " << e;
  }
  std::unique_ptr<CudnnMachine> machine_;
};

TEST_P(Cudnn, DoubleGradientsAndStepsOfSgd) { compare<double>(Optimizer::sgd, 5, 1e-10); }
TEST_P(Cudnn, DoubleStepsOfAdam) { compare<double>(Optimizer::adam, 5, 1e-8); }
TEST_P(Cudnn, SingleGradients) { compare<float>(Optimizer::sgd, 1, 1e-4); }

INSTANTIATE_TEST_SUITE_P(Networks, Cudnn, testing::ValuesIn(cases));

}  // namespace
}  // namespace neuspec::bench
