/// \file text_labels.hpp
/// Class labels that are words.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace neuspec::read {

/// Numbers labels in the order in which they come.
class LabelNumbers {
 public:
  double number_of(std::string_view label);
  const std::map<std::string, std::size_t, std::less<>>& numbers() const { return numbers_; }

 private:
  std::map<std::string, std::size_t, std::less<>> numbers_;
};

/// Labels that one of several readers numbered, and what it wrote.
struct NumberedLabels {
  const LabelNumbers& labels;
  std::span<double> y;
};

/// Makes one numbering of several: y becomes positions in the sorted list of all labels, as UTF-8, which is returned.
std::vector<std::string> merge_labels(std::span<const NumberedLabels> parts);

}  // namespace neuspec::read
