#include "certify/prediction.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "neuspec/error.hpp"
#include "numeric/compensated_sum.hpp"
#include "numeric/rounding.hpp"

namespace neuspec {

namespace {

// Near 1, which the squares of its entries do not leave.
void normalise(double* direction, Index size) {
  CompensatedSum square;
  for (Index l = 0; l < size; ++l) square.add(direction[l] * direction[l]);
  const double norm = std::sqrt(square.value());
  for (Index l = 0; l < size; ++l) direction[l] /= norm;
}

/// amount (relative + lost 2⁻¹⁰⁷⁴) + terms 2⁻¹⁰⁷⁴ and more. Products below the normal numbers cost some hundred cycles each: where they do not matter
/// they are no more than 2u of the rest.
double error_of(double amount, double relative, double lost, double terms) {
  const double rest = amount * relative;
  if (amount == 0 && terms == 0) return 0;  // no neurons
  if (rest > 0x1p-900 && amount * lost + terms < 0x1p100) return rounding::raised(rest, 18);
  return rounding::raised(amount * (relative + rounding::least * lost) + rounding::least * terms, 16);
}

bool is_tiny(double coefficient) { return coefficient != 0 && std::abs(coefficient) < 0x1p-980; }

}  // namespace

Prediction::Prediction(const Network& network) : network_(network), bias_(network.bias) {
  const Patches patches(network.architecture, network.features);
  const auto C = static_cast<std::size_t>(network.outputs);
  const Activation& sigma = network.activation;
  bias_.resize(C);
  network_.bias.clear();
  for (Index j = 0; j < network.neurons(); ++j) normalise(network_.directions.data() + j * patches.size, patches.size);
  std::vector<CompensatedSum> amount(C);
  std::vector<double> neurons(C);
  CompensatedSum all;
  for (std::size_t j = 0; j < network.weights.size(); ++j) {
    const auto k = static_cast<std::size_t>(network.output[j]);
    amount[k].add(std::abs(network.weights[j]));
    all.add(std::abs(network.weights[j]));
    ++neurons[k];
  }
  per_pool_ = static_cast<double>(patches.per_pool);
  tiny_ = is_tiny(sigma.a) || is_tiny(sigma.b) || is_tiny(sigma.c);
  penalty_ = rounding::raised(all.value(), rounding::of_sum(network.neurons()));
  for (std::size_t k = 0; k < C; ++k) {
    amount_.push_back(rounding::raised(amount[k].value(), rounding::of_sum(network.neurons())));
    chain_.push_back(2 * static_cast<double>(patches.size) + neurons[k] * (1 + per_pool_) + 32);
    terms_.push_back(per_pool_ * neurons[k]);
  }
}

void Prediction::operator()(const double* x, Index samples, Index first, double* f, double* error) const {
  const Index d = network_.features, C = network_.outputs;
  const double a = std::abs(network_.activation.a), b = std::abs(network_.activation.b), c = std::abs(network_.activation.c);
  const auto size = static_cast<double>(d);  // at least that of a patch
  network_.predict(x, samples, f);
  for (Index i = 0; i < samples; ++i) {
    const double s = network_.neurons() == 0 ? 0 : rounding::raised(rounding::length(x + i * d, d), size + 8);
    const double sigma = (a * s + b) * s + c;
    // a p² + b p + c of a patch: what u_jᵀp has lost below the normal numbers, and the products and quotients themselves.
    double lost = 4 * size * (a * s + b) + per_pool_ * 6;
    if (tiny_) lost += 4 * per_pool_ * (s + 1) * (s + 1);
    double finite = 0;
    for (Index k = 0; k < C; ++k) {
      const auto at = static_cast<std::size_t>(k);
      const double relative = chain_[at] * rounding::u * sigma;
      error[i * C + k] = error_of(amount_[at], relative, lost + 1, terms_[at]);
      finite += 0.0 * f[i * C + k] + 0.0 * error[i * C + k];
    }
    if (!std::isfinite(finite)) throw DataError("the data are too large: the prediction of sample " + std::to_string(first + i + 1) + " overflows");
  }
}

}  // namespace neuspec
