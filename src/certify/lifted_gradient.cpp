#include "certify/lifted_gradient.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "device/lapack.hpp"

namespace neuspec {
namespace {

constexpr Index kRows = 256;          // samples a block: long enough for GEMM, short chains of additions
constexpr Index kPanel = 96;          // columns of M a GEMM: wider M are built panel by panel, the part above the diagonal left out
constexpr Index kPrivate = 1L << 24;  // doubles that the private sums of all threads may take

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

// Where one thread adds its samples, and its scratch.
struct Part {
  double *M, *q, *t, *magnitude;
  double* scaled;  // min(C, outputs at once)·d × kRows: rows v_i x_i
};

void add_quadratic(double a, Index d, Index C, const double* x, const double* v, Index rows, const Part& part) {
  if (d <= kPanel) {  // one GEMM for all outputs, [M_1 … M_C] += a Xᵀ[diag(v_1)X … diag(v_C)X]
    for (Index i = 0; i < rows; ++i)
      for (Index k = 0; k < C; ++k) {
        double* to = part.scaled + (i * C + k) * d;
        const double factor = v[i * C + k];
        for (Index l = 0; l < d; ++l) to[l] = factor * x[i * d + l];
      }
    lapack::gemm('N', 'T', d, C * d, rows, a, x, d, part.scaled, C * d, 1.0, part.M, d);
    return;
  }
  for (Index k = 0; k < C; ++k) {
    for (Index i = 0; i < rows; ++i)
      for (Index l = 0; l < d; ++l) part.scaled[i * d + l] = v[i * C + k] * x[i * d + l];
    for (Index j = 0; j < d; j += kPanel)
      lapack::gemm('N', 'T', d - j, std::min(kPanel, d - j), rows, a, x + j, d, part.scaled + j, d, 1.0, part.M + k * d * d + j * d + j, d);
  }
}

void add_rows(const Activation& activation, Index d, Index C, const double* x, const double* v, Index rows, const Part& part) {
  if (activation.a != 0) add_quadratic(activation.a, d, C, x, v, rows, part);
  if (activation.b != 0) lapack::gemm('N', 'T', d, C, rows, activation.b, x, d, v, C, 1.0, part.q, d);
  for (Index i = 0; i < rows; ++i) {
    double square = 0;
#pragma omp simd reduction(+ : square)
    for (Index l = 0; l < d; ++l) square += x[i * d + l] * x[i * d + l];
    const double size_of_A = std::abs(activation.a) * square + std::abs(activation.b) * std::sqrt(square) + std::abs(activation.c);
    for (Index k = 0; k < C; ++k) part.magnitude[k] += std::abs(v[i * C + k]) * size_of_A;
  }
  for (Index k = 0; k < C; ++k) {
    double sum = 0;
    for (Index i = 0; i < rows; ++i) sum += v[i * C + k];
    part.t[k] += activation.c * sum;
  }
}

}  // namespace

LiftedGradient::LiftedGradient(Index d, Index C) : features(d), outputs(C), M(size(d * d * C)), q(size(d * C)), t(size(C)), magnitude_(size(C)) {}

void LiftedGradient::accumulate(const Activation& activation, const double* x, const double* v, Index samples) {
  const Index d = features, C = outputs, blocks = (samples + kRows - 1) / kRows;
  const Index own = (d * d + d + 2) * C, scratch = d * kRows * (d <= kPanel ? C : 1);
  // Large M: few GEMMs of a good size, which the BLAS shares among threads itself. Small M: threads take blocks of rows.
  const bool by_blocks = d <= 2 * kPanel && own <= kPrivate / omp_get_max_threads();
  const Index threads = by_blocks ? std::clamp<Index>(omp_get_max_threads(), 1, std::max<Index>(blocks, 1)) : 1;

  std::vector<double> sums(size((threads - 1) * own)), scaled(size(threads * scratch));
  const auto part_of = [&](Index thread) -> Part {
    double* work = scaled.data() + thread * scratch;
    if (thread == 0) return {.M = M.data(), .q = q.data(), .t = t.data(), .magnitude = magnitude_.data(), .scaled = work};
    double* at = sums.data() + (thread - 1) * own;
    return {.M = at, .q = at + d * d * C, .t = at + (d * d + d) * C, .magnitude = at + (d * d + d + 1) * C, .scaled = work};
  };
  const auto run = [&](Index thread) {
    const Part part = part_of(thread);
    for (Index block = thread * blocks / threads; block < (thread + 1) * blocks / threads; ++block) {
      const Index first = block * kRows;
      add_rows(activation, d, C, x + first * d, v + first * C, std::min(kRows, samples - first), part);
    }
  };
  if (threads == 1) {
    run(0);
  } else {
#pragma omp parallel for num_threads(static_cast <int>(threads)) schedule(static, 1)
    for (Index thread = 0; thread < threads; ++thread) run(thread);
  }
  for (Index thread = 1; thread < threads; ++thread) {
    const Part part = part_of(thread);
    std::transform(M.begin(), M.end(), part.M, M.begin(), std::plus<>());
    std::transform(q.begin(), q.end(), part.q, q.begin(), std::plus<>());
    std::transform(t.begin(), t.end(), part.t, t.begin(), std::plus<>());
    std::transform(magnitude_.begin(), magnitude_.end(), part.magnitude, magnitude_.begin(), std::plus<>());
  }
  depth_ += blocks + threads;
  longest_block_ = std::max(longest_block_, std::min(kRows, samples));
}

double LiftedGradient::rounding(Index output) const {
  // 8 for the products, the factors a, b, c and the rounding of the magnitude, whose own terms sum d squares.
  const auto chain = static_cast<double>(depth_ + longest_block_ + 8);
  return chain * 0x1p-53 * magnitude_[size(output)] * (1.0 + (chain + static_cast<double>(features)) * 0x1p-52);
}

}  // namespace neuspec
