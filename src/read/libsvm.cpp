#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include "read/blocks.hpp"
#include "read/libsvm_lines.hpp"
#include "read/libsvm_reader.hpp"
#include "read/libsvm_words.hpp"
#include "read/message.hpp"
#include "read/number.hpp"
#include "read/readers.hpp"
#include "read/row_marks.hpp"
#include "threads/available_memory.hpp"

namespace neuspec::read {
namespace {

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

/// What is before each block, and in all of them.
std::vector<LibsvmOutline> starts_of(const std::vector<std::string_view>& blocks) {
  std::vector<LibsvmOutline> starts(blocks.size() + 1);
  read_blocks(blocks.size(), [&](std::size_t k) { starts[k + 1] = outline_of(blocks[k]); });
  for (std::size_t k = 0; k < blocks.size(); ++k) starts[k + 1] = starts[k] + starts[k + 1];
  return starts;
}

/// Takes lines off `text` up to one with a sample, which stays; false where there is none.
bool skip_to_sample(std::string_view& text) {
  while (!text.empty()) {
    std::string_view rest = text;
    const std::string_view line = next_line(rest);
    if (!std::all_of(line.begin(), line.end(), is_blank)) return true;
    text = rest;
  }
  return false;
}

void skip_samples(std::string_view& text, Index count) {
  for (; count > 0 && skip_to_sample(text); --count) next_line(text);
}

/// Where samples of a block are behind `text`, the first of which is that one.
void mark_samples(const char* text, std::string_view block, Index sample, RowMarks& marks) {
  for (; skip_to_sample(block); ++sample) {
    marks.note(sample, static_cast<std::size_t>(block.data() - text));
    next_line(block);
  }
}

[[noreturn]] void fail_too_large(const std::string& path, Index samples, Index features, const LibsvmPlace& largest) {
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
                        std::size_t block_bytes, RowMarks* marks) {
  if (selection.rule == TargetRule::every_column) {
    fail(path, "a LIBSVM file cannot serve as a file of labels");
  }
  const std::vector<std::string_view> blocks = cut_at_lines(content, block_bytes);
  const std::vector<LibsvmOutline> starts = starts_of(blocks);
  const LibsvmOutline whole = starts.back();
  const LibsvmFile file = part_of == nullptr ? LibsvmFile{whole, content.size(), 0} : *part_of;
  if (whole.samples == 0) {
    fail(path, "the file holds no samples");
  }
  Table table;
  table.path = path;
  table.samples = whole.samples;
  table.features = selection.features > 0 ? selection.features : file.outline.features;
  const bool dense = fits_densely(selection, file), held = dense && marks == nullptr;
  if (held) expect_memory(sizeof(double) * static_cast<double>(table.samples) * static_cast<double>(table.features + 1));
  if (marks != nullptr) marks->expect(table.samples, table.features);
  std::vector<double> x(held ? static_cast<std::size_t>(table.samples * table.features) : 0), labels(static_cast<std::size_t>(table.samples));
  const bool sees = dense && marks != nullptr && marks->sees(table.features);
  std::vector<Deviations> seen(sees ? blocks.size() : 0);
  std::vector<LibsvmPlace> largest(blocks.size());
  std::atomic<bool> in_range = true;
  read_blocks(blocks.size(), [&](std::size_t k) {
    const Index sample = starts[k].samples;
    LibsvmReader reader(path, file.lines_before + starts[k].lines + 1, selection.features);
    std::vector<double> row(static_cast<std::size_t>(sees ? table.features : 0));
    RunningDeviations deviations(table.features);
    double* const to = held ? x.data() + sample * table.features : (sees ? row.data() : nullptr);
    largest[k] = reader.read(blocks[k], {to, labels.data() + sample, table.features, sees ? &deviations : nullptr});
    if (!reader.in_range()) in_range = false;
    if (sees) seen[k] = deviations.finish();
    if (marks != nullptr) mark_samples(content.data(), blocks[k], sample, *marks);
  });
  if (table.features == 0) {
    fail(path, "no line has a feature");
  }
  if (!dense) {
    const auto less = [](const LibsvmPlace& a, const LibsvmPlace& b) { return a.index < b.index; };
    fail_too_large(path, file.outline.samples, table.features, *std::max_element(largest.begin(), largest.end(), less));
  }
  if (marks != nullptr) {
    marks->text_size = content.size();
    marks->in_range = in_range;
    for (Deviations& part : seen) merge(std::move(part), marks->deviations);
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

void read_libsvm_features(std::string_view lines, const std::string& path, Index features, Index skipped, Index count, double* x) {
  skip_samples(lines, skipped);
  std::string_view rest = lines;
  skip_samples(rest, count);
  std::fill_n(x, count * features, 0.0);
  std::vector<double> labels(static_cast<std::size_t>(count));
  LibsvmReader(path, 0, features).read(lines.substr(0, lines.size() - rest.size()), {x, labels.data(), features});
}

}  // namespace neuspec::read
