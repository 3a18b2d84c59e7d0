#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "neuspec/error.hpp"
#include "read/gzip.hpp"

namespace {

// What a file inflates to, or what is wrong with it.
std::string outcome(std::string_view bytes, neuspec::read::Inflating inflating) {
  try {
    const neuspec::read::GrowingBytes inflated = neuspec::read::inflate_gzip(bytes, "fuzz", inflating);
    return "bytes " + std::string(inflated.data(), inflated.size);
  } catch (const neuspec::DataError& error) {
    return error.what();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(bytes), size);
  const std::string fast = outcome(file, neuspec::read::Inflating::fastest), sure = outcome(file, neuspec::read::Inflating::by_zlib);
  // ISA-L takes Huffman codes that are not complete, which zlib refuses as invalid; nothing else may tell them apart.
  const bool lenient = fast.starts_with("bytes ") && sure.starts_with("fuzz: corrupt compressed data: invalid ");
  if (fast != sure && !lenient) {
    std::abort();
  }
  return 0;
}
