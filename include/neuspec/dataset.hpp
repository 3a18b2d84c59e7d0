/// \file dataset.hpp
/// Samples, targets and sample weights, and where they come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "neuspec/export.h"

namespace neuspec NEUSPEC_API {

using Index = std::ptrdiff_t;

/// Consecutive samples of a source. All arrays are row-major with no padding and live only during the visit.
struct Chunk {
  Index first = 0;                  ///< index of the first sample in the source
  Index samples = 0;                ///< number of samples n_c in this chunk
  const double* x = nullptr;        ///< n_c × d features
  const double* y = nullptr;        ///< n_c × C targets
  const double* weights = nullptr;  ///< n_c sample weights w_i ≥ 0, or null when all are 1
};

class Ranks;

namespace read {
struct Deviations;
}

/// How a number lies in memory.
enum class NumberType { uint8, float32, float64 };

/// Bytes of one.
constexpr Index size_of(NumberType type) { return type == NumberType::uint8 ? 1 : (type == NumberType::float32 ? 4 : 8); }

/// A matrix in the memory of a GPU: entry (i, j) is number i · row + j · column from `values` on.
struct GpuMatrix {
  const void* values = nullptr;
  Index row = 0, column = 0;
};

/// Features of a file that stay in it, or in memory as it has them: numbers are made of them when somebody asks.
class StoredFeatures {
 public:
  virtual ~StoredFeatures() = default;
  /// Writes those of samples first … first + count − 1, row-major; from any number of threads at once.
  /// \throws DataError when the file has changed since it was opened
  virtual void read(Index first, Index count, double* to) const = 0;
  /// Whether they are known to be no larger than 10⁶⁰ in size.
  virtual bool in_range() const = 0;
  /// From their mean, where every one of them was seen when the file was read; else none.
  virtual const read::Deviations* deviations() const { return nullptr; }
  /// The smallest type that holds each of them as it is.
  virtual NumberType type() const { return NumberType::float64; }
  /// The same as `read`, in that type.
  virtual void read_as_stored(Index first, Index count, void* to) const { read(first, count, static_cast<double*>(to)); }
  /// Where a GPU finds them, a row a sample, and nobody need read them for it; without values if they are elsewhere.
  virtual GpuMatrix on_gpu() const { return {}; }
};

/// What the features of a source are made of: x_ij = (z_ij − mean_j)/scale_j · unit, row i of z being row first + i of `stored`. A GPU takes z, an
/// eighth or half of the bytes, and makes of it what a visit hands out, to the last bit.
struct StoredForm {
  const StoredFeatures* stored = nullptr;  ///< none: there is nothing but a visit
  Index first = 0;
  const double* mean = nullptr;   ///< d, or none for zeros and a scale of ones
  const double* scale = nullptr;  ///< d
  double unit = 1;                ///< a power of two
};

/// Where samples come from: memory, a file larger than memory, a shard. Everything downstream reads samples through it,
/// chunk by chunk and as often as it needs; the order of the samples never changes.
class Source {
 public:
  virtual ~Source() = default;
  virtual Index samples() const = 0;   ///< n
  virtual Index features() const = 0;  ///< d
  virtual Index targets() const = 0;   ///< C
  /// Calls `visitor` on consecutive chunks of at most `chunk_samples` samples, in order, from the calling thread.
  virtual void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const = 0;
  /// The same for a visitor that does not look at the features: Chunk::x may be null, and a source that would have to read them need not.
  virtual void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const { visit(chunk_samples, visitor); }
  /// A second way to the features of a source that has been visited once, which is when values that cannot be used are found; whoever takes it calls
  /// `visit_targets` for the rest of a sample. It lives as long as the source.
  virtual StoredForm stored_form() const { return {}; }
  /// The processes that have a part of the samples each, of which this is one (Shard); null: these are all samples.
  virtual const Ranks* ranks() const { return nullptr; }
};

/// Samples held in memory: what C++ callers fill themselves.
class Dataset final : public Source {
 public:
  Dataset() = default;
  /// Takes row-major `x` (n × d) and `y` (n × C); `weights` is empty or holds n values ≥ 0.
  /// \throws DataError when sizes disagree or a value is not finite (the message names sample and column, from 1).
  Dataset(Index samples, Index features, Index targets, std::vector<double> x, std::vector<double> y, std::vector<double> weights = {});

  Index samples() const override { return samples_; }
  Index features() const override { return features_; }
  Index targets() const override { return targets_; }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;

  const std::vector<double>& x() const { return x_; }              ///< n × d, row-major
  const std::vector<double>& y() const { return y_; }              ///< n × C, row-major
  const std::vector<double>& weights() const { return weights_; }  ///< n, or empty

