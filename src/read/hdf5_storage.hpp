/// \file hdf5_storage.hpp
/// Where the elements of an HDF5 dataset are.
#pragma once

#include <memory>
#include <string>

#include "read/array.hpp"
#include "read/hdf5_handle.hpp"

namespace neuspec::read {

/// An open dataset.
struct Hdf5Dataset {
  std::string path;  ///< for messages
  Hdf5Handle file, id;
  Hdf5Handle memory_type;  ///< that its elements are read as
  bool as_stored = false;  ///< which is how they are stored
  Array array;
};

/// The elements of a dataset. Where they are stored as they are, without filters, at places that the file tells, these are read past libhdf5, by any
/// number of threads at once; else libhdf5 reads them, a block of whole chunks at a time and one block after the other. To be called in a scope.
/// \throws DataError where libhdf5 cannot tell, or tells of places beyond the end of the file
Elements elements_of(Hdf5Dataset dataset, const FileView& view);

}  // namespace neuspec::read
