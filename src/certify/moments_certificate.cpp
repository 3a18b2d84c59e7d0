// The certificate from moments, docs/mathematics.md sections 3 and 9.
//
// Every stored sum over w times a product of z̃ and ζ is exact to ε times the product of their lengths h and g, hence linear combinations of sums to ε
// times the same combination of lengths in absolute values. With A = Σ |P_ij| h_i h_j + g, which bounds (Σ v²/w)^½ too, Γ in the coordinates of the
// moments is exact to ε A h_i h_j, and on the sphere x = (z + s)/c gives
//
//     |δ (uᵀMu + qᵀu + t)| ≤ ε A (|a| H² + |b| H h₀ + |c| h₀²),   H = ‖(h_j + |s_j| h₀)/c_j‖₂.
//
// With an intercept v has to sum to zero exactly. The exact δ that makes it so is at most (|Σ v| + ε A h₀²)/Σ w; it moves Γ by no more than δ h₀² h_i
// h_j, which is added to ε A, the slope by δ h₀² g, and lowers the curvature. What stands beside Σ v in Γ is left out, for it is zero.
#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>

#include "certify/check.hpp"
#include "certify/from_moments.hpp"
#include "certify/moment_residual.hpp"
#include "certify/prediction.hpp"
#include "certify/sphere_bound.hpp"
#include "moments/index.hpp"
#include "neuspec/error.hpp"
#include "numeric/rounding.hpp"

namespace neuspec {
namespace {

using moment::at;
using moment::get;
using moment::pair;

double square(double value) { return value * value; }

/// Lengths of the coordinates in x: H of what stays of z, S of the shift, both ‖·‖₂.
struct Lengths {
  double z = 0, shift = 0, all = 0, constant = 0;

  Lengths(const moment::Coordinates& x, const MomentErrors& errors) : constant(errors.lengths[0]) {
    for (std::size_t j = 0; j < x.scale.size(); ++j) {
      const double h = errors.lengths[j + 1] / x.scale[j], s = std::abs(x.shift[j].high) / x.scale[j];
      z += h * h;
      shift += s * s;
      all += square(h + s * constant);
    }
    const auto units = static_cast<double>(8 * x.scale.size() + 16);
    for (double* length : {&z, &shift, &all}) *length = rounding::raised(std::sqrt(*length), units);
  }
};

/// The proof's view of one output.
struct Output {
  double loss = 0, of_loss = 0;                                     // at least that of the network, and what rounding has of it
  double curvature = 0, slope = 0, of_curvature = 0, of_slope = 0;  // of the dual bound, and their rounding
  double kappa = 0, of_kappa = 0;                                   // likewise

  double largest() const {
    const double bound = rounding::raised(kappa + of_kappa, 4);
    return std::isnan(bound) ? std::numeric_limits<double>::infinity() : bound;
  }
};

/// The quadratic function of u that Γ is in the coordinates of the problem.
double largest_on_sphere(const Problem& problem, const MomentResidual& r, const moment::Coordinates& x) {
  const Index d = static_cast<Index>(x.scale.size());
  const Activation& sigma = problem.activation;
  const DoubleDouble all = problem.bias ? DoubleDouble() : r.gamma[0];
  std::vector<double> M(at(d * d)), q(at(d));
  double finite = 0;
  for (Index j = 0; j < d; ++j) {
    const DoubleDouble s = x.shift[at(j)], first = r.gamma[at(pair(0, j + 1))];
    for (Index i = 0; i <= j; ++i) {
      const DoubleDouble t = x.shift[at(i)];
      const DoubleDouble sum = r.gamma[at(pair(i + 1, j + 1))] + t * first + s * r.gamma[at(pair(0, i + 1))] + s * t * all;
      M[at(i * d + j)] = (DoubleDouble(sigma.a) * sum / x.scale[at(i)] / x.scale[at(j)]).value();
      finite += 0.0 * M[at(i * d + j)];
    }
    q[at(j)] = (DoubleDouble(sigma.b) * (first + s * all) / x.scale[at(j)]).value();
    finite += 0.0 * q[at(j)];
  }
  const double t = sigma.c * all.value();
  if (!std::isfinite(finite + t)) throw DataError("the data are too large: the lifted gradient overflows");
  const SphereBounds bounds = sphere_quadratic_bounds(d, M.data(), q.data(), t);
  return std::max({bounds.plus, bounds.minus, 0.0});
}

class Proof {
 public:
  Proof(const Problem& problem, const Moments& data)
      : problem_(problem), data_(data), x_(moment::coordinates_of(data)), errors_(data.sums()), lengths_(x_, errors_) {}

