// Columns as in the file that a model was trained on: by name where both have names, else by position.
#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "neuspec/preprocessing.hpp"
#include "read/columns.hpp"
#include "read/message.hpp"

namespace neuspec::read {
namespace {

constexpr Index kUnknown = Columns::kDropped + 1;  // not placed yet

class TrainedColumns {
 public:
  TrainedColumns(const ColumnList& list, const Selection& selection)
      : list_(list), selection_(selection), like_(*selection.like), wanted_(selection.rule != TargetRule::none) {
    columns_.place.assign(static_cast<std::size_t>(list.count), kUnknown);
    columns_.feature_names = like_.feature_names;
  }

  Columns placed() {
    const bool by_name = !list_.header.empty() && like_.columns.named;
    place_given_targets();
    if (by_name) {
      place_by_name();
    } else {
      place_by_position();
    }
    columns_.features = like_.raw_features();
    columns_.dropped = list_.count - columns_.features - columns_.targets;
    columns_.file = {list_.count, {}, {}, by_name};
    return columns_;
  }

 private:
  bool given() const { return !selection_.names.empty(); }
  Index& place(Index column) { return columns_.place[static_cast<std::size_t>(column)]; }

  void place_target(Index column, const std::string& name) {
    if (place(column) != kUnknown) {
      fail_in_header(list_, "the target " + quoted(name) + " is given twice");
    }
    place(column) = wanted_ ? -1 - columns_.targets++ : Columns::kDropped;
    if (wanted_) {
      columns_.target_names.push_back(name);
    }
  }

  void place_given_targets() {
    for (const std::string& name : selection_.names) {
      const Index column = find_column(list_, name);
      if (column >= 0) {
        place_target(column, list_.header.empty() ? name : list_.header[static_cast<std::size_t>(column)]);
      } else if (wanted_) {
        fail_in_header(list_, "no column is named " + quoted(name) +
                                  (list_.header.empty() ? ": the file has no header" : ": the columns are " + listed(list_.header)));
      }
    }
  }

  void place_by_name() {
    // A model of an older version (count 0) does not say whether its targets came from a file of their own.
    if (!given() && (like_.columns.count == 0 || !like_.columns.targets.empty())) {
      for (const std::string& name : like_.target_names) {
        if (std::find(list_.header.begin(), list_.header.end(), name) != list_.header.end()) {
          place_target(find_column(list_, name), name);
        } else if (wanted_) {
          fail_in_header(list_, "the target " + quoted(name) + " of the training data is missing: the columns are " + listed(list_.header));
        }
      }
    }
    if (has_repeated_names()) {
      place_in_order();
    } else {
      place_features_by_name();
    }
    drop_the_rest();
  }

  bool has_repeated_names() const {
    std::vector<std::string_view> names(like_.feature_names.begin(), like_.feature_names.end());
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
  }

  void place_features_by_name() {
    constexpr Index kSeveral = -1;
    std::unordered_map<std::string_view, Index> columns;
    for (Index c = 0; c < list_.count; ++c) {
      const auto [entry, added] = columns.emplace(list_.header[static_cast<std::size_t>(c)], c);
      entry->second = added ? c : kSeveral;
    }
    Index feature = 0;
    for (const std::string& name : like_.feature_names) {
      const auto found = columns.find(name);
      if (found == columns.end()) {
        fail_in_header(list_, "the feature " + quoted(name) + " of the training data is missing: the columns are " + listed(list_.header));
      }
      if (found->second == kSeveral) {
        fail_in_header(list_, "several columns are named " + quoted(name) + ", as one feature of the training data is");
      }
      if (place(found->second) != kUnknown) {
        fail_in_header(list_, quoted(name) + " is a feature of the training data and cannot be a target");
      }
      place(found->second) = feature++;
    }
  }

  // Names that the training data have several times find nothing: only the very same columns are known to be right.
  void place_in_order() {
    std::vector<std::string> rest;
    Index feature = 0;
    for (Index c = 0; c < list_.count; ++c) {
      if (place(c) == kUnknown) {
        rest.push_back(list_.header[static_cast<std::size_t>(c)]);
        place(c) = feature++;
      }
    }
    if (rest != like_.feature_names) {
      fail_in_header(list_, "several features of the training data have one name, so that the columns must be the same in the same order: " +
                                listed(like_.feature_names));
    }
  }

  void drop_the_rest() {
    std::vector<std::string> unknown;
    for (Index c = 0; c < list_.count; ++c) {
      if (place(c) == kUnknown) {
        place(c) = Columns::kDropped;
        unknown.push_back(list_.header[static_cast<std::size_t>(c)]);
      }
    }
    if (!unknown.empty()) {
      columns_.notices.push_back(count_of(static_cast<Index>(unknown.size()), "column") +
                                 " that the training data did not have, left out: " + listed(unknown));
    }
  }

  void place_by_position() {
    const Index features = like_.raw_features();
    if (!given() && list_.count != features) {
      place_where_they_were(features);
    }
    Index feature = 0;
    for (Index& place : columns_.place) {
      if (place == kUnknown) {
        place = feature++;
      }
    }
    if (feature != features) {
      fail(list_.path, count_of(list_.count, "column") + ", of which " + std::to_string(feature) + " would be features; the model has " +
                           std::to_string(features) + trained_on());
    }
  }

  // As many columns as in training: targets and what was left out stood at the same positions.
  void place_where_they_were(Index features) {
    const FileColumns& trained = like_.columns;
    const auto targets = static_cast<Index>(std::max<std::size_t>(like_.target_names.size(), 1));
    if (trained.count == list_.count) {
      for (std::size_t k = 0; k < trained.targets.size(); ++k) {
        place_target(trained.targets[k], like_.target_names[k]);
      }
      for (const Index column : trained.left_out) {
        place(column) = Columns::kDropped;
      }
    } else if (trained.count == 0 && list_.count == features + targets) {
      columns_.notices.emplace_back("the model, of an older version, does not say where its targets stood: the last columns are taken for them");
      for (Index k = 0; k < targets; ++k) {
        place_target(features + k, static_cast<std::size_t>(k) < like_.target_names.size() ? like_.target_names[static_cast<std::size_t>(k)] : "y0");
      }
    }
  }

  std::string trained_on() const {
    const FileColumns& trained = like_.columns;
    if (trained.count == 0) {
      return "";
    }
    std::string text = " and was trained on a file of " + count_of(trained.count, "column");
    for (std::size_t k = 0; k < trained.targets.size(); ++k) {
      text += (k == 0 ? ", the targets at " : ", ") + std::to_string(trained.targets[k]);
    }
    return text + "; say which columns are no features (--target)";
  }

  const ColumnList& list_;
  const Selection& selection_;
  const Preprocessing& like_;
  bool wanted_;  // targets are read, not only left out
  Columns columns_;
};

}  // namespace

Columns select_trained_columns(const ColumnList& list, const Selection& selection) { return TrainedColumns(list, selection).placed(); }

}  // namespace neuspec::read
