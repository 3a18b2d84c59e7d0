/// \file array_rows.hpp
/// Samples of a binary array as numbers.
#pragma once

#include <memory>
#include <vector>

#include "read/array.hpp"

namespace neuspec::read {

/// Reads samples of an array from where they are: what a call takes from a file goes through a buffer of the cache's size.
class ArrayRows {
 public:
  /// There are as many bytes as the array's shape says. Its samples from `begin` on count from 0.
  ArrayRows(Array array, std::shared_ptr<const ArrayBytes> bytes, const Columns& columns, Index begin);

  /// Features (row-major) and, unless `y` is null, targets of samples first … first + count − 1. From any number of threads at once.
  /// \returns whether all of them are finite. \throws DataError where the file is no longer what it was
  bool read(Index first, Index count, double* x, double* y) const;
  /// The smallest type that holds every element, and the features in it.
  NumberType type() const;
  void read_as_stored(Index first, Index count, void* x) const;

 private:
  /// Columns of the file that follow one another in it and in what is made of it.
  struct Run {
    Index column, length;
    bool is_target;
    Index place;
  };
  template <typename To>
  struct Rows;

  template <typename To>
  bool read_small(const Rows<To>& rows) const;
  template <typename T, typename To>
  bool read_as(const Rows<To>& rows) const;
  template <typename T, typename To>
  bool read_rows(const Rows<To>& rows) const;
  template <typename T, typename To>
  bool read_columns(const Rows<To>& rows) const;

  Array array_;
  std::shared_ptr<const ArrayBytes> bytes_;
  bool swapped_;
  Index begin_;
  Index columns_ = 0, features_ = 0, targets_ = 0;
  std::vector<Run> runs_;
};

}  // namespace neuspec::read
