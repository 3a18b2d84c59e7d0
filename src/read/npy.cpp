#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>

#include "read/array.hpp"
#include "read/message.hpp"
#include "read/readers.hpp"

namespace neuspec::read {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

// The header is the text of a Python dictionary: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::size_t offset, const std::string& path) : text_(text), offset_(offset), path_(path) {}

  void parse(Array& array) {
    std::optional<std::string> description;
    bool has_order = false;
    bool has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !description) {
        description = string();
      } else if (key == "fortran_order" && !has_order) {
        array.fortran_order = boolean();
        has_order = true;
      } else if (key == "shape" && !has_shape) {
        array.shape = tuple();
        has_shape = true;
      } else {
        fail_here("unexpected key " + quoted(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (position_ != text_.size()) {
      fail_here("text after the dictionary");
    }
    if (!description || !has_order || !has_shape) {
      fail_here("'descr', 'fortran_order' or 'shape' is missing");
    }
    set_type(array, *description);
  }

 private:
  [[noreturn]] void fail_here(const std::string& message) const {
    fail(path_, "NPY header, byte " + std::to_string(offset_ + position_ + 1) + ": " + message);
  }

  void skip_blanks() { position_ = std::min(text_.find_first_not_of(" \t\r\n", position_), text_.size()); }

  bool accept(char wanted) {
    skip_blanks();
    const bool found = position_ < text_.size() && text_[position_] == wanted;
    position_ += found ? 1 : 0;
    return found;
  }

  void expect(char wanted) {
    if (!accept(wanted)) {
      fail_here(std::string("'") + wanted + "' expected");
    }
  }

  std::string string() {
    skip_blanks();
    const char quote = position_ < text_.size() ? text_[position_] : ' ';
    if (quote == '[') {
      fail_here("structured arrays are not supported, only plain numbers");
    }
    const std::size_t end = quote == '\'' || quote == '"' ? text_.find(quote, position_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) {
      fail_here("a string is expected");
    }
    const std::string_view inside = text_.substr(position_ + 1, end - position_ - 1);
    position_ = end + 1;
    return std::string(inside);
  }

  bool boolean() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (text_.substr(position_).starts_with(word)) {
        position_ += word.size();
        return value;
      }
    }
    fail_here("True or False is expected");
  }

  std::vector<std::uint64_t> tuple() {
    std::vector<std::uint64_t> sizes;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      std::uint64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data() + position_, text_.data() + text_.size(), size);
      if (error != std::errc()) {
        fail_here(error == std::errc::result_out_of_range ? "a size overflows" : "a size is expected");
      }
      sizes.push_back(size);
      position_ = static_cast<std::size_t>(end - text_.data());
      position_ += position_ < text_.size() && text_[position_] == 'L' ? 1 : 0;  // Python 2 wrote its long integers so
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  void set_type(Array& array, const std::string& description) const {
    static const std::map<std::string_view, ElementType> kTypes = {
        {"b1", ElementType::boolean}, {"i1", ElementType::int8},    {"i2", ElementType::int16},  {"i4", ElementType::int32},
        {"i8", ElementType::int64},   {"u1", ElementType::uint8},   {"u2", ElementType::uint16}, {"u4", ElementType::uint32},
        {"u8", ElementType::uint64},  {"f4", ElementType::float32}, {"f8", ElementType::float64}};
    const auto type = description.empty() ? kTypes.end() : kTypes.find(std::string_view(description).substr(1));
    if (type == kTypes.end() || std::string_view("<>|=").find(description[0]) == std::string_view::npos) {
      fail(path_, "NPY: elements of type " + quoted(description) + " are not supported; boolean, integers, f4 and f8 are");
    }
    array.type = type->second;
    array.big_endian = description[0] == '>';
  }

  std::string_view text_;
  std::size_t offset_;
  const std::string& path_;
  std::size_t position_ = 0;
};

}  // namespace

bool is_npy(std::string_view content) { return content.starts_with(kMagic); }

Table read_npy(const FileView& file, const std::string& path, const Selection& selection) {
  const std::string_view content = file.content;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(content[i]); };
  const std::size_t version_at = kMagic.size();
  const std::size_t length_at = version_at + 2;
  if (content.size() < length_at + 4) {
    fail(path, "truncated inside the NPY header");
  }
  const int version = byte(version_at);
  if (version < 1 || version > 3) {
    fail(path, "NPY version " + std::to_string(version) + " is not known; 1, 2 and 3 are");
  }
  const std::size_t length_bytes = version == 1 ? 2 : 4;  // little-endian
  std::size_t length = 0;
  for (std::size_t i = length_bytes; i > 0; --i) {
    length = length << 8U | byte(length_at + i - 1);
  }
  const std::size_t header_at = length_at + length_bytes;
  if (content.size() - header_at < length) {
    fail(path, file.size - header_at < length
                   ? "truncated inside the NPY header: its " + std::to_string(length) + " bytes reach beyond the end of the file"
                   : "the NPY header has " + std::to_string(length) + " bytes: too many for an array of plain numbers");
  }
  Array array;
  HeaderParser(content.substr(header_at, length), header_at, path).parse(array);
  array.data_at = header_at + length;
  return table_of(array, file, path, selection);
}

}  // namespace neuspec::read
