// Column-major views and owning matrices in a device's memory. A view's data must not be dereferenced by the host.
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// rows × columns, column-major, `stride` ≥ rows elements from one column to the next.
template <class T>
struct View {
  T* data = nullptr;
  Index rows = 0, columns = 0, stride = 0;

  View column_range(Index first, Index count) const { return {data + first * stride, rows, count, stride}; }
  View row_range(Index first, Index count) const { return {data + first, count, columns, stride}; }
  Index size() const { return rows * columns; }
  /// The same contiguous storage seen with other dimensions; only for stride = rows.
  View reshaped(Index new_rows, Index new_columns) const { return {data, new_rows, new_columns, new_rows}; }
  /// A view may always be read.
  operator View<const T>() const  // NOLINT(google-explicit-constructor)
    requires(!std::is_const_v<T>)
  {
    return {data, rows, columns, stride};
  }
};
template <class T>
using ConstView = View<const T>;

/// Owns a matrix allocated by a Device (stride = rows); movable, freed by the device that made it.
template <class T>
class DeviceMatrix {
 public:
  DeviceMatrix() = default;
  DeviceMatrix(T* data, Index rows, Index columns, std::function<void(T*)> release)
      : view_{data, rows, columns, rows}, release_(std::move(release)) {}
  DeviceMatrix(DeviceMatrix&& other) noexcept : view_(std::exchange(other.view_, {})), release_(std::move(other.release_)) {}
  DeviceMatrix& operator=(DeviceMatrix&& other) noexcept {
    std::swap(view_, other.view_);
    std::swap(release_, other.release_);
    return *this;
  }
  DeviceMatrix(const DeviceMatrix&) = delete;
  DeviceMatrix& operator=(const DeviceMatrix&) = delete;
  ~DeviceMatrix() {
    if (view_.data != nullptr) release_(view_.data);
  }

  View<T> view() const { return view_; }
  operator View<T>() const { return view_; }        // NOLINT(google-explicit-constructor): passing a matrix passes its view
  operator View<const T>() const { return view_; }  // NOLINT(google-explicit-constructor)
  Index rows() const { return view_.rows; }
  Index columns() const { return view_.columns; }

 private:
  View<T> view_;
  std::function<void(T*)> release_;
};

}  // namespace neuspec
