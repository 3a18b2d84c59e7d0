// HDF5 files for tests, made through libhdf5 itself. Only where NEUSPEC_HAS_HDF5 says that it is there.
#pragma once

#include <hdf5.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace neuspec::test {

/// How a dataset is laid out in its file.
struct Hdf5Layout {
  std::vector<hsize_t> chunk = {};  // none: in one piece, contiguous
  int deflate = -1;                 // level; −1: not compressed
  bool shuffle = false, checksum = false, compact = false;
  std::vector<hsize_t> maximum = {};  // of the shape; none: as it is
};

/// A file that is being made; whole when the object is gone.
class Hdf5File {
 public:
  explicit Hdf5File(const std::string& path, hsize_t user_block = 0, bool latest = false) {
    const hid_t created = check(H5Pcreate(H5P_FILE_CREATE)), access = check(H5Pcreate(H5P_FILE_ACCESS));
    check(H5Pset_userblock(created, user_block));
    if (latest) check(H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
    id_ = check(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, created, access));
    H5Pclose(created);
    H5Pclose(access);
  }
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;
  ~Hdf5File() { H5Fclose(id_); }

  /// `data` of type `memory`, stored as `stored`; nothing is written where it is null.
  void dataset(const std::string& name, const std::vector<hsize_t>& shape, hid_t stored, hid_t memory, const void* data,
               const Hdf5Layout& layout = {}) {
    const hid_t created = check(H5Pcreate(H5P_DATASET_CREATE)), links = check(H5Pcreate(H5P_LINK_CREATE));
    check(H5Pset_create_intermediate_group(links, 1));
    if (layout.compact) check(H5Pset_layout(created, H5D_COMPACT));
    if (!layout.chunk.empty()) check(H5Pset_chunk(created, static_cast<int>(layout.chunk.size()), layout.chunk.data()));
    if (layout.shuffle) check(H5Pset_shuffle(created));
    if (layout.deflate >= 0) check(H5Pset_deflate(created, static_cast<unsigned>(layout.deflate)));
    if (layout.checksum) check(H5Pset_fletcher32(created));
    const hid_t space =
        shape.empty()
            ? check(H5Screate(H5S_SCALAR))
            : check(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), layout.maximum.empty() ? nullptr : layout.maximum.data()));
    const hid_t made = check(H5Dcreate2(id_, name.c_str(), stored, space, links, created, H5P_DEFAULT));
    if (data != nullptr) check(H5Dwrite(made, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
    H5Dclose(made);
    H5Sclose(space);
    H5Pclose(links);
    H5Pclose(created);
  }

  hid_t id() const { return id_; }

  template <typename Result>
  static Result check(Result result) {
    if (result < 0) throw std::runtime_error("libhdf5");
    return result;
  }

 private:
  hid_t id_;
};

/// All of a dataset, or of an attribute of it, as doubles; and as texts of fixed length, zeros at their ends left out.
class Hdf5Content {
 public:
  explicit Hdf5Content(const std::string& path) : id_(Hdf5File::check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT))) {}
  Hdf5Content(const Hdf5Content&) = delete;
  Hdf5Content& operator=(const Hdf5Content&) = delete;
  ~Hdf5Content() { H5Fclose(id_); }

  std::vector<hsize_t> shape(const std::string& name) const {
    const hid_t data = Hdf5File::check(H5Dopen2(id_, name.c_str(), H5P_DEFAULT)), space = Hdf5File::check(H5Dget_space(data));
    std::vector<hsize_t> sizes(static_cast<std::size_t>(Hdf5File::check(H5Sget_simple_extent_ndims(space))));
    H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
    H5Sclose(space);
    H5Dclose(data);
    return sizes;
  }
  std::vector<double> numbers(const std::string& name) const {
    std::size_t count = 1;
    for (const hsize_t size : shape(name)) count *= size;
    std::vector<double> values(count);
    const hid_t data = Hdf5File::check(H5Dopen2(id_, name.c_str(), H5P_DEFAULT));
    Hdf5File::check(H5Dread(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
    H5Dclose(data);
    return values;
  }
  std::vector<std::string> texts(const std::string& name, const std::string& attribute = "") const {
    const hid_t data = Hdf5File::check(H5Dopen2(id_, name.c_str(), H5P_DEFAULT));
    const hid_t from = attribute.empty() ? data : Hdf5File::check(H5Aopen(data, attribute.c_str(), H5P_DEFAULT));
    const hid_t type = attribute.empty() ? H5Dget_type(from) : H5Aget_type(from), space = attribute.empty() ? H5Dget_space(from) : H5Aget_space(from);
    const std::size_t width = H5Tget_size(type), count = static_cast<std::size_t>(H5Sget_simple_extent_npoints(space));
    std::string bytes(width * count, '?');
    if (H5Tget_class(type) != H5T_STRING || H5Tget_cset(type) != H5T_CSET_UTF8) throw std::runtime_error("no UTF-8");
    Hdf5File::check(attribute.empty() ? H5Dread(from, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) : H5Aread(from, type, bytes.data()));
    std::vector<std::string> texts;
    for (std::size_t k = 0; k < count; ++k) texts.emplace_back(bytes.substr(k * width, width).c_str());
    H5Tclose(type);
    H5Sclose(space);
    if (!attribute.empty()) H5Aclose(from);
    H5Dclose(data);
    return texts;
  }

 private:
  hid_t id_;
};

}  // namespace neuspec::test
