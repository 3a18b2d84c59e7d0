// A GPU that fails at the k-th call, for every k: the library throws, leaks nothing and can be used again.
#include <gtest/gtest.h>

#include <ostream>
#include <tuple>

#include "device/device.hpp"
#include "emulation.hpp"
#include "neuspec/error.hpp"
#include "support/host_matrix.hpp"
#include "support/random_problem.hpp"

namespace neuspec {
namespace {

struct Method {
  const char* label;
  SolverKind solver;
  OperatorKind data_operator;
  ProjectionKind projection = ProjectionKind::automatic;
};
void PrintTo(const Method& method, std::ostream* out) { *out << method.label; }
struct Fault {
  const char* label;
  void (*plant)(long k);
};
void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.label; }

// By eigendecompositions: what is automatic hangs on what was measured.
constexpr Method methods[] = {{"admm_moments", SolverKind::admm, OperatorKind::moments, ProjectionKind::eigen},
                              {"admm_gram", SolverKind::admm, OperatorKind::gram, ProjectionKind::eigen},
                              {"bm_moments", SolverKind::burer_monteiro, OperatorKind::moments},
                              {"bm_matrix_free", SolverKind::burer_monteiro, OperatorKind::matrix_free}};
constexpr Method by_products = {"admm_gram_products", SolverKind::admm, OperatorKind::gram, ProjectionKind::products};
constexpr Fault faults[] = {{"allocation", emulation::fail_allocation},
                            {"launch", emulation::fail_launch},
                            {"solver", emulation::fail_solver},
                            {"blas", emulation::fail_blas}};

/// The call to strike after the k-th: every one of the first, then, where loops come around again and again, every fifth.
long next_strike(long k) { return k < 64 ? k + 1 : k + 5; }

/// Runs `body` with the fault at the k-th call for k = 0, 1, … until it gets by without; returns that k. Some are harmless in places, and not noticed
/// there.
template <class Body>
long strike_everywhere(const Fault& fault, const Body& body, bool harmless = false) {
  for (long k = 0;; k = next_strike(k)) {
    const emulation::Counts before = emulation::counts();
    fault.plant(k);
    bool thrown = false;
    try {
      body();
    } catch (const EnvironmentError& error) {
      thrown = true;
      EXPECT_STRNE(error.what(), "");
    }
    const bool struck = emulation::struck();
    emulation::reset();
    EXPECT_TRUE(thrown == struck || (struck && harmless)) << fault.label << ' ' << k;
    EXPECT_EQ(emulation::counts().handles, before.handles) << fault.label << ' ' << k;
    EXPECT_EQ(emulation::counts().bytes, before.bytes) << fault.label << ' ' << k;
    if (!struck || testing::Test::HasFailure()) return k;
  }
}

class Faults : public testing::TestWithParam<std::tuple<Method, Fault>> {
 protected:
  void TearDown() override { emulation::reset(); }
};

TEST_P(Faults, OfAFitAreThrownAndLeaveNothingBehind) {
  const auto& [method, fault] = GetParam();
  test::Random random(5);
  const Dataset data = test::random_dataset(random, 8, 2, 1);
  Settings settings;
  settings.solver = method.solver;
  settings.data_operator = method.data_operator;
  settings.device = DeviceKind::cuda;
  settings.projection = method.projection;
  settings.max_iterations = 1;
  settings.tolerance = 0.1;
  const Problem problem{.activation = {0.3, -0.7, 0.2}, .loss = Loss::squared, .beta = 0.5};
  const double expected = fit(data, problem, settings).report.primal;
  double last = 0;
  // A descent goes on without its preconditioner, and ADMM ends with one.
  const bool harmless = std::string(fault.label) == "solver";
  const long calls = strike_everywhere(fault, [&] { last = fit(data, problem, settings).report.primal; }, harmless);
  EXPECT_EQ(last, expected);
  EXPECT_GT(calls, harmless ? 0 : 3);
}

std::string label(const testing::TestParamInfo<std::tuple<Method, Fault>>& instance) {
  return std::string(std::get<0>(instance.param).label) + "_" + std::get<1>(instance.param).label;
}
INSTANTIATE_TEST_SUITE_P(Fits, Faults, testing::Combine(testing::ValuesIn(methods), testing::ValuesIn(faults)), label);
// A Cholesky factorisation that fails proves nothing of the projection, which the eigensolver then does over.
INSTANTIATE_TEST_SUITE_P(Projections, Faults, testing::Combine(testing::Values(by_products), testing::Values(faults[0], faults[1], faults[3])),
                         label);

/// A device that has failed once: what it remembers between calls must not be what the failed one left half done.
class OneDevice : public testing::TestWithParam<Fault> {
 protected:
  OneDevice() : V_(test::random_host(random_, 10, 4)), x_(test::random_host(random_, 3, 9)), wide_(test::random_host(random_, 137, 9)) {}
  void TearDown() override { emulation::reset(); }

