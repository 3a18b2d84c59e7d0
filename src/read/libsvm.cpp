#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <vector>

#include "read/blocks.hpp"
#include "read/libsvm_lines.hpp"
#include "read/libsvm_words.hpp"
#include "read/message.hpp"
#include "read/number.hpp"
#include "read/readers.hpp"
#include "threads/available_memory.hpp"

namespace neuspec::read {
namespace {

// Where an index stands, the largest one; 0 for none.
struct Place {
  Index index = 0, line = 0, column = 0;
};

Index last_index(std::string_view line) {
  while (true) {
    while (!line.empty() && is_blank(line.back())) {
      line.remove_suffix(1);
    }
    std::size_t start = line.size();
    while (start > 0 && !is_blank(line[start - 1])) {
      --start;
    }
    const std::string_view word = line.substr(start);
    if (!word.starts_with("qid:")) {
      const std::size_t colon = word.find(':');
      if (colon == std::string_view::npos) {
        return 0;
      }
      Index index = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + colon, index);
      return error == std::errc() && end == word.data() + colon ? index : 0;
    }
    line = line.substr(0, start);
  }
}

LibsvmOutline outline_of(std::string_view text) {
  LibsvmOutline outline;
  for (; !text.empty(); ++outline.lines) {
    const std::string_view line = next_line(text);
    if (!std::all_of(line.begin(), line.end(), is_blank)) {
      ++outline.samples;
      outline.features = std::max(outline.features, last_index(line));
    }
  }
  return outline;
}

// Rows of a dense table that the samples of a block go to; x is null where they are only looked at.
struct Rows {
  double* x;
  double* y;
  Index features;
};

class LineReader {
 public:
  LineReader(const std::string& path, Index line, Index most_features) : path_(path), line_(line), most_features_(most_features) {}

  // Reads all samples of a block; returns where its largest index stands.
  Place read(std::string_view text, Rows rows) {
    end_of_text_ = text.data() + text.size();
    for (; !text.empty(); ++line_) {
      const std::string_view line = next_line(text);
      if (!std::all_of(line.begin(), line.end(), is_blank)) {
        read_line(line, rows);
        rows.x += rows.x == nullptr ? 0 : rows.features;
        ++rows.y;
      }
    }
    return largest_;
  }

 private:
  void read_line(std::string_view line, const Rows& rows) {
    column_ = 1;
    previous_ = 0;
    *rows.y = label(next_word(line));
    Index column_of_last = 0;
    while (skip_blanks(line)) {
      ++column_;
      double value = 0;
      if (!take_pair(line, value) && !take_word(line, value)) {
        continue;
      }
      if (rows.x != nullptr && previous_ <= rows.features) {  // beyond: the line goes wrong further on
        rows.x[previous_ - 1] = value;
      }
      column_of_last = column_;
    }
    if (previous_ > largest_.index) {
      largest_ = {previous_, line_, column_of_last};
    }
  }

  // Takes a pair without fault, the usual case, off the line: its index becomes `previous_`.
  bool take_pair(std::string_view& line, double& value) {
    constexpr std::ptrdiff_t kMostDigits = 18;
    const char* const last = line.data() + line.size();
    const char* p = line.data();
    Index index = 0;
    for (; p != last && *p >= '0' && *p <= '9' && p - line.data() < kMostDigits; ++p) {
      index = 10 * index + (*p - '0');
    }
    if (index <= previous_ || (most_features_ > 0 && index > most_features_) || p == last || *p != ':') {
      return false;
    }
    const char* const end = parse_number(p + 1, end_of_text_, value);
    if (end == nullptr || (end != last && !is_blank(*end)) || !std::isfinite(value)) {
      return false;
    }
    previous_ = index;
    line = {end, static_cast<std::size_t>(last - end)};
    return true;
  }

  // The same for any word; false for one that is no pair and is let pass.
  bool take_word(std::string_view& line, double& value) {
    const std::string_view word = next_word(line);
    if (word.starts_with("qid:")) {
      return false;
    }
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos) {
      fail_here(quoted(word) + " is not of the form index:value");
    }
    previous_ = ascending_index(word.substr(0, colon));
    value = number(word.substr(colon + 1), "the value ");
    return true;
  }

  [[noreturn]] void fail_here(const std::string& message) const { fail_at(path_, line_, column_, message); }

  double label(std::string_view text) const {
    if (is_list(text)) {
      fail_here("the sample has several labels, " + quoted(text) + "; one is expected");
    }
    return number(text, "the label ");
  }

  // What follows a word is no part of a number, so that more than the word may be looked at.
  double number(std::string_view text, const char* what) const {
    double value = 0;
    const char* const last = text.data() + text.size();
    if (text.empty() || parse_number(text.data(), end_of_text_, value) != last) {
      fail_here(what + quoted(text) + " is not a number");
    }
    if (!std::isfinite(value)) {
      fail_here(what + quoted(text) + " is not finite");
    }
    return value;
  }

