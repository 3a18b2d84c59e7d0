// Samples into moments: about the shift, by chunks in double through the device's accumulator, the chunks' sums in double-double.
#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <string>

#include "device/device.hpp"
#include "device/gpus.hpp"
#include "distribute/gathered_source.hpp"
#include "lift/moment_plan.hpp"
#include "moments/index.hpp"
#include "moments/over_ranks.hpp"
#include "moments/shift.hpp"
#include "neuspec/error.hpp"
#include "numeric/all_within.hpp"
#include "numeric/rounding.hpp"
#include "read/range.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

using moment::at;
using moment::put;

constexpr Index first_samples = 4096;  // that decide the shift
constexpr Index chunk_samples = 4096;  // of a source, a thread
constexpr Index most_features = 4096;  // N⁴ stays far below what an index holds; no memory holds so many moments
constexpr double roundings = 32;  // of a term: four differences from the shift, of standardised features twice as many; three products, the weight

/// Samples less their shift.
struct Shifted {
  std::vector<double> z, zeta;
  double largest = 0, largest_target = 0, largest_weight = 1;

  void take(const Chunk& chunk, const MomentSums& sums) {
    const Index d = sums.features, C = sums.targets;
    z.resize(at(chunk.samples * d));
    zeta.resize(at(chunk.samples * C));
    const double* const weights = chunk.weights;
    parallel_ranges(chunk.samples, 1 + (1 << 16) / (d + C), [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) {
        for (Index j = 0; j < d; ++j) z[at(i * d + j)] = chunk.x[i * d + j] - sums.shift[at(j)];
        for (Index k = 0; k < C; ++k) zeta[at(i * C + k)] = chunk.y[i * C + k] - sums.target_shift[at(k)];
      }
    });
    for (const double value : z) largest = std::max(largest, std::abs(value));
    for (const double value : zeta) largest_target = std::max(largest_target, std::abs(value));
    for (Index i = 0; weights != nullptr && i < chunk.samples; ++i) largest_weight = std::max(largest_weight, weights[i]);
  }
};

/// NaN, infinity and what moments overflow for.
void check(const Chunk& chunk, const Source& data) {
  const bool numbers =
      all_within(chunk.x, chunk.samples * data.features(), largest_usable) && all_within(chunk.y, chunk.samples * data.targets(), largest_usable);
  if (!numbers) check_range(data);  // names the sample
  if (chunk.weights == nullptr) return;
  const double* const end = chunk.weights + chunk.samples;
  const double* const bad = std::find_if_not(chunk.weights, end, [](double w) { return w >= 0 && w <= largest_usable; });
  if (bad == end) return;
  throw DataError("the weight of sample " + std::to_string(chunk.first + (bad - chunk.weights) + 1) + " is not between 0 and 1e60");
}

/// The sums of a source in the plan's order, pairs of doubles in two vectors.
class Accumulation {
 public:
  Accumulation(MomentSums& sums, Device<double>& device)
      : sums_(sums),
        plan_(sums.features + 1),
        high_(at(plan_.buffer_size)),
        low_(high_.size()),
        drained_(high_.size()),
        target_high_(at(plan_.pairs * sums.targets)),
        target_low_(target_high_.size()),
        target_drained_(target_high_.size()),
        accumulator_(device.moment_accumulator(sums.features, sums.targets)) {}

  void add(const Chunk& chunk) {
    shifted_.take(chunk, sums_);
    accumulator_->add({chunk.first, chunk.samples, shifted_.z.data(), shifted_.zeta.data(), chunk.weights});
    add_plain(chunk);
    samples_ += chunk.samples;
    waiting_ += chunk.samples;
    if (waiting_ >= accumulator_->lot()) drain();
  }

