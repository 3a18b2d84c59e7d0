// Functors as loops, in place of cuda/native/launch.hpp.
#pragma once

#include <cuda_runtime_api.h>

#include <type_traits>

#include "machine.hpp"
#include "neuspec/dataset.hpp"

namespace neuspec::cuda {

/// functor(e) for every e in [0, count), queued; from the last to the first, since a kernel promises no order.
template <class Functor>
void each(cudaStream_t stream, Index count, Functor functor) {
  static_assert(std::is_trivially_copyable_v<Functor>, "kernel arguments travel as bytes");
  __builtin_clear_padding(&functor);
  const auto work = [functor, count] {
    for (Index e = count - 1; e >= 0; --e) functor(e);
  };
  if (count > 0) emulation::launch(stream, work, &functor, sizeof functor);
}

/// functor.store(column, Σ_row functor.term(column, row)) for every column, queued; each column by eight threads.
template <class Functor>
void sums(cudaStream_t stream, Index columns, Index rows, Functor functor) {
  static_assert(std::is_trivially_copyable_v<Functor>, "kernel arguments travel as bytes");
  __builtin_clear_padding(&functor);
  const auto work = [functor, columns, rows] {
    constexpr Index threads = 8;
    for (Index column = columns - 1; column >= 0; --column) {
      double sum = 0;
      for (Index thread = threads - 1; thread >= 0; --thread) {
        for (Index row = thread; row < rows; row += threads) sum += functor.term(column, row);
      }
      functor.store(column, sum);
    }
  };
  if (columns > 0) emulation::launch(stream, work, &functor, sizeof functor);
}

}  // namespace neuspec::cuda
