// Variables before `main`, where the C library may not have them yet.
#pragma once

#include <cstddef>
#include <cstring>

namespace neuspec::cli {

/// What follows `name=` in an environment that ends with a null pointer; null where it is not set.
inline const char* value_of(const char* name, char** environment) {
  const std::size_t length = std::strlen(name);
  for (; *environment != nullptr; ++environment) {
    if (std::strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
  }
  return nullptr;
}

}  // namespace neuspec::cli
