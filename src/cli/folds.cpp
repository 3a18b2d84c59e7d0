#include "cli/folds.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

namespace neuspec::cli {

std::vector<Index> deal_folds(const Targets& data, const Loss& loss, Index folds, unsigned seed) {
  const Index n = data.samples(), C = data.outputs;
  std::vector<Index> order(static_cast<std::size_t>(n)), result(order.size());
  std::iota(order.begin(), order.end(), Index(0));
  std::mt19937_64 random(seed);
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random() % i]);  // not std::shuffle, whose order differs between libraries
  }
  const auto row = [&](Index i) { return data.y.begin() + i * C; };
  const bool classes = loss.classification() || std::all_of(data.y.begin(), data.y.end(), [](double y) { return y == 1 || y == -1; });
  if (classes) {
    std::stable_sort(order.begin(), order.end(),
                     [&](Index i, Index j) { return std::lexicographical_compare(row(i), row(i) + C, row(j), row(j) + C); });
  }
  for (std::size_t position = 0; position < order.size(); ++position) {
    result[static_cast<std::size_t>(order[position])] = static_cast<Index>(position) % folds;
  }
  return result;
}

}  // namespace neuspec::cli
