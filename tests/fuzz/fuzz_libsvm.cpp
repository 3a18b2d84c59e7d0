#include "fuzz_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  neuspec::read::fuzz_text_reader(neuspec::read::read_libsvm, bytes, size);
  return 0;
}