  void finish() {
    drain();
    const Index N = plan_.N, d = N - 1;
    // Of this source alone: the diagonal for the envelope.
    const double units = static_cast<double>(longest_) + roundings;
    const auto n = static_cast<double>(samples_);
    // What products below the normal numbers have lost of any sum; as an addend of all envelopes it covers each (Hölder).
    const double lost = n * 0x1p-1070 * (1 + shifted_.largest * shifted_.largest + shifted_.largest_target) * (1 + shifted_.largest_weight);
    const double floor = lost / (units * rounding::u);
    const auto planned = [d](Index i) { return i == 0 ? d : i - 1; };
    for (Index j = 0; j < N; ++j) {
      const Index position = plan_.position(planned(j), planned(j), planned(j), planned(j));
      sums_.envelope[at(j)] += rounding::raised(high_[at(position)], 2 * units) + floor;
    }
    parallel_ranges(N, 1, [&](Index first, Index last) {
      for (Index l = first; l < last; ++l)
        moment::for_quadruples(l, [&](Index i, Index j, Index k, Index, Index position) {
          const Index from = plan_.position(planned(i), planned(j), planned(k), planned(l));
          put(sums_.fourth, position, moment::get(sums_.fourth, position) + DoubleDouble(high_[at(from)], low_[at(from)]));
        });
    });
    const Index p = plan_.pairs;
    for (Index k = 0; k < sums_.targets; ++k) {
      sums_.target_envelope[at(k)] += rounding::raised(squares_[at(k)].value(), 2 * units) + floor;
      put(sums_.squares, k, moment::get(sums_.squares, k) + squares_[at(k)]);
      for (Index j = 0; j < N; ++j)
        for (Index i = 0; i <= j; ++i) {
          const Index a = planned(i), b = planned(j), from = k * p + MomentPlan::pair(std::min(a, b), std::max(a, b)),
                      to = k * p + moment::pair(i, j);
          put(sums_.linear, to, moment::get(sums_.linear, to) + DoubleDouble(target_high_[at(from)], target_low_[at(from)]));
        }
    }
    for (std::size_t j = 0; j < plain_.size(); ++j) {
      const auto to = static_cast<Index>(j);
      put(sums_.plain, to, moment::get(sums_.plain, to) + plain_[j]);
    }
    sums_.samples += samples_;
    sums_.rounding = std::max(sums_.rounding, units) + 0x1p-20;  // of additions in double-double
  }

 private:
  void add_plain(const Chunk& chunk) {
    const Index d = sums_.features, C = sums_.targets;
    plain_.resize(at(2 * d));
    squares_.resize(at(C));
    parallel_ranges(d, 1 + (1 << 14) / (chunk.samples + 1), [&](Index first, Index last) {
      for (Index j = first; j < last; ++j) {
        DoubleDouble sum, squares;
        for (Index i = 0; i < chunk.samples; ++i) {
          const double z = shifted_.z[at(i * d + j)];
          sum += z;
          squares += z * z;
        }
        plain_[at(2 * j)] += sum;
        plain_[at(2 * j + 1)] += squares;
      }
    });
    for (Index i = 0; i < chunk.samples; ++i) {
      const double w = chunk.weights == nullptr ? 1.0 : chunk.weights[i];
      for (Index k = 0; k < C; ++k) {
        const double value = shifted_.zeta[at(i * C + k)];
        squares_[at(k)] += w * value * value;
      }
    }
  }

  static void add_to(std::vector<double>& high, std::vector<double>& low, std::vector<double>& part) {
    parallel_ranges(static_cast<Index>(part.size()), 1 << 13, [&](Index first, Index last) {
      for (auto e = at(first); e < at(last); ++e) {
        const DoubleDouble next = DoubleDouble(high[e], low[e]) + DoubleDouble(part[e]);
        high[e] = next.high;
        low[e] = next.low;
        part[e] = 0;
      }
    });
  }

  void drain() {
    longest_ = std::max(longest_, accumulator_->drain(drained_, target_drained_));
    add_to(high_, low_, drained_);
    add_to(target_high_, target_low_, target_drained_);
    waiting_ = 0;
  }

