#include "neuspec/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>

#include "certify/lifted_gradient.hpp"
#include "certify/loss.hpp"
#include "certify/sphere_quadratic.hpp"
#include "device/parallel.hpp"
#include "neuspec/error.hpp"

namespace neuspec {
namespace {

constexpr double kUnitTolerance = 1e-8;  // on ‖u_j‖ = 1
constexpr Index kChunk = 8192;           // samples a chunk

void check_activation(const Activation& activation) {
  if (!std::isfinite(activation.a) || !std::isfinite(activation.b) || !std::isfinite(activation.c))
    throw UsageError("the activation's coefficients must be finite");
}

void check_problem(const Problem& problem) {
  check_activation(problem.activation);
  if (!(problem.beta > 0) || !std::isfinite(problem.beta)) throw UsageError("beta must be positive and finite");
}

// A network that violates these is no point of (P), and its objective would prove nothing.
void check_network(const Network& network, const Problem& problem, const Source& data) {
  const Index m = network.neurons(), d = network.features;
  if (d != data.features()) throw DataError("the network has " + std::to_string(d) + " features, the data have " + std::to_string(data.features()));
  if (network.outputs != data.targets())
    throw DataError("the network has " + std::to_string(network.outputs) + " outputs, the data have " + std::to_string(data.targets()) + " targets");
  if (!(network.activation == problem.activation)) throw DataError("the network's activation is not the problem's");
  if (static_cast<Index>(network.directions.size()) != m * d || static_cast<Index>(network.output.size()) != m)
    throw DataError("the network's arrays disagree in length");
  for (Index j = 0; j < m; ++j) {
    const auto at = static_cast<std::size_t>(j);
    double square = 0;
    for (Index l = 0; l < d; ++l)
      square += network.directions[static_cast<std::size_t>(j * d + l)] * network.directions[static_cast<std::size_t>(j * d + l)];
    if (!(std::abs(std::sqrt(square) - 1.0) <= kUnitTolerance))
      throw DataError("the direction of neuron " + std::to_string(j + 1) + " is not a unit vector");
    if (!std::isfinite(network.weights[at])) throw DataError("the weight of neuron " + std::to_string(j + 1) + " is not finite");
    if (network.output[at] < 0 || network.output[at] >= network.outputs)
      throw DataError("neuron " + std::to_string(j + 1) + " feeds an output that does not exist");
  }
}

void check_values(const double* values, Index first, Index rows, Index columns, const char* what) {
  for (Index at = 0; at < rows * columns; ++at)
    if (!std::isfinite(values[at]))
      throw DataError(std::string(what) + " " + std::to_string(at % columns + 1) + " of sample " + std::to_string(first + at / columns + 1) +
                      " is not finite");
}

void check_chunk(const Chunk& chunk, Index d, Index C) {
  check_values(chunk.x, chunk.first, chunk.samples, d, "feature");
  check_values(chunk.y, chunk.first, chunk.samples, C, "target");
  if (chunk.weights == nullptr) return;
  check_values(chunk.weights, chunk.first, chunk.samples, 1, "weight");
  for (Index i = 0; i < chunk.samples; ++i)
    if (chunk.weights[i] < 0) throw DataError("the weight of sample " + std::to_string(chunk.first + i + 1) + " is negative");
}

// The pass over the data: loss, and Γ at v = ∇ℓ(f).
struct Pass {
  LiftedGradient gradient;
  DualSums sums;
};

Pass pass_over(const Network& network, const Problem& problem, const Source& data) {
  const Index d = data.features(), C = data.targets();
  if (d < 1 || C < 1) throw DataError("the data need at least one feature and one target");
  Pass pass{.gradient = {d, C}, .sums = {problem.loss, C}};
  std::vector<double> f, v;
  data.visit(kChunk, [&](const Chunk& chunk) {
    check_chunk(chunk, d, C);
    f.resize(static_cast<std::size_t>(chunk.samples * C));
    v.resize(f.size());
    network.predict(chunk.x, chunk.samples, f.data());
    pass.sums.add(chunk.samples, f.data(), chunk.y, chunk.weights, v.data());
    pass.gradient.accumulate(problem.activation, chunk.x, v.data(), chunk.samples);
  });
  return pass;
}

// κ_k, an upper bound on |uᵀM_k u + q_kᵀu + t_k| over the sphere that covers every rounding error.
double kappa_of(const LiftedGradient& gradient, Index k) {
  const Index d = gradient.features;
  const double *M = gradient.M.data() + k * d * d, *q = gradient.q.data() + k * d, t = gradient.t[static_cast<std::size_t>(k)];
  double finite = t + gradient.rounding(k);
  for (Index j = 0; j < d; ++j) {
    finite += 0.0 * q[j];
    for (Index i = j; i < d; ++i) finite += 0.0 * M[j * d + i];
  }
  if (!std::isfinite(finite)) throw DataError("the data are too large: the lifted gradient overflows");
  const auto [plus, minus] = sphere_quadratic_extremes(d, M, q, t);
  return std::max({plus.bound, minus.bound, 0.0}) + gradient.rounding(k);
}

std::vector<double> kappas_of(const LiftedGradient& gradient) {
  std::vector<double> kappas(static_cast<std::size_t>(gradient.outputs));
  parallel_pieces(gradient.outputs, [&](Index k) { kappas[static_cast<std::size_t>(k)] = kappa_of(gradient, k); });
  return kappas;
}

Certificate certificate_of(const Network& network, const Problem& problem, const Source& data) {
  const Pass pass = pass_over(network, problem, data);
  const std::vector<double> kappas = kappas_of(pass.gradient);
  std::vector<double> limits;
  limits.reserve(kappas.size());
  // One ulp short of β/κ, so that rounding of the quotient cannot leave the feasible set.
  for (const double kappa : kappas) limits.push_back(problem.beta / kappa * (1.0 - 0x1p-51));

  Certificate certificate;
  certificate.primal = pass.sums.loss() + problem.beta * network.penalty();
  certificate.dual = pass.sums.dual(limits);
  certificate.kappa = *std::max_element(kappas.begin(), kappas.end());
  if (!std::isfinite(certificate.primal) || !std::isfinite(certificate.dual)) throw DataError("the data are too large: the objective overflows");
  // The bound is below the optimum and the objective is not, except by the rounding of the latter.
  certificate.relative_gap = std::max(0.0, certificate.primal - certificate.dual) / std::max(1.0, std::abs(certificate.primal));
  return certificate;
}

}  // namespace

Certificate certify(const Network& network, const Problem& problem, const Source& data) {
  check_problem(problem);
  check_network(network, problem, data);
  try {
    return certificate_of(network, problem, data);
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("not enough memory for the certificate");
  }
}

double beta_max(const Problem& problem, const Source& data) {
  check_activation(problem.activation);
  const Network zero{
      .activation = problem.activation, .features = data.features(), .outputs = data.targets(), .directions = {}, .weights = {}, .output = {}};
  try {
    const std::vector<double> kappas = kappas_of(pass_over(zero, problem, data).gradient);
    return *std::max_element(kappas.begin(), kappas.end());
  } catch (const std::bad_alloc&) {
    throw EnvironmentError("not enough memory for beta_max");
  }
}

}  // namespace neuspec
