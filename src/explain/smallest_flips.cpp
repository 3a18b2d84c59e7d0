#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "certify/sphere_quadratic.hpp"
#include "device/lapack.hpp"
#include "explain/eigenbasis.hpp"
#include "explain/nearest_zero.hpp"
#include "neuspec/error.hpp"
#include "neuspec/explain.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Index kBatch = 64;  // samples a thread takes at once; independent of the number of threads, so that the bits are

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

double norm_of(const double* x, Index count) { return neuspec::norm_of(std::span(x, size(count))); }

void check(const QuadraticOutput& output) {
  const auto finite = [](double value) { return std::isfinite(value); };
  const std::size_t d = output.q.size();
  if (d == 0 || output.Q.size() != d * d) throw DataError("a quadratic output of " + std::to_string(d) + " features needs as many rows and columns");
  if (!std::all_of(output.Q.begin(), output.Q.end(), finite) || !std::all_of(output.q.begin(), output.q.end(), finite) || !finite(output.s) ||
      !finite(output.rounding.Q + output.rounding.q + output.rounding.s))
    throw DataError("a quadratic output has a value that is not finite");
}

/// How large the terms of an output are at a sample of that norm, and what rounding does to their sum.
struct Magnitude {
  double Q = 0, q = 0, s = 0;
  QuadraticOutput::Rounding rounding = {};
  double error_at(double norm, double relative) const {
    return relative * ((Q * norm + q) * norm + s) + ((rounding.Q * norm + rounding.q) * norm + rounding.s);
  }
};

Magnitude magnitude_of(const QuadraticOutput& output) {
  const auto d = static_cast<Index>(output.q.size());
  return {.Q = norm_of(output.Q.data(), d * d), .q = norm_of(output.q.data(), d), .s = std::abs(output.s), .rounding = output.rounding};
}

/// Where the prediction changes from output `first` to `second` or back: the zeros of h = f_first − f_second, diagonalised. One output has its own
/// zeros, with `second` none.
struct Boundary {
  Index first = 0, second = 0;
  Eigenbasis basis;
  std::vector<double> linear;  // Vᵀq of h
  double linear_norm = 0;
  double constant = 0;                      // s of h
  QuadraticOutput::Rounding rounding = {};  // of h

  /// h is s everywhere, however large the outputs are whose difference it is.
  bool flat() const { return basis.spectral_norm() == 0 && linear_norm == 0; }
};

Boundary boundary_of(const std::vector<QuadraticOutput>& outputs, Index first, Index second) {
  const QuadraticOutput& one = outputs[size(first)];
  const auto d = static_cast<Index>(one.q.size());
  Boundary boundary{
      .first = first, .second = second, .basis = {}, .linear = std::vector<double>(size(d)), .constant = one.s, .rounding = one.rounding};
  std::vector<double> Q = one.Q, q = one.q;
  if (outputs.size() > 1) {
    const QuadraticOutput& other = outputs[size(second)];
    for (std::size_t i = 0; i < other.Q.size(); ++i) Q[i] -= other.Q[i];
    for (std::size_t i = 0; i < q.size(); ++i) q[i] -= other.q[i];
    boundary.rounding.Q += other.rounding.Q;
    boundary.rounding.q += other.rounding.q;
    boundary.rounding.s += other.rounding.s;
    boundary.constant -= other.s;
  }
  boundary.rounding.s += kEpsilon * std::abs(boundary.constant);
  boundary.linear_norm = norm_of(q.data(), d);
  if (!std::isfinite(norm_of(Q.data(), d * d) + boundary.linear_norm + boundary.rounding.Q + boundary.rounding.q))
    throw DataError("the network's outputs are too far apart: their difference overflows");
  boundary.basis = eigenbasis_of(std::move(Q), d);
  lapack::gemv('T', d, d, 1.0, boundary.basis.vectors.data(), d, q.data(), 0.0, boundary.linear.data());
  return boundary;
}

/// The samples of one call and what was found for each.
class Search {
 public:
  Search(const std::vector<QuadraticOutput>& outputs, const double* x, Index samples, bool with_delta)
      : outputs_(outputs),
        x_(x),
        d_(static_cast<Index>(outputs.front().q.size())),
        with_delta_(with_delta),
        norms_(size(samples)),
        flips_(size(samples)),
        values_(size(samples) * outputs.size()) {
    for (const QuadraticOutput& output : outputs) magnitudes_.push_back(magnitude_of(output));
  }

