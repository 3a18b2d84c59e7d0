/// \file hdf5_library.hpp
/// libhdf5, loaded when a file first wants it: it brings thirty libraries, with which no other start should wait, and a host program may have one of
/// its own. Included only where NEUSPEC_HAS_HDF5 says that it was there when this was built.
#pragma once

#include <hdf5.h>

namespace neuspec::read {

/// A function or variable of libhdf5.
class Hdf5Symbol {
 public:
  /// \throws EnvironmentError where the library, or this in it, cannot be loaded
  explicit Hdf5Symbol(const char* name);
  template <typename Type>
  operator Type*() const {                     // NOLINT(google-explicit-constructor): as what it is declared in libhdf5's header
    return reinterpret_cast<Type*>(address_);  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast): what dlsym is for
  }

 private:
  void* address_;
};

/// The number of a type or class.
class Hdf5Identifier {
 public:
  /// `set_up`: H5open, which libhdf5's own header calls before each use
  Hdf5Identifier(const char* name, herr_t (*set_up)());
  operator hid_t() const;  // NOLINT(google-explicit-constructor): stands for a macro of libhdf5's

 private:
  const hid_t *of_library_, *of_program_;  // a program that is linked to libhdf5 may hold its variables, and those of the library itself stay unset
  herr_t (*set_up_)();
};

/// What is used of libhdf5, without the H5 that all its names begin with.
struct Hdf5Library {
#define NEUSPEC_HDF5(name) decltype(&::H5##name) name = Hdf5Symbol("H5" #name)  // NOLINT(bugprone-macro-parentheses): a declarator
  // clang-format off
  NEUSPEC_HDF5(open); NEUSPEC_HDF5(Aclose); NEUSPEC_HDF5(Acreate2); NEUSPEC_HDF5(Awrite); NEUSPEC_HDF5(Dclose); NEUSPEC_HDF5(Dcreate2);
  NEUSPEC_HDF5(Dget_chunk_info_by_coord); NEUSPEC_HDF5(Dget_create_plist); NEUSPEC_HDF5(Dget_offset); NEUSPEC_HDF5(Dget_space);
  NEUSPEC_HDF5(Dget_type); NEUSPEC_HDF5(Dopen2); NEUSPEC_HDF5(Dread); NEUSPEC_HDF5(Dwrite); NEUSPEC_HDF5(Eget_auto2); NEUSPEC_HDF5(Eset_auto2);
  NEUSPEC_HDF5(Ewalk2); NEUSPEC_HDF5(Fclose); NEUSPEC_HDF5(Fcreate); NEUSPEC_HDF5(Fflush); NEUSPEC_HDF5(Fget_create_plist);
  NEUSPEC_HDF5(Fget_name); NEUSPEC_HDF5(Fopen); NEUSPEC_HDF5(Pclose); NEUSPEC_HDF5(Pcreate); NEUSPEC_HDF5(Pget_chunk);
  NEUSPEC_HDF5(Pget_external_count); NEUSPEC_HDF5(Pget_filter2); NEUSPEC_HDF5(Pget_layout); NEUSPEC_HDF5(Pget_nfilters);
  NEUSPEC_HDF5(Pget_userblock); NEUSPEC_HDF5(Pset_create_intermediate_group); NEUSPEC_HDF5(Pset_fapl_core); NEUSPEC_HDF5(Pset_file_image);
  NEUSPEC_HDF5(Pset_file_image_callbacks); NEUSPEC_HDF5(Pset_obj_track_times); NEUSPEC_HDF5(Sclose); NEUSPEC_HDF5(Screate_simple);
  NEUSPEC_HDF5(Sget_simple_extent_dims); NEUSPEC_HDF5(Sget_simple_extent_ndims); NEUSPEC_HDF5(Sselect_hyperslab); NEUSPEC_HDF5(Tclose);
  NEUSPEC_HDF5(Tcopy); NEUSPEC_HDF5(Tequal); NEUSPEC_HDF5(Tget_class); NEUSPEC_HDF5(Tget_sign); NEUSPEC_HDF5(Tget_size); NEUSPEC_HDF5(Tget_super);
  NEUSPEC_HDF5(Tset_cset); NEUSPEC_HDF5(Tset_size); NEUSPEC_HDF5(Tset_strpad); NEUSPEC_HDF5(Zfilter_avail);
  // clang-format on
#undef NEUSPEC_HDF5
#if H5_VERSION_GE(1, 12, 0)
  decltype(&::H5Ovisit3) Ovisit = Hdf5Symbol("H5Ovisit3");
#else
  decltype(&::H5Ovisit2) Ovisit = Hdf5Symbol("H5Ovisit2");
#endif

#define NEUSPEC_HDF5(name) \
  Hdf5Identifier name { "H5" #name "_g", open }
  // clang-format off
  NEUSPEC_HDF5(T_IEEE_F32LE); NEUSPEC_HDF5(T_IEEE_F32BE); NEUSPEC_HDF5(T_IEEE_F64LE); NEUSPEC_HDF5(T_IEEE_F64BE); NEUSPEC_HDF5(T_STD_I8LE);
  NEUSPEC_HDF5(T_STD_I8BE); NEUSPEC_HDF5(T_STD_I16LE); NEUSPEC_HDF5(T_STD_I16BE); NEUSPEC_HDF5(T_STD_I32LE); NEUSPEC_HDF5(T_STD_I32BE);
  NEUSPEC_HDF5(T_STD_I64LE); NEUSPEC_HDF5(T_STD_I64BE); NEUSPEC_HDF5(T_STD_U8LE); NEUSPEC_HDF5(T_STD_U8BE); NEUSPEC_HDF5(T_STD_U16LE);
  NEUSPEC_HDF5(T_STD_U16BE); NEUSPEC_HDF5(T_STD_U32LE); NEUSPEC_HDF5(T_STD_U32BE); NEUSPEC_HDF5(T_STD_U64LE); NEUSPEC_HDF5(T_STD_U64BE);
  NEUSPEC_HDF5(T_NATIVE_DOUBLE); NEUSPEC_HDF5(T_NATIVE_INT64); NEUSPEC_HDF5(T_NATIVE_UINT64); NEUSPEC_HDF5(T_C_S1);
  NEUSPEC_HDF5(P_CLS_FILE_ACCESS_ID); NEUSPEC_HDF5(P_CLS_LINK_CREATE_ID); NEUSPEC_HDF5(P_CLS_DATASET_CREATE_ID);
  // clang-format on
#undef NEUSPEC_HDF5
};

/// H5F_ACC_RDONLY and H5F_ACC_TRUNC, which libhdf5's header makes calls of.
constexpr unsigned hdf5_to_read = 0x0000U, hdf5_to_write = 0x0002U;

/// \throws EnvironmentError where it cannot be loaded
const Hdf5Library& h5();

}  // namespace neuspec::read
