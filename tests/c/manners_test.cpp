// What a host program may expect: its floating-point environment, signal handlers and threads as they were, memory neither copied nor lost.
#include <omp.h>
#include <signal.h>

#include <cfenv>
#include <cmath>
#include <fstream>
#include <limits>
#include <thread>

#include "c/allocations.hpp"
#include "c/handles.hpp"
#include "support/random_problem.hpp"
#include "support/sanitizers.hpp"

extern "C" int openblas_get_num_threads() __attribute__((weak));

namespace neuspec::test {
namespace {

/// Fits, proves and predicts; what comes out of it.
std::vector<double> whole_round(const DataHandle& data, const OptionsHandle& options) {
  ModelHandle model;
  EXPECT_OK(neuspec_fit(data, options, nullptr, model.made()));
  neuspec_certificate proof{};
  EXPECT_OK(neuspec_certify(model, data, options, &proof));
  int64_t n = 0;
  EXPECT_OK(neuspec_data_size(data, &n, nullptr, nullptr));
  std::vector<double> f(static_cast<std::size_t>(n));
  EXPECT_OK(neuspec_predict(model, data, options, f.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
  f.insert(f.end(), {proof.primal, proof.dual, proof.relative_gap, proof.kappa});
  return f;
}

struct Round {
  Random random{21};
  Dataset samples = random_dataset(random, 80, 4, 1);
  DataHandle data = data_of(samples);
  OptionsHandle options = options_with({{"beta", "1"}, {"loss", "huber"}, {"threads", "1"}});
};

volatile double one = 1, three = 3;

TEST(CManners, FloatingPointEnvironmentIsTheHostsAgainAndTheResultDoesNotDependOnIt) {
  const Round round;
  const std::vector<double> expected = whole_round(round.data, round.options);
  std::fenv_t before;
  std::fegetenv(&before);
  for (const int rounding : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(rounding);
    std::feclearexcept(FE_ALL_EXCEPT);
    std::feraiseexcept(FE_UNDERFLOW);
    const std::vector<double> values = whole_round(round.data, round.options);
    const int after = std::fegetround(), flags = std::fetestexcept(FE_ALL_EXCEPT);
    std::fesetenv(&before);
    EXPECT_EQ(after, rounding);
    EXPECT_EQ(flags, FE_UNDERFLOW);
    EXPECT_EQ(values, expected);
  }
#ifdef __GLIBC__
  // Traps of the host: there is a NaN in every report before it is known.
  ::feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
  const std::vector<double> values = whole_round(round.data, round.options);
  const int traps = ::fegetexcept();
  std::fesetenv(&before);
  EXPECT_EQ(traps, FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
  EXPECT_EQ(values, expected);
#endif
}

#ifdef __SSE2__
TEST(CManners, FlushedSubnormalsAreNotFlushedInside) {
  const Round round;
  const std::vector<double> expected = whole_round(round.data, round.options);
  const unsigned before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040U);
  const std::vector<double> values = whole_round(round.data, round.options);
  const unsigned after = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before);
  EXPECT_EQ(after & 0x8040U, 0x8040U);
  EXPECT_EQ(values, expected);
}
#endif

TEST(CManners, CallbacksHaveTheHostsEnvironment) {
  const Round round;
  int seen = -1;
  ASSERT_OK(neuspec_options_on_progress(
      round.options,
      [](const neuspec_progress*, void* user) {
        *static_cast<int*>(user) = std::fegetround();
        return 0;
      },
      &seen));
  const double quotient = one / three;
  std::fesetround(FE_UPWARD);
  whole_round(round.data, round.options);
  const double upward = one / three;
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(seen, FE_UPWARD);
  EXPECT_GT(upward, quotient);
}

TEST(CManners, SignalHandlersAndNumbersOfThreadsStay) {
  const Round round;
  struct Seen {
    std::vector<std::pair<void (*)(int), int>> handlers;
    int omp, dynamic, levels, blas;
    bool operator==(const Seen&) const = default;
  };
  const auto look = [] {
    Seen seen{{}, omp_get_max_threads(), omp_get_dynamic(), omp_get_max_active_levels(), openblas_get_num_threads ? openblas_get_num_threads() : 0};
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
      struct sigaction action{};
      if (::sigaction(signal, nullptr, &action) == 0) seen.handlers.emplace_back(action.sa_handler, action.sa_flags);
    }
    return seen;
  };
  for (const int threads : {3, 1}) {
    omp_set_num_threads(threads);
    const Seen before = look();
    ASSERT_OK(neuspec_options_set(round.options, "threads", "2"));
    whole_round(round.data, round.options);
    EXPECT_EQ(look(), before);
    EXPECT_EQ(omp_get_max_threads(), threads);
  }
}

TEST(CManners, SeveralThreadsFitOneDataSetAtATime) {
  const Round round;
  const std::vector<double> expected = whole_round(round.data, round.options);
  std::vector<std::vector<double>> values(4);
  std::vector<std::thread> threads;
  for (auto& result : values) threads.emplace_back([&] { result = whole_round(round.data, round.options); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : values) EXPECT_EQ(result, expected);
}

TEST(CMemory, SamplesAreNotCopied) {
  constexpr Index n = 400000, d = 6;
  const std::vector<double> x(static_cast<std::size_t>(n * d), 0.5), y(static_cast<std::size_t>(n), 1.0);
  const std::vector<float> x_single(static_cast<std::size_t>(n * d), 0.5F);
  const std::size_t bytes = x.size() * sizeof(double);  // 19 MB
  const OptionsHandle options = options_with({{"beta", "1"}, {"threads", "1"}});
  neuspec_array features = rows(x);
  const neuspec_array targets = rows(y);
  for (const bool single : {false, true})
    for (const int32_t layout : {NEUSPEC_ROW_MAJOR, NEUSPEC_COLUMN_MAJOR}) {
      if (single) features = {x_single.data(), NEUSPEC_FLOAT, layout, 0, NEUSPEC_HOST};
      features.layout = layout;
      forget_peak();
      const std::size_t before = peak_bytes();
      DataHandle data;
      ASSERT_OK(neuspec_data_from_arrays(n, d, 1, &features, &targets, nullptr, data.made()));
      ModelHandle model;
      ASSERT_OK(neuspec_fit(data, options, nullptr, model.made()));
      neuspec_certificate proof{};
      ASSERT_OK(neuspec_certify(model, data, options, &proof));
      EXPECT_LT(peak_bytes() - before, bytes / 4);
    }
}

double resident_bytes() {
  double pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * 4096;
}

TEST(CMemory, OfManyFitsIsThatOfOne) {
  constexpr int warm_up = 20, fits = 200;
  const Round round;
  double before = 0;
  std::size_t in_use = 0;
  for (int fit = 0; fit < warm_up + fits; ++fit) {
    if (fit == warm_up) {
      before = resident_bytes();
      in_use = bytes_in_use();
    }
    whole_round(round.data, round.options);
  }
  EXPECT_EQ(bytes_in_use(), in_use);
  if (!address_space_is_reserved) {
    EXPECT_LT(resident_bytes() - before, 4e6);
  }
}

/// One failing allocation after the other, until a round needs no more: an error code or a result each time, nothing lost, and the next call is as
/// if nothing had been. Model files are left out: the JSON library they are written with does not outlive it.
template <class Body>
void expect_codes(const Body& body) {
  for (long allocations = 0;; ++allocations) {
    const std::size_t before = bytes_in_use();
    fail_after(allocations);
    const int code = body();
    const bool failed = has_failed();
    fail_after(-1);
    ASSERT_TRUE(code == NEUSPEC_ERROR_MEMORY || code == NEUSPEC_ERROR_ENVIRONMENT || code == NEUSPEC_OK) << code << " after " << allocations;
    ASSERT_LE(bytes_in_use(), before + 64) << allocations;
    if (!failed) {
      EXPECT_EQ(code, NEUSPEC_OK);
      EXPECT_GT(allocations, 0);
      return;
    }
    if (code == NEUSPEC_ERROR_MEMORY) {
      EXPECT_STREQ(neuspec_message(nullptr), "not enough memory");
    }
  }
}

TEST(CMemory, ThatRunsOutIsAnErrorWhereverItDoes) {
  const Round round;
  ModelHandle model;
  ASSERT_OK(neuspec_fit(round.data, round.options, nullptr, model.made()));
  const neuspec_array x = rows(round.samples.x()), y = rows(round.samples.y());
  std::vector<double> f(80);
  expect_codes([&] {
    DataHandle data;
    return neuspec_data_from_arrays(80, 4, 1, &x, &y, nullptr, data.made());
  });
  expect_codes([&] {
    OptionsHandle options;
    return neuspec_options_create(options.made());
  });
  expect_codes([&] { return neuspec_options_set_double(round.options, "tol", 1.2345678901234567e-6); });
  expect_codes([&] { return neuspec_predict(model, round.data, round.options, f.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0); });
  expect_codes([&] {
    neuspec_certificate proof{};
    return neuspec_certify(model, round.data, round.options, &proof);
  });
  expect_codes([&] {
    ModelHandle other;
    return neuspec_fit(round.data, round.options, model, other.made());
  });
}

}  // namespace
}  // namespace neuspec::test