  Index ascending_index(std::string_view text) const {
    Index index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc() || end != text.data() + text.size()) {
      fail_here("the index " + quoted(text) + (error == std::errc::result_out_of_range ? " overflows" : " is not an integer"));
    }
    if (index < 1) {
      fail_here("the index " + quoted(text) + " is below 1; indices count from 1");
    }
    if (index <= previous_) {
      fail_here("the index " + quoted(text) + " does not ascend after " + std::to_string(previous_));
    }
    if (most_features_ > 0 && index > most_features_) {
      fail_here("the index " + quoted(text) + " exceeds the " + count_of(most_features_, "feature") + " expected");
    }
    return index;
  }

  const std::string& path_;
  Index line_;
  Index most_features_;
  const char* end_of_text_ = nullptr;
  Index column_ = 1;
  Index previous_ = 0;
  Place largest_;
};

[[noreturn]] void fail_too_large(const std::string& path, Index samples, Index features, const Place& largest) {
  const std::string message = " makes the table of " + count_of(samples, "sample") + " too large to be held densely";
  if (features == largest.index) {
    fail_at(path, largest.line, largest.column, "the index " + std::to_string(features) + message);
  }
  fail(path, "the number of features asked for, " + std::to_string(features) + "," + message);
}

}  // namespace

bool looks_like_libsvm(std::string_view content, const std::string& path) {
  constexpr int kMostLines = 1000;
  for (int i = 0; i < kMostLines && !content.empty(); ++i) {
    std::string_view line = next_line(content);
    const std::string_view label = next_word(line);
    const std::string_view word = next_word(line);
    if (!word.empty() || (!label.empty() && !is_number(label))) {
      return (is_number(label) || is_list(label)) && is_pair(word);
    }
  }
  const std::string name = path.ends_with(".gz") ? path.substr(0, path.size() - 3) : path;
  return name.ends_with(".libsvm") || name.ends_with(".svm") || name.ends_with(".svmlight");
}

bool fits_densely(const Selection& selection, const LibsvmFile& file) {
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 16;  // numbers in the table that are always allowed
  constexpr std::uint64_t kPerByte = 512;                   // numbers in the table for each byte of the file
  const Index features = selection.features > 0 ? selection.features : file.outline.features;
  return features > 0 &&
         static_cast<std::uint64_t>(features) <= std::max(kLeast, kPerByte * file.bytes) / static_cast<std::uint64_t>(file.outline.samples);
}

LibsvmOutline libsvm_outline(std::string_view content, std::size_t block_bytes) {
  const std::vector<std::string_view> blocks = cut_at_lines(content, block_bytes);
  std::vector<LibsvmOutline> outlines(blocks.size());
  read_blocks(blocks.size(), [&](std::size_t k) { outlines[k] = outline_of(blocks[k]); });
  LibsvmOutline all;
  for (const LibsvmOutline& more : outlines) all = all + more;
  return all;
}

Table read_libsvm(std::string_view content, const std::string& path, const Selection& selection, std::size_t block_bytes) {
  return read_libsvm_lines(content, nullptr, path, selection, block_bytes);
}

Table read_libsvm_lines(std::string_view content, const LibsvmFile* part_of, const std::string& path, const Selection& selection,
                        std::size_t block_bytes) {
  if (selection.rule == TargetRule::every_column) {
    fail(path, "a LIBSVM file cannot serve as a file of labels");
  }
  const std::vector<std::string_view> blocks = cut_at_lines(content, block_bytes);
  std::vector<LibsvmOutline> starts(blocks.size() + 1);  // of each block, and what is before it
  read_blocks(blocks.size(), [&](std::size_t k) { starts[k + 1] = outline_of(blocks[k]); });
  for (std::size_t k = 0; k < blocks.size(); ++k) starts[k + 1] = starts[k] + starts[k + 1];
  const LibsvmOutline whole = starts.back();
  const LibsvmFile file = part_of == nullptr ? LibsvmFile{whole, content.size(), 0} : *part_of;
  if (whole.samples == 0) {
    fail(path, "the file holds no samples");
  }
  Table table;
  table.path = path;
  table.samples = whole.samples;
  table.features = selection.features > 0 ? selection.features : file.outline.features;
  const bool dense = fits_densely(selection, file);
  if (dense) expect_memory(sizeof(double) * static_cast<double>(table.samples) * static_cast<double>(table.features + 1));
  std::vector<double> x(dense ? static_cast<std::size_t>(table.samples * table.features) : 0), labels(static_cast<std::size_t>(table.samples));
  std::vector<Place> largest(blocks.size());
  read_blocks(blocks.size(), [&](std::size_t k) {
    const Index sample = starts[k].samples;
    const Rows rows{dense ? x.data() + sample * table.features : nullptr, labels.data() + sample, table.features};
    largest[k] = LineReader(path, file.lines_before + starts[k].lines + 1, selection.features).read(blocks[k], rows);
  });
  if (table.features == 0) {
    fail(path, "no line has a feature");
  }
  if (!dense) {
    const auto less = [](const Place& a, const Place& b) { return a.index < b.index; };
    fail_too_large(path, file.outline.samples, table.features, *std::max_element(largest.begin(), largest.end(), less));
  }
  table.columns.count = table.features;
  table.feature_names = numbered_names("x", table.features);
  table.x = std::move(x);
  if (selection.rule != TargetRule::none) {
    table.y = std::move(labels);
    table.targets = 1;
    table.target_path = path;
    table.target_line = whole.lines == table.samples ? file.lines_before + 1 : 0;
    table.target_names = numbered_names("y", 1);
  }
  return table;
}

}  // namespace neuspec::read
