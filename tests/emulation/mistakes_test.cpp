// Planted mistakes: what a GPU would answer with wrong numbers now and then, the emulated one answers with an abort, every time.
#include <cusolverDn.h>
#include <gtest/gtest.h>

#include <vector>

#include "blas.hpp"
#include "emulation.hpp"

namespace neuspec {
namespace {

constexpr Index n = 8;

class MistakeDeathTest : public testing::Test {
 protected:
  MistakeDeathTest() {
    cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
    cublasCreate(&blas_);
    cublasSetStream(blas_, stream_);
    cusolverDnCreate(&solver_);
    cusolverDnSetStream(solver_, stream_);
    cusolverDnCreateParams(&params_);
    A_ = device<double>(n * n);
    info_ = device<int>(1);
    cudaMallocHost(reinterpret_cast<void**>(&pinned_), n * n * sizeof(double));
    for (Index e = 0; e < n * n; ++e) pinned_[e] = e % (n + 1) == 0 ? 2 : 0;
    cudaMemcpyAsync(A_, pinned_, n * n * sizeof(double), cudaMemcpyHostToDevice, stream_);
    cudaStreamSynchronize(stream_);
  }
  ~MistakeDeathTest() override {
    for (void* memory : allocated_) cudaFreeAsync(memory, stream_);
    cudaFreeHost(pinned_);
    cusolverDnDestroyParams(params_);
    cusolverDnDestroy(solver_);
    cublasDestroy(blas_);
    cudaStreamDestroy(stream_);
  }
  MistakeDeathTest(const MistakeDeathTest&) = delete;
  MistakeDeathTest& operator=(const MistakeDeathTest&) = delete;

  template <class T>
  T* device(Index count) {
    void* memory = nullptr;
    cudaMallocAsync(&memory, static_cast<std::size_t>(count) * sizeof(T), stream_);
    allocated_.push_back(memory);
    return static_cast<T*>(memory);
  }
  void multiply(Index stride) {
    const double one = 1, zero = 0;
    cublasDgemm_64(blas_, CUBLAS_OP_N, CUBLAS_OP_N, n, 1, n, &one, A_, stride, A_, n, &zero, device<double>(n), n);
  }
  /// A factorisation with workspaces of so many bytes less than was asked for.
  void factor(std::size_t device_short, std::size_t host_short) {
    std::size_t device_bytes = 0, host_bytes = 0;
    cusolverDnXpotrf_bufferSize(solver_, params_, CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F, A_, n, CUDA_R_64F, &device_bytes, &host_bytes);
    std::vector<char> host(host_bytes);
    cusolverDnXpotrf(solver_, params_, CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F, A_, n, CUDA_R_64F, device<char>(static_cast<Index>(device_bytes)),
                     device_bytes - device_short, host.data(), host_bytes - host_short, info_);
    cudaStreamSynchronize(stream_);
  }
  void read_info() {
    cudaMemcpyAsync(pinned_, info_, sizeof(int), cudaMemcpyDeviceToHost, stream_);
    cudaStreamSynchronize(stream_);
  }
  void fetch() { cudaMemcpyAsync(pinned_, A_, n * n * sizeof(double), cudaMemcpyDeviceToHost, stream_); }
  double read(const double* p) const { return *static_cast<const volatile double*>(p); }

