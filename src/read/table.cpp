#include <new>
#include <stdexcept>

#include "neuspec/dataset.hpp"
#include "neuspec/error.hpp"
#include "read/file_buffer.hpp"
#include "read/message.hpp"
#include "read/readers.hpp"

namespace neuspec {
namespace {

using read::FileBuffer;
using read::Selection;
using read::TargetRule;

[[noreturn]] void fail_unknown(std::string_view content, const std::string& path) {
  const char* known = "";
  if (content.starts_with("PK\x03\x04")) {
    known = " (a zip archive, perhaps .npz: unpack it first)";
  } else if (content.starts_with("\x89HDF")) {
    known = " (an HDF5 file)";
  } else if (content.starts_with("\xff\xfe") || content.starts_with("\xfe\xff")) {
    known = " (UTF-16 text: save it as UTF-8)";
  }
  read::fail(path, std::string("neither CSV, NPY, LIBSVM nor IDX") + known);
}

Table read_selected(const std::string& path, const Selection& selection) {
  constexpr std::size_t kProbe = 4096;
  const FileBuffer file(path);
  const std::string_view content = file.content();
  if (content.empty()) {
    read::fail(path, "the file is empty");
  }
  if (read::is_npy(content)) {
    return read::read_npy(content, path, selection);
  }
  if (read::is_idx(content)) {
    return read::read_idx(content, path, selection);
  }
  if (content.substr(0, kProbe).find('\0') != std::string_view::npos) {
    fail_unknown(content, path);
  }
  if (read::looks_like_libsvm(content, path)) {
    return read::read_libsvm(content, path, selection);
  }
  return read::read_csv(content, path, selection);
}

Selection selection_of(const ReadOptions& options) {
  if (options.without_targets || !options.labels_file.empty()) {
    return {TargetRule::none, options.targets, options.features};
  }
  return {options.targets.empty() ? TargetRule::last_column : TargetRule::named, options.targets, options.features};
}

void add_labels(Table& table, const std::string& labels_file) {
  Table labels = read_selected(labels_file, {TargetRule::every_column, {}, 0});
  if (labels.samples != table.samples) {
    read::fail(labels_file, read::count_of(labels.samples, "label") + " for the " + read::count_of(table.samples, "sample") + " of " + table.path);
  }
  table.targets = labels.targets;
  table.y = std::move(labels.y);
  table.target_names = std::move(labels.target_names);
}

}  // namespace

Table read_table(const std::string& path, const ReadOptions& options) {
  const bool separate_labels = !options.labels_file.empty() && !options.without_targets;
  if (separate_labels && !options.targets.empty()) {
    throw UsageError("targets are either columns of " + path + " or the labels in " + options.labels_file + ", not both");
  }
  if (options.features < 0) {
    throw UsageError("the number of features is " + std::to_string(options.features) + "; it must not be negative");
  }
  try {
    Table table = read_selected(path, selection_of(options));
    if (separate_labels) {
      add_labels(table, options.labels_file);
    }
    return table;
  } catch (const std::bad_alloc&) {
    throw EnvironmentError(path + ": not enough memory to hold the data");
  } catch (const std::length_error&) {
    throw EnvironmentError(path + ": not enough memory to hold the data");
  }
}

}  // namespace neuspec
