#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "device/lapack.hpp"
#include "device/parallel.hpp"
#include "explain/nearest_zero.hpp"
#include "neuspec/explain.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Index kBatch = 64;  // samples a thread takes at once; independent of the number of threads, so that the bits are

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

double norm_of(const double* x, Index count) {
  double sum = 0;
  for (Index i = 0; i < count; ++i) sum += x[i] * x[i];
  return std::sqrt(sum);
}

void check(const QuadraticOutput& output) {
  const auto finite = [](double value) { return std::isfinite(value); };
  const std::size_t d = output.q.size();
  if (d == 0 || output.Q.size() != d * d) throw DataError("a quadratic output of " + std::to_string(d) + " features needs as many rows and columns");
  if (!std::all_of(output.Q.begin(), output.Q.end(), finite) || !std::all_of(output.q.begin(), output.q.end(), finite) || !finite(output.s))
    throw DataError("a quadratic output has a value that is not finite");
}

/// Eigenvalues ascending, with vectors in place of Q.
std::vector<double> decompose(std::vector<double>& Q, Index d, bool with_vectors) {
  std::vector<double> lambda(size(d)), work;
  std::vector<int> iwork;
  if (lapack::syevd(with_vectors, d, Q.data(), d, lambda.data(), work, iwork) != 0)
    throw DataError("the eigendecomposition of a quadratic output did not converge");
  return lambda;
}

/// How large the terms of an output are at a sample of that norm, and what rounding does to their sum.
struct Magnitude {
  double Q = 0, q = 0, s = 0, rounding = 0;
  double error_at(double norm, double relative) const { return relative * ((Q * norm + q) * norm + s) + rounding * (norm * norm + norm + 1); }
};

Magnitude magnitude_of(const QuadraticOutput& output) {
  const auto d = static_cast<Index>(output.q.size());
  return {.Q = norm_of(output.Q.data(), d * d), .q = norm_of(output.q.data(), d), .s = std::abs(output.s), .rounding = output.rounding};
}

/// Where the prediction changes from output `first` to `second` or back: the zeros of h = f_first − f_second, diagonalised. One output has its own
/// zeros, with `second` none.
struct Boundary {
  Index first = 0, second = 0;
  std::vector<double> vectors, lambda = {}, linear;  // linear = Vᵀq of h
  double spectral_norm = 0, linear_norm = 0, rounding = 0;
};

Boundary boundary_of(const std::vector<QuadraticOutput>& outputs, Index first, Index second) {
  const QuadraticOutput& one = outputs[size(first)];
  const auto d = static_cast<Index>(one.q.size());
  Boundary boundary{.first = first, .second = second, .vectors = one.Q, .linear = std::vector<double>(size(d)), .rounding = one.rounding};
  std::vector<double> q = one.q;
  if (outputs.size() > 1) {
    const QuadraticOutput& other = outputs[size(second)];
    for (std::size_t i = 0; i < other.Q.size(); ++i) boundary.vectors[i] -= other.Q[i];
    for (std::size_t i = 0; i < q.size(); ++i) q[i] -= other.q[i];
    boundary.rounding += other.rounding;
  }
  boundary.lambda = decompose(boundary.vectors, d, true);
  lapack::gemv('T', d, d, 1.0, boundary.vectors.data(), d, q.data(), 0.0, boundary.linear.data());
  boundary.spectral_norm = std::max(std::abs(boundary.lambda.front()), std::abs(boundary.lambda.back()));
  boundary.linear_norm = norm_of(q.data(), d);
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
    lapack::gemm('T', 'N', d_, count, d_, 1.0, boundary.vectors.data(), d_, gathered.data(), d_, 0.0, rotated.data(), d_);
    for (Index c = 0; c < count; ++c) cross(boundary, chosen[size(c)], rotated.data() + c * d_);
  }

  /// `z` is the sample in the eigenbasis.
  void cross(const Boundary& boundary, Index i, const double* z) {
    Flip& flip = flips_[size(i)];
    const double* f = values(i);
    const bool single = outputs_.size() == 1;
    const bool above = single ? flip.prediction > 0 : flip.prediction == boundary.first;
    const double sign = above ? -1 : 1, h = single ? *f : f[boundary.first] - f[boundary.second];
    std::vector<double> lambda(size(d_)), p(size(d_)), y;
    for (std::size_t l = 0; l < lambda.size(); ++l) {
      lambda[l] = sign * boundary.lambda[l];
      p[l] = sign * (2 * boundary.lambda[l] * z[l] + boundary.linear[l]);
    }
    const NearestZero nearest = nearest_zero(lambda, p, std::abs(h), uncertainty(boundary, norms_[size(i)]), y);
    flip.lower_bound = std::min(flip.lower_bound, nearest.lower_bound);
    if (nearest.distance >= flip.distance) return;
    flip.distance = nearest.distance;
    flip.competitor = single ? -flip.prediction : (above ? boundary.second : boundary.first);
    if (!with_delta_) return;
    flip.delta.resize(size(d_));
    lapack::gemv('N', d_, d_, 1.0, boundary.vectors.data(), d_, y.data(), 0.0, flip.delta.data());
  }

  /// Backward error of the eigendecomposition, of the rotations by its vectors and of the values, on top of what the outputs brought along.
  Uncertainty uncertainty(const Boundary& boundary, double norm) const {
    const double relative = static_cast<double>(d_ + 8) * kEpsilon;
    Uncertainty result;
    result.quadratic = relative * boundary.spectral_norm + boundary.rounding;
    result.linear = relative * (4 * boundary.spectral_norm * norm + boundary.linear_norm) + boundary.rounding * (2 * norm + 1);
    result.constant = magnitudes_[size(boundary.first)].error_at(norm, relative);
    if (boundary.second != boundary.first) result.constant += magnitudes_[size(boundary.second)].error_at(norm, relative);
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
  std::vector<double> Q = output.Q;
  return decompose(Q, static_cast<Index>(output.q.size()), false);
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
