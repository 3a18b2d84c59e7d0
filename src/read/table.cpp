#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "neuspec/dataset.hpp"
#include "neuspec/error.hpp"
#include "neuspec/preprocessing.hpp"
#include "read/file_buffer.hpp"
#include "read/hdf5_name.hpp"
#include "read/message.hpp"
#include "read/part_of_ranks.hpp"
#include "read/parts.hpp"
#include "read/readers.hpp"
#include "read/rows.hpp"
#include "read/shared_arrays.hpp"
#include "read/shared_text.hpp"
#include "read/stored_text.hpp"
#include "threads/available_memory.hpp"

namespace neuspec {
namespace {

using read::FileBuffer;
using read::Selection;
using read::TargetRule;

}  // namespace

bool read::is_utf_16(std::string_view content) { return content.starts_with("\xff\xfe") || content.starts_with("\xfe\xff"); }

bool read::is_text(std::string_view content) {
  constexpr std::size_t kProbe = 4096;
  return !is_utf_16(content) && content.substr(0, kProbe).find('\0') == std::string_view::npos;
}

std::string_view read::without_byte_order_mark(std::string_view content) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  return content.substr(content.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
}

namespace {

[[noreturn]] void fail_unknown(std::string_view content, const std::string& path) {
  const char* known = "";
  if (content.starts_with("PK\x03\x04")) {
    known = " (a zip archive, perhaps .npz: unpack it first)";
  } else if (read::is_utf_16(content)) {
    known = " (UTF-16 text: save it as UTF-8)";
  }
  read::fail(path, std::string("neither CSV, NPY, HDF5, LIBSVM nor IDX") + known);
}

Table table_of(const std::shared_ptr<FileBuffer>& file, const std::string& path, const read::Hdf5Name& name, const Selection& selection) {
  std::string_view content = file->content();
  if (read::is_hdf5(content)) {
    return read::read_hdf5(read::FileView(file), path, name.dataset, selection);
  }
  if (name.file != path) {
    read::fail(name.file, "is no HDF5 file");
  }
  if (read::is_npy(content)) {
    return read::read_npy(read::FileView(file), path, selection);
  }
  if (read::is_idx(content)) {
    return read::read_idx(read::FileView(file), path, selection);
  }
  if (!read::is_text(content)) {
    fail_unknown(content, path);
  }
  if (!file->in_memory()) {
    const bool features = selection.rule != TargetRule::every_column;
    if (std::optional<Table> table = features ? read::read_stored_text(file, path, selection) : std::nullopt) {
      return *std::move(table);
    }
    file->hold();
    content = file->content();
  }
  file->mend_line_ends();
  content = read::without_byte_order_mark(content);
  if (read::looks_like_libsvm(content, path)) {
    return read::read_libsvm(content, path, selection);
  }
  return read::read_csv(content, path, selection);
}

}  // namespace

Table read::read_file(const std::string& path, const Selection& selection, std::size_t held) {
  const auto stays = [](std::string_view head) {
    return read::is_npy(head) || read::is_idx(head) || read::is_hdf5(head) || (!read::is_gzip(head) && read::is_text(head));
  };
  const read::Hdf5Name name = read::hdf5_name(path);
  const auto file = std::make_shared<FileBuffer>(name.file, stays, held, selection.memory);
  if (file->content().empty()) {
    read::fail(path, "the file is empty");
  }
  Table table = table_of(file, path, name, selection);
  if (!file->spooled_to().empty()) {
    table.notices.push_back(path + ": memory does not hold what it has: that is in a temporary file in " + file->spooled_to() + " meanwhile");
  }
  return table;
}

namespace {

/// Parts of which LIBSVM's widest says how many features there are, and of which one with text says that all labels are.
Table read_selected(const std::string& path, Selection selection) {
  const std::vector<std::string> files = read::parts_of(path);
  if (files.size() == 1) {
    return read::read_file(files.front(), selection);
  }
  selection.samples = 0;                                     // of a part nobody knows how many there should be
  const std::size_t held = read::held_bytes / files.size();  // together no more than of one file
  std::vector<Table> parts;
  bool again = false;
  const auto read_all = [&] {
    Selection left = selection;
    parts.clear();
    for (const std::string& file : files) {
      parts.push_back(read::read_file(file, left, held));
      left.memory -= read::held_bytes_of(parts.back());
      again = again || parts.back().features != parts.front().features || parts.back().labels.empty() != parts.front().labels.empty();
    }
  };
  read_all();
  if (again) {
    const auto wider = [](const Table& one, const Table& other) { return one.features < other.features; };
    const bool text = std::any_of(parts.begin(), parts.end(), [](const Table& part) { return !part.labels.empty(); });
    selection.features = std::max_element(parts.begin(), parts.end(), wider)->features;
    selection.labels = text ? Labels::text : selection.labels;
    read_all();
  }
  return read::joined(path, std::move(parts));
}

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A model with classes says what its labels are.
Labels labels_of(const ReadOptions& options) {
  if (options.like == nullptr || options.like->encoding == Encoding::none) {
    return options.labels;
  }
  return options.like->class_names.empty() ? Labels::numbers : Labels::text;
}

Selection selection_of(const ReadOptions& options) {
  Selection selection;
  selection.rule = options.targets.empty() ? TargetRule::last_column : TargetRule::named;
  if (options.without_targets || !options.labels_file.empty()) {
    selection.rule = TargetRule::none;
  }
  selection.names = options.targets;
  selection.features = options.like == nullptr ? options.features : options.like->raw_features();
  selection.header = options.header;
  selection.labels = labels_of(options);
  selection.like = options.like;
  selection.deviations = options.deviations && options.like == nullptr;  // what was learnt before brings its own
  constexpr double part_of_memory = 0.5;                                 // which the solve needs, too
  selection.memory = part_of_memory * std::min({available_memory(), address_space_left(), options.memory > 0 ? options.memory : infinity});
  return selection;
}

/// Those of a table that has these of so many samples.
void add_labels(Table& table, const ReadOptions& options, Index samples) {
  const std::string& labels_file = options.labels_file;
  Selection selection;
  selection.rule = TargetRule::every_column;
  selection.header = options.header;
  selection.labels = labels_of(options);
  selection.samples = samples;
  Table labels = read_selected(labels_file, selection);
  if (labels.samples != samples) {
    read::fail(labels_file, read::count_of(labels.samples, "label") + " for the " + read::count_of(samples, "sample") + " of " + table.path);
  }
  table.notices.insert(table.notices.end(), labels.notices.begin(), labels.notices.end());
  if (table.samples < samples) {
    labels = read::rows_of(labels, table.before, table.samples);
  }
  table.targets = labels.targets;
  table.y = std::move(labels.y);
  table.labels = std::move(labels.labels);
  table.target_names = std::move(labels.target_names);
  table.target_path = labels_file;
  table.target_line = labels.target_line;
}

}  // namespace

void Table::read_features(Index first, Index count, double* to) const {
  if (const auto* stored = std::get_if<std::shared_ptr<const StoredFeatures>>(&x)) {
    (*stored)->read(first, count, to);
  } else if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&x)) {
    std::copy_n(bytes->begin() + first * features, count * features, to);
  } else {
    std::copy_n(std::get<std::vector<double>>(x).begin() + first * features, count * features, to);
  }
}

