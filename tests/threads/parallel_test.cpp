// Loops on the library's own threads, and the threads that each call of LAPACK gets.
#include "threads/parallel.hpp"

#include <gtest/gtest.h>
#include <omp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "device/blas_threads.hpp"
#include "device/lapack.hpp"
#include "neuspec/error.hpp"
#include "support/random.hpp"
#include "support/sanitizers.hpp"
#include "threads/available_memory.hpp"

namespace neuspec::test {
namespace {

std::vector<int> visits(Index count, int threads) {
  std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
  run_pieces(count, threads, [&](Index piece) { ++seen[static_cast<std::size_t>(piece)]; });
  return {seen.begin(), seen.end()};
}

TEST(Parallel, EveryPieceOnce) {
  for (const int threads : {1, 2, 3, 16}) {
    for (const Index count : {0, 1, 2, 7, 1000}) EXPECT_EQ(visits(count, threads), std::vector<int>(static_cast<std::size_t>(count), 1));
  }
}

TEST(Parallel, EveryPieceOnceForManyCallersAtATime) {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 24; ++caller) {  // more than there are places for
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) wrong += visits(50, 3) == std::vector<int>(50, 1) ? 0 : 1;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

// The crew's one thread that may help is held up by another caller: this one does all of its pieces itself and waits for nobody.
TEST(Parallel, NobodyWaitsForThreadsThatAreBusyElsewhere) {
  std::atomic<int> held = 0;
  std::atomic<bool> release = false;
  std::thread other([&] {
    run_pieces(2, 2, [&](Index) {
      ++held;
      while (!release) std::this_thread::yield();
    });
  });
  while (held == 0) std::this_thread::yield();
  EXPECT_EQ(visits(100, 2), std::vector<int>(100, 1));
  release = true;
  other.join();
}

TEST(Parallel, FirstExceptionIsThrownWhenAllHaveEnded) {
  std::atomic<int> running = 0;
  const auto body = [&](Index piece) {
    ++running;
    const bool fails = piece == 20;
    --running;
    if (fails) throw std::runtime_error("piece 20");
  };
  EXPECT_THROW(run_pieces(40, 3, body), std::runtime_error);
  EXPECT_EQ(running, 0);
  EXPECT_EQ(visits(10, 3), std::vector<int>(10, 1));
}

TEST(Parallel, APieceHasOneThread) {
  const ThreadScope scope(3);
  EXPECT_EQ(threads(), 3);
  std::atomic<int> more = 0, nested = 0;
  run_pieces(20, 3, [&](Index) {
    more += threads() == 1 ? 0 : 1;
    parallel_pieces(10, [&](Index) { ++nested; });
  });
  EXPECT_EQ(more, 0);
  EXPECT_EQ(nested, 200);
  EXPECT_EQ(threads(), 3);
}

TEST(Parallel, ScopesNestAndLeaveTheHostsOpenMPAlone) {
  const int before = omp_get_max_threads();
  {
    const ThreadScope outer(5);
    EXPECT_EQ(threads(), 5);
    {
      const ThreadScope kept(0);
      EXPECT_EQ(threads(), 5);
      const ThreadScope fewer = ThreadScope::at_most(2);
      EXPECT_EQ(threads(), 2);
      const ThreadScope no_more = ThreadScope::at_most(7);
      EXPECT_EQ(threads(), 2);
    }
    EXPECT_EQ(threads(), 5);
    EXPECT_EQ(omp_get_max_threads(), before);
    std::thread([&] { EXPECT_NE(threads(), 5); }).join();  // another thread of the host is not concerned
  }
  EXPECT_EQ(omp_get_max_threads(), before);
}

TEST(Parallel, SmallLoopsAreNotShared) {
  const ThreadScope scope(4);
  std::vector<Index> ends;
  const auto body = [&](Index first, Index last) { ends.insert(ends.end(), {first, last}); };
  parallel_ranges(1999, 1000, body);
  EXPECT_EQ(ends, (std::vector<Index>{0, 1999}));
  std::atomic<int> ranges = 0;
  std::atomic<Index> covered = 0;
  const auto count = [&](Index first, Index last) {
    ++ranges;
    covered += last - first;
    EXPECT_GE(last - first, 1000);
  };
  parallel_ranges(5500, 1000, count);
  EXPECT_EQ(ranges, 5);
  EXPECT_EQ(covered, 5500);
}

TEST(Parallel, AForkedProcessHiresItsOwn) {
  EXPECT_EQ(visits(100, 4), std::vector<int>(100, 1));
  if (thread_sanitizer) GTEST_SKIP() << "ThreadSanitizer allows no threads after a fork";
  const pid_t child = ::fork();
  if (child == 0) ::_exit(visits(100, 4) == std::vector<int>(100, 1) ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/// A Cholesky factor that LAPACK computes with several threads where it may.
std::vector<double> factor_of(std::vector<double> matrix, Index n) {
  EXPECT_EQ(lapack::potrf(n, matrix.data(), n), 0);
  return matrix;
}
std::vector<double> definite(Index n) {
  std::vector<double> matrix = Random(1).normals(n * n);
  for (Index j = 0; j < n; ++j) matrix[static_cast<std::size_t>(j * n + j)] += 4 * static_cast<double>(n);
  return matrix;
}

// OpenBLAS waits for ever for threads that it has been promised and that do not come.
TEST(BlasThreads, AreNoMoreThanCome) {
  constexpr Index n = 600;
  const std::vector<double> matrix = definite(n), alone = [&] {
    const ThreadScope scope(1);
    return factor_of(matrix, n);
  }();
  const auto expect_same = [&] {
    const std::vector<double> factor = factor_of(matrix, n);
    for (std::size_t e = 0; e < factor.size(); ++e) ASSERT_NEAR(factor[e], alone[e], 1e-9);
  };
  const ThreadScope scope(2);
  const int dynamic = omp_get_dynamic(), levels = omp_get_max_active_levels(), before = omp_get_max_threads();
  omp_set_dynamic(1);
  expect_same();
  EXPECT_NE(omp_get_dynamic(), 0);
  omp_set_dynamic(dynamic);
  omp_set_max_active_levels(0);
  expect_same();
  omp_set_max_active_levels(levels);
  std::atomic<int> ended = 0;
#pragma omp parallel num_threads(2)
  {
    expect_same();
    ++ended;
  }
  EXPECT_GE(ended, 1);
  EXPECT_EQ(omp_get_max_threads(), before);
}

TEST(BlasThreads, GoWithTheWork) {
  const ThreadScope scope(2);
  const int before = omp_get_max_threads(), may = threads_can_start(2) ? 2 : 1;
  {
    const BlasThreads small(1e6);
    EXPECT_EQ(omp_get_max_threads(), 1);
  }
  {
    const BlasThreads large(1e9);
    EXPECT_EQ(omp_get_max_threads(), std::min(may, omp_get_thread_limit()));
  }
  run_pieces(4, 2, [](Index) {
    const BlasThreads within(1e9);
    EXPECT_EQ(omp_get_max_threads(), 1);
  });
  EXPECT_EQ(omp_get_max_threads(), before);
}

// In a process of its own, whose limit leaves less than a buffer: OpenBLAS would try for ever.
TEST(BlasThreads, ABufferThatCannotBeMappedIsAnError) {
  if (address_space_is_reserved) GTEST_SKIP() << "sanitizers reserve address space without measure";
  if (blas_buffer() == 0) GTEST_SKIP() << "no OpenBLAS";
  const std::vector<double> matrix = definite(8);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    std::thread([] {}).join();  // the stacks of the parent's threads are given back now, not later
    double pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const auto bytes = static_cast<rlim_t>(pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) + 64e6);
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_AS, &limit);
    bool told = false;
    std::thread([&] {
      try {
        factor_of(matrix, 8);
      } catch (const EnvironmentError& error) {
        told = std::string(error.what()).find("ulimit -v") != std::string::npos;
      }
    }).join();
    ::_exit(told && address_space_left() < 65e6 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace neuspec::test
