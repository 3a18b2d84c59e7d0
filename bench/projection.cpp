// What it costs a GPU to project many blocks onto the positive semidefinite cone, in double: the device's own projection (Device::project_psd) beside
// cuSOLVER's ways of the eigendecompositions alone, which it cannot do without. Prints `N,blocks,way,ms,remark` in CSV; bench/projection_peers.py
// adds those of other libraries in the same form.
//
//     bench_projection N [N ...]
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "device/device.hpp"
#include "neuspec/error.hpp"
#include "numeric/packed.hpp"
#include "shared.hpp"
#include "text/number.hpp"

namespace {

using namespace neuspec;
using namespace neuspec::bench;

constexpr Index counts[] = {1, 20, 100, 500};
constexpr Index distinct = 20;   // blocks that differ; more repeat them
constexpr double longest = 3e3;  // ms that a run may be expected to take

struct OutOfMemory : EnvironmentError {
  OutOfMemory() : EnvironmentError("not enough GPU memory") {}
};

void check(cudaError_t error) {
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();  // or the next call would report it again
    throw OutOfMemory();
  }
  if (error != cudaSuccess) throw EnvironmentError(std::string("CUDA: ") + cudaGetErrorString(error));
}
void check(cusolverStatus_t status) {
  if (status == CUSOLVER_STATUS_ALLOC_FAILED) throw OutOfMemory();
  if (status != CUSOLVER_STATUS_SUCCESS) throw EnvironmentError("cuSOLVER status " + std::to_string(status));
}

/// Device memory of `bytes`, freed with its owner.
struct Release {
  void operator()(void* memory) const { (void)cudaFree(memory); }
};
template <class T>
std::unique_ptr<T, Release> memory(std::size_t count) {
  void* pointer = nullptr;
  check(cudaMalloc(&pointer, std::max<std::size_t>(1, count) * sizeof(T)));
  return std::unique_ptr<T, Release>(static_cast<T*>(pointer));
}