NumberType Table::stored_type() const {
  if (const auto* stored = std::get_if<std::shared_ptr<const StoredFeatures>>(&x)) return (*stored)->type();
  return std::holds_alternative<std::vector<std::uint8_t>>(x) ? NumberType::uint8 : NumberType::float64;
}

void Table::read_stored(Index first, Index count, void* to) const {
  if (const auto* stored = std::get_if<std::shared_ptr<const StoredFeatures>>(&x)) {
    (*stored)->read_as_stored(first, count, to);
  } else if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&x)) {
    std::copy_n(bytes->begin() + first * features, count * features, static_cast<std::uint8_t*>(to));
  } else {
    read_features(first, count, static_cast<double*>(to));
  }
}

namespace {

[[noreturn]] void fail_for_memory(const std::string& path) { throw EnvironmentError(path + ": not enough memory to hold the data"); }

/// `read(selection)`, with labels from their own file where they are in one; `all(table)` is how many samples there are in all.
template <class Read, class All>
Table read_with_labels(const std::string& path, const ReadOptions& options, const Read& read, const All& all) {
  const bool separate_labels = !options.labels_file.empty() && !options.without_targets;
  if (separate_labels && !options.targets.empty()) {
    throw UsageError("targets are either columns of " + path + " or the labels in " + options.labels_file + ", not both");
  }
  if (options.features < 0) {
    throw UsageError("the number of features is " + std::to_string(options.features) + "; it must not be negative");
  }
  try {
    Table table = read(selection_of(options));
    if (separate_labels) {
      add_labels(table, options, all(table));
    }
    return table;
  } catch (const std::bad_alloc&) {
    fail_for_memory(path);
  } catch (const std::length_error&) {
    fail_for_memory(path);
  }
}

}  // namespace

Table read_table(const std::string& path, const ReadOptions& options) {
  return read_with_labels(
      path, options, [&](const Selection& selection) { return read_selected(path, selection); }, [](const Table& table) { return table.samples; });
}

Table read::read_part(const std::string& path, const ReadOptions& options, const Ranks& ranks) {
  const auto read = [&](Selection selection) {
    selection.memory /= ranks.communicator().local_size();
    std::optional<Table> part = read_shared_text(path, selection, ranks);
    if (!part) part = read_shared_arrays(path, selection, ranks);
    return part ? *std::move(part) : own_rows(read_selected(path, selection), ranks);
  };
  const auto all = [&](const Table& table) {
    auto samples = static_cast<double>(table.samples);
    ranks.sum(std::span(&samples, 1));
    return static_cast<Index>(samples);
  };
  return read_with_labels(path, options, read, all);
}

}  // namespace neuspec
