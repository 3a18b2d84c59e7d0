#include "explain/neuron_span.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "certify/sphere_quadratic.hpp"
#include "device/lapack.hpp"
#include "explain/layer.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kLeast = std::numeric_limits<double>::denorm_min();

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

/// What sums of so many products lose of them.
double sums(Index products) { return 0.5 * static_cast<double>(products + 8) * kEpsilon; }

/// Orthonormal columns whose span holds those of U (d × r) that are independent, by Householder reflections.
std::vector<double> orthonormal(std::vector<double> U, Index d, Index r) {
  std::vector<double> tau(size(r)), work;
  lapack::geqrf(d, r, U.data(), d, tau.data(), work);
  lapack::orgqr(d, r, U.data(), d, tau.data(), work);
  return U;
}

/// ‖BᵀB − I‖₂, from above.
double departure(const std::vector<double>& B, Index d, Index r) {
  std::vector<double> gram(size(r * r));
  lapack::gemm('T', 'N', r, r, d, 1.0, B.data(), d, B.data(), d, 0.0, gram.data(), r);
  for (Index i = 0; i < r; ++i) gram[size(i * r + i)] -= 1;
  const double off = (1 + 2 * sums(r)) * norm_of(gram);
  return off + sums(d) * static_cast<double>(r) * (1 + 2 * off);
}

/// The layer's directions in the basis, in their place. Above ‖e‖ and ‖c‖ of all of them.
std::pair<double, double> into(const NeuronSpan& space, Layer& layer) {
  const Index d = space.features, r = space.rank, columns = layer.columns();
  std::vector<double> c(size(r * columns));
  space.coordinates(layer.directions.data(), columns, c.data());
  std::vector<double> rest = std::move(layer.directions);
  lapack::gemm('N', 'N', d, columns, r, -1.0, space.basis.data(), d, c.data(), r, 1.0, rest.data(), d);
  double residual = 0, largest = 0;
  for (Index j = 0; j < columns; ++j) {
    residual = std::max(residual, norm_of(std::span(rest).subspan(size(j * d), size(d))));
    largest = std::max(largest, norm_of(std::span(c).subspan(size(j * r), size(r))));
  }
  layer.directions = std::move(c);
  largest *= 1 + 2 * sums(r);
  // A row of B times c, whatever the order of its r products and the entry of u, and underflow of all of them.
  const double product = sums(r + 1) * (std::sqrt(static_cast<double>(r)) * (1 + space.basis_off) + 1) * (largest + 1);
  return {(1 + 2 * sums(d)) * residual + product + space.basis_off * largest + static_cast<double>(2 * d * r) * kLeast, largest};
}

}  // namespace

void NeuronSpan::coordinates(const double* x, Index samples, double* z) const {
  lapack::gemm('T', 'N', rank, samples, features, 1.0, basis.data(), features, x, features, 0.0, z, rank);
}

double NeuronSpan::coordinates_off(double norm) const {
  const double root = std::sqrt(static_cast<double>(rank)) * (1 + basis_off);
  return (1 + 4 * sums(features)) * (basis_off + sums(features) * root) * norm + static_cast<double>(2 * features * rank) * kLeast;
}

std::optional<NeuronSpan> span_of(const Network& network) {
  std::vector<Layer> layers;
  NeuronSpan space{.features = network.features, .rank = 0, .basis = {}, .basis_off = 0, .outputs = {}};
  const Patches patches(network.architecture, network.features);
  if (network.neurons() * patches.per_pool >= network.features) return std::nullopt;
  std::vector<double> U;
  for (Index k = 0; k < network.outputs; ++k) {
    layers.push_back(layer_of(network, k));
    U.insert(U.end(), layers.back().directions.begin(), layers.back().directions.end());
    space.rank += layers.back().columns();
  }
  space.rank = std::max<Index>(space.rank, 1);  // of a network without neurons, any
  U.resize(size(space.features * space.rank));
  space.basis = orthonormal(std::move(U), space.features, space.rank);
  space.basis_off = departure(space.basis, space.features, space.rank);
  const auto [a, b, c] = network.activation;
  for (Index k = 0; k < network.outputs; ++k) {
    Layer& layer = layers[size(k)];
    const auto [off, largest] = into(space, layer);
    QuadraticOutput output = form_of(layer, space.rank, network.activation, bias_of(network, k));
    const double length = std::max(1.0, largest), weight = (1 + 2 * sums(layer.columns())) * layer.magnitude;
    output.rounding.Q = output.rounding.Q * length * length + std::abs(a) * weight * off * (2 * largest + off);
    output.rounding.q = output.rounding.q * length + std::abs(b) * weight * off;
    space.outputs.push_back(std::move(output));
  }
  return space;
}

}  // namespace neuspec