  std::vector<Flip> run() {
    parallel_pieces((samples() + kBatch - 1) / kBatch, [&](Index piece) { predict(piece * kBatch, std::min(samples(), (piece + 1) * kBatch)); });
    const auto count = static_cast<Index>(outputs_.size());
    if (count == 1) cross(boundary_of(outputs_, 0, 0));
    for (Index first = 0; first < count; ++first)
      for (Index second = first + 1; second < count; ++second) cross(boundary_of(outputs_, first, second));
    return std::move(flips_);
  }

 private:
  Index samples() const { return static_cast<Index>(flips_.size()); }
  const double* row(Index i) const { return x_ + i * d_; }
  double* values(Index i) { return values_.data() + i * static_cast<Index>(outputs_.size()); }

  /// All outputs at samples first … last − 1, and the prediction that follows.
  void predict(Index first, Index last) {
    std::vector<double> product(size(d_ * (last - first)));
    for (std::size_t k = 0; k < outputs_.size(); ++k) {
      lapack::gemm('N', 'N', d_, last - first, d_, 1.0, outputs_[k].Q.data(), d_, row(first), d_, 0.0, product.data(), d_);
      for (Index i = first; i < last; ++i) {
        double value = outputs_[k].s;
        for (Index l = 0; l < d_; ++l) value += row(i)[l] * (product[size((i - first) * d_ + l)] + outputs_[k].q[size(l)]);
        values(i)[k] = value;
      }
    }
    for (Index i = first; i < last; ++i) {
      Flip& flip = flips_[size(i)];
      norms_[size(i)] = norm_of(row(i), d_);
      if (!std::isfinite(norms_[size(i)])) throw DataError("sample " + std::to_string(i + 1) + " has a value that is not finite");
      const double* f = values(i);
      const bool several = outputs_.size() > 1;
      if (!std::all_of(f, f + outputs_.size(), [](double value) { return std::isfinite(value); }))
        throw DataError("sample " + std::to_string(i + 1) + " is too large: an output overflows");
      flip.prediction = several ? std::max_element(f, f + outputs_.size()) - f : (*f >= 0 ? 1 : -1);
      flip.competitor = flip.prediction;
      flip.distance = flip.lower_bound = kInfinity;
    }
  }

  /// Takes every sample that is on one side of the boundary to the other.
  void cross(const Boundary& boundary) {
    std::vector<Index> chosen;
    for (Index i = 0; i < samples(); ++i) {
      const Index prediction = flips_[size(i)].prediction;
      if (outputs_.size() == 1 || prediction == boundary.first || prediction == boundary.second) chosen.push_back(i);
    }
    const auto count = static_cast<Index>(chosen.size());
    parallel_pieces((count + kBatch - 1) / kBatch, [&](Index piece) {
      const Index first = piece * kBatch;
      cross(boundary, {chosen.begin() + first, chosen.begin() + std::min(count, first + kBatch)});
    });
  }

  void cross(const Boundary& boundary, const std::vector<Index>& chosen) {
    const auto count = static_cast<Index>(chosen.size());
    std::vector<double> gathered(size(d_ * count)), rotated(gathered.size());
    for (Index c = 0; c < count; ++c) std::copy_n(row(chosen[size(c)]), d_, gathered.data() + c * d_);
    lapack::gemm('T', 'N', d_, count, d_, 1.0, boundary.basis.vectors.data(), d_, gathered.data(), d_, 0.0, rotated.data(), d_);
    for (Index c = 0; c < count; ++c) cross(boundary, chosen[size(c)], rotated.data() + c * d_);
  }

