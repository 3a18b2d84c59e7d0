#include <cstdint>

#include "read/array.hpp"
#include "read/message.hpp"
#include "read/readers.hpp"

namespace neuspec::read {
namespace {

constexpr std::size_t kMagic = 4;      // two zero bytes, the element type, the number of dimensions
constexpr std::size_t kSizeBytes = 4;  // of each dimension, big-endian

ElementType element_type(unsigned char code, const std::string& path) {
  switch (code) {
    case 0x08:
      return ElementType::uint8;
    case 0x09:
      return ElementType::int8;
    case 0x0b:
      return ElementType::int16;
    case 0x0c:
      return ElementType::int32;
    case 0x0d:
      return ElementType::float32;
    case 0x0e:
      return ElementType::float64;
    default:
      fail(path, "byte 3 of the IDX header is no element type: " + std::to_string(code));
  }
}

}  // namespace

bool is_idx(std::string_view content) { return content.size() >= 2 && content[0] == 0 && content[1] == 0; }

Table read_idx(const FileView& file, const std::string& path, const Selection& selection) {
  const std::string_view content = file.content;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(content[i]); };
  if (content.size() < kMagic) {
    fail(path, "truncated inside the IDX header");
  }
  Array array;
  array.type = element_type(byte(2), path);
  array.big_endian = true;
  array.has_target_columns = false;
  const std::size_t dimensions = byte(3);
  const std::size_t header = kMagic + kSizeBytes * dimensions;
  if (content.size() < header) {
    fail(path,
         "truncated inside the IDX header: " + std::to_string(header) + " bytes are promised, the file holds " + std::to_string(content.size()));
  }
  for (std::size_t k = 0; k < dimensions; ++k) {
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < kSizeBytes; ++i) {
      size = size << 8U | byte(kMagic + kSizeBytes * k + i);
    }
    array.shape.push_back(size);
  }
  array.data_at = header;
  return table_of(array, file, path, selection);
}

}  // namespace neuspec::read
