// What the library says of itself and of the BLAS beneath it.
#include <cstring>
#include <string>

#include "c/handles.hpp"
#include "device/blas_threads.hpp"
#include "neuspec/version.hpp"

namespace neuspec::test {
namespace {

TEST(CRuntime, TellsVersionBuildAndBlas) {
  EXPECT_STREQ(neuspec_version(), NEUSPEC_VERSION);
  EXPECT_EQ(neuspec_abi(), NEUSPEC_ABI);
  neuspec_runtime runtime{};
  ASSERT_OK(neuspec_runtime_info(&runtime));
  EXPECT_NE(runtime.commit, nullptr);
  EXPECT_NE(std::string(runtime.options).find("CUDA="), std::string::npos);
  EXPECT_NE(runtime.blas, nullptr);
  EXPECT_EQ(runtime.blas_integer_bits, 32);
#ifdef NEUSPEC_HAS_CUDA
  EXPECT_EQ(runtime.cuda_compiled, 1);
#else
  EXPECT_EQ(runtime.cuda_compiled, 0);
  EXPECT_EQ(runtime.cuda_found, 0);
#endif
}

template <class Integer>
double dot(const int* n, const double* x, const int* x_step, const double* y, const int* y_step) {
  const auto read = [](const int* from) {
    Integer value = 0;
    std::memcpy(&value, from, sizeof value);
    return value;
  };
  double sum = 0;
  for (Integer i = 0; i < read(n); ++i) sum += x[i * read(x_step)] * y[i * read(y_step)];
  return sum;
}

TEST(CRuntime, KnowsABlasOfWideIntegersByItsInnerProduct) {
  EXPECT_EQ(blas_integer_bits(dot<int32_t>), 32);
  EXPECT_EQ(blas_integer_bits(dot<int64_t>), 64);
}

}  // namespace
}  // namespace neuspec::test
