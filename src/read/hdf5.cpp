#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <new>

#include "neuspec/error.hpp"
#include "read/message.hpp"
#include "read/readers.hpp"
#ifdef NEUSPEC_HAS_HDF5
#include "read/hdf5_storage.hpp"
#endif

namespace neuspec::read {

// The format allows for a block of the user's own before, of 512 · 2^k bytes.
bool is_hdf5(std::string_view content) {
  constexpr std::string_view kMagic = "\x89HDF\r\n\x1a\n";
  for (std::size_t at = 0; at < content.size(); at = std::max<std::size_t>(2 * at, 512)) {
    if (content.substr(at).starts_with(kMagic)) return true;
  }
  return false;
}

#ifdef NEUSPEC_HAS_HDF5
namespace {

struct Standard {
  hid_t id;
  ElementType type;
  bool big_endian;
};

/// Types whose elements are converted here, as those of other formats are.
std::array<Standard, 20> standard_types() {
  return {{{h5().T_IEEE_F32LE, ElementType::float32, false}, {h5().T_IEEE_F32BE, ElementType::float32, true},
           {h5().T_IEEE_F64LE, ElementType::float64, false}, {h5().T_IEEE_F64BE, ElementType::float64, true},
           {h5().T_STD_I8LE, ElementType::int8, false},      {h5().T_STD_I8BE, ElementType::int8, true},
           {h5().T_STD_I16LE, ElementType::int16, false},    {h5().T_STD_I16BE, ElementType::int16, true},
           {h5().T_STD_I32LE, ElementType::int32, false},    {h5().T_STD_I32BE, ElementType::int32, true},
           {h5().T_STD_I64LE, ElementType::int64, false},    {h5().T_STD_I64BE, ElementType::int64, true},
           {h5().T_STD_U8LE, ElementType::uint8, false},     {h5().T_STD_U8BE, ElementType::uint8, true},
           {h5().T_STD_U16LE, ElementType::uint16, false},   {h5().T_STD_U16BE, ElementType::uint16, true},
           {h5().T_STD_U32LE, ElementType::uint32, false},   {h5().T_STD_U32BE, ElementType::uint32, true},
           {h5().T_STD_U64LE, ElementType::uint64, false},   {h5().T_STD_U64BE, ElementType::uint64, true}}};
}

const char* name_of(H5T_class_t type) {
  switch (type) {
    case H5T_INTEGER:
      return "integers";
    case H5T_FLOAT:
      return "floating-point numbers";
    case H5T_ENUM:
      return "enumerated integers";
    case H5T_STRING:
      return "text";
    case H5T_COMPOUND:
      return "compound values (complex numbers are such)";
    case H5T_BITFIELD:
      return "bit fields";
    case H5T_ARRAY:
      return "arrays";
    case H5T_VLEN:
      return "sequences of varying length";
    case H5T_REFERENCE:
      return "references";
    default:
      return "values of a type of its own";
  }
}

/// h5py's booleans are an enumeration of bytes.
constexpr const char* kOpen = "open it";

bool is_numeric(H5T_class_t type) { return type == H5T_INTEGER || type == H5T_FLOAT || type == H5T_ENUM; }

/// Makes libhdf5 take a file's bytes from where they are, instead of copying them twice.
void take_in_place(hid_t access, std::string_view content, const std::string& path) {
  constexpr std::size_t kIncrement = std::size_t{1} << 16U;
  void* const bytes =
      const_cast<char*>(content.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): opened for reading, they are not written to
  H5FD_file_image_callbacks_t in_place = {};
  in_place.image_malloc = [](std::size_t, H5FD_file_image_op_t, void* there) { return there; };
  in_place.image_memcpy = [](void* to, const void*, std::size_t, H5FD_file_image_op_t, void*) { return to; };
  in_place.image_realloc = [](void*, std::size_t, H5FD_file_image_op_t, void*) -> void* { return nullptr; };
  in_place.image_free = [](void*, H5FD_file_image_op_t, void*) -> herr_t { return 0; };
  in_place.udata_copy = [](void* there) { return there; };
  in_place.udata_free = [](void*) -> herr_t { return 0; };
  in_place.udata = bytes;
  checked(h5().Pset_fapl_core(access, kIncrement, false), path, kOpen);
  checked(h5().Pset_file_image_callbacks(access, &in_place), path, kOpen);
  checked(h5().Pset_file_image(access, bytes, content.size()), path, kOpen);
}

/// What has been read of a file, or the descriptor that is open already: never its name, behind which may be another one by now.
Hdf5Handle open_file(const FileView& file, const std::string& path) {
  const Hdf5Handle access = checked_handle(h5().Pcreate(h5().P_CLS_FILE_ACCESS_ID), h5().Pclose, path, kOpen);
  static unsigned count = 0;  // libhdf5 takes two files in memory of one name for the same
  std::string name;
  if (file.in_memory()) {
    take_in_place(access.get(), file.content, path);
    name = "neuspec-" + std::to_string(++count);
  } else {
    name = "/proc/self/fd/" + std::to_string(file.file->descriptor());
  }
  return checked_handle(h5().Fopen(name.c_str(), hdf5_to_read, access.get()), h5().Fclose, path, kOpen);
}

/// None of a single number, and of what holds nothing.
std::vector<std::uint64_t> shape_of(hid_t dataset, const std::string& path) {
  const Hdf5Handle space = checked_handle(h5().Dget_space(dataset), h5().Sclose, path, kOpen);
  std::vector<hsize_t> shape(static_cast<std::size_t>(checked(h5().Sget_simple_extent_ndims(space.get()), path, kOpen)));
  checked(h5().Sget_simple_extent_dims(space.get(), shape.data(), nullptr), path, kOpen);
  return {shape.begin(), shape.end()};
}

/// The paths of all datasets, by name.
std::vector<std::string> datasets_of(hid_t file, const std::string& path) {
  std::vector<std::string> names;
  const auto keep = [](hid_t, const char* name, const auto* info, void* kept) -> herr_t {
    try {
      if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(kept)->push_back(std::string("/") + name);
      return 0;
    } catch (const std::bad_alloc&) {  // not through C
      return -1;
    }
  };
  checked(h5().Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, keep, &names, H5O_INFO_BASIC), path, "list what it holds");
  return names;
}

/// One of the file's datasets, as far as a list of them tells.
struct Listed {
  std::string name, text;
  bool will_do;
};

Listed listed(hid_t file, const std::string& name, const std::string& path) {
  const Hdf5Handle dataset = checked_handle(h5().Dopen2(file, name.c_str(), H5P_DEFAULT), h5().Dclose, path, "open a dataset of it");
  const Hdf5Handle type = checked_handle(h5().Dget_type(dataset.get()), h5().Tclose, path, kOpen);
  const std::vector<std::uint64_t> shape = shape_of(dataset.get(), path);
  const H5T_class_t kind = h5().Tget_class(type.get());
  std::string text = quoted(name) + " (";
  for (const std::uint64_t size : shape) text += (text.back() == '(' ? "" : " × ") + std::to_string(size);
  return {name, text + (shape.empty() ? "" : " ") + name_of(kind) + ")", is_numeric(kind) && !shape.empty() && shape.size() <= 3};
}

std::string text_of(const std::vector<Listed>& all) {
  constexpr std::size_t kMost = 12;
  std::string text;
  for (std::size_t k = 0; k < std::min(kMost, all.size()); ++k) text += (k > 0 ? ", " : "") + all[k].text;
  return text + (all.size() > kMost ? " and " + std::to_string(all.size() - kMost) + " more" : "");
}

std::vector<Listed> list_of(hid_t file, const std::string& path) {
  std::vector<Listed> all;
  for (const std::string& name : datasets_of(file, path)) all.push_back(listed(file, name, path));
  return all;
}

/// The only dataset of a file that will do.
std::string only_dataset(hid_t file, const std::string& path) {
  const std::vector<Listed> all = list_of(file, path);
  if (all.empty()) {
    fail(path, "there is no dataset in it");
  }
  const auto will_do = [](const Listed& one) { return one.will_do; };
  const auto found = std::find_if(all.begin(), all.end(), will_do);
  const auto count = std::count_if(all.begin(), all.end(), will_do);
  if (count != 1) {
    fail(path, (count == 0 ? "holds no array of numbers of 1 to 3 dimensions, but "
                           : "holds several datasets; name one, as in " + path + ":" + found->name + ": ") +
                   text_of(all));
  }
  return found->name;
}

/// Of the file that an object is in.
std::string file_name_of(hid_t object, const std::string& path) {
  const ssize_t length = checked(h5().Fget_name(object, nullptr, 0), path, kOpen);
  std::string name(static_cast<std::size_t>(length) + 1, '\0');
  checked(h5().Fget_name(object, name.data(), name.size()), path, kOpen);
  return name;
}

Hdf5Handle open_dataset(hid_t file, const std::string& name, const std::string& path) {
  Hdf5Handle dataset(h5().Dopen2(file, name.c_str(), H5P_DEFAULT), h5().Dclose);
  if (!dataset.valid()) {
    const std::string reason = hdf5_reason();
    const std::vector<Listed> all = list_of(file, path);
    const bool there = std::any_of(all.begin(), all.end(), [&](const Listed& one) { return one.name == name; });
    fail(path, there ? "libhdf5 cannot open it: " + reason : "there is no such dataset" + (all.empty() ? "" : "; the file has " + text_of(all)));
  }
  if (file_name_of(dataset.get(), path) != file_name_of(file, path)) {  // found relative to what the name given here says nothing of
    fail(path, "is a link to another file; name that one");
  }
  return dataset;
}

/// How the elements are read: as they are, if they are of a usual type, else as libhdf5 converts them to double or 64-bit integers.
void set_types(Hdf5Dataset& dataset) {
  Hdf5Handle stored = checked_handle(h5().Dget_type(dataset.id.get()), h5().Tclose, dataset.path, kOpen);
  const H5T_class_t kind = h5().Tget_class(stored.get());
  if (!is_numeric(kind)) {
    fail(dataset.path, std::string("holds ") + name_of(kind) + "; integers and floating-point numbers are understood");
  }
  const Hdf5Handle number = kind == H5T_ENUM ? checked_handle(h5().Tget_super(stored.get()), h5().Tclose, dataset.path, kOpen) : Hdf5Handle();
  const hid_t type = kind == H5T_ENUM ? number.get() : stored.get();
  Array& array = dataset.array;
  for (const Standard& standard : standard_types()) {
    if (h5().Tequal(type, standard.id) > 0) {
      array.type = standard.type;
      array.big_endian = standard.big_endian;
      dataset.as_stored = true;
      dataset.memory_type = std::move(stored);
      return;
    }
  }
  if (kind != H5T_FLOAT && h5().Tget_size(type) > sizeof(std::int64_t)) {
    fail(dataset.path, "holds integers of " + std::to_string(h5().Tget_size(type)) + " bytes; at most 8 are understood");
  }
  const bool is_signed = kind != H5T_FLOAT && h5().Tget_sign(type) == H5T_SGN_2;
  array.type = kind == H5T_FLOAT ? ElementType::float64 : is_signed ? ElementType::int64 : ElementType::uint64;
  array.big_endian = std::endian::native == std::endian::big;
  const hid_t native = kind == H5T_FLOAT ? h5().T_NATIVE_DOUBLE : is_signed ? h5().T_NATIVE_INT64 : h5().T_NATIVE_UINT64;
  dataset.memory_type = checked_handle(h5().Tcopy(native), h5().Tclose, dataset.path, kOpen);
}

struct Opened {
  std::string path;
  Array array;
  Elements elements;
};

Opened open_elements(const FileView& file, const std::string& path, const std::string& name) {
  const Hdf5Scope scope;
  Hdf5Dataset dataset;
  dataset.path = path;
  dataset.file = open_file(file, path);
  const std::string chosen = name.empty() ? only_dataset(dataset.file.get(), path) : name;
  dataset.path += name.empty() ? ":" + chosen : "";
  dataset.id = open_dataset(dataset.file.get(), chosen, dataset.path);
  set_types(dataset);
  dataset.array.shape = shape_of(dataset.id.get(), dataset.path);
  Opened opened{dataset.path, dataset.array, {}};
  opened.elements = elements_of(std::move(dataset), file);
  return opened;
}

}  // namespace

Table read_hdf5(const FileView& file, const std::string& path, const std::string& dataset, const Selection& selection) {
  const Opened opened = open_elements(file, path, dataset);
  return table_of(opened.array, opened.elements, opened.path, selection);
}
#else
Table read_hdf5(const FileView&, const std::string& path, const std::string&, const Selection&) {
  throw NotCompiled(path +
                    ": is HDF5, for which this build lacks libhdf5: install libhdf5-dev and build again (with NEUSPEC_HDF5=ON, as it is by default)");
}
#endif

}  // namespace neuspec::read
