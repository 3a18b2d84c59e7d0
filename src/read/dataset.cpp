#include "neuspec/dataset.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "neuspec/error.hpp"
#include "read/message.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

void check_size(const char* what, const std::vector<double>& values, Index rows, Index columns) {
  Index expected = 0;
  if (rows < 0 || columns < 0 || __builtin_mul_overflow(rows, columns, &expected) || static_cast<std::size_t>(expected) != values.size()) {
    throw DataError("data set: " + std::string(what) + " holds " + std::to_string(values.size()) + " values where " + std::to_string(rows) + " × " +
                    std::to_string(columns) + " are needed");
  }
}

// All exponent bits set: infinity or NaN. In integers, so that the loop vectorises without licence to reorder floating point.
bool all_finite(const std::vector<double>& values) {
  constexpr std::uint64_t kExponent = 0x7ff0000000000000;
  const auto size = static_cast<Index>(values.size());
  constexpr Index kRange = 1 << 15;  // values worth a thread's while
  std::atomic<bool> finite = true;
  parallel_ranges(size, kRange, [&](Index first, Index last) {
    std::uint64_t bad = 0;
    for (Index i = first; i < last; ++i) {
      const std::uint64_t exponent = std::bit_cast<std::uint64_t>(values[static_cast<std::size_t>(i)]) & kExponent;
      bad |= exponent == kExponent ? 1U : 0U;
    }
    if (bad != 0) finite = false;
  });
  return finite;
}

void check_values(const char* what, const std::vector<double>& values, Index columns, double least) {
  const auto usable = [least](double value) { return std::isfinite(value) && value >= least; };
  if (all_finite(values) && (std::isinf(least) || std::all_of(values.begin(), values.end(), usable))) {
    return;
  }
  const Index i = std::find_if_not(values.begin(), values.end(), usable) - values.begin();
  throw DataError("data set: sample " + std::to_string(i / columns + 1) + ", column " + std::to_string(i % columns + 1) + " of the " + what + ": " +
                  read::shortest(values[static_cast<std::size_t>(i)]) + (std::isinf(least) ? " is not finite" : " is not a finite number ≥ 0"));
}

}  // namespace

Dataset::Dataset(Index samples, Index features, Index targets, std::vector<double> x, std::vector<double> y, std::vector<double> weights)
    : samples_(samples), features_(features), targets_(targets), x_(std::move(x)), y_(std::move(y)), weights_(std::move(weights)) {
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  check_size("x", x_, samples, features);
  check_size("y", y_, samples, targets);
  check_values("features", x_, features, kNone);
  check_values("targets", y_, targets, kNone);
  if (!weights_.empty()) {
    check_size("weights", weights_, samples, 1);
    check_values("weights", weights_, 1, 0.0);
  }
}

void Dataset::visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const {
  if (chunk_samples < 1) {
    throw UsageError("chunks of " + std::to_string(chunk_samples) + " samples; at least 1 is needed");
  }
  for (Index first = 0; first < samples_;) {
    Chunk chunk;
    chunk.first = first;
    chunk.samples = std::min(chunk_samples, samples_ - first);
    chunk.x = x_.data() + first * features_;
    chunk.y = y_.data() + first * targets_;
    chunk.weights = weights_.empty() ? nullptr : weights_.data() + first;
    visitor(chunk);
    first += chunk.samples;
  }
}

}  // namespace neuspec
