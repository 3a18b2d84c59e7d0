// Moments of samples in 60 digits, sum by sum, and what the stored ones may be off by.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "neuspec/moments.hpp"
#include "support/exact_sphere.hpp"
#include "support/naive.hpp"

namespace exact {

using neuspec::Dataset;
using neuspec::Index;
using neuspec::MomentSums;

/// Pairs and quadruples of ascending indices in the order of docs/moments.md, counted off.
inline std::vector<std::vector<Index>> products(Index N, std::size_t factors) {
  std::vector<std::vector<Index>> list;
  std::vector<Index> indices(factors);
  const std::function<void(std::size_t, Index)> choose = [&](std::size_t place, Index most) {
    for (indices[place] = 0; indices[place] <= most; ++indices[place]) {
      if (place == 0)
        list.push_back(indices);
      else
        choose(place - 1, indices[place]);
    }
  };
  choose(factors - 1, N - 1);
  return list;
}

/// The largest of |stored − exact| / (what the sums say that it is at most) over all sums, of which there must be as many as are expected.
class MomentJudge {
 public:
  explicit MomentJudge(const MomentSums& sums) : sums_(sums), N_(sums.features + 1) {}

  /// The samples in the sums; `sign` −1 for such as were subtracted and are no longer there.
  void add(const Dataset& data) { data_.push_back(data); }

  Real worst() const {
    Real largest = 0;
    std::size_t at = 0;
    for (const auto& s : products(N_, 4)) {
      const Real bound = length(s[0]) * length(s[1]) * length(s[2]) * length(s[3]);
      largest = std::max(
          largest, off(sums_.fourth, at++, bound, [&](const Reals& z, const Reals&) { return z[u(s[0])] * z[u(s[1])] * z[u(s[2])] * z[u(s[3])]; }));
    }
    complete(sums_.fourth, at);
    at = 0;
    for (Index k = 0; k < sums_.targets; ++k)
      for (const auto& s : products(N_, 2)) {
        const Real bound = target(k) * length(s[0]) * length(s[1]);
        largest =
            std::max(largest, off(sums_.linear, at++, bound, [&](const Reals& z, const Reals& y) { return y[u(k)] * z[u(s[0])] * z[u(s[1])]; }));
      }
    complete(sums_.linear, at);
    at = 0;
    for (Index k = 0; k < sums_.targets; ++k)
      largest = std::max(largest, off(sums_.squares, at++, target(k) * target(k), [&](const Reals&, const Reals& y) { return y[u(k)] * y[u(k)]; }));
    complete(sums_.squares, at);
    return largest;
  }

 private:
  static std::size_t u(Index index) { return static_cast<std::size_t>(index); }
  static void complete(const std::vector<double>& stored, std::size_t count) {
    if (stored.size() != 2 * count) throw std::logic_error("there are more or fewer sums than there should be");
  }
  Real length(Index j) const { return sqrt(sqrt(Real(sums_.envelope[u(j)]))); }
  Real target(Index k) const { return sqrt(Real(sums_.target_envelope[u(k)])); }

  template <class Product>
  Real off(const std::vector<double>& stored, std::size_t at, const Real& bound, const Product& product) const {
    Real sum = 0;
    for (const Dataset& data : data_)
      for (Index i = 0; i < data.samples(); ++i) {
        Reals z(1, Real(1)), y;
        for (Index j = 0; j < data.features(); ++j) z.push_back(Real(data.x()[u(i * data.features() + j)]) - sums_.shift[u(j)]);
        for (Index k = 0; k < data.targets(); ++k) y.push_back(Real(data.y()[u(i * data.targets() + k)]) - sums_.target_shift[u(k)]);
        sum += naive::weight(data, i) * product(z, y);
      }
    const Real error = abs(Real(stored[2 * at]) + stored[2 * at + 1] - sum), allowed = bound * sums_.rounding * ldexp(Real(1), -53);
    return error == 0 ? Real(0) : Real(error / allowed);
  }

  const MomentSums& sums_;
  Index N_;
  std::vector<Dataset> data_;
};

}  // namespace exact
