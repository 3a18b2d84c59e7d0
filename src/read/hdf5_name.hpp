/// \file hdf5_name.hpp
/// Names of datasets in HDF5 files: `data.h5:/group/x`.
#pragma once

#include <string>

namespace neuspec::read {

struct Hdf5Name {
  std::string file;
  std::string dataset;  ///< empty where none is named
};

/// Takes a name apart behind the first `.h5:` or `.hdf5:` (or `.h5.gz:`); any other name, and that of a file that exists as it stands, is one of a
/// file alone.
Hdf5Name hdf5_name(const std::string& path);

/// Whether what is written to this place is HDF5: it ends with .h5 or .hdf5, or names a dataset in such a file.
bool is_hdf5_name(const std::string& path);

}  // namespace neuspec::read
