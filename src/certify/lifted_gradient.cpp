#include "certify/lifted_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "device/lapack.hpp"
#include "numeric/rounding.hpp"

namespace neuspec {
namespace {

constexpr Index kRows = LiftedGradient::block_rows;

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

// Two SYRKs, over the samples with v > 0 and those with v < 0, each row scaled by √|v|: half the flops of Xᵀ(diag(v)X) by GEMM and
// faster at every size measured (d = 30 to 784). The second kind fills the scratch from its end.
void add_quadratic(double a, Index d, Index C, const double* x, Index stride, const double* v, Index rows, double* M) {
  static thread_local std::vector<double> scaled;
  scaled.resize(std::max(scaled.size(), size(d * kRows)));
  Index plus = 0, minus = 0;
  for (Index i = 0; i < rows; ++i) {
    const double root = std::sqrt(std::abs(v[i * C]));
    double* to = scaled.data() + d * (v[i * C] > 0 ? plus++ : kRows - ++minus);
    for (Index l = 0; l < d; ++l) to[l] = root * x[i * stride + l];
  }
  if (plus > 0) lapack::syrk('N', d, plus, a, scaled.data(), d, 1.0, M, d);
  if (minus > 0) lapack::syrk('N', d, minus, -a, scaled.data() + d * (kRows - minus), d, 1.0, M, d);
}

void add_to(std::vector<double>& sum, const std::vector<double>& part) {
  std::transform(sum.begin(), sum.end(), part.begin(), sum.begin(), std::plus<>());
}

}  // namespace

LiftedGradient::LiftedGradient(const Activation& activation, Index d, Index C)
    : features(d), outputs(C), M(size(d * d * C)), q(size(d * C)), t(size(C)), activation_(activation), magnitude_(size(C)) {}

void LiftedGradient::add_rows(const double* x, Index stride, const double* v, Index rows) {
  const Index d = features, C = outputs;
  const Activation& sigma = activation_;
  if (sigma.a != 0)
    for (Index k = 0; k < C; ++k) add_quadratic(sigma.a, d, C, x, stride, v + k, rows, M.data() + k * d * d);
  if (sigma.b != 0) lapack::gemm('N', 'T', d, C, rows, sigma.b, x, stride, v, C, 1.0, q.data(), d);
  for (Index i = 0; i < rows; ++i) {
    const double length = rounding::length(x + i * stride, d);
    lengths_ += length;
    squares_ += length * length;
    for (Index k = 0; k < C; ++k) {
      const double amount = std::abs(v[i * C + k]), linear = amount * length;
      Magnitude& sums = magnitude_[size(k)];
      sums.v += amount;
      sums.linear += linear;
      sums.quadratic += linear * length;
    }
  }
  for (Index k = 0; k < C; ++k) {
    double sum = 0;
    for (Index i = 0; i < rows; ++i) sum += v[i * C + k];
    t[size(k)] += sigma.c * sum;
  }
  samples_ += rows;
  depth_ += 2;
  longest_block_ = std::max(longest_block_, rows);
}

void LiftedGradient::accumulate(const double* x, Index stride, const double* v, Index samples) {
  for (Index first = 0; first < samples; first += kRows) add_rows(x + first * stride, stride, v + first * outputs, std::min(kRows, samples - first));
}

void LiftedGradient::add(const LiftedGradient& part) {
  add_to(M, part.M);
  add_to(q, part.q);
  add_to(t, part.t);
  for (std::size_t k = 0; k < magnitude_.size(); ++k) {
    magnitude_[k].v += part.magnitude_[k].v;
    magnitude_[k].linear += part.magnitude_[k].linear;
    magnitude_[k].quadratic += part.magnitude_[k].quadratic;
  }
  lengths_ += part.lengths_;
  squares_ += part.squares_;
  samples_ += part.samples_;
  depth_ = std::max(depth_, part.depth_) + 1;
  longest_block_ = std::max(longest_block_, part.longest_block_);
}

// In whatever order the ranks are added, the chain grows by no more than their number.
void LiftedGradient::add_ranks(const Ranks* ranks) {
  if (ranks == nullptr) return;
  for (std::vector<double>* part : {&M, &q, &t}) ranks->sum(*part);
  std::vector<double> sums{lengths_, squares_, static_cast<double>(samples_)};
  for (const Magnitude& magnitude : magnitude_) sums.insert(sums.end(), {magnitude.v, magnitude.linear, magnitude.quadratic});
  ranks->sum(sums);
  lengths_ = sums[0];
  squares_ = sums[1];
  samples_ = static_cast<Index>(sums[2]);
  for (std::size_t k = 0; k < magnitude_.size(); ++k) magnitude_[k] = {sums[3 * k + 3], sums[3 * k + 4], sums[3 * k + 5]};
  depth_ = static_cast<Index>(ranks->largest(static_cast<double>(depth_))) + ranks->size();
  longest_block_ = static_cast<Index>(ranks->largest(static_cast<double>(longest_block_)));
}

double LiftedGradient::rounding(Index output, Index of_v) const {
  const double a = std::abs(activation_.a), b = std::abs(activation_.b), c = std::abs(activation_.c);
  const Magnitude& sums = magnitude_[size(output)];
  const auto d = static_cast<double>(features), n = static_cast<double>(samples_), units = static_cast<double>(of_v);
  // n²u for compensated sums that v has been balanced by; 12 for the roots, the products and the factors a, b, c, each divided by the patches of a
  // pool; the last factor for the rounding of the magnitude, which sums n terms of d squares.
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
  return chain * rounding::u * magnitude * (1.0 + (chain + d + n) * 0x1p-52) + 2 * rounding::least * lost;
}

}  // namespace neuspec