  MomentSums& sums_;
  MomentPlan plan_;
  std::vector<double> high_, low_, drained_, target_high_, target_low_, target_drained_;
  std::unique_ptr<MomentAccumulator<double>> accumulator_;
  Shifted shifted_;
  std::vector<DoubleDouble> plain_, squares_;
  Index samples_ = 0, waiting_ = 0, longest_ = 0;
};

/// Room for the moments of so many columns. \throws EnvironmentError
void make_room(MomentSums& sums, Index features, Index targets, double free) {
  const Index N = features + 1;
  const double each = std::pow(static_cast<double>(N), 4);  // a stored sum is 16 bytes, and N⁴/8 are summed at a time by each thread
  const double bytes = (16.0 / 24 + 3 + threads()) * each;
  if (features > most_features || bytes > free)
    throw EnvironmentError("not enough memory for the moments of " + std::to_string(features) + " features: " +
                           std::to_string(static_cast<long long>(bytes / (1 << 20))) + " MiB; choose fewer features, or train on the samples");
  sums.features = features;
  sums.targets = targets;
  sums.envelope.assign(at(N), 0.0);
  sums.target_envelope.assign(at(targets), 0.0);
  sums.plain.assign(at(4 * features), 0.0);
  sums.fourth.assign(at(2 * moment::quadruples(N)), 0.0);
  sums.linear.assign(at(2 * targets * moment::pairs(N)), 0.0);
  sums.squares.assign(at(2 * targets), 0.0);
}

void choose_shift(MomentSums& sums, const Chunk& chunk) {
  const Index rows = std::min(chunk.samples, first_samples);
  for (Index j = 0; j < sums.features; ++j) sums.shift.push_back(moment::shift_of(chunk.x + j, rows, sums.features));
  for (Index k = 0; k < sums.targets; ++k) sums.target_shift.push_back(moment::shift_of(chunk.y + k, rows, sums.targets));
}

}  // namespace

Moments::Moments(Preprocessing columns, std::string provenance) : preprocessing_(std::move(columns)), provenance_(std::move(provenance)) {}

void Moments::add(const Source& data, DeviceKind kind) {
  const Ranks* const ranks = data.ranks();
  if (ranks == nullptr) return add_own(data, kind);
  ranks->together([&] {
    check_shapes(data);
    if (kind != DeviceKind::cpu) take_gpu(ranks->communicator().local_rank());
    if (ranks->order() == RankOrder::fixed) {
      on_first_rank(data, [&](const Source& samples) { add_own(samples, kind); });
      return share(*ranks, *this);
    }
    Moments part(preprocessing_, provenance_);
    part.add_own(data, kind);
    merge(sum_over_ranks(part, *ranks));
  });
}

void Moments::add_own(const Source& data, DeviceKind kind) {
  if (!preprocessing_.mean.empty()) throw UsageError("moments that are standardised already take no samples");
  if (data.samples() < 1 || data.features() < 1 || data.targets() < 1) throw DataError("the data have no samples, no features or no targets");
  const bool first = sums_.samples == 0;
  if (!first && (data.features() != sums_.features || data.targets() != sums_.targets))
    throw DataError("the samples have other numbers of features or targets than the moments");
  try {
    const auto device = make_device<double>(kind, Arithmetic::full);
    MomentSums sums = first ? MomentSums() : sums_;
    if (first) make_room(sums, data.features(), data.targets(), device->free_memory());
    std::unique_ptr<Accumulation> accumulation;
    data.visit(chunk_samples * threads(), [&](const Chunk& chunk) {
      if (chunk.samples == 0) return;
      check(chunk, data);
      if (sums.shift.empty()) choose_shift(sums, chunk);
      if (!accumulation) accumulation = std::make_unique<Accumulation>(sums, *device);
      accumulation->add(chunk);
    });
    if (accumulation) accumulation->finish();
    sums_ = std::move(sums);
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("not enough memory for the moments of " + std::to_string(data.features()) + " features");
  }
}

}  // namespace neuspec