  /// `z` is the sample in the eigenbasis.
  void cross(const Boundary& boundary, Index i, const double* z) {
    Flip& flip = flips_[size(i)];
    const double* f = values(i);
    const bool single = outputs_.size() == 1;
    const bool above = single ? flip.prediction > 0 : flip.prediction == boundary.first;
    const double sign = above ? -1 : 1, h = boundary.flat() ? boundary.constant : single ? *f : f[boundary.first] - f[boundary.second];
    std::vector<double> lambda(size(d_)), p(size(d_)), y;
    for (std::size_t l = 0; l < lambda.size(); ++l) {
      lambda[l] = sign * boundary.basis.lambda[l];
      p[l] = sign * (2 * boundary.basis.lambda[l] * z[l] + boundary.linear[l]);
    }
    const double r = std::max(0.0, above ? h : -h);
    const Uncertainty off = uncertainty(boundary, norms_[size(i)]);
    const NearestZero nearest = nearest_zero(lambda, p, r, off, y);
    flip.lower_bound = std::min(flip.lower_bound, nearest.lower_bound);
    if (nearest.distance >= flip.distance) return;
    const double distance = attained(lambda, p, r, off, nearest.distance, y) * (1 + boundary.basis.vectors_off + relative());
    if (!(distance < flip.distance)) return;
    flip.distance = distance;
    flip.competitor = single ? -flip.prediction : (above ? boundary.second : boundary.first);
    if (!with_delta_) return;
    flip.delta.resize(size(d_));
    lapack::gemv('N', d_, d_, 1.0, boundary.basis.vectors.data(), d_, y.data(), 0.0, flip.delta.data());
  }

  /// A point that reaches zero for every function within the uncertainty, and how far it is: one of a level that is higher by more than the function
  /// can be off there, rounding of the search included. Infinite where there is none; `from` is the distance of the function given.
  static double attained(const std::vector<double>& lambda, const std::vector<double>& p, double r, const Uncertainty& off, double from,
                         std::vector<double>& y) {
    for (int attempt = 0; attempt < 6 && std::isfinite(from); ++attempt) {
      const double radius = 1.125 * from, level = r + 4 * (off.constant + (off.linear + off.quadratic * radius) * radius);
      if (!std::isfinite(level)) break;
      const NearestZero nearest = nearest_zero(lambda, p, level, {}, y);
      if (nearest.distance <= radius) return nearest.distance;
      from = nearest.distance;
    }
    return kInfinity;
  }

  double relative() const { return static_cast<double>(d_ + 8) * kEpsilon; }

  /// What is proven of the eigenbasis, rounding of the rotations into it (sums of d products, |V| being no larger than √d) and of the values,
  /// underflow, and what the outputs brought along.
  Uncertainty uncertainty(const Boundary& boundary, double norm) const {
    const double spectral = boundary.basis.spectral_norm(), rotation = boundary.basis.vectors_off + std::sqrt(static_cast<double>(d_)) * relative();
    const double least = static_cast<double>(4 * d_ * d_) * (norm + 1) * std::numeric_limits<double>::denorm_min();
    if (boundary.flat())
      return {.quadratic = boundary.rounding.Q,
              .linear = 2 * boundary.rounding.Q * norm + boundary.rounding.q,
              .constant = (boundary.rounding.Q * norm + boundary.rounding.q) * norm + boundary.rounding.s};
    Uncertainty result;
    result.quadratic = boundary.basis.values_off + relative() * spectral + boundary.rounding.Q;
    result.linear = 2 * boundary.basis.values_off * norm + rotation * (2 * spectral * norm + boundary.linear_norm) + 2 * boundary.rounding.Q * norm +
                    boundary.rounding.q + least * (1 + spectral);
    result.constant = magnitudes_[size(boundary.first)].error_at(norm, relative()) + least;
    if (boundary.second != boundary.first) result.constant += magnitudes_[size(boundary.second)].error_at(norm, relative());
    return result;
  }

  const std::vector<QuadraticOutput>& outputs_;
  const double* x_;
  Index d_;
  bool with_delta_;
  std::vector<double> norms_;
  std::vector<Flip> flips_;
  std::vector<double> values_;
  std::vector<Magnitude> magnitudes_;
};

}  // namespace

std::vector<double> spectrum(const QuadraticOutput& output) {
  check(output);
  return eigenvalues_of(output.Q, static_cast<Index>(output.q.size()));
}

std::vector<Flip> smallest_flips(const std::vector<QuadraticOutput>& outputs, const double* x, Index samples, bool with_delta) {
  if (outputs.empty()) throw DataError("there is no output to change");
  for (const QuadraticOutput& output : outputs) {
    check(output);
    if (output.q.size() != outputs.front().q.size()) throw DataError("the outputs differ in their number of features");
  }
  return Search(outputs, x, samples, with_delta).run();
}

}  // namespace neuspec
