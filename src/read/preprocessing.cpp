#include "neuspec/preprocessing.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "neuspec/error.hpp"
#include "read/classes.hpp"
#include "read/message.hpp"
#include "read/range.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

using read::fail;

// Samples that one thread handles in a go. Sums are taken per run and then over the runs in order, so that they do not depend on the
// number of threads.
constexpr Index kRun = 1024;

struct Windows {
  Index image_height, image_width, height, width;

  Index rows() const { return image_height / height; }
  Index columns() const { return image_width / width; }
};

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

// Calls work(first, last, run) for consecutive runs of samples, in parallel.
template <typename Work>
void for_runs(Index samples, const Work& work) {
  const Index runs = (samples + kRun - 1) / kRun;
  parallel_ranges(runs, 1, [&](Index first, Index last) {
    for (Index run = first; run < last; ++run) work(run * kRun, std::min(samples, (run + 1) * kRun), run);
  });
}

// Features after the block means, before standardisation.
template <typename T>
std::vector<double> averaged(const std::vector<T>& x, Index samples, Index raw_features, const Windows& windows) {
  const bool none = windows.height == 0;
  const Index features = none ? raw_features : windows.rows() * windows.columns();
  std::vector<double> z(static_cast<std::size_t>(samples * features));
  for_runs(samples, [&](Index first, Index last, Index) {
    if (none) {
      std::copy(x.begin() + first * raw_features, x.begin() + last * raw_features, z.begin() + first * features);
      return;
    }
    std::vector<typename SumOf<T>::Type> sums(static_cast<std::size_t>(windows.image_width));
    for (Index i = first; i < last; ++i) {
      block_means(x.data() + i * raw_features, windows, sums, z.data() + i * features);
    }
  });
  return z;
}

std::vector<double> averaged(const Table& table, const Preprocessing& map) {
  const Windows windows{map.image_height, map.image_width, map.window_height, map.window_width};
  return std::visit([&](const auto& x) { return averaged(x, table.samples, table.features, windows); }, table.x);
}

// Σ_i term(i, j) for every feature j.
template <typename Term>
std::vector<double> column_sums(const std::vector<double>& z, Index samples, Index features, const Term& term) {
  const auto d = static_cast<std::size_t>(features);
  const auto runs = static_cast<std::size_t>((samples + kRun - 1) / kRun);
  std::vector<double> partial(runs * d);
  for_runs(samples, [&](Index first, Index last, Index run) {
    double* const sum = partial.data() + run * features;
    for (Index i = first; i < last; ++i) {
      const double* const row = z.data() + i * features;
      for (Index j = 0; j < features; ++j) {
        sum[j] += term(row[j], static_cast<std::size_t>(j));
      }
    }
  });
  std::vector<double> total(d);
  for (std::size_t run = 0; run < runs; ++run) {
    for (std::size_t j = 0; j < d; ++j) {
      total[j] += partial[run * d + j];
    }
  }
  return total;
}

// Two passes. Values are taken relative to the first sample, so that a constant feature has exactly that mean and deviation 0, and a
// large common offset costs no digits; the second pass removes what rounding left in the mean. A deviation that the rounding of values
// of this size explains is none: the features that the next data have would be divided by an accident of rounding.
void learn_scaling(const Table& table, Preprocessing& map) {
  const std::vector<double> z = averaged(table, map);
  const Index n = table.samples;
  const auto d = static_cast<Index>(z.size()) / n;
  const std::vector<double> origin(z.begin(), z.begin() + d);
  const auto samples = static_cast<double>(n);
  std::vector<double> shift = column_sums(z, n, d, [&](double value, std::size_t j) { return value - origin[j]; });
  for (double& sum : shift) {
    sum /= samples;
  }
  const auto centred = [&](double value, std::size_t j) { return (value - origin[j]) - shift[j]; };
  const std::vector<double> squares = column_sums(z, n, d, [&](double value, std::size_t j) { return centred(value, j) * centred(value, j); });
  const std::vector<double> residue = column_sums(z, n, d, centred);
  // n ε |mean| is what a sum of n equal numbers may be off by; more samples than one run do not make any value less exact.
  const double rounding = static_cast<double>(std::min(n, kRun)) * std::numeric_limits<double>::epsilon();
  for (std::size_t j = 0; j < origin.size(); ++j) {
    const double error = residue[j] / samples;
    const double variance = squares[j] / samples - error * error;
    map.mean.push_back(origin[j] + (shift[j] + error));
    const double deviation = std::sqrt(std::max(variance, 0.0));
    map.scale.push_back(deviation > rounding * std::abs(map.mean.back()) ? deviation : 1.0);
  }
}

