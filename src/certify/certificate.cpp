#include "neuspec/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "certify/bias.hpp"
#include "certify/check.hpp"
#include "certify/in_row_space.hpp"
#include "certify/passes.hpp"
#include "certify/prediction.hpp"
#include "certify/sphere_bound.hpp"
#include "certify/targets.hpp"
#include "distribute/gathered_source.hpp"
#include "distribute/share.hpp"
#include "lift/shared_out.hpp"
#include "loss/intercept.hpp"
#include "neuspec/error.hpp"
#include "numeric/rounding.hpp"
#include "numeric/window.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

constexpr Index kMostKept = 1 << 22;  // entries of v that a proof keeps; more of them it computes twice

// κ_k, an upper bound on |uᵀM_k u + q_kᵀu + t_k| over the sphere that covers every rounding error. The conjugate of a loss with a bounded domain is
// that at a v some roundings away, more of them the more outputs share a constraint (loss/row.hpp, loss/softmax.hpp). With an
// intercept it is that at a v whose sum is zero, a further 38 + 4C away (ConjugateSums::bound), as far as compensated sums are exact.
double kappa_of(const LiftedGradient& gradient, double change, Index k) {
  const Index d = gradient.features;
  const double *M = gradient.M.data() + k * d * d, *q = gradient.q.data() + k * d, t = gradient.t[static_cast<std::size_t>(k)];
  const double rounding = gradient.rounding(k, 62 + 6 * gradient.outputs) + change;
  double finite = t + rounding;
  for (Index j = 0; j < d; ++j) {
    finite += 0.0 * q[j];
    for (Index i = j; i < d; ++i) finite += 0.0 * M[j * d + i];
  }
  if (!std::isfinite(finite)) throw DataError("the data are too large: the lifted gradient overflows");
  const SphereBounds bounds = sphere_quadratic_bounds(d, M, q, t);
  return std::max({bounds.plus, bounds.minus, 0.0}) + rounding;
}

// The largest κ of each output over its pools.
std::vector<double> kappas_of(const Pass& pass) {
  const std::vector<LiftedGradient>& gradients = pass.gradients;
  const Index C = gradients.front().outputs, pools = static_cast<Index>(gradients.size());
  std::vector<double> blocks(static_cast<std::size_t>(C * pools)), kappas(static_cast<std::size_t>(C));
  parallel_pieces(C * pools, [&](Index b) {
    blocks[static_cast<std::size_t>(b)] = kappa_of(gradients[static_cast<std::size_t>(b / C)], pass.changes[static_cast<std::size_t>(b % C)], b % C);
  });
  for (std::size_t b = 0; b < blocks.size(); ++b) kappas[b % kappas.size()] = std::max(kappas[b % kappas.size()], blocks[b]);
  return kappas;
}

double primal_of(const Prediction& predict, double loss, double beta) {
  return rounding::raised(loss + (predict.penalty() > 0 ? beta * predict.penalty() + rounding::least : 0), 4);
}

Certificate certificate_of(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector,
                           const RowSpace* space, std::optional<double> unit) {
  const Prediction predict(network);
  const bool squared = problem.loss.kind == LossKind::squared;
  const Pass pass = pass_over(predict, problem, data, dual_vector, space, squared ? 0 : kMostKept);
  const std::vector<double> kappas = kappas_of(pass);
  std::vector<double> limits;
  limits.reserve(kappas.size());
  // A little short of β/κ, so that rounding of the quotient cannot leave the feasible set.
  for (const double kappa : kappas) limits.push_back(std::max(0.0, problem.beta / kappa * (1.0 - 0x1p-51) - rounding::least));

  Certificate certificate;
  certificate.primal = primal_of(predict, pass.loss, problem.beta);
  certificate.dual = squared ? pass.sums.dual(limits) : conjugate_bound(predict, problem, data, dual_vector, pass, limits);
  certificate.kappa = *std::max_element(kappas.begin(), kappas.end());
  if (!std::isfinite(certificate.primal) || !std::isfinite(certificate.dual)) throw DataError("the data are too large: the objective overflows");
  certificate.unit = unit ? *unit : objective_unit(problem, data);
  // Below the dual bound no objective can be: where the arithmetic is so wrong, nothing is proven. The number is one that a file can hold.
  certificate.relative_gap = certificate.primal < certificate.dual ? std::numeric_limits<double>::max()
                                                                   : relative_gap(certificate.primal, certificate.dual, certificate.unit);
  return certificate;
}

}  // namespace

Certificate certify(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector, const RowSpace* space,
                    std::optional<double> unit) {
  check_problem(problem);
  check_network(network, problem, data);
  check_targets(problem.loss, data);
  try {
    return certificate_of(network, problem, data, problem.loss.kind == LossKind::squared ? std::vector<double>() : dual_vector, space, unit);
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("not enough memory for the certificate");
  }
}

Certificate certify(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector) {
  if (data.ranks() == nullptr) return certify(network, problem, data, dual_vector, row_space_of(problem, data).get());
  return data.ranks()->together([&] {
    check_shapes(data);
    Certificate result;
    if (proven_by_sums(problem, data)) {
      result = certify(network, problem, data, dual_vector, nullptr);
    } else {
      const std::vector<double> all = gather(*data.ranks(), dual_vector);
      on_first_rank(data, [&](const Source& samples) { result = certify(network, problem, samples, all); });
    }
    share(*data.ranks(), result);
    return result;
  });
}

double objective(const Network& network, const Problem& problem, const Source& data) {
  check_network(network, problem, data);
  const Prediction predict(network);
  return primal_of(predict, loss_of(predict, problem, data), problem.beta);
}

double beta_max(const Problem& problem, const Source& data, const RowSpace* space) {
  check_activation(problem.activation);
  check_targets(problem.loss, data);
  Network zero{
      .activation = problem.activation, .features = data.features(), .outputs = data.targets(), .directions = {}, .weights = {}, .output = {}};
  zero.architecture = problem.architecture;
  try {
    const std::vector<double> dual_vector = problem.bias ? set_best_bias(zero, problem, data) : std::vector<double>();
    const std::vector<double> kappas = kappas_of(pass_over(Prediction(zero), problem, data, dual_vector, space, 0));
    return *std::max_element(kappas.begin(), kappas.end());
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("not enough memory for beta_max");
  }
}

double beta_max(const Problem& problem, const Source& data) {
  if (data.ranks() == nullptr) return beta_max(problem, data, row_space_of(problem, data).get());
  return data.ranks()->together([&] {
    check_shapes(data);
    double result = 0;
    if (proven_by_sums(problem, data)) {
      result = beta_max(problem, data, nullptr);
    } else {
      on_first_rank(data, [&](const Source& samples) { result = beta_max(problem, samples); });
    }
    return data.ranks()->broadcast(result);
  });
}

}  // namespace neuspec
