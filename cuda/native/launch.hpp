// How functors become kernels on a GPU. The emulated device of the tests has the same two functions as loops.
#pragma once

#include <cuda_runtime_api.h>
#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include "neuspec/dataset.hpp"

namespace neuspec::cuda {

/// functor(e) for every e in [0, count), queued.
template <class Functor>
void each(cudaStream_t stream, Index count, Functor functor) {
  if (count > 0) thrust::for_each_n(thrust::cuda::par_nosync.on(stream), thrust::counting_iterator<Index>(0), count, functor);
}

constexpr int threads_a_sum = 256;

/// One block a column: strided terms, a tree within each warp, then one over the warps. The order is fixed, so that sums are reproducible.
template <class Functor>
__global__ void __launch_bounds__(threads_a_sum) sum_columns(Index columns, Index rows, Functor functor) {
  __shared__ double parts[threads_a_sum / 32];
  for (Index column = blockIdx.x; column < columns; column += gridDim.x) {
    double sum = 0;
    for (Index row = threadIdx.x; row < rows; row += threads_a_sum) sum += functor.term(column, row);
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffffU, sum, offset);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
      for (int warp = 1; warp < threads_a_sum / 32; ++warp) sum += parts[warp];
      functor.store(column, sum);
    }
    __syncthreads();
  }
}

/// functor.store(column, Σ_row functor.term(column, row)) for every column, queued; `term` may write.
template <class Functor>
void sums(cudaStream_t stream, Index columns, Index rows, Functor functor) {
  constexpr Index most_blocks = 1 << 20;
  if (columns > 0) {
    sum_columns<<<static_cast<unsigned>(columns < most_blocks ? columns : most_blocks), threads_a_sum, 0, stream>>>(columns, rows, functor);
  }
}

}  // namespace neuspec::cuda
