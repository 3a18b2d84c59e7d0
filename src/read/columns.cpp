#include "read/columns.hpp"

#include <algorithm>
#include <charconv>

#include "read/message.hpp"
#include "text/utf8.hpp"

namespace neuspec::read {
namespace {

// What pandas and R put before the columns when they write their row names too: a column without a name (or with the one that pandas gives it).
bool has_index_column(const ColumnList& list) {
  return list.count > 1 && !list.header.empty() && (list.header.front().empty() || list.header.front() == "Unnamed: 0");
}

std::string known_columns(const ColumnList& list) {
  if (list.header.empty()) {
    return "the file has no header and " + count_of(list.count, "column") + ", counted from 0";
  }
  return "the columns are " + listed(list.header);
}

// Marks the columns that are not features.
void place_targets(Columns& columns, const ColumnList& list, const Selection& selection) {
  if (selection.rule == TargetRule::last_column) {
    columns.place.back() = -1;
    columns.targets = 1;
    return;
  }
  if (selection.rule == TargetRule::every_column) {
    for (Index& place : columns.place) {
      place = place == Columns::kDropped ? place : -1 - columns.targets++;
    }
    return;
  }
  for (const std::string& name : selection.names) {
    const Index column = find_column(list, name);
    if (selection.rule == TargetRule::none) {
      if (column >= 0) {
        columns.place[static_cast<std::size_t>(column)] = Columns::kDropped;
      }
      continue;
    }
    if (column < 0) {
      fail_in_header(list, "no column is named " + quoted(name) + ": " + known_columns(list));
    }
    Index& place = columns.place[static_cast<std::size_t>(column)];
    if (place < 0 && place != Columns::kDropped) {
      fail_in_header(list, "the target " + quoted(name) + " is given twice");
    }
    place = -1 - columns.targets++;
  }
}

void name_columns(Columns& columns, const ColumnList& list) {
  columns.feature_names = numbered_names("x", columns.features);
  columns.target_names = numbered_names("y", columns.targets);
  for (std::size_t c = 0; c < list.header.size(); ++c) {
    const Index place = columns.place[c];
    if (place >= 0) {
      columns.feature_names[static_cast<std::size_t>(place)] = list.header[c];
    } else if (place != Columns::kDropped) {
      columns.target_names[static_cast<std::size_t>(-1 - place)] = list.header[c];
    }
  }
}

FileColumns positions_of(const Columns& columns, const ColumnList& list) {
  FileColumns file{list.count, std::vector<Index>(static_cast<std::size_t>(columns.targets)), {}, !list.header.empty()};
  for (Index c = 0; c < list.count; ++c) {
    const Index place = columns.place[static_cast<std::size_t>(c)];
    if (place == Columns::kDropped) {
      file.left_out.push_back(c);
    } else if (place < 0) {
      file.targets[static_cast<std::size_t>(-1 - place)] = c;
    }
  }
  return file;
}

}  // namespace

std::vector<std::string> numbered_names(const std::string& prefix, Index count) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    names.push_back(prefix + std::to_string(i));
  }
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + quoted(names[i]);
  }
  return text + (names.size() > kMost ? ", …" : "");
}

void fail_in_header(const ColumnList& list, const std::string& message) { fail(list.header.empty() ? list.path : list.path + ":1", message); }

Index find_column(const ColumnList& list, const std::string& name) {
  const std::string wanted = utf8_of(name);  // as the header's names are
  const auto found = std::find(list.header.begin(), list.header.end(), wanted);
  if (found != list.header.end()) {
    if (std::find(found + 1, list.header.end(), wanted) != list.header.end()) {
      fail_in_header(list, "several columns are named " + quoted(wanted) + "; give the position instead");
    }
    return found - list.header.begin();
  }
  Index position = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), position);
  const bool usable = error == std::errc() && end == name.data() + name.size() && position >= 0 && position < list.count;
  return usable ? position : -1;
}

Columns select_columns(const ColumnList& list, const Selection& selection) {
  if (selection.like != nullptr) {
    return select_trained_columns(list, selection);
  }
  Columns columns;
  columns.place.resize(static_cast<std::size_t>(list.count));
  if (has_index_column(list)) {
    columns.place.front() = Columns::kDropped;
  }
  place_targets(columns, list, selection);
  for (Index& place : columns.place) {
    if (place >= 0) {
      place = columns.features++;
    }
  }
  columns.dropped = list.count - columns.features - columns.targets;
  if (columns.features == 0 && selection.rule != TargetRule::every_column) {
    fail_in_header(list, "no column is left for the features: the file has " + count_of(list.count, "column"));
  }
  if (has_index_column(list) && columns.place.front() == Columns::kDropped) {
    columns.notices.emplace_back(
        "the first column has no name of its own: taken for the numbers of the rows and left out (a name makes it a feature)");
  }
  name_columns(columns, list);
  columns.file = positions_of(columns, list);
  return columns;
}

void describe(const Columns& columns, const std::string& path, Table& table) {
  table.path = path;
  table.features = columns.features;
  table.targets = columns.targets;
  table.feature_names = columns.feature_names;
  table.target_names = columns.target_names;
  table.columns = columns.file;
  table.target_path = path;
  for (const std::string& notice : columns.notices) {
    table.notices.emplace_back(path).append(": ").append(notice);
  }
}

}  // namespace neuspec::read
