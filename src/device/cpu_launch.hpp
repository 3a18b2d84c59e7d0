// How the steps of elementwise.inl run on the CPU.
#pragma once

#include <algorithm>

#include "threads/parallel.hpp"

namespace neuspec {

/// functor(e) for every e in [0, count); `cost`: of one, in plain entries of a matrix.
template <class Functor>
void each(Index count, Functor functor, Index cost = 1) {
  constexpr Index grain = 8192;  // entries whose work is worth a thread's while
  parallel_ranges(count, std::max<Index>(grain / std::max<Index>(cost, 1), 1), [functor](Index first, Index last) {
    for (Index e = first; e < last; ++e) functor(e);
  });
}

/// functor.store(column, Σ_row functor.term(column, row)) for every column, each summed by one thread.
template <class Functor>
void sums(Index columns, Index rows, Functor functor) {
  const auto sum_column = [functor, rows](Index column) {
    double sum = 0;
    for (Index row = 0; row < rows; ++row) sum += functor.term(column, row);
    functor.store(column, sum);
  };
  each(columns, sum_column, rows);
}

}  // namespace neuspec
