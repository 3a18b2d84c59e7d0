#ifdef NEUSPEC_HAS_HDF5
#include "read/hdf5_library.hpp"

#include <dlfcn.h>

#include <string>

#include "neuspec/error.hpp"

namespace neuspec::read {
namespace {

[[noreturn]] void fail_to_load() {
  const char* const reason = ::dlerror();
  throw EnvironmentError(std::string("libhdf5, which HDF5 files need, cannot be loaded: ") + (reason == nullptr ? "no reason given" : reason));
}

/// By the name that programs linked to it would have, else from where it was when this was built. Never unloaded: it leaves at the program's end.
void* load() {
  void* library = ::dlopen(NEUSPEC_HDF5_SONAME, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) library = ::dlopen(NEUSPEC_HDF5_PATH, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail_to_load();
  return library;
}

}  // namespace

Hdf5Symbol::Hdf5Symbol(const char* name) {
  static void* const library = load();
  address_ = ::dlsym(library, name);
  if (address_ == nullptr) fail_to_load();
}

Hdf5Identifier::Hdf5Identifier(const char* name, herr_t (*set_up)())
    : of_library_(Hdf5Symbol(name)), of_program_(static_cast<const hid_t*>(::dlsym(RTLD_DEFAULT, name))), set_up_(set_up) {}

Hdf5Identifier::operator hid_t() const {
  set_up_();
  return *of_library_ > 0 || of_program_ == nullptr ? *of_library_ : *of_program_;
}

const Hdf5Library& h5() {
  static const Hdf5Library library;
  return library;
}

}  // namespace neuspec::read
#endif
