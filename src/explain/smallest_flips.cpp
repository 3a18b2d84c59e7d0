#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "certify/sphere_quadratic.hpp"
#include "device/lapack.hpp"
#include "explain/boundary.hpp"
#include "explain/nearest_zero.hpp"
#include "explain/neuron_span.hpp"
#include "neuspec/error.hpp"
#include "neuspec/explain.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Index kChunk = 4096;  // samples of a source at a time
constexpr Index kBatch = 64;    // samples a thread takes at once; independent of the number of threads, so that the bits are

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

double norm_of(const double* x, Index count) { return neuspec::norm_of(std::span(x, size(count))); }

/// Samples, a chunk at a time: body(x of some rows, the first one's index, how many).
using Samples = std::function<void(const std::function<void(const double*, Index, Index)>&)>;

/// The samples of one call and what was found for each. With a `space` the outputs are functions of the samples' coordinates in it.
class Search {
 public:
  Search(const std::vector<QuadraticOutput>& outputs, const NeuronSpan* space, Samples visit, Index samples, bool with_delta)
      : outputs_(outputs),
        space_(space),
        visit_(std::move(visit)),
        d_(static_cast<Index>(outputs.front().q.size())),
        with_delta_(with_delta),
        sizes_(size(samples)),
        flips_(size(samples)),
        values_(size(samples) * outputs.size()) {
    for (const QuadraticOutput& output : outputs) magnitudes_.push_back(magnitude_of(output));
  }

  std::vector<Flip> run() {
    visit_([&](const double* x, Index from, Index count) {
      parallel_pieces((count + kBatch - 1) / kBatch, [&](Index piece) {
        const Index first = piece * kBatch;
        predict(x + first * width(), from + first, std::min(kBatch, count - first));
      });
    });
    const auto count = static_cast<Index>(outputs_.size());
    if (count == 1) cross(boundary_of(outputs_, 0, 0));
    for (Index first = 0; first < count; ++first)
      for (Index second = first + 1; second < count; ++second) cross(boundary_of(outputs_, first, second));
    return std::move(flips_);
  }

 private:
  Index width() const { return space_ != nullptr ? space_->features : d_; }
  double* values(Index i) { return values_.data() + i * static_cast<Index>(outputs_.size()); }
  /// What the outputs are functions of, for some rows.
  const double* coordinates(const double* x, Index count, std::vector<double>& room) const {
    if (space_ == nullptr) return x;
    room.resize(size(d_ * count));
    space_->coordinates(x, count, room.data());
    return room.data();
  }
  SampleSize size_of(const double* x, const double* z) const {
    const double norm = norm_of(z, d_);
    if (space_ == nullptr) return {.norm = norm, .whole = norm, .off = 0};
    const double whole = norm_of(x, width()), off = space_->coordinates_off(whole);
    return {.norm = norm + off, .whole = whole, .off = off};
  }

