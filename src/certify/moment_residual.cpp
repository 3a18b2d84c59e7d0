#include "certify/moment_residual.hpp"

#include <algorithm>
#include <cmath>

#include "moments/index.hpp"
#include "numeric/rounding.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

using moment::at;
using moment::get;

constexpr double operations = 16;  // units for what double-doubles, made doubles in the end, round in a bound

double root(double value, double power) { return value == 0 ? 0 : rounding::raised(std::pow(value, 1 / power), 64); }

/// A neuron's direction in the coordinates of the moments: uᵀx = vᵀz + at_shift, ‖u‖ = 1 exactly; and the same of absolute values.
struct Direction {
  std::vector<DoubleDouble> v;
  DoubleDouble at_shift;
  std::vector<double> size;
  double size_at_shift = 0;

  Direction(const double* u, const moment::Coordinates& x) : v(x.scale.size()), size(x.scale.size()) {
    DoubleDouble square;
    for (std::size_t l = 0; l < v.size(); ++l) square += double_double::product(u[l], u[l]);
    // One Newton step from the rounded root, 1/‖u‖ = r (3 − ‖u‖² r²)/2.
    const DoubleDouble r = 1 / std::sqrt(square.value()), inverse = r * (DoubleDouble(1.5) - DoubleDouble(0.5) * square * r * r);
    for (std::size_t l = 0; l < v.size(); ++l) {
      v[l] = DoubleDouble(u[l]) * inverse / x.scale[l];
      size[l] = std::abs(v[l].high);
      at_shift += v[l] * x.shift[l];
      size_at_shift += size[l] * std::abs(x.shift[l].high);
    }
  }
};

/// Sums of a row of P over the neurons, and of absolute values.
struct Row {
  std::vector<DoubleDouble> P;
  std::vector<double> size;
};

/// Row j of P, entries i ≤ j; 0 is the constant.
Row row_of(const Activation& sigma, const std::vector<Direction>& directions, const std::vector<double>& weights, Index j) {
  Row row{std::vector<DoubleDouble>(at(j + 1)), std::vector<double>(at(j + 1))};
  const double a = sigma.a, b = sigma.b, c = sigma.c;
  for (std::size_t neuron = 0; neuron < directions.size(); ++neuron) {
    const Direction& u = directions[neuron];
    const DoubleDouble s = u.at_shift, alpha = weights[neuron];
    const double amount = std::abs(weights[neuron]), t = u.size_at_shift;
    if (j == 0) {
      row.P[0] += alpha * ((DoubleDouble(a) * s + DoubleDouble(b)) * s + DoubleDouble(c));
      row.size[0] += amount * ((std::abs(a) * t + std::abs(b)) * t + std::abs(c));
      continue;
    }
    const DoubleDouble of_j = alpha * u.v[at(j - 1)], twice = DoubleDouble(2 * a) * of_j;
    const double size_of_j = amount * u.size[at(j - 1)];
    row.P[0] += (DoubleDouble(2 * a) * s + DoubleDouble(b)) * of_j;
    row.size[0] += (2 * std::abs(a) * t + std::abs(b)) * size_of_j;
    for (Index i = 1; i <= j; ++i) {
      row.P[at(i)] += (i == j ? DoubleDouble(a) * of_j : twice) * u.v[at(i - 1)];
      row.size[at(i)] += 2 * std::abs(a) * size_of_j * u.size[at(i - 1)];
    }
  }
  return row;
}

/// Σ_{k ≤ l} P_kl S_ijkl: for each l, the k below, between and above i ≤ j have a place of their own in the sorted quadruple.
DoubleDouble product_with_moments(const std::vector<double>& P, const std::vector<double>& fourth, Index N, Index i, Index j) {
  DoubleDouble sum;
  const auto add = [&](double p, Index position) {
    const DoubleDouble product = double_double::product(p, fourth[at(2 * position)]);
    sum += double_double::ordered_sum(product.high, product.low + p * fourth[at(2 * position + 1)]);
  };
  for (Index l = 0; l < N; ++l) {
    const double* p = P.data() + moment::pairs(l);
    const Index a = std::min(i, l), b = std::clamp(l, i, j), c = std::max(j, l);  // i, j, l in order
    Index k = 0;
    const Index top = moment::quadruples(c);
    for (; k <= std::min(a, l); ++k) add(p[k], top + moment::triples(b) + moment::pairs(a) + k);
    for (; k <= std::min(b, l); ++k) add(p[k], top + moment::triples(b) + moment::pairs(k) + a);
    for (; k <= l; ++k) add(p[k], top + moment::triples(k) + moment::pairs(b) + a);
  }
  return sum;
}

}  // namespace

