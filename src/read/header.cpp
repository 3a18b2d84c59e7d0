#include "read/header.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "neuspec/preprocessing.hpp"
#include "read/csv_layout.hpp"
#include "read/message.hpp"
#include "read/number.hpp"

namespace neuspec::read {
namespace {

enum class Kind { empty, number, missing, word };

Kind kind_of(const std::string& text) {
  const std::string_view field = trimmed(text);
  if (field.empty()) {
    return Kind::empty;
  }
  return is_number(field) ? Kind::number : is_missing(field) ? Kind::missing : Kind::word;
}

Index count_of_kind(const std::vector<std::string>& fields, Kind kind) {
  return std::count_if(fields.begin(), fields.end(), [kind](const std::string& field) { return kind_of(field) == kind; });
}

// 0, 1, 2, …, as pandas names columns without names; a column without any before them is its index.
bool counts_from_zero(const std::vector<std::string>& fields) {
  const std::size_t first = fields.size() > 1 && fields.front().empty() ? 1 : 0;
  for (std::size_t i = first; i < fields.size(); ++i) {
    if (fields[i] != std::to_string(i - first)) {
      return false;
    }
  }
  return true;
}

// Words stand where the second line has some, too: class labels of two samples.
bool has_words_in_the_same_places(const std::vector<std::string>& first, const std::vector<std::string>& second) {
  const auto same = [](const std::string& a, const std::string& b) { return (kind_of(a) == Kind::word) == (kind_of(b) == Kind::word); };
  return first.size() == second.size() && std::equal(first.begin(), first.end(), second.begin(), same);
}

bool holds_all_names(const std::vector<std::string>& fields, const Preprocessing& like) {
  const std::unordered_set<std::string_view> found(fields.begin(), fields.end());
  return like.columns.named && std::all_of(like.feature_names.begin(), like.feature_names.end(),
                                           [&](const std::string& name) { return found.contains(std::string_view(name)); });
}

bool is_whole(const std::string& field) { return !field.empty() && field.find_first_not_of("0123456789") == std::string::npos; }

class FirstLine {
 public:
  FirstLine(const std::string& path, const Record& first, const Record& second, Index lines, const Selection& selection)
      : path_(path), first_(first), second_(second), lines_(lines), selection_(selection) {}

  bool names_columns(std::vector<std::string>& notices) const {
    const std::vector<std::string>& fields = first_.fields;
    const Index numbers = count_of_kind(fields, Kind::number), missing = count_of_kind(fields, Kind::missing),
                words = count_of_kind(fields, Kind::word);
    const bool all_in_quotes = first_.quoted == static_cast<Index>(fields.size()) && second_.quoted == 0 && !second_.fields.empty();
    if (all_in_quotes || (selection_.like != nullptr && holds_all_names(fields, *selection_.like))) {
      return true;
    }
    if (words == 0 && missing == 0) {
      return numbers > 0 && counts_from_zero(fields) && counted_columns();
    }
    if (words == 0) {
      fail_undecided(numbers > 0 ? "numbers and marks of missing values" : "marks of missing values alone");
    }
    if (numbers == 0) {
      return !(lines_ == selection_.samples && has_words_in_the_same_places(fields, second_.fields));
    }
    return words_among_numbers(notices);
  }

 private:
  // `fields` are 0, 1, 2, … A single 0 is a label rather than a name, unless the number of labels says otherwise.
  bool counted_columns() const {
    const bool has_index = first_.fields.front().empty();
    if (lines_ < 2 || has_index) {
      return has_index;
    }
    if (selection_.samples > 0 && (lines_ == selection_.samples || lines_ == selection_.samples + 1)) {
      return lines_ > selection_.samples;
    }
    if (first_.fields.size() > 1) {
      fail_undecided("0, 1, … as pandas names columns");
    }
    return false;
  }

  bool words_among_numbers(std::vector<std::string>& notices) const {
    const std::vector<std::string>& fields = first_.fields;
    if (has_words_in_the_same_places(fields, second_.fields)) {
      notices.emplace_back("no header: the first line is taken for a sample, as it has text where the second has");
      return false;
    }
    const bool whole =
        std::all_of(fields.begin(), fields.end(), [](const std::string& field) { return kind_of(field) != Kind::number || is_whole(field); });
    if (!whole) {
      fail_undecided("numbers and text");
    }
    notices.emplace_back("the first line is taken for the names of the columns, though it holds numbers: " + listed(fields));
    return true;
  }

  [[noreturn]] void fail_undecided(const std::string& content) const {
    fail_at_line(path_, 1, "a header or a sample? The line holds " + content + ": say which (--header yes or no)");
  }

  const std::string& path_;
  const Record& first_;
  const Record& second_;
  Index lines_;
  const Selection& selection_;
};

}  // namespace

bool is_missing(std::string_view field) {
  constexpr std::array<std::string_view, 17> kMarks = {"?",   "*",    "-",    ".",    "NA",   "N/A", "n/a", "na",  "#N/A",
                                                       "#NA", "<NA>", "NULL", "null", "None", "NaN", "nan", "-nan"};
  return std::find(kMarks.begin(), kMarks.end(), field) != kMarks.end();
}

bool has_header(const std::string& path, const Record& first, const Record& second, Index lines, const Selection& selection,
                std::vector<std::string>& notices) {
  if (selection.header != Header::automatic) {
    return selection.header == Header::present;
  }
  return FirstLine(path, first, second, lines, selection).names_columns(notices);
}

}  // namespace neuspec::read
