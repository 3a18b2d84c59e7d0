// Of an HDF5 file libhdf5 itself reads all but raw data, and what it does with damaged metadata is not ours to mend. So bytes say what a file is like
// that libhdf5 then makes in memory: the reader must give back its numbers, or complain of what they say. Bytes of raw data may be turned and the end
// cut off.
#include <algorithm>
#include <cstring>

#include "fuzz_reader.hpp"
#include "read/hdf5_handle.hpp"

namespace {

using neuspec::read::Hdf5Handle;
using neuspec::read::require;

/// The fuzzer's bytes, one decision after the other; zeros when they are used up.
class Decisions {
 public:
  Decisions(const std::uint8_t* bytes, std::size_t size) : bytes_(bytes, bytes + size) {}
  std::uint8_t byte() { return at_ < bytes_.size() ? bytes_[at_++] : 0; }
  std::uint64_t below(std::uint64_t count) { return byte() % count; }
  /// The rest, over and over.
  void fill(std::vector<char>& data) const {
    for (std::size_t i = 0; i < data.size() && at_ < bytes_.size(); ++i) data[i] = static_cast<char>(bytes_[at_ + i % (bytes_.size() - at_)]);
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

Hdf5Handle made(hid_t id, herr_t (*closing)(hid_t)) {
  require(id >= 0);
  return {id, closing};
}

Hdf5Handle type_of(Decisions& decide) {
  const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE,     H5T_IEEE_F64BE, H5T_STD_I8LE,  H5T_STD_U8BE,
                         H5T_STD_I16BE,  H5T_STD_U16LE,  H5T_STD_I32LE,      H5T_STD_U32BE,  H5T_STD_I64BE, H5T_STD_U64LE,
                         H5T_STD_B16LE,  H5T_C_S1,       H5T_NATIVE_LDOUBLE, H5T_STD_I32BE};
  const std::uint64_t chosen = decide.below(std::size(types));
  Hdf5Handle type = made(H5Tcopy(types[chosen]), H5Tclose);
  if (chosen + 1 == std::size(types)) require(H5Tset_precision(type.get(), 1 + decide.below(32)) >= 0);
  return type;
}

Hdf5Handle creation_of(Decisions& decide, const std::vector<hsize_t>& shape, std::vector<hsize_t>& most) {
  Hdf5Handle created = made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const std::uint64_t layout = decide.below(4);
  if (layout == 1) {
    require(H5Pset_layout(created.get(), H5D_COMPACT) >= 0);
  } else if (layout > 1 && !shape.empty()) {
    std::vector<hsize_t> chunk;
    for (std::size_t k = 0; k < shape.size(); ++k) chunk.push_back(1 + decide.below(40));
    most.assign(shape.size(), H5S_UNLIMITED);
    require(H5Pset_chunk(created.get(), static_cast<int>(chunk.size()), chunk.data()) >= 0);
    const std::uint8_t filters = layout == 3 ? decide.byte() : std::uint8_t{0};
    if ((filters & 1U) != 0) require(H5Pset_shuffle(created.get()) >= 0);
    if ((filters & 2U) != 0) require(H5Pset_deflate(created.get(), 1) >= 0);
    if ((filters & 4U) != 0) require(H5Pset_fletcher32(created.get()) >= 0);
  }
  return created;
}

/// A file in memory, where its raw data are that may be turned, and what libhdf5 itself makes of them: nothing of what are no numbers.
struct Made {
  std::string bytes;
  std::size_t data_at = 0, data_bytes = 0;
  std::vector<double> numbers;
};

Made make(Decisions& decide) {
  const neuspec::read::Hdf5Scope scope;
  const Hdf5Handle access = made(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  require(H5Pset_fapl_core(access.get(), 1 << 16U, false) >= 0);
  const std::uint8_t how = decide.byte();
  if ((how & 1U) != 0) require(H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0);
  const Hdf5Handle file = made(H5Fcreate("made", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
  std::vector<hsize_t> shape, most;
  for (std::uint64_t k = decide.below(5); k > 0; --k) shape.push_back(decide.below(100));
  const Hdf5Handle type = type_of(decide), created = creation_of(decide, shape, most);
  const Hdf5Handle space = shape.empty()
                               ? made(H5Screate(H5S_SCALAR), H5Sclose)
                               : made(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), most.empty() ? nullptr : most.data()), H5Sclose);
  std::size_t bytes = H5Tget_size(type.get());
  for (const hsize_t size : shape) bytes *= size;
  Made result;
  if (bytes > (std::size_t{1} << 15U)) return result;  // compact datasets may have no more than 64 KiB
  std::vector<char> data(bytes + 1);
  decide.fill(data);
  const Hdf5Handle dataset = made(H5Dcreate2(file.get(), "x", type.get(), space.get(), H5P_DEFAULT, created.get(), H5P_DEFAULT), H5Dclose);
  if ((how & 4U) == 0) require(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()) >= 0);
  result.numbers.resize(bytes / H5Tget_size(type.get()));
  if (H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, result.numbers.data()) < 0) result.numbers.clear();
  const haddr_t at = H5Dget_offset(dataset.get());
  if (at != HADDR_UNDEF) {
    result.data_at = at;
    result.data_bytes = bytes;
  }
  require(H5Fflush(file.get(), H5F_SCOPE_GLOBAL) >= 0);
  result.bytes.resize(static_cast<std::size_t>(H5Fget_file_image(file.get(), nullptr, 0)));
  require(H5Fget_file_image(file.get(), result.bytes.data(), result.bytes.size()) >= 0);
  if ((how & 2U) != 0) {  // a block of the user's own before
    result.bytes.insert(0, 512, ' ');
    result.data_at += 512;
  }
  require(result.data_at + result.data_bytes <= result.bytes.size());
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Decisions decide(bytes, size);
  Made file = make(decide);
  if (file.bytes.empty()) return 0;
  const auto turned = static_cast<char>(decide.byte());
  const std::uint8_t at = decide.byte(), cut = decide.byte();
  if (file.data_bytes > 0) file.bytes[file.data_at + at * std::size_t{7} % file.data_bytes] ^= turned;
  if (cut % 4 == 1) file.bytes.resize(file.bytes.size() - std::min<std::size_t>(file.bytes.size(), 1 + std::size_t{cut} * cut));
  const auto reader = [](std::string_view content, const std::string& path, const neuspec::read::Selection& selection) {
    return neuspec::read::read_hdf5(content, path, "", selection);
  };
  neuspec::read::fuzz_reader(reader, reinterpret_cast<const std::uint8_t*>(file.bytes.data()), file.bytes.size());
  const neuspec::read::Outcome outcome = neuspec::read::read_checked(reader, file.bytes, {neuspec::read::TargetRule::none});
  if (outcome.complaint.empty() && turned == 0) {
    std::vector<double> x(file.numbers.size());
    require(static_cast<std::size_t>(outcome.table.samples * outcome.table.features) == x.size());
    outcome.table.read_features(0, outcome.table.samples, x.data());
    require(x == file.numbers);
  }
  return 0;
}