// Below 2⁻⁹⁶⁹ products lose what they have in the second double, 2⁻¹⁰⁷⁴ each: as an addend of all envelopes the last term covers a sum of p of them.
MomentErrors::MomentErrors(const MomentSums& sums) : unit(rounding::raised((sums.rounding + operations) * rounding::u, 4)) {
  const double least = static_cast<double>(moment::pairs(sums.features + 1)) * 0x1p-1000;
  for (const double value : sums.envelope) lengths.push_back(root(value + least, 4));
  for (const double value : sums.target_envelope) targets.push_back(root(value + least, 2));
}

MomentPolynomial polynomial_of(const Network& network, Index k, const Moments& data, const moment::Coordinates& x, const MomentErrors& errors) {
  const Index d = network.features, N = d + 1;
  std::vector<Direction> directions;
  std::vector<double> weights;
  for (Index j = 0; j < network.neurons(); ++j) {
    if (network.output[at(j)] != k) continue;
    directions.emplace_back(network.directions.data() + j * d, x);
    weights.push_back(network.weights[at(j)]);
  }
  MomentPolynomial result{std::vector<double>(at(moment::pairs(N))), 0};
  std::vector<double> size(result.P.size());
  parallel_ranges(N, 1, [&](Index first, Index last) {
    for (Index j = first; j < last; ++j) {
      Row row = row_of(network.activation, directions, weights, j);
      if (j == 0) {
        const DoubleDouble bias = network.bias.empty() ? 0.0 : network.bias[at(k)], shift = data.sums().target_shift[at(k)];
        row.P[0] += bias - shift;
        row.size[0] += std::abs(bias.high) + std::abs(shift.high);
      }
      for (Index i = 0; i <= j; ++i) {
        result.P[at(moment::pair(i, j))] = row.P[at(i)].value();
        size[at(moment::pair(i, j))] = row.size[at(i)];
      }
    }
  });
  // A term has passed 2d + m + 20 double-double operations, each exact to 2⁻¹⁰².
  const double of_terms = static_cast<double>(2 * d + network.neurons() + 20) * 0x1p-101;
  for (Index j = 0; j < N; ++j)
    for (Index i = 0; i <= j; ++i) {
      const std::size_t e = at(moment::pair(i, j));
      result.rounding +=
          (rounding::u * std::abs(result.P[e]) + of_terms * size[e] + 16 * rounding::least) * errors.lengths[at(i)] * errors.lengths[at(j)];
    }
  result.rounding = rounding::raised(result.rounding, static_cast<double>(4 * moment::pairs(N)));
  return result;
}

MomentResidual residual_of(std::vector<double> P, Index k, const MomentSums& sums, const MomentErrors& errors) {
  const Index N = sums.features + 1, p = moment::pairs(N);
  MomentResidual result{std::move(P), std::vector<DoubleDouble>(at(p)), {}, {}, errors.targets[at(k)]};
  parallel_ranges(N, 1, [&](Index first, Index last) {
    for (Index j = first; j < last; ++j)
      for (Index i = 0; i <= j; ++i)
        result.gamma[at(moment::pair(i, j))] = product_with_moments(result.P, sums.fourth, N, i, j) - get(sums.linear, k * p + moment::pair(i, j));
  });
  result.slope = -get(sums.squares, k);
  for (Index e = 0; e < p; ++e) {
    result.slope += DoubleDouble(result.P[at(e)]) * get(sums.linear, k * p + e);
    result.curvature += DoubleDouble(result.P[at(e)]) * result.gamma[at(e)];
  }
  result.curvature += -result.slope;
  for (Index j = 0; j < N; ++j)
    for (Index i = 0; i <= j; ++i) result.size += std::abs(result.P[at(moment::pair(i, j))]) * errors.lengths[at(i)] * errors.lengths[at(j)];
  result.size = rounding::raised(result.size, static_cast<double>(4 * p));
  return result;
}

DoubleDouble residual_sum(const std::vector<double>& P, Index k, const MomentSums& sums) {
  const Index N = sums.features + 1;
  return product_with_moments(P, sums.fourth, N, 0, 0) - get(sums.linear, k * moment::pairs(N));
}

void centre(MomentResidual& residual, Index k, const MomentSums& sums, const MomentErrors& errors) {
  const Index p = moment::pairs(sums.features + 1);
  const DoubleDouble all = get(sums.fourth, 0);
  if (!(all.high > 0)) return;
  const double before = residual.P[0], after = before - (residual.gamma[0] / all).value();
  const DoubleDouble c = double_double::sum(after, -before);
  // Σ w (v + c)(v + c) = Σ w v² + 2c Σ w v + c² Σ w.
  residual.curvature += DoubleDouble(2) * c * residual.gamma[0] + c * c * all;
  residual.slope += c * get(sums.linear, k * p);
  for (Index j = 0; j <= sums.features; ++j)
    for (Index i = 0; i <= j; ++i) residual.gamma[at(moment::pair(i, j))] += c * get(sums.fourth, moment::quadruple(0, 0, i, j));
  residual.P[0] = after;
  residual.size = rounding::raised(residual.size + std::abs(c.high) * errors.lengths[0] * errors.lengths[0], 16);
}

}  // namespace neuspec
