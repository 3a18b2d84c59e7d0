#include "certify/lifted_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "device/lapack.hpp"
#include "device/parallel.hpp"

namespace neuspec {
namespace {

constexpr Index kRows = 256;          // samples a block: long enough for SYRK, short chains of additions
constexpr Index kPrivate = 1L << 25;  // doubles that the private sums of all threads may take together

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

// Where one thread adds its samples, and its scratch of kRows rows.
struct Part {
  double *M, *q, *t, *magnitude, *scaled;
};

// Two SYRKs, over the samples with v > 0 and those with v < 0, each row scaled by √|v|: half the flops of Xᵀ(diag(v)X) by GEMM and
// faster at every size measured (d = 30 to 784). The second kind fills the scratch from its end.
void add_quadratic(double a, Index d, Index C, const double* x, Index stride, const double* v, Index rows, double* scaled, double* M) {
  Index plus = 0, minus = 0;
  for (Index i = 0; i < rows; ++i) {
    const double root = std::sqrt(std::abs(v[i * C]));
    double* to = scaled + d * (v[i * C] > 0 ? plus++ : kRows - ++minus);
    for (Index l = 0; l < d; ++l) to[l] = root * x[i * stride + l];
  }
  if (plus > 0) lapack::syrk('N', d, plus, a, scaled, d, 1.0, M, d);
  if (minus > 0) lapack::syrk('N', d, minus, -a, scaled + d * (kRows - minus), d, 1.0, M, d);
}

void add_rows(const Activation& activation, Index d, Index C, const double* x, Index stride, const double* v, Index rows, const Part& part) {
  if (activation.a != 0)
    for (Index k = 0; k < C; ++k) add_quadratic(activation.a, d, C, x, stride, v + k, rows, part.scaled, part.M + k * d * d);
  if (activation.b != 0) lapack::gemm('N', 'T', d, C, rows, activation.b, x, stride, v, C, 1.0, part.q, d);
  for (Index i = 0; i < rows; ++i) {
    double square = 0;
#pragma omp simd reduction(+ : square)
    for (Index l = 0; l < d; ++l) square += x[i * stride + l] * x[i * stride + l];
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

void LiftedGradient::accumulate(const Activation& activation, const double* x, Index stride, const double* v, Index samples) {
  const Index d = features, C = outputs, blocks = (samples + kRows - 1) / kRows;
  const int available = neuspec::threads();
  const Index own = (d * d + d + 2) * C, scratch = d * kRows;
  // Threads take blocks of rows where there are enough; else the BLAS may share out each block's SYRK.
  const Index threads = blocks >= 2 * available && own <= kPrivate / available ? available : 1;

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
      add_rows(activation, d, C, x + first * stride, stride, v + first * C, std::min(kRows, samples - first), part);
    }
  };
  if (threads == 1) {
    run(0);
  } else {
    run_pieces(threads, available, run);
  }
  const auto add = [](std::vector<double>& sum, const double* part) { std::transform(sum.begin(), sum.end(), part, sum.begin(), std::plus<>()); };
  for (Index thread = 1; thread < threads; ++thread) {
    const Part part = part_of(thread);
    add(M, part.M);
    add(q, part.q);
    add(t, part.t);
    add(magnitude_, part.magnitude);
  }
  depth_ += 2 * blocks + threads;
  longest_block_ = std::max(longest_block_, std::min(kRows, samples));
}

double LiftedGradient::rounding(Index output, Index of_v) const {
  // 12 for the roots, the products and the factors a, b, c, each divided by the patches of a pool; the last factor for the rounding of the magnitude,
  // whose terms sum d squares.
  const auto chain = static_cast<double>(depth_ + longest_block_ + 12 + of_v);
  return chain * 0x1p-53 * magnitude_[size(output)] * (1.0 + (chain + static_cast<double>(features)) * 0x1p-52);
}

}  // namespace neuspec