  Output output(const Network& network, Index k) const {
    const MomentSums& sums = data_.sums();
    MomentPolynomial polynomial = polynomial_of(network, k, data_, x_, errors_);
    MomentResidual r = residual_of(std::move(polynomial.P), k, sums, errors_);
    Output result;
    const double curvature = std::max(r.curvature.value(), 0.0);
    result.loss = 0.5 * rounding::raised(square(std::sqrt(curvature + errors_.unit * r.size * r.size) + polynomial.rounding), 24);
    result.of_loss = result.loss - 0.5 * curvature;
    double error = errors_.unit * r.size;  // of Γ beside h_i h_j
    if (problem_.bias) {
      centre(r, k, sums, errors_);
      error = errors_.unit * r.size;
      error += rounding::raised(excess(r, error) * square(lengths_.constant), 8);
    }
    result.curvature = std::max(r.curvature.value(), 0.0);
    result.of_curvature = rounding::raised(errors_.unit * r.size * r.size, 8);
    const double shift = problem_.bias ? 0.0 : sums.target_shift[at(k)];
    result.slope = (r.slope + DoubleDouble(shift) * r.gamma[0]).value();
    result.of_slope = rounding::raised(error * (errors_.targets[at(k)] + std::abs(shift) * square(lengths_.constant)), 16);
    result.kappa = largest_on_sphere(problem_, r, x_);
    result.of_kappa = rounding::raised(error * on_sphere(), 32);
    return result;
  }

  /// At most min(1, the loss of the best network without neurons). Where the sums' own best constant m is not the exact sums', the loss beside that
  /// is no lower than the least of the sums' less what both differ by.
  double unit() const {
    const MomentSums& sums = data_.sums();
    const DoubleDouble all = get(sums.fourth, 0);
    double result = 0;
    for (Index k = 0; k < sums.targets; ++k) {
      const DoubleDouble first = get(sums.linear, k * moment::pairs(sums.features + 1)), shift = sums.target_shift[at(k)];
      const double constant = square(lengths_.constant), g = errors_.targets[at(k)], least = all.value() - errors_.unit * square(constant);
      DoubleDouble squares = get(sums.squares, k);
      double m = std::abs(shift.high);
      if (problem_.bias) {
        if (!(least > 0)) return 0;
        squares += -(first * (first / all));  // the square itself may be below all numbers
        m = (std::abs(first.value()) + errors_.unit * g * constant) / least;
      } else {
        squares += DoubleDouble(2) * shift * first + shift * shift * all;
      }
      const double error = rounding::raised(errors_.unit * square(g + m * constant), 32);
      result += std::max(0.5 * (squares.value() - error) * (1 - 8 * rounding::u), 0.0);
    }
    return std::min(1.0, result * (1 - static_cast<double>(sums.targets) * rounding::u));
  }

 private:
  /// δ: how far the mean of the residual may be from 0, Σ w from below.
  double excess(const MomentResidual& r, double error) const {
    const double constant = square(lengths_.constant), least = get(data_.sums().fourth, 0).value() - errors_.unit * square(constant);
    const double moved = std::abs(r.gamma[0].value()) + error * constant;
    return least > 0 ? rounding::raised(moved / least, 16) : std::numeric_limits<double>::infinity();
  }

  /// What an error of h_i h_j in every Γ_ij makes of the function on the sphere.
  double on_sphere() const {
    const double a = std::abs(problem_.activation.a), b = std::abs(problem_.activation.b), c = std::abs(problem_.activation.c);
    const double z = lengths_.z, one = lengths_.constant, all = lengths_.all;
    if (problem_.bias) return a * (z * z + 2 * lengths_.shift * z * one) + b * z * one;
    return a * all * all + b * all * one + c * one * one;
  }