 private:
  Index samples_ = 0, features_ = 0, targets_ = 0;
  std::vector<double> x_, y_, weights_;
};

struct Preprocessing;

/// Which columns of a file were what. A model keeps it, so that other files are taken apart in the same way.
struct FileColumns {
  Index count = 0;                   ///< columns of the file, 0 where that is not known
  std::vector<Index> targets = {};   ///< positions from 0, in the order of the targets; none where they came from a file of their own
  std::vector<Index> left_out = {};  ///< positions of columns that were neither feature nor target
  bool named = false;                ///< the features' names come from a header
};

/// A file as it was read, before anything is made of it: numbers with names. `read_table` fills it, `Preprocessing` turns it into a Source.
struct Table {
  std::string path;  ///< for messages
  Index samples = 0, features = 0, targets = 0;
  Index before = 0;  ///< of consecutive samples of a file: how many come before them, for messages
  /// samples × features, row-major; bytes where the file stores unsigned bytes (images), an eighth of the memory. Binary arrays above 64 MiB, and
  /// text that memory does not hold (ReadOptions::memory), stay in the file, which is open until the last copy of the table and of what was made of
  /// it is gone.
  std::variant<std::vector<double>, std::vector<std::uint8_t>, std::shared_ptr<const StoredFeatures>> x;
  std::vector<double> y;                    ///< samples × targets, row-major; empty when the file has no targets
  std::vector<std::string> labels;          ///< labels that are text, sorted: then y holds positions in this list
  std::vector<std::string> feature_names;   ///< from the header; x0, x1, … where there is none
  std::vector<std::string> target_names;    ///< from the header; y0, y1, … where there is none
  FileColumns columns;                      ///< where features and targets stood
  Index image_height = 0, image_width = 0;  ///< shape of one sample for IDX and 3-D arrays, 0 otherwise
  std::string target_path;                  ///< the file that the targets come from
  Index target_line = 0;                    ///< its line with the first sample, where each sample has one line; 0 otherwise
  std::vector<std::string> notices;         ///< what a person should know of how the file was taken, one sentence each, with the file's name

  /// Writes the features of samples first … first + count − 1, row-major, however they are kept; from any number of threads at once.
  void read_features(Index first, Index count, double* to) const;
  /// The type that they are kept in, and the same in it.
  NumberType stored_type() const;
  void read_stored(Index first, Index count, void* to) const;
};

/// Whether the first line of a CSV file names the columns.
enum class Header {
  automatic,  ///< where there is no doubt; a first line that may be either is refused
  present,
  absent
};

/// What a target may be.
enum class Labels {
  numbers,
  any,  ///< text in the only target column of a CSV file is a class label, and then all of the column is text
  text  ///< numbers in it are text too
};

/// What `read_table` should take from a file.
struct ReadOptions {
  /// Names (CSV header) or 0-based positions of the target columns; empty: the last column of CSV and NPY files.
  /// A LIBSVM file always has its label as target and takes no names. IDX and 3-D NPY files have no target column.
  std::vector<std::string> targets = {};
  /// Labels in a file of their own (IDX, NPY or CSV with as many rows, every column a target): then no column of the data file is a target.
  std::string labels_file = {};
  bool without_targets =
      false;           ///< every column is a feature (what predict wants); named targets are then dropped if present, labels_file is not read
  Index features = 0;  ///< LIBSVM only: number of features when the file may lack the last ones; 0: largest index seen
  Header header = Header::automatic;
  Labels labels = Labels::numbers;
  /// Columns are what they were in the file that this was learnt from. Where both files have a header, features and targets are found by name, in
  /// any order; columns that the training file did not have are left out, with a notice. Else they are found by position, in a file that has as many
  /// columns as the training file, or only the features. `targets`, where given, says what is no feature instead.
  const Preprocessing* like = nullptr;
  bool deviations = true;  ///< features that stay in their file are looked at for their means and deviations, too, for whoever standardises them
  double memory = 0;       ///< bytes: text that needs more than half of them is left in its file, and read again at every visit; 0: of what is free
};

/// Reads CSV (comma, semicolon, tab or blanks, header or not, quoted fields), NPY, HDF5, LIBSVM text or IDX, plain or gzip-compressed, from a file or
/// a pipe that is opened once. Text is UTF-8 or, where it is not, Windows-1252 (of which Latin-1 is a part); names come as UTF-8. `data.h5:/x` is the
/// array /x of an HDF5 file. Where no file has that very name, a folder, a pattern of `*`, `?` and `[…]`, or names with commas between them are
/// several files of the same columns, whose samples follow one another; by name, but in a list as it says.
/// The format follows from the content (magic bytes) and, for text, from the first lines; the name's ending breaks ties.
/// A first line of CSV that holds text and no numbers is the header. A first column of which only the name is empty counts the rows: it is left out.
/// \throws DataError naming file, line and column (both from 1; the column counts fields) of what cannot be read; NaN and infinity are refused.
/// \throws UsageError for options that contradict each other, EnvironmentError when memory does not suffice, NotCompiled for HDF5 without libhdf5.
Table read_table(const std::string& path, const ReadOptions& options = {});

}  // namespace neuspec NEUSPEC_API
