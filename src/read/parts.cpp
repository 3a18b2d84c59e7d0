#include "read/parts.hpp"

#include <glob.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

#include "numeric/all_within.hpp"
#include "read/hdf5_name.hpp"
#include "read/message.hpp"
#include "read/range.hpp"
#include "read/rows.hpp"
#include "read/scaling.hpp"

namespace neuspec::read {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const bool hidden = std::string_view("._").find(entry->path().filename().string().front()) != std::string_view::npos;  // as _SUCCESS is
    if (!hidden && entry->is_regular_file()) files.push_back(entry->path().string());
  }
  if (error) {
    fail(folder, "cannot be read: " + error.message());
  }
  if (files.empty()) {
    fail(folder, "is a folder without files");
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// A pattern of HDF5 files may name a dataset, of the same name in each.
std::vector<std::string> files_like(const std::string& pattern) {
  const std::string files_of = hdf5_name(pattern).file, dataset = pattern.substr(files_of.size());
  glob_t found{};
  const int status = ::glob(files_of.c_str(), 0, nullptr, &found);
  std::vector<std::string> files(found.gl_pathv, found.gl_pathv + (status == 0 ? found.gl_pathc : 0));
  ::globfree(&found);
  if (files.empty()) {
    fail(files_of, "no file is called so");
  }
  for (std::string& file : files) file += dataset;
  return files;
}

std::vector<std::string> listed_files(const std::string& list) {
  std::vector<std::string> files;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    if (end == at) {
      fail(list, "an empty name in a list of files");
    }
    files.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return files;
}

/// Features of several tables one after the other.
class JoinedFeatures final : public StoredFeatures {
 public:
  explicit JoinedFeatures(std::vector<Table> parts) : parts_(std::move(parts)) {
    Index samples = 0;
    for (const Table& part : parts_) {
      begins_.push_back(samples);
      samples += part.samples;
    }
    const auto same = [&](const Table& part) { return part.stored_type() == parts_.front().stored_type(); };
    if (std::all_of(parts_.begin(), parts_.end(), same)) type_ = parts_.front().stored_type();
    const auto is_seen = [](const Table& part) { return part.samples == 0 || seen_deviations(part) != nullptr; };
    if (!std::all_of(parts_.begin(), parts_.end(), is_seen)) return;
    for (const Table& part : parts_) {
      if (part.samples > 0) merge(*seen_deviations(part), deviations_);
    }
  }

  void read(Index first, Index count, double* to) const override {
    each_part(first, count, [&](const Table& part, Index from, Index some) {
      part.read_features(from, some, to);
      to += some * part.features;
    });
  }

  NumberType type() const override { return type_; }
  const Deviations* deviations() const override { return deviations_.samples > 0 ? &deviations_ : nullptr; }

  void read_as_stored(Index first, Index count, void* to) const override {
    if (type_ == NumberType::float64) return read(first, count, static_cast<double*>(to));
    auto* at = static_cast<std::byte*>(to);
    each_part(first, count, [&](const Table& part, Index from, Index some) {
      part.read_stored(from, some, at);
      at += some * part.features * size_of(type_);
    });
  }

  bool in_range() const override {
    return std::all_of(parts_.begin(), parts_.end(), [](const Table& part) {
      if (const auto* numbers = std::get_if<std::vector<double>>(&part.x))
        return all_within(numbers->data(), static_cast<Index>(numbers->size()), largest_usable);
      const auto* stored = std::get_if<std::shared_ptr<const StoredFeatures>>(&part.x);
      return stored == nullptr || (*stored)->in_range();
    });
  }

 private:
  /// body(part, its first sample, how many) for consecutive samples of all.
  template <class Body>
  void each_part(Index first, Index count, const Body& body) const {
    auto part = static_cast<std::size_t>(std::upper_bound(begins_.begin(), begins_.end(), first) - begins_.begin() - 1);
    for (Index some = 0; count > 0; ++part, first += some, count -= some) {
      const Index skipped = first - begins_[part];
      some = std::min(count, parts_[part].samples - skipped);
      body(parts_[part], skipped, some);
    }
  }

  std::vector<Table> parts_;
  std::vector<Index> begins_;  // the first sample of each
  NumberType type_ = NumberType::float64;
  Deviations deviations_;  // where those of all parts are known
};

/// Columns by name and number.
void check_names(const std::vector<std::string>& names, const Table& part, const std::vector<std::string>& expected, const std::string& of) {
  if (names.size() != expected.size()) {
    fail(part.path, count_of(static_cast<Index>(names.size()), "column") + " where " + of + " has " + std::to_string(expected.size()));
  }
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (names[c] != expected[c]) fail(part.path, "column " + read::quoted(names[c]) + " where " + of + " has " + read::quoted(expected[c]));
  }
}

void check_part(const Table& part, const Table& first) {
  check_names(part.feature_names, part, first.feature_names, first.path);
  check_names(part.target_names, part, first.target_names, first.path);
  if (part.image_height != first.image_height || part.image_width != first.image_width) {
    fail(part.path, "images of " + std::to_string(part.image_height) + " × " + std::to_string(part.image_width) + " where " + first.path +
                        " has such of " + std::to_string(first.image_height) + " × " + std::to_string(first.image_width));
  }
  if (part.labels.empty() != first.labels.empty()) {
    fail(part.labels.empty() ? part.path : first.path, "labels that are numbers, while those of other parts are text");
  }
}

/// y of the parts, positions of text labels among those of all of them.
void join_targets(const std::vector<Table>& parts, Table& all) {
  for (const Table& part : parts) {
    std::vector<std::string> more;
    std::set_union(all.labels.begin(), all.labels.end(), part.labels.begin(), part.labels.end(), std::back_inserter(more));
    all.labels = std::move(more);
  }
  for (const Table& part : parts) {
    std::vector<double> positions;
    for (const std::string& label : part.labels) {
      positions.push_back(static_cast<double>(std::lower_bound(all.labels.begin(), all.labels.end(), label) - all.labels.begin()));
    }
    for (const double y : part.y) all.y.push_back(positions.empty() ? y : positions[static_cast<std::size_t>(y)]);
  }
}

}  // namespace

std::vector<std::string> parts_of(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const Hdf5Name in_hdf5 = hdf5_name(path);
  if (fs::is_directory(status)) {
    return files_in(path);
  }
  if (fs::exists(status) || (fs::exists(in_hdf5.file, error) && in_hdf5.dataset.find(',') == std::string::npos)) {
    return {path};
  }
  if (in_hdf5.file.find_first_of("*?[") != std::string::npos) {
    return files_like(path);
  }
  return path.find(',') == std::string::npos ? std::vector{path} : listed_files(path);
}

void check_parts(const std::vector<Table>& parts) {
  for (const Table& part : parts) check_part(part, parts.front());
}

Table joined(const std::string& path, std::vector<Table> parts) {
  check_parts(parts);
  return stacked(path, std::move(parts));
}

Table stacked(const std::string& path, std::vector<Table> parts) {
  Table all = columns_of(parts.front());
  all.path = all.target_path = path;
  for (const Table& part : parts) {
    all.samples += part.samples;
    all.notices.insert(all.notices.end(), part.notices.begin(), part.notices.end());
  }
  join_targets(parts, all);
  for (Table& part : parts) {
    part.y = {};
    part.feature_names = part.target_names = {};
  }
  if (all.features > 0) all.x = std::make_shared<JoinedFeatures>(std::move(parts));
  return all;
}

}  // namespace neuspec::read
