// The optimum against CSDP, an interior-point solver for semidefinite programs, on the dual of (P) (docs/mathematics.md section 3):
//   minimise ½‖v‖² + vᵀy  subject to  κ(v) ≤ β,
// where uᵀMu + qᵀu + t ≤ β for all ‖u‖ = 1 exactly when [[μI − M, −q/2], [−qᵀ/2, β − t − μ]] ⪰ 0 for some μ, and ½‖v‖² ≤ τ
// exactly when the arrow [[I, v], [vᵀ, 2τ]] ⪰ 0.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "neuspec/fit.hpp"
#include "support/naive.hpp"
#include "support/random_problem.hpp"

namespace {

using neuspec::Dataset;
using neuspec::Index;
using neuspec::Problem;

/// One entry of a constraint matrix in the SDPA sparse format: matrix, block, row, column (from 1, upper triangle), value.
void put(std::ofstream& file, Index matrix, int block, Index row, Index column, double value) {
  if (value != 0) file << matrix << ' ' << block << ' ' << row << ' ' << column << ' ' << value << '\n';
}

/// Variables v_1 … v_n, μ₊, μ₋, τ; blocks: β + lifted −Γ(v), β + lifted Γ(v), arrow.
void write_dual(const Dataset& data, const Problem& problem, const std::filesystem::path& path) {
  const Index n = data.samples(), d = data.features(), N = d + 1;
  const auto& [a, b, c] = problem.activation;
  std::ofstream file(path);
  file.precision(17);
  file << n + 3 << "\n3\n" << N << ' ' << N << ' ' << n + 1 << '\n';
  for (const double y : data.y()) file << y << ' ';
  file << "0 0 1\n";
  for (const int block : {1, 2}) put(file, 0, block, N, N, -problem.beta);
  for (Index k = 1; k <= n; ++k) put(file, 0, 3, k, k, -1);
  for (Index i = 0; i < n; ++i) {
    const double* x = data.x().data() + i * d;
    for (const int block : {1, 2}) {
      const double sign = block == 1 ? -1 : 1;
      for (Index k = 0; k < d; ++k) {
        for (Index l = k; l < d; ++l) put(file, i + 1, block, k + 1, l + 1, sign * a * x[k] * x[l]);
        put(file, i + 1, block, k + 1, N, sign * b / 2 * x[k]);
      }
      put(file, i + 1, block, N, N, sign * c);
    }
    put(file, i + 1, 3, i + 1, n + 1, 1);
  }
  for (const int block : {1, 2}) {
    for (Index k = 1; k <= d; ++k) put(file, n + block, block, k, k, 1);
    put(file, n + block, block, N, N, -1);
  }
  put(file, n + 3, 3, n + 1, n + 1, 2);
}

/// −½‖v‖² − vᵀy at CSDP's solution.
double optimum_by_csdp(const Dataset& data, const Problem& problem, const std::filesystem::path& stem) {
  const std::string input = stem.string() + ".dat-s", output = stem.string() + ".sol";
  write_dual(data, problem, input);
  EXPECT_EQ(std::system(("csdp " + input + " " + output + " > " + stem.string() + ".log").c_str()), 0);
  std::ifstream file(output);
  double value = 0, v = 0;
  for (const double y : data.y()) {
    EXPECT_TRUE(file >> v);
    value -= 0.5 * v * v + v * y;
  }
  return value;
}

class Csdp : public testing::TestWithParam<int> {};

TEST_P(Csdp, FindsTheSameOptimum) {
  if (std::system("command -v csdp > /dev/null") != 0) GTEST_SKIP() << "csdp is not installed; scripts/install-deps --test installs it";
  const auto seed = static_cast<unsigned>(GetParam());
  neuspec::test::Random random(900 + seed);
  const auto data = neuspec::test::random_dataset(random, 24 + 3 * GetParam(), 3 + GetParam() % 4, 1);
  Problem problem{
      .activation = neuspec::test::kActivations[seed % std::size(neuspec::test::kActivations)], .loss = neuspec::Loss::squared, .beta = 1};
  problem.beta = (0.05 + 0.1 * (GetParam() % 3)) * naive::beta_max(problem, data);

  const auto stem = std::filesystem::path(testing::TempDir()) / ("neuspec_csdp_" + std::to_string(seed));
  const double reference = optimum_by_csdp(data, problem, stem);
  neuspec::Settings settings;
  settings.tolerance = 1e-8;
  const auto report = neuspec::fit(data, problem, settings).report;
  EXPECT_EQ(report.status, neuspec::Status::optimal);
  EXPECT_GT(reference, 0);
  EXPECT_NEAR(report.primal, reference, 1e-6 * std::max(1.0, reference));
  EXPECT_LE(report.dual, reference + 1e-6 * std::max(1.0, reference));
  for (const char* ending : {".dat-s", ".sol", ".log"}) std::filesystem::remove(stem.string() + ending);
}

INSTANTIATE_TEST_SUITE_P(RandomProblems, Csdp, testing::Range(0, 10));

}  // namespace
