// Several fits at a time in one process, and fits from inside of the host program's own parallel regions.
#include <gtest/gtest.h>
#include <omp.h>

#include <thread>
#include <vector>

#include "neuspec/fit.hpp"
#include "support/load.hpp"

namespace neuspec::test {
namespace {

Settings two_threads() {
  Settings settings;
  settings.threads = 2;
  return settings;
}

Problem at(double beta) {
  Problem problem;
  problem.beta = beta;
  return problem;
}

struct Job {
  Dataset data;
  Problem problem;
  Result alone, beside;
};

void expect_same(const Job& job) {
  EXPECT_EQ(job.beside.report.status, Status::optimal);
  EXPECT_EQ(job.beside.report.primal, job.alone.report.primal);
  EXPECT_EQ(job.beside.report.dual, job.alone.report.dual);
  EXPECT_EQ(job.beside.report.iterations, job.alone.report.iterations);
  EXPECT_EQ(job.beside.network.weights, job.alone.network.weights);
  EXPECT_EQ(job.beside.network.directions, job.alone.network.directions);
}

std::vector<Job> jobs() {
  std::vector<Job> result;
  result.push_back({load_real("breast_cancer", true), at(1.0), {}, {}});
  result.push_back({load_real("wine", true), at(2.0), {}, {}});
  result.push_back({load_real("diabetes", false), at(5.0), {}, {}});
  for (Job& job : result) job.alone = fit(job.data, job.problem, two_threads());
  return result;
}

TEST(ConcurrentFits, HaveTheBitsThatEachHasAlone) {
  std::vector<Job> all = jobs();
  std::vector<std::thread> hosts;
  for (Job& job : all) hosts.emplace_back([&job] { job.beside = fit(job.data, job.problem, two_threads()); });
  for (std::thread& host : hosts) host.join();
  for (const Job& job : all) expect_same(job);
}

TEST(ConcurrentFits, WorkInsideOfAParallelRegionOfTheHost) {
  std::vector<Job> all = jobs();
#pragma omp parallel for num_threads(3) schedule(static, 1)
  for (std::size_t i = 0; i < all.size(); ++i) {
    // OpenBLAS has one thread here, the library's own loops two: what each result depends on is to the tolerance alone.
    all[i].beside = fit(all[i].data, all[i].problem, two_threads());
  }
  for (const Job& job : all) {
    EXPECT_EQ(job.beside.report.status, Status::optimal);
    EXPECT_NEAR(job.beside.report.primal, job.alone.report.primal, 2e-6 * job.alone.report.primal);
  }
}

TEST(ConcurrentFits, EndWhereOpenMPGivesFewerThreadsThanAsked) {
  const Dataset data = load_real("breast_cancer", true);
  const int before = omp_get_dynamic();
  omp_set_dynamic(1);
  EXPECT_EQ(fit(data, at(1), two_threads()).report.status, Status::optimal);
  EXPECT_NE(omp_get_dynamic(), 0);
  omp_set_dynamic(before);
}

}  // namespace
}  // namespace neuspec::test
