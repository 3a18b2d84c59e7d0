// What control groups grant, read from files as Linux shows them.
#include "threads/processors.hpp"

#include <gtest/gtest.h>
#include <omp.h>
#include <sched.h>

#include <cmath>
#include <string>

#include "support/system_files.hpp"

namespace neuspec::test {
namespace {

class Processors : public SystemFiles {
 protected:
  double granted() const { return granted_processors(root()); }
};

TEST_F(Processors, NothingIsLimitedWithoutGroups) { EXPECT_TRUE(std::isinf(granted())); }

TEST_F(Processors, VersionTwo) {
  write("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + std::string(second_version));
  write("proc/self/cgroup", "0::/system.slice/job.service\n");
  EXPECT_TRUE(std::isinf(granted()));
  write("sys/fs/cgroup/system.slice/job.service/cpu.max", "max 100000\n");
  EXPECT_TRUE(std::isinf(granted()));
  write("sys/fs/cgroup/system.slice/job.service/cpu.max", "250000 100000\n");
  EXPECT_EQ(granted(), 2.5);
  write("sys/fs/cgroup/system.slice/cpu.max", "50000 100000\n");  // a group above grants less
  EXPECT_EQ(granted(), 0.5);
}

TEST_F(Processors, VersionTwoInsideOfAContainer) {
  write("proc/self/mountinfo", second_version);
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(granted(), 1.5);
  // Where the group's name is that of the host's, what is mounted is the group itself.
  write("proc/self/mountinfo", "29 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  write("proc/self/cgroup", "0::/docker/abc\n");
  EXPECT_EQ(granted(), 1.5);
  write("proc/self/cgroup", "0::/docker/abc/inner\n");
  write("sys/fs/cgroup/inner/cpu.max", "100000 100000\n");
  EXPECT_EQ(granted(), 1.0);
}

TEST_F(Processors, VersionOne) {
  write("proc/self/mountinfo",
        "30 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "31 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
  write("proc/self/cgroup", "5:memory:/elsewhere\n4:cpu,cpuacct:/batch/job_7\n0::/\n");
  write("sys/fs/cgroup/cpu,cpuacct/batch/job_7/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/batch/job_7/cpu.cfs_period_us", "100000\n");
  EXPECT_TRUE(std::isinf(granted()));
  write("sys/fs/cgroup/cpu,cpuacct/batch/job_7/cpu.cfs_quota_us", "400000\n");
  EXPECT_EQ(granted(), 4.0);
}

TEST_F(Processors, NonsenseLimitsNothing) {
  write("proc/self/mountinfo", "nonsense\n\n- - -\n" + std::string(second_version));
  write("proc/self/cgroup", "nonsense\n0::/../../elsewhere\n");
  write("sys/fs/cgroup/cpu.max", "many 100000\n");
  EXPECT_TRUE(std::isinf(granted()));
  write("sys/fs/cgroup/cpu.max", "100000 0\n");
  EXPECT_TRUE(std::isinf(granted()));
}

TEST(UsableProcessors, FollowAffinityAndOpenMP) {
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_LE(usable_processors(), CPU_COUNT(&all));
  EXPECT_GE(usable_processors(), 1);
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_processors(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  EXPECT_EQ(usable_processors(), 1);
  omp_set_num_threads(100'000);
  EXPECT_LE(usable_processors(), CPU_COUNT(&all));
  omp_set_num_threads(before);
  int inside = 0;
#pragma omp parallel num_threads(2)
#pragma omp single
  inside = omp_in_parallel() != 0 ? usable_processors() : 1;
  EXPECT_EQ(inside, 1);
}

}  // namespace
}  // namespace neuspec::test
