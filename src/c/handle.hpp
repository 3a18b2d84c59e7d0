// Handles of the C API, and the wall between it and C++.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "c/float_environment.hpp"
#include "neuspec/error.hpp"
#include "neuspec/neuspec.h"

namespace neuspec::c {

/// Why a call failed, in room that needs no memory when there is none; what does not fit is cut off.
using Message = std::array<char, 2048>;

/// What a handle stands for.
struct Object {
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;
  Message message{};  ///< of the last failure
};

/// Texts given away by name, which stay where they are until the object changes.
class Texts {
 public:
  const char* keep(const std::string& name, const std::string& text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return kept_.try_emplace(name, text).first->second.c_str();
  }
  void clear() {
    const std::lock_guard<std::mutex> lock(mutex_);
    kept_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> kept_;
};

/// A handle is a number that never comes twice, odd so that it is no object's address: what was freed, or never was one, is known without a look
/// into memory.
using Key = std::uintptr_t;
Key add_handle(std::shared_ptr<Object> object);
std::shared_ptr<Object> find_handle(Key key);    ///< null for none
std::shared_ptr<Object> remove_handle(Key key);  ///< null for none
inline Key key_of(const void* handle) { return std::bit_cast<Key>(handle); }

[[noreturn]] void refuse_handle(const char* kind, const void* handle);

/// The object of a handle, kept alive by the pointer. \throws UsageError for what is no handle of that kind
template <class T>
std::shared_ptr<T> get(const void* handle) {
  std::shared_ptr<T> object = std::dynamic_pointer_cast<T>(find_handle(key_of(handle)));
  if (!object) refuse_handle(T::kind, handle);
  return object;
}

/// The same where NULL stands for nothing.
template <class T>
std::shared_ptr<T> get_optional(const void* handle) {
  return handle == nullptr ? nullptr : get<T>(handle);
}

/// \throws UsageError where it is NULL
template <class T>
T& required(T* pointer, const char* name) {
  if (pointer == nullptr) throw UsageError(std::string(name) + " is NULL");
  return *pointer;
}
inline std::string text_of(const char* text, const char* name) { return &required(text, name); }

template <class Handle>
Handle* handle_of(std::shared_ptr<Object> object) {
  return std::bit_cast<Handle*>(add_handle(std::move(object)));
}

/// What is being handled as an error code, its message left for the thread and, if it is one, for the handle; the host's handler is told.
int report_failure(const void* handle) noexcept;

/// Runs the body of an entry point: nothing is thrown out of it. `handle` is the call's first one, or null.
template <class Body>
int guarded(const void* handle, const Body& body) noexcept {
  const FloatEnvironment floats;
  try {
    body();
    return NEUSPEC_OK;
  } catch (...) {
    return report_failure(handle);
  }
}

/// The same for a body that makes an object, whose handle goes to `result`; NULL where it fails.
template <class Handle, class Body>
int making(const void* handle, Handle** result, const char* name, const Body& body) noexcept {
  return guarded(handle, [&] {
    required(result, name) = nullptr;
    *result = handle_of<Handle>(body());
  });
}

}  // namespace neuspec::c
