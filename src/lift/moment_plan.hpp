// How the fourth moments Σ w x_i x_j x_k x_l of the lifted samples x̃ = [x; 1] are blocked.
//
// S = Σ a aᵀ over pair features (docs/mathematics.md section 5) is symmetric in all four indices, so only i ≤ j ≤ k ≤ l is needed: a third of
// the entries that a SYRK on the pairs computes. Pairs (i ≤ j) are ordered by j, hence those with j < K are the first K(K+1)/2. For a
// block [k0, k1) of k, one GEMM of that prefix with the pairs {(k, l) : k in the block, l ≥ k} covers every sorted quadruple.
// Flops: 2 n Σ_k (k²/2)(N − k) ≈ n N⁴/12, where SYRK on the pairs needs n N⁴/4.
#pragma once

#include <vector>

#include "numeric/packed.hpp"

namespace neuspec {

struct MomentPlan {
  struct Block {
    Index k0, k1;   ///< range of the third index
    Index prefix;   ///< rows: pairs (i ≤ j) with j < k1
    Index columns;  ///< pairs (k, l), k in [k0, k1), l = k … N−1, ordered by k then l
    Index offset;   ///< where the prefix × columns result starts in the buffer, column-major
  };
  Index N = 0;            ///< d + 1
  Index pairs = 0;        ///< p = N(N+1)/2
  Index buffer_size = 0;  ///< doubles of all results
  std::vector<Block> blocks;

  explicit MomentPlan(Index N);

  /// Block of a third index k, and the first of k's columns within it.
  Index block_of(Index k) const { return block_of_[static_cast<std::size_t>(k)]; }
  Index column_of(Index k) const { return column_of_[static_cast<std::size_t>(k)]; }
  /// Position in the buffer of Σ x_i x_j x_k x_l for any order of indices.
  Index position(Index i, Index j, Index k, Index l) const;
  /// The same for i ≤ j ≤ k ≤ l.
  Index sorted_position(Index i, Index j, Index k, Index l) const {
    return first_[static_cast<std::size_t>(k)] + l * step_[static_cast<std::size_t>(k)] + pair(i, j);
  }
  /// Pair (i ≤ j) in the order by j.
  NEUSPEC_HOST_DEVICE static constexpr Index pair(Index i, Index j) { return j * (j + 1) / 2 + i; }

 private:
  std::vector<Index> block_of_;   ///< block of each k
  std::vector<Index> column_of_;  ///< first column of each k within its block
  std::vector<Index> first_;      ///< where k's column l = 0 would start in the buffer
  std::vector<Index> step_;       ///< from there to its next: rows of its block
};

}  // namespace neuspec
