// Some of the features: what is left of the sums is where it was, in another order.
#include <algorithm>
#include <string>

#include "moments/index.hpp"
#include "neuspec/error.hpp"

namespace neuspec {
namespace {

using moment::at;
using moment::get;
using moment::pair;
using moment::put;

/// The sums of the features at these positions, ascending.
MomentSums selected(const MomentSums& from, const std::vector<Index>& positions) {
  MomentSums to = from;
  const Index N = static_cast<Index>(positions.size()) + 1, p = moment::pairs(N), from_p = moment::pairs(from.features + 1);
  std::vector<Index> old(1, 0);  // index of z̃
  for (const Index position : positions) old.push_back(position + 1);
  to.features = N - 1;
  to.shift.clear();
  to.plain.clear();
  to.envelope.clear();
  for (const Index position : positions) {
    to.shift.push_back(from.shift[at(position)]);
    to.plain.insert(to.plain.end(), from.plain.begin() + 4 * position, from.plain.begin() + 4 * position + 4);
  }
  for (const Index j : old) to.envelope.push_back(from.envelope[at(j)]);
  to.fourth.assign(at(2 * moment::quadruples(N)), 0.0);
  to.linear.assign(at(2 * from.targets * p), 0.0);
  for (Index l = 0; l < N; ++l)
    moment::for_quadruples(l, [&](Index i, Index j, Index k, Index, Index position) {
      put(to.fourth, position, get(from.fourth, moment::quadruple(old[at(i)], old[at(j)], old[at(k)], old[at(l)])));
    });
  for (Index output = 0; output < from.targets; ++output)
    for (Index j = 0; j < N; ++j)
      for (Index i = 0; i <= j; ++i) put(to.linear, output * p + pair(i, j), get(from.linear, output * from_p + pair(old[at(i)], old[at(j)])));
  return to;
}

/// Where the features stood in their file: every column that is neither target nor left out, in order.
std::vector<Index> places(const FileColumns& columns, std::size_t features) {
  std::vector<Index> result;
  const auto among = [](const std::vector<Index>& list, Index column) { return std::find(list.begin(), list.end(), column) != list.end(); };
  for (Index column = 0; column < columns.count; ++column)
    if (!among(columns.targets, column) && !among(columns.left_out, column)) result.push_back(column);
  result.resize(features, -1);
  return result;
}

}  // namespace

void Moments::select(const std::vector<std::string>& names) {
  std::vector<std::string>& all = preprocessing_.feature_names;
  if (static_cast<Index>(all.size()) != sums_.features || preprocessing_.image_height > 0)
    throw UsageError("the features of these moments have no names to be chosen by");
  if (names.empty()) throw UsageError("at least one feature has to be chosen");
  for (const std::string& name : names) {
    const auto count = std::count(all.begin(), all.end(), name);
    if (count != 1) throw DataError("'" + name + "' is the name of " + std::to_string(count) + " features of the moments");
  }
  std::vector<Index> kept;
  std::vector<std::string> kept_names;
  std::vector<double> mean, scale;
  const std::vector<Index> columns = places(preprocessing_.columns, all.size());
  for (std::size_t j = 0; j < all.size(); ++j) {
    if (std::find(names.begin(), names.end(), all[j]) != names.end()) {
      kept.push_back(static_cast<Index>(j));
      kept_names.push_back(all[j]);
      if (!preprocessing_.mean.empty()) {
        mean.push_back(preprocessing_.mean[j]);
        scale.push_back(preprocessing_.scale[j]);
      }
    } else if (columns[j] >= 0) {
      preprocessing_.columns.left_out.push_back(columns[j]);
    }
  }
  std::sort(preprocessing_.columns.left_out.begin(), preprocessing_.columns.left_out.end());
  sums_ = selected(sums_, kept);
  all = std::move(kept_names);
  preprocessing_.mean = std::move(mean);
  preprocessing_.scale = std::move(scale);
}

}  // namespace neuspec
