// A source whose features are made of numbers of a type, as those of a file are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/random_problem.hpp"

namespace neuspec::test {

/// x = (z − mean)/scale · unit of z of type T, with weights where it is scaled, in chunks of at most 10 samples where there are few.
template <class T>
class StoredSamples final : public Source, private StoredFeatures {
 public:
  StoredSamples(Random& random, Index n, Index d, Index C, bool scaled, double unit) : unit_(unit) {
    for (Index at = 0; at < n * d; ++at) z_.push_back(std::is_integral_v<T> ? static_cast<T>(random.index(0, 255)) : static_cast<T>(random.normal()));
    for (Index j = 0; scaled && j < d; ++j) {
      mean_.push_back(random.normal());
      scale_.push_back(random.uniform(0.5, 99));
    }
    std::vector<double> x;
    for (Index at = 0; at < n * d; ++at) {
      const auto j = static_cast<std::size_t>(at % d);
      const auto z = static_cast<double>(z_[static_cast<std::size_t>(at)]);
      x.push_back((scaled ? (z - mean_[j]) / scale_[j] : z) * unit);
    }
    std::vector<double> weights;
    for (Index i = 0; scaled && i < n; ++i) weights.push_back(random.uniform(0, 2));
    made_ = {n, d, C, std::move(x), random_dataset(random, n, d, C).y(), std::move(weights)};
  }

  Index samples() const override { return made_.samples(); }
  Index features() const override { return made_.features(); }
  Index targets() const override { return made_.targets(); }
  void visit(Index samples, const std::function<void(const Chunk&)>& visitor) const override { made_.visit(most(samples), visitor); }
  /// Features are not there.
  void visit_targets(Index samples, const std::function<void(const Chunk&)>& visitor) const override {
    made_.visit(most(samples), [&](Chunk chunk) {
      chunk.x = nullptr;
      visitor(chunk);
    });
  }
  StoredForm stored_form() const override {
    return {.stored = this, .mean = mean_.empty() ? nullptr : mean_.data(), .scale = mean_.empty() ? nullptr : scale_.data(), .unit = unit_};
  }
  /// Its samples in memory.
  const Dataset& made() const { return made_; }

 private:
  Index most(Index samples) const { return made_.samples() < 100 ? std::min<Index>(10, samples) : samples; }
  void read(Index first, Index count, double* to) const override { copy(first, count, to); }
  bool in_range() const override { return true; }
  NumberType type() const override {
    if constexpr (std::is_same_v<T, std::uint8_t>) return NumberType::uint8;
    return std::is_same_v<T, float> ? NumberType::float32 : NumberType::float64;
  }
  void read_as_stored(Index first, Index count, void* to) const override { copy(first, count, static_cast<T*>(to)); }
  template <class To>
  void copy(Index first, Index count, To* to) const {
    std::transform(z_.begin() + first * features(), z_.begin() + (first + count) * features(), to, [](T z) { return static_cast<To>(z); });
  }

  std::vector<T> z_;
  std::vector<double> mean_, scale_;
  double unit_;
  Dataset made_;
};

/// Calls body(source) for every type, standardised and not, in other units and not.
template <class Body>
void on_stored_samples(Random& random, Index n, Index d, Index C, const Body& body) {
  for (const bool scaled : {false, true}) {
    for (const double unit : {1.0, 0.125}) {
      body(StoredSamples<std::uint8_t>(random, n, d, C, scaled, unit));
      body(StoredSamples<float>(random, n, d, C, scaled, unit));
      body(StoredSamples<double>(random, n, d, C, scaled, unit));
    }
  }
}

}  // namespace neuspec::test