  /// All outputs at samples first … first + count − 1, and the prediction that follows.
  void predict(const double* x, Index first, Index count) {
    std::vector<double> product(size(d_ * count)), room;
    const double* const z = coordinates(x, count, room);
    for (std::size_t k = 0; k < outputs_.size(); ++k) {
      lapack::gemm('N', 'N', d_, count, d_, 1.0, outputs_[k].Q.data(), d_, z, d_, 0.0, product.data(), d_);
      for (Index c = 0; c < count; ++c) {
        double value = outputs_[k].s;
        for (Index l = 0; l < d_; ++l) value += z[c * d_ + l] * (product[size(c * d_ + l)] + outputs_[k].q[size(l)]);
        values(first + c)[k] = value;
      }
    }
    for (Index c = 0; c < count; ++c) {
      const Index i = first + c;
      Flip& flip = flips_[size(i)];
      sizes_[size(i)] = size_of(x + c * width(), z + c * d_);
      if (!std::isfinite(sizes_[size(i)].norm)) throw DataError("sample " + std::to_string(i + 1) + " has a value that is not finite");
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
    visit_([&](const double* x, Index from, Index samples) {
      std::vector<Index> chosen;
      for (Index i = from; i < from + samples; ++i) {
        const Index prediction = flips_[size(i)].prediction;
        if (outputs_.size() == 1 || prediction == boundary.first || prediction == boundary.second) chosen.push_back(i);
      }
      const auto count = static_cast<Index>(chosen.size());
      parallel_pieces((count + kBatch - 1) / kBatch, [&](Index piece) {
        const Index first = piece * kBatch;
        cross(boundary, {chosen.begin() + first, chosen.begin() + std::min(count, first + kBatch)}, x - from * width());
      });
    });
  }

  /// Sample i is the row x + i·width().
  void cross(const Boundary& boundary, const std::vector<Index>& chosen, const double* x) {
    const auto count = static_cast<Index>(chosen.size());
    std::vector<double> gathered(size(width() * count)), rotated(size(d_ * count)), room;
    for (Index c = 0; c < count; ++c) std::copy_n(x + chosen[size(c)] * width(), width(), gathered.data() + c * width());
    const double* const z = coordinates(gathered.data(), count, room);
    lapack::gemm('T', 'N', d_, count, d_, 1.0, boundary.basis.vectors.data(), d_, z, d_, 0.0, rotated.data(), d_);
    for (Index c = 0; c < count; ++c) cross(boundary, chosen[size(c)], rotated.data() + c * d_);
  }

  /// `z` is the sample in the eigenbasis.
  void cross(const Boundary& boundary, Index i, const double* z) {
    Flip& flip = flips_[size(i)];
    const double* f = values(i);
    const bool single = outputs_.size() == 1;
    const bool above = single ? flip.prediction > 0 : flip.prediction == boundary.first;
    const double sign = above ? -1 : 1, h = boundary.flat() ? boundary.constant : single ? *f : f[boundary.first] - f[boundary.second];
    // All directions outside of the space are one in which the function is flat.
    std::vector<double> lambda(size(d_) + (space_ != nullptr ? 1 : 0)), p(lambda.size()), y;
    for (std::size_t l = 0; l < size(d_); ++l) {
      lambda[l] = sign * boundary.basis.lambda[l];
      p[l] = sign * (2 * boundary.basis.lambda[l] * z[l] + boundary.linear[l]);
    }
    const double r = std::max(0.0, above ? h : -h);
    const Uncertainty off = uncertainty(boundary, sizes_[size(i)]);
    const NearestZero nearest = nearest_zero(lambda, p, r, off, y);
    flip.lower_bound = std::min(flip.lower_bound, nearest.lower_bound);
    if (nearest.distance >= flip.distance) return;
    const double distance = attained(lambda, p, r, off, nearest.distance, y) * (1 + boundary.basis.vectors_off + relative() + turned());
    if (!(distance < flip.distance)) return;
    flip.distance = distance;
    flip.competitor = single ? -flip.prediction : (above ? boundary.second : boundary.first);
    if (!with_delta_) return;
    std::vector<double> change(size(d_));
    lapack::gemv('N', d_, d_, 1.0, boundary.basis.vectors.data(), d_, y.data(), 0.0, change.data());
    flip.delta = std::move(change);
    if (space_ == nullptr) return;
    change.assign(size(width()), 0.0);
    lapack::gemv('N', width(), d_, 1.0, space_->basis.data(), width(), flip.delta.data(), 0.0, change.data());
    flip.delta = std::move(change);
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
  /// What a change of length 1 in the space, brought to the features, is off by.
  double turned() const { return space_ != nullptr ? space_->coordinates_off(1) : 0; }

  /// What is proven of the eigenbasis, rounding of the rotations into it (sums of d products, |V| being no larger than √d) and of the values,
  /// underflow, what the outputs brought along, and coordinates in the space that are off, of the sample and of its change.
  Uncertainty uncertainty(const Boundary& boundary, const SampleSize& x) const {
    const double spectral = boundary.basis.spectral_norm(), rotation = boundary.basis.vectors_off + std::sqrt(static_cast<double>(d_)) * relative();
    const double least = static_cast<double>(4 * d_ * d_) * (x.norm + 1) * std::numeric_limits<double>::denorm_min();
    const QuadraticOutput::Rounding& rounding = boundary.rounding;
    if (boundary.flat())
      return {.quadratic = rounding.Q,
              .linear = 2 * rounding.Q * x.whole + rounding.q,
              .constant = (rounding.Q * x.whole + rounding.q) * x.whole + rounding.s};
    Uncertainty result;
    result.quadratic = boundary.basis.values_off + relative() * spectral + rounding.Q + 2 * turned() * spectral;
    result.linear = 2 * boundary.basis.values_off * x.norm + rotation * (2 * spectral * x.norm + boundary.linear_norm) + 2 * rounding.Q * x.whole +
                    rounding.q + least * (1 + spectral) + 2 * (spectral + boundary.basis.values_off) * x.off +
                    turned() * (2 * spectral * x.norm + boundary.linear_norm);
    result.constant = magnitudes_[size(boundary.first)].error_at(x, relative()) + least;
    if (boundary.second != boundary.first) result.constant += magnitudes_[size(boundary.second)].error_at(x, relative());
    return result;
  }

  const std::vector<QuadraticOutput>& outputs_;
  const NeuronSpan* space_;
  Samples visit_;
  Index d_;  // that the outputs are functions of
  bool with_delta_;
  std::vector<SampleSize> sizes_;
  std::vector<Flip> flips_;
  std::vector<double> values_;
  std::vector<Magnitude> magnitudes_;
};

/// \throws DataError unless the outputs are of as many features each
void check(const std::vector<QuadraticOutput>& outputs) {
  if (outputs.empty()) throw DataError("there is no output to change");
  for (const QuadraticOutput& output : outputs) {
    check_output(output);
    if (output.q.size() != outputs.front().q.size()) throw DataError("the outputs differ in their number of features");
  }
}

}  // namespace

std::vector<double> spectrum(const QuadraticOutput& output) {
  check_output(output);
  return eigenvalues_of(output.Q, static_cast<Index>(output.q.size()));
}

std::vector<std::vector<double>> spectra(const Network& network) {
  const std::optional<NeuronSpan> space = span_of(network);
  std::vector<std::vector<double>> result;
  for (const QuadraticOutput& output : space ? space->outputs : quadratic_form(network)) {
    std::vector<double> lambda = spectrum(output);
    const auto outside = size(network.features) - lambda.size();
    lambda.insert(std::lower_bound(lambda.begin(), lambda.end(), 0.0), outside, 0.0);
    result.push_back(std::move(lambda));
  }
  return result;
}

std::vector<Flip> smallest_flips(const std::vector<QuadraticOutput>& outputs, const double* x, Index samples, bool with_delta) {
  check(outputs);
  return Search(outputs, nullptr, [&](const auto& body) { body(x, Index(0), samples); }, samples, with_delta).run();
}

std::vector<Flip> smallest_flips(const Network& network, const Source& data, bool with_delta) {
  if (data.features() != network.features)
    throw DataError("the samples have " + std::to_string(data.features()) + " features, the network " + std::to_string(network.features));
  const std::optional<NeuronSpan> space = span_of(network);
  const std::vector<QuadraticOutput> outputs = space ? space->outputs : quadratic_form(network);
  check(outputs);
  const Samples visit = [&](const auto& body) { data.visit(kChunk, [&](const Chunk& chunk) { body(chunk.x, chunk.first, chunk.samples); }); };
  return Search(outputs, space ? &*space : nullptr, visit, data.samples(), with_delta).run();
}

}  // namespace neuspec