  cudaStream_t stream_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  cusolverDnHandle_t solver_ = nullptr;
  cusolverDnParams_t params_ = nullptr;
  double *A_ = nullptr, *pinned_ = nullptr;
  int* info_ = nullptr;
  std::vector<void*> allocated_;
};

TEST_F(MistakeDeathTest, WrongLeadingDimension) {
  multiply(n);
  EXPECT_DEATH(multiply(n - 1), "emulation: cublasDgemm.*leading dimension 7 below 8 rows");
  EXPECT_DEATH(multiply(n + 1), "emulation: cublasDgemm.*reaches beyond a device allocation");
}

TEST_F(MistakeDeathTest, WorkspaceSmallerThanAskedFor) {
  EXPECT_DEATH(factor(8, 0), "emulation: cusolverDnXpotrf: a device workspace smaller than asked for");
  EXPECT_DEATH(factor(0, 1), "emulation: cusolverDnXpotrf: a host workspace smaller than asked for");
  factor(0, 0);
  read_info();
}

TEST_F(MistakeDeathTest, HostReadsOrWritesDeviceMemory) {
  EXPECT_DEATH(read(A_), "emulation: host: touches device memory");
  EXPECT_DEATH(*const_cast<volatile double*>(A_) = 1, "emulation: host: touches device memory");
  EXPECT_DEATH(read(A_ + n * n), "emulation: host: touches device memory") << "beyond its end";
}

TEST_F(MistakeDeathTest, HostReadsBeforeItHasWaited) {
  fetch();
  EXPECT_DEATH(read(pinned_), "emulation: host: touches pinned memory before the copy");
  cudaStreamSynchronize(stream_);
  EXPECT_EQ(read(pinned_), 2);
}

TEST_F(MistakeDeathTest, HostOverwritesWhatStillTravels) {
  cudaMemcpyAsync(A_, pinned_, sizeof(double), cudaMemcpyHostToDevice, stream_);
  EXPECT_EQ(read(pinned_), 2) << "reading it is allowed";
  EXPECT_DEATH(pinned_[0] = 3, "emulation: host: touches pinned memory before the copy");
  cudaStreamSynchronize(stream_);
  pinned_[0] = 3;
}

TEST_F(MistakeDeathTest, InfoThatNobodyReads) {
  factor(0, 0);
  EXPECT_DEATH(cusolverDnDestroy(solver_), "emulation: cusolverDnDestroy: an info was never read");
  EXPECT_DEATH(factor(0, 0), "emulation: cusolverDnXpotrf: overwrites an info that nobody read");
  read_info();
  factor(0, 0);
  read_info();
}

TEST_F(MistakeDeathTest, CopyFromPageableMemory) {
  const std::vector<double> pageable(n);
  EXPECT_DEATH(cudaMemcpyAsync(A_, pageable.data(), n * sizeof(double), cudaMemcpyHostToDevice, stream_), "emulation: cudaMemcpyAsync: .*pageable");
}

TEST_F(MistakeDeathTest, UseAfterFree) {
  double* freed = device<double>(n);
  allocated_.pop_back();
  cudaFreeAsync(freed, stream_);
  EXPECT_DEATH(cudaMemsetAsync(freed, 0, sizeof(double), stream_), "emulation: cudaMemsetAsync: device memory that was freed");
  EXPECT_DEATH(cudaFreeAsync(freed, stream_), "emulation: cudaFreeAsync: frees what is no live device memory");
}

struct Fill {
  double* to;
  void operator()(Index e) const { to[e] = 1; }
};

TEST_F(MistakeDeathTest, KernelOnHostMemory) {
  std::vector<double> host(n);
  EXPECT_DEATH(cuda::each(stream_, n, Fill{host.data()}), "emulation: kernel: an argument that points to the host");
  EXPECT_DEATH(cuda::each(stream_, n, Fill{pinned_}), "emulation: kernel: an argument that points to the host");
}

TEST_F(MistakeDeathTest, KernelBeyondItsMemory) {
  cuda::each(stream_, n * n, Fill{A_});
  cudaStreamSynchronize(stream_);
  const auto beyond = [this] {
    cuda::each(stream_, n * n + 1, Fill{A_});
    cudaStreamSynchronize(stream_);
  };
  EXPECT_DEATH(beyond(), "emulation: host: a kernel that reaches beyond a device allocation");
}

TEST_F(MistakeDeathTest, AStreamOfAnotherGpu) {
  emulation::set_gpus(2);
  cudaSetDevice(1);
  EXPECT_DEATH(cudaMemcpyAsync(A_, pinned_, 8, cudaMemcpyHostToDevice, stream_), "another GPU than the thread's");
  EXPECT_DEATH(device<double>(1), "another GPU than the thread's");
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
  emulation::reset();
}

TEST_F(MistakeDeathTest, HandleThatIsNotAlive) {
  cublasHandle_t other = nullptr;
  cublasCreate(&other);
  cublasDestroy(other);
  EXPECT_DEATH(cublasSetStream(other, stream_), "emulation: cublasSetStream.*a handle that is not alive");
  EXPECT_DEATH(cudaStreamSynchronize(nullptr), "emulation: cudaStreamSynchronize: a stream that is not alive");
}

}  // namespace
}  // namespace neuspec
