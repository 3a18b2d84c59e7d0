#include "lift/stored_moments.hpp"

#include <algorithm>
#include <cmath>

#include "moments/combine.hpp"
#include "moments/coordinates.hpp"
#include "moments/index.hpp"
#include "numeric/packed.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

using moment::at;
using moment::get;

/// The sums in coordinates of the problem, whose features are (z + shift)/scale: divided by the scales of a product's factors.
class InProblem {
 public:
  InProblem(const Problem& problem, const ScaledMoments& data) : sums_(data.moments.sums()), bias_(problem.bias), N_(sums_.features + 1), factor_(1) {
    const moment::Coordinates x = moment::coordinates_of(data.moments);
    std::vector<DoubleDouble> delta(1);
    delta.insert(delta.end(), x.shift.begin(), x.shift.end());
    moment::translate_features(sums_, delta);
    for (const double scale : x.scale) factor_.push_back(std::ldexp(scale, data.feature));
    factor_[0] = 1;
    weight_ = std::ldexp(1.0, -data.weight);
    target_ = std::ldexp(1.0, -data.target);
    all_ = get(sums_.fourth, 0);
  }

  /// Σ w x̃_i x̃_j x̃_k x̃_l, with an intercept less the product of the pairs' means.
  double fourth(Index i, Index j, Index k, Index l) const {
    DoubleDouble sum = get(sums_.fourth, moment::quadruple_of(i, j, k, l));
    if (bias_ && all_.high > 0) sum += -(second(i, j) * (second(k, l) / all_));
    return weight_ * (sum.value() / (factor_[at(i)] * factor_[at(j)]) / (factor_[at(k)] * factor_[at(l)]));
  }

  /// Σ w y x̃_i x̃_j, y less its mean with an intercept.
  double linear(Index output, Index i, Index j) const {
    const DoubleDouble sum = get(sums_.linear, output * moment::pairs(N_) + moment::pair(std::min(i, j), std::max(i, j)));
    return weight_ * target_ * ((sum + shift(output) * second(i, j)).value() / (factor_[at(i)] * factor_[at(j)]));
  }

  double square(Index output) const {
    const DoubleDouble m = shift(output), sum = get(sums_.squares, output) + DoubleDouble(2) * m * first(output) + m * m * all_;
    return weight_ * target_ * target_ * std::max(sum.value(), 0.0);
  }

 private:
  DoubleDouble second(Index i, Index j) const { return get(sums_.fourth, moment::quadruple(0, 0, std::min(i, j), std::max(i, j))); }
  DoubleDouble first(Index output) const { return get(sums_.linear, output * moment::pairs(N_)); }
  /// What brings a target from its shift to what the problem takes.
  DoubleDouble shift(Index output) const {
    if (!bias_) return sums_.target_shift[at(output)];
    return all_.high > 0 ? -(first(output) / all_) : DoubleDouble();
  }

  MomentSums sums_;
  bool bias_;
  Index N_;
  std::vector<double> factor_;
  double weight_ = 1, target_ = 1;
  DoubleDouble all_;
};

/// S ← P_G S P_G and r ← P_G r on packed columns; g is 1 on the diagonal, −1 at its end.
void remove_trace(Index N, Index columns, double* M, Index next_row, Index next_column) {
  parallel_ranges(columns, 64, [&](Index first, Index last) {
    for (Index c = first; c < last; ++c) {
      double* const column = M + c * next_column;
      double trace = 0;
      for (Index j = 0; j < N; ++j) trace += (j + 1 < N ? 1 : -1) * column[packed::position(N, j, j) * next_row];
      for (Index j = 0; j < N; ++j) column[packed::position(N, j, j) * next_row] -= (j + 1 < N ? trace : -trace) / static_cast<double>(N);
    }
  });
}

}  // namespace

StoredLift lift_of(const Problem& problem, const ScaledMoments& data) {
  const InProblem sums(problem, data);
  const Index N = data.moments.features() + 1, p = packed::size(N), C = data.moments.targets();
  const Activation& sigma = problem.activation;
  StoredLift result{std::vector<double>(at(p * p)), std::vector<double>(at(p * C)), {}};
  const auto index = [N](Index packed_index) { return packed_index + 1 < N ? packed_index + 1 : 0; };  // there the constant is last
  const auto coefficient = [&](Index row, Index column) {
    const double value = row + 1 < N ? sigma.a : (column + 1 < N ? sigma.b / 2 : sigma.c);
    return row == column ? value : value * packed::root_two;
  };
  parallel_ranges(N, 1, [&](Index first, Index last) {
    for (Index l = first; l < last; ++l)
      for (Index k = l; k < N; ++k) {
        double* const column = result.S.data() + packed::position(N, k, l) * p;
        for (Index j = 0; j < N; ++j)
          for (Index i = j; i < N; ++i)
            column[packed::position(N, i, j)] = coefficient(k, l) * coefficient(i, j) * sums.fourth(index(i), index(j), index(k), index(l));
      }
  });
  for (Index output = 0; output < C; ++output) {
    for (Index j = 0; j < N; ++j)
      for (Index i = j; i < N; ++i)
        result.r[at(output * p + packed::position(N, i, j))] = coefficient(i, j) * sums.linear(output, index(i), index(j));
    result.yy.push_back(sums.square(output));
  }
  remove_trace(N, p, result.S.data(), 1, p);
  remove_trace(N, p, result.S.data(), p, 1);
  remove_trace(N, C, result.r.data(), 1, p);
  return result;
}

}  // namespace neuspec
