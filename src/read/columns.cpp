#include "read/columns.hpp"

#include <algorithm>
#include <charconv>

#include "read/message.hpp"

namespace neuspec::read {
namespace {

// Columns are named on line 1 where there is a header; elsewhere there is no line to point at.
[[noreturn]] void fail_in_header(const std::string& path, const std::vector<std::string>& header, const std::string& message) {
  fail(header.empty() ? path : path + ":1", message);
}

std::string listed(const std::vector<std::string>& header, Index count) {
  constexpr std::size_t kMost = 20;
  if (header.empty()) {
    return "the file has no header and " + count_of(count, "column") + ", counted from 0";
  }
  std::string text = "the columns are ";
  for (std::size_t i = 0; i < std::min(kMost, header.size()); ++i) {
    text += (i == 0 ? "" : ", ") + quoted(header[i]);
  }
  return text + (header.size() > kMost ? ", …" : "");
}

// The column of that name or, when the text is a number, at that position; −1 if there is none.
Index find_column(const std::string& path, const std::vector<std::string>& header, Index count, const std::string& name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found != header.end()) {
    if (std::find(found + 1, header.end(), name) != header.end()) {
      fail_in_header(path, header, "several columns are named " + quoted(name) + "; give the position instead");
    }
    return found - header.begin();
  }
  Index position = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), position);
  const bool usable = error == std::errc() && end == name.data() + name.size() && position >= 0 && position < count;
  return usable ? position : -1;
}

// Marks the columns that are not features.
void place_targets(Columns& columns, const std::string& path, const std::vector<std::string>& header, const Selection& selection) {
  const auto count = static_cast<Index>(columns.place.size());
  if (selection.rule == TargetRule::last_column) {
    columns.place.back() = -1;
    columns.targets = 1;
    return;
  }
  if (selection.rule == TargetRule::every_column) {
    for (Index& place : columns.place) {
      place = -1 - columns.targets++;
    }
    return;
  }
  for (const std::string& name : selection.names) {
    const Index column = find_column(path, header, count, name);
    if (selection.rule == TargetRule::none) {
      if (column >= 0) {
        columns.place[static_cast<std::size_t>(column)] = Columns::kDropped;
      }
      continue;
    }
    if (column < 0) {
      fail_in_header(path, header, "no column is named " + quoted(name) + ": " + listed(header, count));
    }
    Index& place = columns.place[static_cast<std::size_t>(column)];
    if (place < 0) {
      fail_in_header(path, header, "the target " + quoted(name) + " is given twice");
    }
    place = -1 - columns.targets++;
  }
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

Columns select_columns(const std::string& path, const std::vector<std::string>& header, Index count, const Selection& selection) {
  Columns columns;
  columns.place.resize(static_cast<std::size_t>(count));
  place_targets(columns, path, header, selection);
  for (Index& place : columns.place) {
    if (place >= 0) {
      place = columns.features++;
    }
  }
  columns.dropped = count - columns.features - columns.targets;
  if (columns.features == 0 && selection.rule != TargetRule::every_column) {
    fail_in_header(path, header, "no column is left for the features: the file has " + count_of(count, "column"));
  }
  columns.feature_names = numbered_names("x", columns.features);
  columns.target_names = numbered_names("y", columns.targets);
  for (std::size_t c = 0; c < header.size(); ++c) {
    const Index place = columns.place[c];
    if (place >= 0) {
      columns.feature_names[static_cast<std::size_t>(place)] = header[c];
    } else if (place != Columns::kDropped) {
      columns.target_names[static_cast<std::size_t>(-1 - place)] = header[c];
    }
  }
  return columns;
}

}  // namespace neuspec::read