/// Milliseconds of `body`, the device waited for; what `prepare` does before is not counted. The median of three to twenty runs, but one is enough
/// where it takes a second; one goes before, in which kernels are loaded and ways are chosen.
double median_ms(const std::function<void()>& prepare, const std::function<void()>& body) {
  std::vector<double> times;
  double sum = 0;
  for (int run = 0; run < 21; ++run) {
    prepare();
    const auto start = std::chrono::steady_clock::now();
    body();
    const double time = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    if (run == 0) continue;
    times.push_back(time);
    sum += time;
    if (sum > 1000 || (times.size() >= 3 && sum > 200)) break;
  }
  std::nth_element(times.begin(), times.begin() + static_cast<Index>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

/// The library's own, packed blocks to packed blocks and factors.
double ours(Device<double>& device, Index N, Index count) {
  try {
    auto V = device.allocate(packed::size(N), count), W = device.allocate(packed::size(N), count), factors = device.allocate(N, N * count);
    const std::vector<double> blocks = normal(packed::size(N) * std::min(distinct, count));
    for (Index b = 0; b < count; ++b) device.upload(blocks.data() + b % distinct * packed::size(N), V.view().column_range(b, 1));
    const auto project = [&] {
      device.project_psd(N, V, W, factors);
      device.synchronize();
    };
    return median_ms([&] { device.synchronize(); }, project);
  } catch (const EnvironmentError& error) {
    if (std::string(error.what()).starts_with("not enough GPU memory")) throw OutOfMemory();
    throw;
  }
}

/// cuSOLVER on one stream.
class Cusolver {
 public:
  Cusolver() {
    check(cusolverDnCreate(&handle_));
    check(cusolverDnCreateParams(&parameters_));
  }
  Cusolver(const Cusolver&) = delete;
  Cusolver& operator=(const Cusolver&) = delete;
  ~Cusolver() {
    (void)cusolverDnDestroyParams(parameters_);
    (void)cusolverDnDestroy(handle_);
  }

  /// All eigenvectors of `count` matrices, by XsyevBatched or by a loop of Xsyevd.
  double eigendecompositions(Index N, Index count, bool batched) const {
    const std::vector<double> host = normal(N * N * std::min(distinct, count));
    const auto originals = memory<double>(host.size()), matrices = memory<double>(size(N * N * count)), values = memory<double>(size(N * count));
    const auto info = memory<int>(size(count));
    check(cudaMemcpy(originals.get(), host.data(), host.size() * sizeof(double), cudaMemcpyHostToDevice));
    std::size_t bytes = 0, host_bytes = 0;
    check(batched ? cusolverDnXsyevBatched_bufferSize(handle_, parameters_, vectors, lower, N, real, matrices.get(), N, real, values.get(), real,
                                                      &bytes, &host_bytes, count)
                  : cusolverDnXsyevd_bufferSize(handle_, parameters_, vectors, lower, N, real, matrices.get(), N, real, values.get(), real, &bytes,
                                                &host_bytes));
    const auto work = memory<char>(bytes);
    std::vector<char> host_work(host_bytes);
    std::vector<int> failed(size(count), 0);
    check(cudaMemcpy(info.get(), failed.data(), failed.size() * sizeof(int), cudaMemcpyHostToDevice));
    const auto inspect = [&] {
      check(cudaMemcpy(failed.data(), info.get(), failed.size() * sizeof(int), cudaMemcpyDeviceToHost));
      if (std::any_of(failed.begin(), failed.end(), [](int code) { return code != 0; })) throw EnvironmentError("cuSOLVER did not converge");
    };
    const auto restore = [&] {
      inspect();
      for (Index b = 0; b < count; b += distinct) {
        const std::size_t block = size(N * N * std::min(distinct, count - b)) * sizeof(double);
        check(cudaMemcpy(matrices.get() + b * N * N, originals.get(), block, cudaMemcpyDeviceToDevice));
      }
      check(cudaDeviceSynchronize());
    };
    const auto decompose = [&] {
      if (batched) {
        check(cusolverDnXsyevBatched(handle_, parameters_, vectors, lower, N, real, matrices.get(), N, real, values.get(), real, work.get(), bytes,
                                     host_work.data(), host_bytes, info.get(), count));
      } else {
        for (Index b = 0; b < count; ++b)
          check(cusolverDnXsyevd(handle_, parameters_, vectors, lower, N, real, matrices.get() + b * N * N, N, real, values.get() + b * N, real,
                                 work.get(), bytes, host_work.data(), host_bytes, info.get() + b));
      }
      check(cudaDeviceSynchronize());
    };
    const double time = median_ms(restore, decompose);
    inspect();
    return time;
  }

 private:
  static constexpr auto vectors = CUSOLVER_EIG_MODE_VECTOR;
  static constexpr auto lower = CUBLAS_FILL_MODE_LOWER;
  static constexpr auto real = CUDA_R_64F;
  static std::size_t size(Index count) { return static_cast<std::size_t>(count); }

  cusolverDnHandle_t handle_ = nullptr;
  cusolverDnParams_t parameters_ = nullptr;
};

/// The counts of one way at one size, while they fit into memory and into the time; false where it failed.
bool print_way(Index N, const char* way, const std::function<double(Index)>& measure) {
  double previous = 0;
  Index fewer = 1;
  std::string remark;
  bool passed = true;
  for (const Index count : counts) {
    const double foreseen = previous * static_cast<double>(count) / static_cast<double>(fewer);
    if (remark.empty() && foreseen > longest) remark = "longer than " + std::to_string(static_cast<int>(longest / 1e3)) + " s foreseen";
    if (remark.empty()) {
      try {
        previous = measure(count);
        fewer = count;
      } catch (const OutOfMemory&) {
        remark = "does not fit into memory";
      } catch (const EnvironmentError& error) {
        remark = error.what();
        passed = false;
      }
    }
    if (remark.empty())
      std::printf("%td,%td,%s,%.4g,\n", N, count, way, previous);
    else
      std::printf("%td,%td,%s,,\"%s\"\n", N, count, way, remark.c_str());
    std::fflush(stdout);
  }
  return passed;
}

bool print_size(Index N) {
  bool passed = true;
  {
    const auto device = make_device<double>(DeviceKind::cuda);  // gives its memory back before the others come
    passed &= print_way(N, "ours", [&](Index count) { return ours(*device, N, count); });
  }
  const Cusolver cusolver;
  passed &= print_way(N, "XsyevBatched", [&](Index count) { return cusolver.eigendecompositions(N, count, true); });
  passed &= print_way(N, "Xsyevd", [&](Index count) { return cusolver.eigendecompositions(N, count, false); });
  return passed;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Index> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(parse_number<Index>(argv[i]).value_or(0));
  if (sizes.empty() || *std::min_element(sizes.begin(), sizes.end()) < 1) {
    std::fputs("usage: bench_projection N [N ...]\n", stderr);
    return 2;
  }
  bool passed = true;
  try {
    std::puts("N,blocks,way,ms,remark");
    for (const Index N : sizes) passed &= print_size(N);
  } catch (const EnvironmentError& error) {
    std::fprintf(stderr, "bench_projection: %s\n", error.what());
    return 5;
  }
  return passed ? 0 : 1;
}
