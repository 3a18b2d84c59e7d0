// Columns that blanks keep apart, as in many files of the UCI repository.
#include <algorithm>

#include "read/blocks.hpp"
#include "read/csv_layout.hpp"
#include "read/number.hpp"

namespace neuspec::read {
namespace {

// Calls word(text) for every word of a line and blank() between two; quoted text belongs to its word.
template <typename Word, typename Blank>
void for_words(std::string_view line, const Word& word, const Blank& blank) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\r'; };
  const char* const last = line.data() + line.size();
  for (const char* p = std::find_if_not(line.data(), last, is_blank); p != last;) {
    bool inside = false;
    const char* end = p;
    for (; end != last && (inside || !is_blank(*end)); ++end) {
      inside = inside != (*end == '"');
    }
    word(std::string_view(p, static_cast<std::size_t>(end - p)));
    p = std::find_if_not(end, last, is_blank);
    if (p != last) {
      blank();
    }
  }
}

struct Words {
  Index count = 0, numbers = 0;
};

Words words_of(std::string_view line) {
  Words words;
  const auto count = [&](std::string_view word) {
    ++words.count;
    words.numbers += is_number(word) ? 1 : 0;
  };
  for_words(line, count, [] {});
  return words;
}

std::string_view line_at(std::string_view content, std::size_t begin) {
  return content.substr(std::min(begin, content.size()), content.find('\n', begin) - begin);
}

// Writes the lines of `text` with a delimiter between words; returns the end of what it wrote, which is no longer than the text.
char* delimit(std::string_view text, char delimiter, char* out) {
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    const std::string_view line = line_at(text, begin);
    for_words(line, [&](std::string_view word) { out = std::copy(word.begin(), word.end(), out); }, [&] { *out++ = delimiter; });
    begin += line.size();
    if (begin < text.size()) {
      *out++ = '\n';
    }
  }
  return out;
}

}  // namespace

std::optional<char> delimiter_for_blanks(std::string_view content) {
  constexpr std::string_view kDelimiters = ",;\t";
  const std::string_view first = line_at(content, 0), second = line_at(content, first.size() + 1);
  const Words names = words_of(first), sample = trimmed(second).empty() ? names : words_of(second);
  const auto all_numbers = [](const Words& words) { return words.count > 1 && words.numbers == words.count; };
  const bool alike = names.count > 1 && sample.count == names.count && sample.numbers > 0;
  if (first.find_first_of(kDelimiters) != std::string_view::npos || (!alike && !all_numbers(names) && !all_numbers(sample))) {
    return {};
  }
  const auto absent = [&](char delimiter) { return content.find(delimiter) == std::string_view::npos; };
  const auto delimiter = std::find_if(kDelimiters.begin(), kDelimiters.end(), absent);
  return delimiter == kDelimiters.end() ? std::nullopt : std::optional(*delimiter);
}

// Each block goes to where it stood, as it becomes no longer; then they close up.
GrowingBytes delimit_blanks(std::string_view content, char delimiter, std::size_t block_bytes) {
  GrowingBytes result;
  result.reserve(content.size());
  const std::vector<std::string_view> blocks = cut_at_lines(content, block_bytes);
  std::vector<std::size_t> sizes(blocks.size());
  read_blocks(blocks.size(), [&](std::size_t k) {
    char* const start = result.data() + (blocks[k].data() - content.data());
    sizes[k] = static_cast<std::size_t>(delimit(blocks[k], delimiter, start) - start);
  });
  char* end = result.data();
  for (std::size_t k = 0; k < blocks.size(); ++k) {
    const char* const start = result.data() + (blocks[k].data() - content.data());
    end = std::copy(start, start + sizes[k], end);
  }
  result.size = static_cast<std::size_t>(end - result.data());
  result.fit();
  return result;
}

}  // namespace neuspec::read
