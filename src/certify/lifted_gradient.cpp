#include "certify/lifted_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "device/lapack.hpp"
#include "numeric/rounding.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

constexpr Index kRows = 256;          // samples a block: long enough for SYRK, short chains of additions
constexpr Index kPrivate = 1L << 25;  // doubles that the private sums of all threads may take together

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

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

}  // namespace

/// Where one thread adds its samples, and its scratch of kRows rows.
struct LiftedGradient::Part {
  double *M, *q, *t, *scaled;
  Magnitude* magnitude;
  double* lengths;  ///< Σ ‖x_i‖, Σ ‖x_i‖²
};

void LiftedGradient::add_rows(const double* x, Index stride, const double* v, Index rows, const Part& part) const {
  const Index d = features, C = outputs;
  const Activation& sigma = activation_;
  if (sigma.a != 0)
    for (Index k = 0; k < C; ++k) add_quadratic(sigma.a, d, C, x, stride, v + k, rows, part.scaled, part.M + k * d * d);
  if (sigma.b != 0) lapack::gemm('N', 'T', d, C, rows, sigma.b, x, stride, v, C, 1.0, part.q, d);
  for (Index i = 0; i < rows; ++i) {
    const double length = rounding::length(x + i * stride, d);
    part.lengths[0] += length;
    part.lengths[1] += length * length;
    for (Index k = 0; k < C; ++k) {
      const double size = std::abs(v[i * C + k]), linear = size * length;
      part.magnitude[k].v += size;
      part.magnitude[k].linear += linear;
      part.magnitude[k].quadratic += linear * length;
    }
  }
  for (Index k = 0; k < C; ++k) {
    double sum = 0;
    for (Index i = 0; i < rows; ++i) sum += v[i * C + k];
    part.t[k] += sigma.c * sum;
  }
}

LiftedGradient::LiftedGradient(const Activation& activation, Index d, Index C)
    : features(d), outputs(C), M(size(d * d * C)), q(size(d * C)), t(size(C)), activation_(activation), magnitude_(size(C)) {}

void LiftedGradient::accumulate(const double* x, Index stride, const double* v, Index samples) {
  const Index d = features, C = outputs, blocks = (samples + kRows - 1) / kRows;
  const Index available = neuspec::threads();
  const Index own = (d * d + d + 1) * C + 2, scratch = d * kRows;
  // Threads take blocks of rows where there are enough; else the BLAS may share out each block's SYRK.
  const Index threads = blocks >= 2 * available && own <= kPrivate / available ? available : 1;

  std::vector<double> sums(size((threads - 1) * own)), scaled(size(threads * scratch)), lengths(2);
  std::vector<Magnitude> magnitudes(size((threads - 1) * C));
  const auto part_of = [&](Index thread) -> Part {
    double* work = scaled.data() + thread * scratch;
    if (thread == 0) return {.M = M.data(), .q = q.data(), .t = t.data(), .scaled = work, .magnitude = magnitude_.data(), .lengths = lengths.data()};
    double* at = sums.data() + (thread - 1) * own;
    return {.M = at,
            .q = at + d * d * C,
            .t = at + (d * d + d) * C,
            .scaled = work,
            .magnitude = magnitudes.data() + (thread - 1) * C,
            .lengths = at + own - 2};
  };
  const auto run = [&](Index thread) {
    const Part part = part_of(thread);
    for (Index block = thread * blocks / threads; block < (thread + 1) * blocks / threads; ++block) {
      const Index first = block * kRows;
      add_rows(x + first * stride, stride, v + first * C, std::min(kRows, samples - first), part);
    }
  };
  if (threads == 1) {
    run(0);
  } else {
    run_pieces(threads, static_cast<int>(available), run);
  }
  const auto add = [](std::vector<double>& sum, const double* part) { std::transform(sum.begin(), sum.end(), part, sum.begin(), std::plus<>()); };
  for (Index thread = 1; thread < threads; ++thread) {
    const Part part = part_of(thread);
    add(M, part.M);
    add(q, part.q);
    add(t, part.t);
    add(lengths, part.lengths);
    for (Index k = 0; k < C; ++k) {
      magnitude_[size(k)].v += part.magnitude[k].v;
      magnitude_[size(k)].linear += part.magnitude[k].linear;
      magnitude_[size(k)].quadratic += part.magnitude[k].quadratic;
    }
  }
  lengths_ += lengths[0];
  squares_ += lengths[1];
  samples_ += samples;
  depth_ += 2 * blocks + threads;
  longest_block_ = std::max(longest_block_, std::min(kRows, samples));
}

double LiftedGradient::rounding(Index output, Index of_v) const {
  const double a = std::abs(activation_.a), b = std::abs(activation_.b), c = std::abs(activation_.c);
  const Magnitude& sums = magnitude_[size(output)];
  const auto d = static_cast<double>(features), n = static_cast<double>(samples_), units = static_cast<double>(of_v);
  // n²u for compensated sums that v has been balanced by; 12 for the roots, the products and the factors a, b, c, each divided by the patches of a
  // pool; the last factor for the rounding of the magnitude, whose terms sum d squares.
  const double chain = static_cast<double>(depth_ + longest_block_ + 12) + units + 4 * n * (n * rounding::u);
  double magnitude = c * sums.v, lost = n + c * (n * units);
  if (b != 0) {
    magnitude += b * sums.linear;
    lost += d * (n * (b + 1) + lengths_ + sums.v) + b * lengths_ * units;
  }
  // An entry of M loses (|a| + 1)(1 + √|v_i| ‖x_i‖) 2⁻¹⁰⁷⁴ at most, wherever BLAS multiplies by a, and ‖M‖₂ is d times that;
  // Σ √|v_i| ‖x_i‖ ≤ √n √(Σ |v_i| ‖x_i‖²).
  const auto digits = [](double coefficient) { return coefficient == 0 || coefficient > 0x1p-980; };  // when shared among patches
  if (!digits(a) || !digits(b) || !digits(c)) lost += sums.v + sums.linear + (a != 0 ? sums.quadratic : 0);
  if (a != 0) {
    magnitude += a * sums.quadratic;
    lost += d * (a + 1) * (n + std::sqrt(n) * std::sqrt(sums.quadratic + n * rounding::least)) + a * squares_ * units;
  }
  return chain * rounding::u * magnitude * (1.0 + (chain + d) * 0x1p-52) + 2 * rounding::least * lost;
}

}  // namespace neuspec
