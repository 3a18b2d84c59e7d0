// How the steps of elementwise.inl run on the CPU: Thrust's OpenMP system.
#pragma once

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// functor(e) for every e in [0, count).
template <class Functor>
void each(Index count, Functor functor) {
  if (count > 0) thrust::for_each_n(thrust::device, thrust::counting_iterator<Index>(0), count, functor);
}

/// functor.store(column, Σ_row functor.term(column, row)) for every column, each summed by one thread.
template <class Functor>
void sums(Index columns, Index rows, Functor functor) {
  each(columns, [functor, rows](Index column) {
    double sum = 0;
    for (Index row = 0; row < rows; ++row) sum += functor.term(column, row);
    functor.store(column, sum);
  });
}

}  // namespace neuspec
