// Symmetric eigendecompositions of many blocks of one size.
#pragma once

#include <vector>

#include "context.hpp"

namespace neuspec::cuda {

/// Three ways of cuSOLVER, of which the fastest for a size and a count is found by timing at the first call and remembered: Jacobi's method for all
/// blocks in one kernel (N ≤ 32), the batched solver (N² count within 32 bits), one block after the other.
template <class Real>
class Eigensolver {
 public:
  explicit Eigensolver(Context& context) : context_(context), values_(context), info_(context), work_(context) {}
  Eigensolver(const Eigensolver&) = delete;
  Eigensolver& operator=(const Eigensolver&) = delete;
  ~Eigensolver();

  /// Replaces `count` symmetric N × N matrices, one after the other, by their eigenvectors; returns the N·count eigenvalues on the device, each
  /// block's in ascending order. About 9 N³ flops a block. A failure is thrown at the next synchronisation.
  const Real* solve(Index N, Index count, Real* matrices);

 private:
  enum class Method { jacobi, batched, one_by_one };
  void choose(Index N, Index count);
  bool applies(Method method, Index N, Index count) const;
  void run(Method method, Index N, Index count, Real* matrices);
  void run_jacobi(int N, int count, Real* matrices);
  void run_batched(Index N, Index count, Real* matrices);
  void run_one_by_one(Index N, Index count, Real* matrices);

  Context& context_;
  Buffer<Real> values_;
  Buffer<int> info_;
  Buffer<char> work_;
  std::vector<char> host_work_;
  syevjInfo_t jacobi_ = nullptr;
  Index N_ = -1, count_ = -1;
  Method method_ = Method::batched;
};

}  // namespace neuspec::cuda
