// What memory may still be taken, read from files as Linux shows them.
#include "threads/available_memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <new>
#include <string>

#include "support/system_files.hpp"

namespace neuspec::test {
namespace {

class AvailableMemory : public SystemFiles {
 protected:
  void SetUp() override {
    SystemFiles::SetUp();
    write("proc/meminfo", "MemTotal:       24684264 kB\nMemFree:          512000 kB\nMemAvailable:   20000000 kB\nBuffers:          124620 kB\n");
  }
  double available() const { return available_memory(root()); }

  static constexpr double machine = 20000000.0 * 1024;
};

TEST_F(AvailableMemory, ThePageCacheIsGivenBack) { EXPECT_EQ(available(), machine); }

TEST_F(AvailableMemory, VersionTwo) {
  write("proc/self/mountinfo", second_version);
  write("proc/self/cgroup", "0::/slurm/job_7\n");
  const std::string job = "sys/fs/cgroup/slurm/job_7/", above = "sys/fs/cgroup/slurm/";
  write(job + "memory.max", "max\n");
  write(job + "memory.current", "3000000000\n");
  EXPECT_EQ(available(), machine);
  write(job + "memory.max", "4000000000\n");
  EXPECT_EQ(available(), 1e9);
  write(job + "memory.stat", "anon 200000000\nfile 2800000000\ninactive_file 2000000000\nactive_file 700000000\n");
  EXPECT_EQ(available(), 3.7e9);
  write(job + "memory.high", "3500000000\n");
  EXPECT_EQ(available(), 3.2e9);
  write(above + "memory.max", "9000000000\n");
  write(above + "memory.current", "8000000000\n");
  EXPECT_EQ(available(), 1e9) << "a group above has less left";
  write(above + "memory.current", "9500000000\n");
  EXPECT_EQ(available(), 0);
}

TEST_F(AvailableMemory, VersionOne) {
  write("proc/self/mountinfo",
        "30 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "31 25 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  write("proc/self/cgroup", "5:memory:/batch/job\n4:cpu:/elsewhere\n0::/\n");
  const std::string job = "sys/fs/cgroup/memory/batch/job/";
  write(job + "memory.limit_in_bytes", "9223372036854771712\n");  // none
  write(job + "memory.usage_in_bytes", "3000000000\n");
  EXPECT_EQ(available(), machine);
  write(job + "memory.limit_in_bytes", "4000000000\n");
  write(job + "memory.stat", "inactive_file 1\ntotal_inactive_file 1500000000\ntotal_active_file 500000000\n");
  EXPECT_EQ(available(), 3e9);
}

TEST_F(AvailableMemory, NonsenseLimitsNothing) {
  write("proc/self/mountinfo", second_version);
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "much\n");
  write("sys/fs/cgroup/memory.current", "little\n");
  EXPECT_EQ(available(), machine);
  write("proc/meminfo", "nonsense\n");
  EXPECT_GT(available(), 0) << "what the C library says";
}

// What is there can be taken: an unlimited answer, or one of the memory that is free beside a full page cache, would be of no use.
TEST(AvailableMemoryHere, IsSomeOfThisMachine) {
  const double physical = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  EXPECT_GT(available_memory(), 0);
  EXPECT_LE(available_memory(), physical);
}

TEST(AvailableMemoryHere, IsAllThatCanBeTaken) {
  EXPECT_NO_THROW(expect_memory(0.5 * available_memory()));
  EXPECT_NO_THROW(expect_memory(1000));
  EXPECT_THROW(expect_memory(1.3 * available_memory() + (1 << 27)), std::bad_alloc);
}

}  // namespace
}  // namespace neuspec::test
