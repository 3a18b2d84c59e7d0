#include "read/features.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>
#include <vector>

#include "read/message.hpp"
#include "read/scaling.hpp"
#include "threads/parallel.hpp"

namespace neuspec::read {
namespace {

struct Windows {
  Index image_height, image_width, height, width;

  Index rows() const { return image_height / height; }
  Index columns() const { return image_width / width; }
};

Windows windows_of(const Preprocessing& map) { return {map.image_height, map.image_width, map.window_height, map.window_width}; }

// Adding up bytes in integers is exact, and four times as many fit into a vector register.
template <typename T>
struct SumOf {
  using Type = double;
};
template <>
struct SumOf<std::uint8_t> {
  using Type = std::uint32_t;
};

// Means over the windows of one image: first down the columns of pixels, which vectorises, then along the row of sums.
template <typename T>
void block_means(const T* image, const Windows& windows, std::vector<typename SumOf<T>::Type>& sums, double* means) {
  using Sum = typename SumOf<T>::Type;
  const auto pixels = static_cast<double>(windows.height * windows.width);
  for (Index row = 0; row < windows.rows(); ++row) {
    const T* const top = image + row * windows.height * windows.image_width;
    std::fill(sums.begin(), sums.end(), Sum{0});
    for (Index r = 0; r < windows.height; ++r) {
      const T* const line = top + r * windows.image_width;
      for (Index c = 0; c < windows.image_width; ++c) {
        sums[static_cast<std::size_t>(c)] += line[c];
      }
    }
    const Sum* sum = sums.data();
    for (Index column = 0; column < windows.columns(); ++column) {
      Sum total{0};
      for (Index c = 0; c < windows.width; ++c) {
        total += *sum++;
      }
      *means++ = static_cast<double>(total) / pixels;
    }
  }
}

template <typename T>
void block_means_of(const T* images, Index count, Index pixels, const Windows& windows, double* z) {
  std::vector<typename SumOf<T>::Type> sums(static_cast<std::size_t>(windows.image_width));
  for (Index i = 0; i < count; ++i) block_means(images + i * pixels, windows, sums, z + i * windows.rows() * windows.columns());
}

// Features after the block means, before standardisation.
void average(const Preprocessing& map, const Table& table, Index first, Index count, double* z) {
  const Windows windows = windows_of(map);
  const Index pixels = table.features;
  if (windows.height == 0) {
    table.read_features(first, count, z);
  } else if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&table.x)) {
    block_means_of(bytes->data() + first * pixels, count, pixels, windows, z);
  } else if (const auto* numbers = std::get_if<std::vector<double>>(&table.x)) {
    block_means_of(numbers->data() + first * pixels, count, pixels, windows, z);
  } else {
    constexpr Index kImages = 64;  // at a time, so that they stay in the cache
    std::vector<double> images(static_cast<std::size_t>(kImages * pixels));
    for (Index done = 0; done < count; done += kImages) {
      const Index some = std::min(kImages, count - done);
      table.read_features(first + done, some, images.data());
      block_means_of(images.data(), some, pixels, windows, z + done * prepared_features(map));
    }
  }
}

// The features after the block means as a source, of one rank where there are several.
class Averaged final : public Source {
 public:
  Averaged(const Preprocessing& map, const Table& table, const Ranks* ranks) : map_(map), table_(table), ranks_(ranks) {}
  Index samples() const override { return table_.samples; }
  Index features() const override { return prepared_features(map_); }
  Index targets() const override { return 0; }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    std::vector<double> z;
    for (Index first = 0; first < table_.samples; first += chunk_samples) {
      const Index count = std::min(chunk_samples, table_.samples - first);
      z.resize(static_cast<std::size_t>(count * features()));
      prepare_all(map_, table_, first, count, z.data());
      visitor({first, count, z.data(), nullptr, nullptr});
    }
  }
  const Ranks* ranks() const override { return ranks_; }

 private:
  const Preprocessing& map_;
  const Table& table_;
  const Ranks* ranks_;
};

}  // namespace

Index prepared_features(const Preprocessing& map) {
  return map.window_height == 0 ? map.raw_features() : windows_of(map).rows() * windows_of(map).columns();
}

void check_features(const Preprocessing& map, const Table& table) {
  if (table.features != map.raw_features()) {
    fail(table.path, count_of(table.features, "feature") + " where " + std::to_string(map.raw_features()) + " are expected");
  }
  if (map.image_height > 0 && table.image_height > 0 && (table.image_height != map.image_height || table.image_width != map.image_width)) {
    fail(table.path, "images of " + std::to_string(table.image_height) + " × " + std::to_string(table.image_width) + " where " +
                         std::to_string(map.image_height) + " × " + std::to_string(map.image_width) + " are expected");
  }
}

void prepare(const Preprocessing& map, const Table& table, Index first, Index count, double* z) {
  average(map, table, first, count, z);
  if (map.mean.empty()) {
    return;
  }
  const auto d = static_cast<Index>(map.mean.size());
  const double *mean = map.mean.data(), *scale = map.scale.data();
  for (Index i = 0; i < count; ++i) {
    double* const row = z + i * d;
    double zero = 0;  // 0 · z is not 0 where z is not finite
#pragma omp simd reduction(+ : zero)
    for (Index j = 0; j < d; ++j) {
      row[j] = (row[j] - mean[j]) / scale[j];
      zero += row[j] * 0.0;
    }
    if (zero == 0) {
      continue;
    }
    const Index bad = std::find_if_not(row, row + d, [](double value) { return std::isfinite(value); }) - row;
    fail(table.path,
         "sample " + std::to_string(table.before + first + i + 1) + ": feature " + std::to_string(bad + 1) + " is too large to be standardised");
  }
}

void prepare_all(const Preprocessing& map, const Table& table, Index first, Index count, double* z) {
  constexpr Index kNumbers = 1 << 16;  // of a table that are worth a thread's while
  const Index d = prepared_features(map), grain = std::clamp<Index>(kNumbers / table.features, 1, run_samples);
  parallel_ranges(count, grain, [&](Index begin, Index end) { prepare(map, table, first + begin, end - begin, z + begin * d); });
}

void learn_scaling(const Table& table, Preprocessing& map, const Ranks* ranks) {
  const Deviations* const seen = map.window_height == 0 ? seen_deviations(table) : nullptr;
  const bool all_seen = ranks == nullptr ? seen != nullptr : ranks->order() == RankOrder::any && ranks->smallest(seen != nullptr ? 1 : 0) > 0;
  Scaling learnt = seen != nullptr && all_seen ? scaling_of(*seen, ranks) : scaling_of(Averaged(map, table, ranks));
  map.mean = std::move(learnt.mean);
  map.scale = std::move(learnt.scale);
}

}  // namespace neuspec::read