  const Problem& problem_;
  const Moments& data_;
  moment::Coordinates x_;
  MomentErrors errors_;
  Lengths lengths_;
};

/// The bound g(τv) at the best multiple τ ≤ limit, and 0 of none.
double dual_bound(const Output& output, double beta, bool exact) {
  const double kappa = exact ? output.kappa : output.largest(), counted = exact ? 0 : 1;
  const double limit = std::max(0.0, beta / kappa * (1 - 0x1p-51) - rounding::least);  // a little short of it
  const double curvature = output.curvature + counted * output.of_curvature, slope = output.slope + counted * output.of_slope;
  if (!(curvature > 0)) return 0;
  const double tau = std::clamp(-slope / curvature, 0.0, limit);
  const double quadratic = 0.5 * (tau * curvature) * tau, linear = tau * slope;
  const double proven = (-quadratic - linear) - 16 * rounding::u * (quadratic + std::abs(linear)) - 0x1p-1000 * (1 + tau) * (1 + tau);
  return proven > 0 && std::isfinite(proven) ? proven : 0;
}

std::vector<Output> outputs_of(const Network& network, const Proof& proof, Index targets) {
  std::vector<Output> outputs;
  for (Index k = 0; k < targets; ++k) outputs.push_back(proof.output(network, k));
  return outputs;
}

Certificate certificate_of(const Network& network, const Problem& problem, const Moments& data) {
  const Proof proof(problem, data);
  const double penalty = Prediction(network).penalty();
  Certificate certificate;
  double loss = 0, of_loss = 0, exact_dual = 0;
  for (const Output& output : outputs_of(network, proof, data.targets())) {
    loss += output.loss;
    of_loss += output.of_loss;
    certificate.dual += dual_bound(output, problem.beta, false);
    exact_dual += dual_bound(output, problem.beta, true);
    certificate.kappa = std::max(certificate.kappa, output.largest());
  }
  const auto sums = static_cast<double>(2 * data.targets() + 8);
  certificate.primal = rounding::raised(loss + (penalty > 0 ? problem.beta * penalty + rounding::least : 0), sums);
  certificate.dual *= 1 - sums * rounding::u;
  certificate.rounding = rounding::raised(of_loss + std::max(0.0, exact_dual - certificate.dual), sums);
  if (!std::isfinite(certificate.primal) || !std::isfinite(certificate.dual)) throw DataError("the data are too large: the objective overflows");
  certificate.unit = proof.unit();
  certificate.relative_gap = certificate.primal < certificate.dual ? std::numeric_limits<double>::max()
                                                                   : relative_gap(certificate.primal, certificate.dual, certificate.unit);
  return certificate;
}

void check(const Problem& problem, const Moments& data) {
  check_problem_of_moments(problem);
  check_activation(problem.activation);
  if (data.samples() < 1) throw DataError("the moments are of no samples");
}

}  // namespace

void check_problem_of_moments(const Problem& problem) {
  if (problem.loss.kind != LossKind::squared)
    throw UsageError("moments hold what squared loss needs; loss " + problem.loss.name() + " needs the samples");
  if (problem.architecture.kind != Architecture::Kind::dense)
    throw UsageError("moments are those of dense networks; architecture " + problem.architecture.name() + " needs the samples");
}

Certificate certify(const Network& network, const Problem& problem, const Moments& data) {
  check(problem, data);
  check_problem(problem);
  check_network(network, problem, data.features(), data.targets());
  try {
    return certificate_of(network, problem, data);
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("not enough memory for the certificate");
  }
}

void set_best_bias(Network& network, const Problem& /*problem*/, const Moments& data) {
  const moment::Coordinates x = moment::coordinates_of(data);
  const MomentErrors errors(data.sums());
  network.bias.clear();
  std::vector<double> bias;
  for (Index k = 0; k < data.targets(); ++k) {
    const DoubleDouble sum = residual_sum(polynomial_of(network, k, data, x, errors).P, k, data.sums()), all = get(data.sums().fourth, 0);
    bias.push_back(all.high > 0 ? -(sum / all).value() : 0.0);
  }
  network.bias = std::move(bias);
}

double beta_max(const Problem& problem, const Moments& data) {
  check(problem, data);
  Network zero{
      .activation = problem.activation, .features = data.features(), .outputs = data.targets(), .directions = {}, .weights = {}, .output = {}};
  if (problem.bias) set_best_bias(zero, problem, data);
  const Proof proof(problem, data);
  double largest = 0;
  for (const Output& output : outputs_of(zero, proof, data.targets())) largest = std::max(largest, output.largest());
  return largest;
}

double objective_unit(const Problem& problem, const Moments& data) {
  check(problem, data);
  return Proof(problem, data).unit();
}

}  // namespace neuspec
