#ifdef NEUSPEC_HAS_HDF5
#include "read/hdf5_handle.hpp"

#include "read/message.hpp"

namespace neuspec::read {
namespace {

std::mutex& hdf5_lock() {
  static std::mutex lock;
  return lock;
}

}  // namespace

Hdf5Scope::Hdf5Scope() : lock_(hdf5_lock()) {
  h5().Eget_auto2(H5E_DEFAULT, &print_, &data_);
  h5().Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5Scope::~Hdf5Scope() { h5().Eset_auto2(H5E_DEFAULT, print_, data_); }

std::string hdf5_reason() {
  std::string reason;
  const auto keep_first = [](unsigned, const H5E_error2_t* error, void* text) -> herr_t {
    std::string& kept = *static_cast<std::string*>(text);
    if (kept.empty() && error->desc != nullptr) kept = error->desc;
    return 0;
  };
  h5().Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &reason);
  return reason.empty() ? "it does not say why" : reason;
}

void fail_in_hdf5(const std::string& path, const char* action) { fail(path, std::string("libhdf5 cannot ") + action + ": " + hdf5_reason()); }

}  // namespace neuspec::read
#endif
