/// \file hdf5_handle.hpp
/// libhdf5 as the rest of these sources meet it: one caller at a time, silent, with handles that close themselves and errors that are exceptions.
/// Included only where NEUSPEC_HAS_HDF5 says that it is there.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "read/hdf5_library.hpp"

namespace neuspec::read {

/// What every call of libhdf5 is made under: a lock, as not every build of libhdf5 has its own, and quiet: what it prints of errors is kept back
/// until the object is gone, when the host program's handler is as it was.
class Hdf5Scope {
 public:
  Hdf5Scope();
  ~Hdf5Scope();
  Hdf5Scope(const Hdf5Scope&) = delete;
  Hdf5Scope& operator=(const Hdf5Scope&) = delete;

 private:
  std::lock_guard<std::mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

/// An object of libhdf5, closed when this is gone: inside of a scope, too.
class Hdf5Handle {
 public:
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, herr_t (*closing)(hid_t)) : id_(id), close_(closing) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  ~Hdf5Handle() { close(); }

  /// \returns whether that went well
  bool close() { return id_ < 0 || close_(std::exchange(id_, H5I_INVALID_HID)) >= 0; }
  hid_t get() const { return id_; }
  bool valid() const { return id_ >= 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
  herr_t (*close_)(hid_t) = nullptr;
};

/// What libhdf5 says of the call that has just failed: the innermost of its messages.
std::string hdf5_reason();

/// \throws DataError `path: libhdf5 cannot ACTION: reason`
[[noreturn]] void fail_in_hdf5(const std::string& path, const char* action);

/// The result of a call. \throws DataError where it is negative, as failures are
template <typename Result>
Result checked(Result result, const std::string& path, const char* action) {
  if (result < 0) {
    fail_in_hdf5(path, action);
  }
  return result;
}

inline Hdf5Handle checked_handle(hid_t id, herr_t (*close)(hid_t), const std::string& path, const char* action) {
  return {checked(id, path, action), close};
}

}  // namespace neuspec::read
