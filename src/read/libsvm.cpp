#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "read/message.hpp"
#include "read/number.hpp"
#include "read/readers.hpp"

namespace neuspec::read {
namespace {

constexpr std::string_view kBlank = " \t\r\v\f";

// Takes the first line, without its comment, off `rest`.
std::string_view next_line(std::string_view& rest) {
  const std::size_t size = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return line.substr(0, line.find('#'));
}

// Takes the first word off `line`; empty at its end.
std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

bool is_pair(std::string_view word) {
  const std::size_t colon = word.find(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  const std::string_view key = word.substr(0, colon);
  const bool all_digits = !key.empty() && key.find_first_not_of("0123456789") == std::string_view::npos;
  return (all_digits || key == "qid") && is_number(word.substr(colon + 1));
}

// 3,7 instead of a label: a sample that belongs to several classes.
bool is_list(std::string_view word) {
  const std::size_t comma = word.find(',');
  return comma != std::string_view::npos && is_number(word.substr(0, comma)) && is_number(word.substr(word.rfind(',') + 1));
}

struct Entry {
  Index sample, feature;
  double value;
};

// The sparse content of the file and where its largest index stood.
struct Sparse {
  std::vector<double> labels;
  std::vector<Entry> entries;
  Index features = 0, line_of_largest = 0, column_of_largest = 0;
  Index lines = 0;  // of the file, those without a sample too
};

class LineReader {
 public:
  LineReader(const std::string& path, Index line, Index most_features) : path_(path), line_(line), most_features_(most_features) {}

  void read(std::string_view text, Sparse& sparse) {
    const std::string_view label = next_word(text);
    const auto sample = static_cast<Index>(sparse.labels.size());
    if (is_list(label)) {
      fail_here("the sample has several labels, " + quoted(label) + "; one is expected");
    }
    sparse.labels.push_back(number(label, "the label "));
    for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) {
      ++column_;
      if (word.starts_with("qid:")) {
        continue;
      }
      const std::size_t colon = word.find(':');
      if (colon == std::string_view::npos) {
        fail_here(quoted(word) + " is not of the form index:value");
      }
      const Index index = ascending_index(word.substr(0, colon));
      sparse.entries.push_back({sample, index - 1, number(word.substr(colon + 1), "the value ")});
      if (index > sparse.features) {
        sparse.features = index;
        sparse.line_of_largest = line_;
        sparse.column_of_largest = column_;
      }
    }
  }

 private:
  [[noreturn]] void fail_here(const std::string& message) const { fail_at(path_, line_, column_, message); }

  double number(std::string_view text, const std::string& what) const {
    double value = 0;
    if (text.empty() || parse_number(text.data(), text.data() + text.size(), value) != text.data() + text.size()) {
      fail_here(what + quoted(text) + " is not a number");
    }
    if (!std::isfinite(value)) {
      fail_here(what + quoted(text) + " is not finite");
    }
    return value;
  }

  Index ascending_index(std::string_view text) {
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
    previous_ = index;
    return index;
  }

  const std::string& path_;
  Index line_;
  Index most_features_;
  Index column_ = 1;
  Index previous_ = 0;
};

Sparse read_sparse(std::string_view content, const std::string& path, Index most_features) {
  Sparse sparse;
  for (Index line = 1; !content.empty(); ++line) {
    const std::string_view text = next_line(content);
    sparse.lines = line;
    if (text.find_first_not_of(kBlank) != std::string_view::npos) {
      LineReader(path, line, most_features).read(text, sparse);
    }
  }
  if (sparse.labels.empty()) {
    fail(path, "the file holds no samples");
  }
  return sparse;
}

// One large index in a small file must not claim the whole memory.
void check_density(const Sparse& sparse, Index features, std::size_t file_bytes, const std::string& path) {
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 16;  // numbers in the table that are always allowed
  constexpr std::uint64_t kPerByte = 512;                   // numbers in the table for each byte of the file
  const auto samples = static_cast<std::uint64_t>(sparse.labels.size());
  if (static_cast<std::uint64_t>(features) <= std::max(kLeast, kPerByte * file_bytes) / samples) {
    return;
  }
  const std::string message = " makes the table of " + count_of(static_cast<Index>(samples), "sample") + " too large to be held densely";
  if (features == sparse.features) {
    fail_at(path, sparse.line_of_largest, sparse.column_of_largest, "the index " + std::to_string(features) + message);
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

Table read_libsvm(std::string_view content, const std::string& path, const Selection& selection, std::size_t) {
  if (selection.rule == TargetRule::every_column) {
    fail(path, "a LIBSVM file cannot serve as a file of labels");
  }
  Sparse sparse = read_sparse(content, path, selection.features);
  Table table;
  table.path = path;
  table.samples = static_cast<Index>(sparse.labels.size());
  table.features = selection.features > 0 ? selection.features : sparse.features;
  if (table.features == 0) {
    fail(path, "no line has a feature");
  }
  check_density(sparse, table.features, content.size(), path);
  table.columns.count = table.features;
  table.feature_names = numbered_names("x", table.features);
  std::vector<double> x(static_cast<std::size_t>(table.samples * table.features));
  for (const Entry& entry : sparse.entries) {
    x[static_cast<std::size_t>(entry.sample * table.features + entry.feature)] = entry.value;
  }
  table.x = std::move(x);
  if (selection.rule != TargetRule::none) {
    table.y = std::move(sparse.labels);
    table.targets = 1;
    table.target_path = path;
    table.target_line = sparse.lines == table.samples ? 1 : 0;
    table.target_names = numbered_names("y", 1);
  }
  return table;
}

}  // namespace neuspec::read
