#include <cstdint>
#include <string_view>

#include "neuspec/error.hpp"
#include "read/file_buffer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    neuspec::read::inflate_gzip({reinterpret_cast<const char*>(bytes), size}, "fuzz");
  } catch (const neuspec::DataError&) {
    // What damaged files must end in.
  }
  return 0;
}
