// How functors become kernels on a GPU. The emulated device of the tests has the same two functions as loops.
#pragma once

#include <cuda_runtime_api.h>

#include "neuspec/dataset.hpp"

namespace neuspec::cuda {

constexpr int threads_a_block = 256;

/// Blocks for `count` pieces of work; each block takes every so many-th piece where there are more.
inline unsigned blocks_for(Index count) {
  constexpr Index most = 1 << 20;
  return static_cast<unsigned>(count < most ? count : most);
}

/// The 1: a block may have all the registers of its processor. Without it the compiler spills a few, to fit in more blocks.
template <class Functor>
__global__ void __launch_bounds__(threads_a_block, 1) for_each_element(Index count, Functor functor) {
  const Index step = static_cast<Index>(gridDim.x) * threads_a_block;
  for (Index e = static_cast<Index>(blockIdx.x) * threads_a_block + threadIdx.x; e < count; e += step) functor(e);
}

/// functor(e) for every e in [0, count), queued.
template <class Functor>
void each(cudaStream_t stream, Index count, Functor functor) {
  const Index blocks = (count + threads_a_block - 1) / threads_a_block;
  if (count > 0) for_each_element<<<blocks_for(blocks), threads_a_block, 0, stream>>>(count, functor);
}

/// One block a column: strided terms, a tree within each warp, then one over the warps. The order is fixed, so that sums are reproducible.
template <class Functor>
__global__ void __launch_bounds__(threads_a_block) sum_columns(Index columns, Index rows, Functor functor) {
  __shared__ double parts[threads_a_block / 32];
  for (Index column = blockIdx.x; column < columns; column += gridDim.x) {
    double sum = 0;
    for (Index row = threadIdx.x; row < rows; row += threads_a_block) sum += functor.term(column, row);
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffffU, sum, offset);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
      for (int warp = 1; warp < threads_a_block / 32; ++warp) sum += parts[warp];
      functor.store(column, sum);
    }
    __syncthreads();
  }
}

/// functor.store(column, Σ_row functor.term(column, row)) for every column, queued; `term` may write.
template <class Functor>
void sums(cudaStream_t stream, Index columns, Index rows, Functor functor) {
  if (columns > 0) sum_columns<<<blocks_for(columns), threads_a_block, 0, stream>>>(columns, rows, functor);
}

}  // namespace neuspec::cuda
