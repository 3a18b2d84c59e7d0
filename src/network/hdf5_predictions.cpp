#include "network/hdf5_predictions.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "network/replace_file.hpp"
#include "neuspec/error.hpp"
#include "read/hdf5_name.hpp"
#ifdef NEUSPEC_HAS_HDF5
#include "read/hdf5_handle.hpp"
#endif

namespace neuspec {
namespace {

constexpr std::string_view kClasses = "predicted";

/// From the root, without a slash at the end.
std::string dataset_of(const std::string& path) {
  const read::Hdf5Name name = read::hdf5_name(path);
  if (name.dataset.empty()) {
    return "/predictions";
  }
  return name.dataset.starts_with('/') ? name.dataset : "/" + name.dataset;
}

std::string beside(const std::string& dataset) { return dataset.substr(0, dataset.rfind('/') + 1).append(kClasses); }

}  // namespace

void check_hdf5_output(const std::string& path) {
  if (!read::is_hdf5_name(path)) {
    return;
  }
#ifndef NEUSPEC_HAS_HDF5
  throw NotCompiled(path + ": this build lacks libhdf5: install libhdf5-dev and build again (with NEUSPEC_HDF5=ON, as it is by default)");
#endif
  const std::string dataset = dataset_of(path);
  if (dataset.back() == '/' || dataset == beside(dataset)) {
    throw UsageError(path + ": " +
                     (dataset.back() == '/' ? "the dataset has no name" : "the predicted classes go there; choose another name for the outputs"));
  }
}

#ifdef NEUSPEC_HAS_HDF5
namespace {

using read::h5;
using read::Hdf5Handle;

/// Failures of a file that is written are the environment's.
class Writer {
 public:
  Writer(const std::string& path, const std::string& place) : path_(path) {
    file_ = handle(h5().Fcreate(place.c_str(), read::hdf5_to_write, H5P_DEFAULT, H5P_DEFAULT), h5().Fclose);
  }

  Hdf5Handle handle(hid_t id, herr_t (*closing)(hid_t)) const { return {check(id), closing}; }

  template <typename Result>
  Result check(Result result) const {
    if (result < 0) throw EnvironmentError(path_ + ": cannot be written: " + read::hdf5_reason());
    return result;
  }

  Hdf5Handle space(const std::vector<hsize_t>& shape) const {
    return handle(h5().Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), h5().Sclose);
  }

  /// UTF-8 of that many bytes, filled up with zeros.
  Hdf5Handle text_type(std::size_t bytes) const {
    Hdf5Handle type = handle(h5().Tcopy(h5().T_C_S1), h5().Tclose);
    check(h5().Tset_size(type.get(), bytes));
    check(h5().Tset_strpad(type.get(), H5T_STR_NULLPAD));
    check(h5().Tset_cset(type.get(), H5T_CSET_UTF8));
    return type;
  }

  /// Data of that type in memory; in the file numbers are little-endian.
  Hdf5Handle dataset(const std::string& name, const std::vector<hsize_t>& shape, hid_t type, const void* data) const {
    const Hdf5Handle links = handle(h5().Pcreate(h5().P_CLS_LINK_CREATE_ID), h5().Pclose),
                     created = handle(h5().Pcreate(h5().P_CLS_DATASET_CREATE_ID), h5().Pclose);
    const Hdf5Handle in_space = space(shape);
    check(h5().Pset_create_intermediate_group(links.get(), 1));
    check(h5().Pset_obj_track_times(created.get(), false));  // the same predictions give the same file
    const hid_t stored = type == h5().T_NATIVE_DOUBLE ? h5().T_IEEE_F64LE : type;
    Hdf5Handle made = handle(h5().Dcreate2(file_.get(), name.c_str(), stored, in_space.get(), links.get(), created.get(), H5P_DEFAULT), h5().Dclose);
    check(h5().Dwrite(made.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
    return made;
  }

  void attribute(const Hdf5Handle& of, const char* name, const std::vector<hsize_t>& shape, hid_t type, const void* data) const {
    const Hdf5Handle in_space = space(shape);
    Hdf5Handle made = handle(h5().Acreate2(of.get(), name, type, in_space.get(), H5P_DEFAULT, H5P_DEFAULT), h5().Aclose);
    check(h5().Awrite(made.get(), type, data));
  }

  /// What has not been written yet is: a full disk may show here.
  void close() {
    check(h5().Fflush(file_.get(), H5F_SCOPE_GLOBAL));
    if (!file_.close()) check(-1);
  }

 private:
  const std::string& path_;
  Hdf5Handle file_;
};

/// Texts of the same length, which the longest one and zeros give them.
struct Texts {
  explicit Texts(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) width = std::max(width, text.size());
    for (const std::string& text : texts) add(text);
  }
  void add(const std::string& text) { bytes.append(text).append(width - text.size(), '\0'); }

  std::size_t width = 1;
  std::string bytes;
};

void write_classes(const Writer& writer, const std::string& name, const Predictions& predictions) {
  const std::vector<hsize_t> shape = {predictions.predicted.size()};
  if (predictions.classes.empty()) {
    std::vector<double> labels;
    for (const std::size_t k : predictions.predicted) labels.push_back(predictions.labels[k]);
    writer.dataset(name, shape, h5().T_NATIVE_DOUBLE, labels.data());
    return;
  }
  Texts texts(predictions.classes);
  const std::string of_classes = std::exchange(texts.bytes, {});
  for (const std::size_t k : predictions.predicted) texts.bytes.append(of_classes, k * texts.width, texts.width);
  writer.dataset(name, shape, writer.text_type(texts.width).get(), texts.bytes.data());
}

}  // namespace

void write_hdf5(const std::string& path, const Predictions& predictions) {
  check_hdf5_output(path);
  const std::string dataset = dataset_of(path), file = read::hdf5_name(path).file;
  replace_regular_file(file, [&](const std::string& place) {
    const read::Hdf5Scope scope;
    Writer writer(file, place);
    const hsize_t columns = predictions.columns.size();
    {
      const Hdf5Handle outputs =
          writer.dataset(dataset, {predictions.outputs.size() / columns, columns}, h5().T_NATIVE_DOUBLE, predictions.outputs.data());
      const Texts names(predictions.columns);
      writer.attribute(outputs, "columns", {columns}, writer.text_type(names.width).get(), names.bytes.data());
    }
    if (!predictions.predicted.empty()) write_classes(writer, beside(dataset), predictions);
    writer.close();
  });
}
#else
void write_hdf5(const std::string& path, const Predictions&) { check_hdf5_output(path); }
#endif

}  // namespace neuspec
