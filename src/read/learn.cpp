#include "read/learn.hpp"

#include <algorithm>
#include <utility>

#include "distribute/share.hpp"
#include "read/classes.hpp"
#include "read/features.hpp"
#include "read/message.hpp"
#include "read/names.hpp"
#include "read/range.hpp"

namespace neuspec::read {
namespace {

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

void check_same_columns(const Table& table, const Ranks& ranks) {
  std::string own = joined_names(table.feature_names) + name_end + joined_names(table.target_names);
  for (const Index number : {table.features, table.targets, table.image_height, table.image_width}) own += std::to_string(number) + name_end;
  std::string first = own;
  ranks.broadcast(first);
  if (own != first)
    fail(table.path,
         "the columns are not those of rank 0's samples: " + count_of(table.features, "feature") + ", " + count_of(table.targets, "target"));
}

template <class Member>
std::vector<Member> sorted_once(std::vector<Member> all) {
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace

std::vector<double> united(std::vector<double> own, const Ranks* ranks) {
  if (ranks == nullptr) return own;
  std::vector<double> all = sorted_once(gather(*ranks, std::move(own)));
  ranks->broadcast(all);
  return all;
}

std::vector<std::string> gathered(const std::vector<std::string>& own, const Ranks& ranks) {
  const std::string text = joined_names(own);
  std::string all;
  for (const double letter : gather(ranks, {text.begin(), text.end()})) all += static_cast<char>(letter);
  return split_names(all);
}

std::vector<std::string> united(std::vector<std::string> own, const Ranks* ranks) {
  if (ranks == nullptr) return own;
  std::string all = joined_names(sorted_once(gathered(own, *ranks)));
  ranks->broadcast(all);
  return split_names(all);
}

Preprocessing learn(const Table& table, const PreprocessingOptions& options, const Ranks* ranks) {
  if (table.samples == 0) {
    fail(table.path, "the file holds no samples");
  }
  check_range(table);
  if (ranks != nullptr) check_same_columns(table, *ranks);
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
    learn_classes(table, map, ranks);
    if (options.encoding == Encoding::binary && map.classes.size() != 2) {
      fail(table.path, std::to_string(map.classes.size()) + " distinct labels where two classes are needed: " + listed_classes(map));
    }
  }
  if (options.balance_classes || !options.class_weights.empty()) {
    if (map.classes.empty()) {
      fail(table.path, "class weights need class labels: a loss for classes, or one target against the rest");
    }
    map.class_weights = learn_class_weights(table, map, options, ranks);
  }
  if (options.standardize) {
    learn_scaling(table, map, ranks);
  }
  return map;
}

}  // namespace neuspec::read