  /// Results of operations that keep something for the next call, or that read an info.
  std::vector<double> work(Device<double>& device, Index neurons) {
    std::vector<double> all;
    const auto keep = [&](ConstView<double> result) {
      all.resize(all.size() + static_cast<std::size_t>(result.size()));
      device.download(result, all.data() + all.size() - result.size());
    };
    const auto V = device.allocate(10, 4), W = device.allocate(10, 4), factors = device.allocate(4, 16), x = device.allocate(3, 9),
               wide = device.allocate(137, 9);
    device.upload(V_.values.data(), V);
    device.upload(x_.values.data(), x);
    device.upload(wide_.values.data(), wide);
    device.project_psd(4, V, W, factors);
    keep(W);
    const auto S = device.allocate(9, 9), inverse = device.allocate(9, 9);
    device.gemm(Transpose::yes, Transpose::no, 1, x, x, 0, S);
    if (!device.invert_shifted(S, 0.5, inverse)) throw EnvironmentError("not positive definite");
    keep(inverse);
    const auto G = device.allocate(10, 1);
    device.lifted_adjoint({0.3, -0.7, 0.2}, x, {}, inverse.view().column_range(0, 1), G);
    keep(G);
    const auto large = device.allocate(9591, 1);  // beyond what an eigendecomposition is made of
    device.lifted_adjoint({0.3, -0.7, 0.2}, wide, {}, inverse.view().column_range(0, 1), large);
    for (const auto& [N, gamma] : {std::pair<Index, ConstView<double>>{4, G}, {138, large}}) {
      const std::vector<double> maxima = device.sphere_maxima(N, gamma);
      all.insert(all.end(), maxima.begin(), maxima.end());
    }
    const auto moves = device.allocate(2, 4), corners = device.allocate(1, 4), difference = device.allocate(10, 2), ranks = device.allocate(2, 4);
    device.feasibility(4, W, moves, corners);
    device.feasible_difference(4, W, moves, difference);
    device.factor_ranks(4, 4, factors, 1e-10, ranks);
    keep(difference);
    keep(ranks);
    device.traces(4, W, corners);
    keep(corners);
    FactorColumns columns;
    for (Index j = 0; j < neurons; ++j) {
      columns.sign.push_back(j % 2 == 0 ? 1 : -1);
      columns.output.push_back(2 * j / neurons);
    }
    const auto Z = device.allocate(4, neurons), H = device.allocate(9, neurons), f = device.allocate(9, 2);
    device.lift_neurons(columns, x.view().column_range(0, neurons), Z);
    device.factored_forward({0.3, -0.7, 0.2}, x, {}, columns, Z, H, f);
    keep(f);
    return all;
  }

  test::Random random_{3};
  test::Host V_, x_, wide_;
};

TEST_P(OneDevice, IsAsGoodAsNewAfterAFault) {
  const auto small = work(*make_device<double>(DeviceKind::cuda), 2), large = work(*make_device<double>(DeviceKind::cuda), 7);
  for (long k = 0;; k = next_strike(k)) {
    const auto device = make_device<double>(DeviceKind::cuda);
    EXPECT_EQ(work(*device, 2), small);
    GetParam().plant(k);
    EXPECT_EQ(emulation::struck(), false);
    try {
      EXPECT_EQ(work(*device, 7), large);
    } catch (const EnvironmentError&) {
      EXPECT_TRUE(emulation::struck());
    }
    const bool struck = emulation::struck();
    emulation::reset();
    EXPECT_EQ(work(*device, 2), small) << "after a fault at call " << k;
    EXPECT_EQ(work(*device, 7), large) << "after a fault at call " << k;
    if (!struck || HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, OneDevice, testing::ValuesIn(faults), [](const auto& instance) { return std::string(instance.param.label); });

}  // namespace
}  // namespace neuspec
