#include "moments/seen_by.hpp"

#include "neuspec/error.hpp"

namespace neuspec {

Moments seen_by(Moments data, const Preprocessing& preprocessing) {
  const Preprocessing& mine = data.preprocessing();
  if (mine.feature_names != preprocessing.feature_names && preprocessing.image_height == 0) {
    data.select(preprocessing.feature_names);
  }
  const bool alike = mine.feature_names == preprocessing.feature_names && mine.target_names == preprocessing.target_names &&
                     mine.classes == preprocessing.classes && mine.class_names == preprocessing.class_names &&
                     mine.encoding == preprocessing.encoding && mine.class_weights == preprocessing.class_weights &&
                     mine.image_height == preprocessing.image_height && mine.image_width == preprocessing.image_width &&
                     mine.window_height == preprocessing.window_height && mine.window_width == preprocessing.window_width;
  if (!alike) {
    throw DataError("the moments are of other features, targets, classes or weights than those the network was trained on");
  }
  if (!preprocessing.mean.empty()) {
    data.standardize(preprocessing.mean, preprocessing.scale);
  }
  return data;
}

}  // namespace neuspec
