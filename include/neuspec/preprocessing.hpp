/// \file preprocessing.hpp
/// The map from a file's columns to the features and targets a network sees. It is kept in the model, so that new data go through the same.
#pragma once

#include <string>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Order of application: block means of images, then standardisation; targets: expansion of class labels.
struct Preprocessing {
  Index image_height = 0, image_width = 0;    ///< shape of the raw sample; 0: not an image
  Index window_height = 0, window_width = 0;  ///< non-overlapping windows averaged into one feature; 0: none
  std::vector<double> mean, scale;            ///< per feature after the block means; empty: data used as they are; z = (x − mean)/scale
  std::vector<double> classes;                ///< sorted distinct labels when one column of labels was expanded to C targets of ±1; empty otherwise
  std::vector<std::string> feature_names, target_names;  ///< of the raw table

  /// Number of raw features expected by `features_of`.
  Index raw_features() const;

  /// Features of a raw table: n × d, row-major.
  /// \throws DataError when the table's shape does not fit.
  std::vector<double> features_of(const Table& table) const;

  /// Features and targets. \throws DataError when a label is not one of `classes` or the table has no targets.
  Dataset dataset_of(const Table& table) const;
};

/// What to derive from the training table.
struct PreprocessingOptions {
  bool standardize = false;                   ///< mean 0 and population standard deviation 1 (constant features are only centred)
  bool one_vs_rest = false;                   ///< one column of class labels becomes one ±1 target per class
  Index window_height = 0, window_width = 0;  ///< block means over images
};

/// Learns mean, scale and classes from the training table.
/// \throws DataError for fewer than two classes, windows that do not tile the image, or a table that is no image.
Preprocessing learn_preprocessing(const Table& table, const PreprocessingOptions& options);

}  // namespace neuspec
