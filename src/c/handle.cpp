#include "c/handle.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace neuspec::c {
namespace {

struct Handles {
  std::shared_mutex mutex;
  std::unordered_map<Key, std::shared_ptr<Object>> objects;
  Key next = 1;
};

/// Never destroyed: a host's own static objects may free their handles at its end.
Handles& handles() {
  static auto* const all = new Handles;
  return *all;
}

struct Handler {
  std::mutex mutex;
  neuspec_error_handler call = nullptr;
  void* user = nullptr;
};
Handler& handler() {
  static auto* const only = new Handler;
  return *only;
}

Message& thread_message() {
  thread_local Message message{};
  return message;
}

void set(Message& message, const char* text) {
  const std::size_t length = std::min(std::strlen(text), message.size() - 1);
  std::copy_n(text, length, message.begin());
  message[length] = '\0';
}

struct Failure {
  int code;
  const char* text;
};

/// Of the exception in flight; the text lives as long as it does.
Failure failure() {
  try {
    throw;
  } catch (const UsageError& error) {
    return {NEUSPEC_ERROR_USAGE, error.what()};
  } catch (const DataError& error) {
    return {NEUSPEC_ERROR_DATA, error.what()};
  } catch (const EnvironmentError& error) {
    return {NEUSPEC_ERROR_ENVIRONMENT, error.what()};
  } catch (const std::bad_alloc&) {
    return {NEUSPEC_ERROR_MEMORY, "not enough memory"};
  } catch (const std::length_error&) {
    return {NEUSPEC_ERROR_MEMORY, "more memory is asked for than there can be"};
  } catch (const std::exception& error) {
    return {NEUSPEC_ERROR_INTERNAL, error.what()};
  } catch (...) {
    return {NEUSPEC_ERROR_INTERNAL, "an exception that is none of the library's"};
  }
}

}  // namespace

Key add_handle(std::shared_ptr<Object> object) {
  Handles& all = handles();
  const std::unique_lock<std::shared_mutex> lock(all.mutex);
  const Key key = all.next;
  all.objects.emplace(key, std::move(object));
  all.next += 2;
  return key;
}

std::shared_ptr<Object> find_handle(Key key) {
  Handles& all = handles();
  const std::shared_lock<std::shared_mutex> lock(all.mutex);
  const auto found = all.objects.find(key);
  return found == all.objects.end() ? nullptr : found->second;
}

std::shared_ptr<Object> remove_handle(Key key) {
  Handles& all = handles();
  const std::unique_lock<std::shared_mutex> lock(all.mutex);
  const auto found = all.objects.find(key);
  if (found == all.objects.end()) return nullptr;
  std::shared_ptr<Object> object = std::move(found->second);
  all.objects.erase(found);
  return object;
}

void refuse_handle(const char* kind, const void* handle) {
  if (handle == nullptr) throw UsageError(std::string("NULL where a handle of ") + kind + " is needed");
  throw UsageError(std::string("no handle of ") + kind + ": it is of another kind, was freed or never was one");
}

int report_failure(const void* handle) noexcept {
  const auto [code, text] = failure();
  set(thread_message(), text);
  if (const std::shared_ptr<Object> object = find_handle(key_of(handle))) set(object->message, text);
  Handler& host = handler();
  neuspec_error_handler call = nullptr;
  void* user = nullptr;
  {
    const std::lock_guard<std::mutex> lock(host.mutex);
    call = host.call;
    user = host.user;
  }
  if (call != nullptr) {
    const HostFloats floats;
    call(code, text, user);
  }
  return code;
}

}  // namespace neuspec::c

using namespace neuspec::c;

extern "C" {

const char* neuspec_error_name(int error) {
  switch (error) {
    case NEUSPEC_OK:
      return "ok";
    case NEUSPEC_ERROR_USAGE:
      return "usage";
    case NEUSPEC_ERROR_DATA:
      return "data";
    case NEUSPEC_ERROR_ENVIRONMENT:
      return "environment";
    case NEUSPEC_ERROR_MEMORY:
      return "memory";
    case NEUSPEC_ERROR_INTERNAL:
      return "internal";
    default:
      return "unknown";
  }
}

// The text is in the object, which lives as long as its handle.
const char* neuspec_message(const void* handle) {
  if (handle == nullptr) return thread_message().data();
  const std::shared_ptr<Object> object = find_handle(key_of(handle));
  return object ? object->message.data() : "";
}

int neuspec_set_error_handler(neuspec_error_handler call, void* user) {
  return guarded(nullptr, [&] {
    Handler& host = handler();
    const std::lock_guard<std::mutex> lock(host.mutex);
    host.call = call;
    host.user = user;
  });
}

int neuspec_free(void* handle) {
  return guarded(nullptr, [&] {
    if (handle != nullptr && !remove_handle(key_of(handle))) refuse_handle("anything", handle);
  });
}

}  // extern "C"
