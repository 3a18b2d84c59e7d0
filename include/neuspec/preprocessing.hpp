/// \file preprocessing.hpp
/// The map from a file's columns to the features and targets a network sees. It is kept in the model, so that new data go through the same.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec NEUSPEC_API {

/// How one column of class labels becomes targets.
enum class Encoding {
  none,         ///< the targets are used as they are
  one_vs_rest,  ///< one target a class: +1 for its own samples, −1 for the rest
  one_hot,      ///< one target a class: 1 for its own samples, 0 for the rest (softmax)
  binary        ///< one target: −1 for the smaller of two labels, +1 for the larger
};
std::string name(Encoding encoding);
std::optional<Encoding> parse_encoding(const std::string& text);

/// Order of application: block means of images, then standardisation; targets: expansion of class labels.
struct Preprocessing {
  Index image_height = 0, image_width = 0;    ///< shape of the raw sample; 0: not an image
  Index window_height = 0, window_width = 0;  ///< non-overlapping windows averaged into one feature; 0: none
  std::vector<double> mean, scale;            ///< per feature after the block means; empty: data used as they are; z = (x − mean)/scale
  std::vector<double> classes;                ///< sorted distinct labels when one column of labels is encoded; empty otherwise
  std::vector<std::string> class_names;       ///< the labels where they are text, sorted; `classes` is then 0, 1, …
  Encoding encoding = Encoding::none;
  std::vector<double> class_weights;                     ///< weight of the samples of each class; empty: all 1
  std::vector<std::string> feature_names, target_names;  ///< of the raw table
  FileColumns columns;                                   ///< where they stood in the training file

  /// Number of raw features expected by `features_of`.
  Index raw_features() const;

  /// The label of a class as the training file had it.
  std::string class_label(std::size_t position) const;

  /// Features of a raw table: n × d, row-major.
  /// \throws DataError when the table's shape does not fit or a value is too large to be standardised.
  std::vector<double> features_of(const Table& table) const;

  /// Features and targets. \throws DataError when a label is not one of `classes` (naming file and, where it has any, line) or the targets
  /// are of another number.
  Dataset dataset_of(const Table& table) const;

  /// The same, made anew of the table at every visit: no copy of the features but a chunk's. What takes up to 64 MiB is a Dataset all the same, so
  /// that visits cost nothing. A table without targets gives a source of features alone.
  /// \throws as `dataset_of`, visits of what a value is that cannot be used
  std::unique_ptr<Source> source_of(Table table) const;
};

/// What to derive from the training table.
struct PreprocessingOptions {
  bool standardize = false;  ///< mean 0 and population standard deviation 1 (constant features are only centred)
  Encoding encoding = Encoding::none;
  bool balance_classes = false;               ///< weights n/(K n_k) for the n_k samples of each of K classes
  std::vector<double> class_weights = {};     ///< these weights instead, by ascending label
  Index window_height = 0, window_width = 0;  ///< block means over images
};

/// Learns mean, scale and classes from the training table.
/// \throws DataError for fewer than two classes (with `binary`, for other than two), windows that do not tile the image, a table that is no image, or
/// values above 10⁶⁰ in size.
Preprocessing learn_preprocessing(const Table& table, const PreprocessingOptions& options);

}  // namespace neuspec NEUSPEC_API
