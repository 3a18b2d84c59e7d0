// Where the tests' data and programs are: where they were built from, unless the environment names another place, as it does on a machine that only
// unpacked them (scripts/gpu-check).
#pragma once

#include <cstdlib>
#include <string>

namespace neuspec::test {

inline std::string located(const char* variable, const char* built) {
  const char* elsewhere = std::getenv(variable);
  return elsewhere != nullptr ? elsewhere : built;
}
inline std::string data_folder() { return located("NEUSPEC_TEST_DATA", NEUSPEC_TEST_DATA); }

}  // namespace neuspec::test
