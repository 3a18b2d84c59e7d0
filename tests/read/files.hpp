// Files for one test: written byte for byte, gone when it ends.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "neuspec/dataset.hpp"
#include "neuspec/error.hpp"

namespace neuspec::test {

using namespace std::string_literals;

/// A test with a folder of its own.
class Files : public testing::Test {
 protected:
  Files() : folder_(std::filesystem::path(testing::TempDir()) / ("neuspec_read_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Files() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::string write(const std::string& name, std::string_view bytes) const {
    std::ofstream file(path(name), std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }

  /// What the reader complains about, without the folder's name.
  std::string complaint(const std::string& name, std::string_view bytes, const ReadOptions& options = {}) const {
    return complaint_of(write(name, bytes), options);
  }
  std::string complaint_of(const std::string& file, const ReadOptions& options = {}) const {
    try {
      read_table(file, options);
    } catch (const DataError& error) {
      std::string message = error.what();
      for (std::size_t at = message.find(folder_.string() + "/"); at != std::string::npos; at = message.find(folder_.string() + "/")) {
        message.erase(at, folder_.string().size() + 1);
      }
      return message;
    }
    return "no complaint";
  }

  std::filesystem::path folder_;
};

inline std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("deflateInit2");
  std::string packed(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate");
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// The bytes of `value`, last one first if asked for (this machine is little-endian, as NumPy's '<' says).
template <typename T>
std::string bytes_of(T value, bool big_endian = false) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return big_endian ? std::string(bytes.rbegin(), bytes.rend()) : bytes;
}

template <typename T>
std::string numbers(const std::vector<T>& values, bool big_endian = false) {
  std::string bytes;
  for (const T value : values) bytes += bytes_of(value, big_endian);
  return bytes;
}

/// An NPY file; `shape` without its parentheses.
inline std::string npy(const std::string& type, bool fortran, const std::string& shape, const std::string& data) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': (" + shape + "), }";
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  return "\x93NUMPY\x01\x00"s + bytes_of(static_cast<std::uint16_t>(header.size())) + header + data;
}

/// A table's features as doubles, however they are kept.
inline std::vector<double> features_of(const Table& table) {
  std::vector<double> x(static_cast<std::size_t>(table.samples * table.features));
  table.read_features(0, table.samples, x.data());
  return x;
}

inline bool keeps_bytes(const Table& table) { return std::holds_alternative<std::vector<std::uint8_t>>(table.x); }

using Doubles = std::vector<double>;
using Names = std::vector<std::string>;

}  // namespace neuspec::test
