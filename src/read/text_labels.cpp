#include "read/text_labels.hpp"

#include <algorithm>

#include "text/utf8.hpp"

namespace neuspec::read {

double LabelNumbers::number_of(std::string_view label) {
  auto found = numbers_.find(label);
  if (found == numbers_.end()) {
    found = numbers_.emplace(std::string(label), numbers_.size()).first;
  }
  return static_cast<double>(found->second);
}

std::vector<std::string> merge_labels(std::span<const NumberedLabels> parts) {
  std::vector<std::string> all;
  for (const NumberedLabels& part : parts) {
    for (const auto& [label, number] : part.labels.numbers()) {
      all.push_back(utf8_of(label));
    }
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (const NumberedLabels& part : parts) {
    std::vector<double> position(part.labels.numbers().size());
    for (const auto& [label, number] : part.labels.numbers()) {
      position[number] = static_cast<double>(std::lower_bound(all.begin(), all.end(), utf8_of(label)) - all.begin());
    }
    for (double& y : part.y) {
      y = position[static_cast<std::size_t>(y)];
    }
  }
  return all;
}

}  // namespace neuspec::read