void check_windows(const Table& table, const PreprocessingOptions& options) {
  const std::string window = std::to_string(options.window_height) + " × " + std::to_string(options.window_width);
  const std::string image = std::to_string(table.image_height) + " × " + std::to_string(table.image_width);
  if (table.image_height == 0) {
    fail(table.path, "block means of " + window + " pixels need images; the samples have no height and width");
  }
  if (options.window_height < 1 || options.window_width < 1 || table.image_height % options.window_height != 0 ||
      table.image_width % options.window_width != 0) {
    fail(table.path, "windows of " + window + " pixels do not tile images of " + image);
  }
}

}  // namespace

std::string Preprocessing::class_label(std::size_t position) const {
  return class_names.empty() ? read::shortest(classes[position]) : class_names[position];
}

Index Preprocessing::raw_features() const { return image_height > 0 ? image_height * image_width : static_cast<Index>(feature_names.size()); }

std::vector<double> Preprocessing::features_of(const Table& table) const {
  if (table.features != raw_features()) {
    fail(table.path, read::count_of(table.features, "feature") + " where " + std::to_string(raw_features()) + " are expected");
  }
  if (image_height > 0 && table.image_height > 0 && (table.image_height != image_height || table.image_width != image_width)) {
    fail(table.path, "images of " + std::to_string(table.image_height) + " × " + std::to_string(table.image_width) + " where " +
                         std::to_string(image_height) + " × " + std::to_string(image_width) + " are expected");
  }
  std::vector<double> z = averaged(table, *this);
  if (!mean.empty()) {
    const auto d = static_cast<Index>(mean.size());
    for_runs(table.samples, [&](Index first, Index last, Index) {
      for (double* row = z.data() + first * d; row != z.data() + last * d; row += d) {
        for (Index j = 0; j < d; ++j) {
          row[j] = (row[j] - mean[static_cast<std::size_t>(j)]) / scale[static_cast<std::size_t>(j)];
        }
      }
    });
    const auto bad = std::find_if_not(z.begin(), z.end(), [](double value) { return std::isfinite(value); }) - z.begin();
    if (bad < static_cast<Index>(z.size())) {
      fail(table.path, "sample " + std::to_string(bad / d + 1) + ": feature " + std::to_string(bad % d + 1) + " is too large to be standardised");
    }
  }
  return z;
}

Dataset Preprocessing::dataset_of(const Table& table) const {
  if (table.targets == 0) {
    fail(table.path, "the file has no targets; name a column or give the labels in a file of their own");
  }
  if (encoding == Encoding::none && !target_names.empty() && static_cast<std::size_t>(table.targets) != target_names.size()) {
    fail(table.target_path.empty() ? table.path : table.target_path,
         read::count_of(table.targets, "target") + " where the training data had " + std::to_string(target_names.size()));
  }
  if (encoding == Encoding::none && !table.labels.empty()) {
    fail(table.path, "the labels are text, as labels of classes alone may be");
  }
  std::vector<double> y = table.y, weights;
  if (encoding != Encoding::none) {
    const std::vector<std::size_t> positions = read::class_positions(table, *this);
    y = read::encoded(positions, classes.size(), encoding);
    for (std::size_t i = 0; !class_weights.empty() && i < positions.size(); ++i) {
      weights.push_back(class_weights[positions[i]]);
    }
  }
  const Index targets = static_cast<Index>(y.size()) / table.samples;
  std::vector<double> x = features_of(table);
  const auto features = static_cast<Index>(x.size()) / table.samples;
  return {table.samples, features, targets, std::move(x), std::move(y), std::move(weights)};
}

Preprocessing learn_preprocessing(const Table& table, const PreprocessingOptions& options) {
  if (table.samples == 0) {
    fail(table.path, "the file holds no samples");
  }
  check_range(table);
  Preprocessing map;
  map.image_height = table.image_height;
  map.image_width = table.image_width;
  map.feature_names = table.feature_names;
  map.target_names = table.target_names;
  map.columns = table.columns;
  if (options.window_height != 0 || options.window_width != 0) {
    check_windows(table, options);
    map.window_height = options.window_height;
    map.window_width = options.window_width;
  }
  map.encoding = options.encoding;
  if (options.encoding != Encoding::none) {
    map.classes = read::learn_classes(table);
    map.class_names = table.labels;
    if (options.encoding == Encoding::binary && map.classes.size() != 2) {
      fail(table.path, std::to_string(map.classes.size()) + " distinct labels where two classes are needed: " + read::listed_classes(map));
    }
  }
  if (options.balance_classes || !options.class_weights.empty()) {
    if (map.classes.empty()) {
      fail(table.path, "class weights need class labels: a loss for classes, or one target against the rest");
    }
    map.class_weights = read::learn_class_weights(table, map, options);
  }
  if (options.standardize) {
    learn_scaling(table, map);
  }
  return map;
}

}  // namespace neuspec
