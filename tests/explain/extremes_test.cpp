// What is said of networks with numbers of every size holds in 60 digits: bounds are bounds, changes change the prediction, "infinite" is meant.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "neuspec/dataset.hpp"
#include "neuspec/error.hpp"
#include "neuspec/explain.hpp"
#include "support/exact_sphere.hpp"
#include "support/random.hpp"

namespace neuspec::test {
namespace {

using exact::Quadratic;
using exact::Real;
using exact::Reals;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// f_k as a function of the whole sample.
Quadratic form_of(const Network& network, Index k) {
  const auto d = static_cast<std::size_t>(network.features);
  const Real a = network.activation.a, b = network.activation.b, c = network.activation.c;
  Quadratic form(d);
  if (!network.bias.empty()) form.t = network.bias[static_cast<std::size_t>(k)];
  for (std::size_t j = 0; j < network.weights.size(); ++j) {
    if (network.output[j] != k) continue;
    const Real alpha = network.weights[j];
    const double* u = network.directions.data() + j * d;
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t l = 0; l < d; ++l) form.M[i * d + l] += a * alpha * u[i] * u[l];
      form.q[i] += b * alpha * u[i];
    }
    form.t += c * alpha;
  }
  return form;
}

Quadratic difference(const Quadratic& one, const Quadratic& other) {
  Quadratic result(one.q.size());
  for (std::size_t i = 0; i < one.M.size(); ++i) result.M[i] = one.M[i] - other.M[i];
  for (std::size_t i = 0; i < one.q.size(); ++i) result.q[i] = one.q[i] - other.q[i];
  result.t = one.t - other.t;
  return result;
}

Real norm(const Reals& x) {
  Real square = 0;
  for (const Real& value : x) square += value * value;
  return sqrt(square);
}

/// How far x is from h ≥ 0; nothing where it is nowhere. In the eigenbasis, as a function of the inverse multiplier ν = max(λ, 0) + δ, the stationary
/// point is p/(2(ν − λ)), and what it reaches falls with δ. Of 60 digits the last 15 are noise.
std::optional<Real> distance_to(const Quadratic& h, const Reals& x) {
  const std::size_t d = x.size();
  const Real level = -h.at(x);
  if (level <= 0) return Real(0);
  std::pair<Reals, Reals> basis = exact::eigen(h.M, d);
  Reals &lambda = basis.first, &V = basis.second, p(d);
  Real largest = 0, slope = 0, top = 0;
  for (const Real& value : lambda) largest = std::max(largest, abs(value));
  for (std::size_t i = 0; i < d; ++i) {
    Real z = 0, linear = 0;
    for (std::size_t k = 0; k < d; ++k) {
      z += V[k * d + i] * x[k];
      linear += V[k * d + i] * h.q[k];
    }
    if (abs(lambda[i]) <= largest * 1e-45) lambda[i] = 0;
    p[i] = 2 * lambda[i] * z + linear;
    slope = std::max(slope, Real(abs(lambda[i] * z) + abs(linear)));
    top = std::max(top, lambda[i]);
  }
  for (Real& value : p)
    if (abs(value) <= slope * 1e-45) value = 0;
  const auto point = [&](const Real& delta) {
    Reals y(d);
    for (std::size_t i = 0; i < d; ++i)
      if (p[i] != 0) y[i] = p[i] / (2 * (delta + (top - lambda[i])));
    return y;
  };
  const auto reached = [&](const Reals& y) {
    Real sum = 0;
    for (std::size_t i = 0; i < d; ++i) sum += (lambda[i] * y[i] + p[i]) * y[i];
    return sum;
  };
  Real low = ldexp(Real(1), -20000), high = ldexp(Real(1), 20000);
  if (const Reals y = point(low); reached(y) < level) {
    if (top == 0) return std::nullopt;
    return sqrt(Real(norm(y) * norm(y) + (level - reached(y)) / top));
  }
  for (int step = 0; step < 200; ++step) {
    const Real middle = step < 20 ? sqrt(Real(low * high)) : Real((low + high) / 2);
    (reached(point(middle)) > level ? low : high) = middle;
  }
  return norm(point(low));
}

/// What is known in 60 digits of a sample.
struct Truth {
  const Network& network;
  Reals x;
  std::vector<Quadratic> forms;

  Truth(const Network& of, const double* sample) : network(of), x(sample, sample + of.features) {
    for (Index k = 0; k < of.outputs; ++k) forms.push_back(form_of(of, k));
  }
  /// h ≥ 0 where `competitor` has taken the place of `prediction`.
  Quadratic boundary(Index prediction, Index competitor) const {
    if (network.outputs > 1) return difference(forms[static_cast<std::size_t>(competitor)], forms[static_cast<std::size_t>(prediction)]);
    return prediction > 0 ? difference(Quadratic(x.size()), forms[0]) : forms[0];
  }
  std::optional<Real> distance(Index prediction) const {
    if (network.outputs == 1) return distance_to(boundary(prediction, -prediction), x);
    std::optional<Real> least;
    for (Index k = 0; k < network.outputs; ++k) {
      if (k == prediction) continue;
      const std::optional<Real> to = distance_to(boundary(prediction, k), x);
      if (to && (!least || *to < *least)) least = to;
    }
    return least;
  }
};

void expect_true(const Network& network, const double* sample, const Flip& flip) {
  const Truth truth(network, sample);
  const std::optional<Real> distance = truth.distance(flip.prediction);
  if (std::isinf(flip.lower_bound)) {
    EXPECT_FALSE(distance.has_value()) << "a change of length " << distance.value_or(0) << " changes the prediction";
    EXPECT_EQ(flip.distance, infinity);
    return;
  }
  EXPECT_GE(flip.lower_bound, 0);
  EXPECT_TRUE(!distance || Real(flip.lower_bound) <= *distance) << flip.lower_bound << " is said, " << distance.value_or(0) << " is enough";
  if (std::isinf(flip.distance)) return;  // none is known
  ASSERT_TRUE(distance.has_value());
  EXPECT_GE(Real(flip.distance), *distance);
  Reals delta(flip.delta.begin(), flip.delta.end()), reached = truth.x;
  EXPECT_LE(norm(delta), Real(flip.distance));
  for (std::size_t i = 0; i < reached.size(); ++i) reached[i] += delta[i];
  EXPECT_GE(truth.boundary(flip.prediction, flip.competitor).at(reached), 0) << "the change does not change the prediction";
}

std::string text_of(const Network& network, const std::vector<double>& x) {
  std::ostringstream text;
  text.precision(17);
  text << network.activation.a << ',' << network.activation.b << ',' << network.activation.c << " d " << network.features << " C " << network.outputs;
  for (const auto& [name, values] : {std::pair("directions", network.directions), {"weights", network.weights}, {"bias", network.bias}, {"x", x}}) {
    text << '\n' << name;
    for (const double value : values) text << ' ' << value;
  }
  return std::move(text).str();
}

struct Counts {
  int attained = 0, unreachable = 0, unknown = 0, refused = 0;
};

/// Of random networks with up to `neurons` neurons on at least `least` features, by their outputs or by the network itself.
template <class Flips>
Counts hold(unsigned seeds, Index least, Index most, Index neurons, const Flips& flips_of) {
  int attained = 0, unreachable = 0, unknown = 0, refused = 0;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    Random random(seed);
    const auto size = [&] { return random.index(0, 1) == 0 ? 1.0 : std::pow(10.0, random.uniform(-300, 300)); };
    const auto coefficient = [&] { return random.index(0, 2) == 0 ? 0.0 : random.normal() * size(); };
    const Index d = random.index(least, most), C = random.index(1, 3);
    Network network = random.network({coefficient(), coefficient(), coefficient()}, d, C, random.index(0, neurons));
    const double of_weights = size(), of_x = size(), of_bias = size();
    for (double& weight : network.weights) weight *= of_weights;
    if (random.index(0, 2) == 0 && network.neurons() > 0) {  // two that cancel but for a few roundings
      const std::vector<double> u(network.directions.begin(), network.directions.begin() + d);
      network.add(u.data(), -network.weights[0] * (1 + static_cast<double>(random.index(-3, 3)) * 0x1p-52), network.output[0]);
    }
    if (random.index(0, 1) == 0)
      for (Index k = 0; k < C; ++k) network.bias.push_back(random.normal() * of_bias);
    std::vector<double> x = random.normals(d * 2);
    for (double& value : x) value *= of_x;
    try {
      const std::vector<Flip> flips = flips_of(network, x);
      for (Index i = 0; i < 2; ++i) {
        const Flip& flip = flips[static_cast<std::size_t>(i)];
        SCOPED_TRACE("seed " + std::to_string(seed) + " sample " + std::to_string(i + 1) + "\n" + text_of(network, x));
        expect_true(network, x.data() + i * d, flip);
        ++(std::isfinite(flip.distance) ? attained : std::isinf(flip.lower_bound) ? unreachable : unknown);
      }
    } catch (const DataError&) {
      ++refused;
    }
  }
  return {attained, unreachable, unknown, refused};
}

TEST(ExplainedExtremes, HoldIn60Digits) {
  const auto [attained, unreachable, unknown, refused] = hold(
      1500, 1, 4, 6, [](const Network& network, const std::vector<double>& x) { return smallest_flips(quadratic_form(network), x.data(), 2, true); });
  EXPECT_GT(attained, 1000);
  EXPECT_GT(unreachable, 50);
  EXPECT_LT(unknown, 1400) << attained << " attained, " << unreachable << " unreachable, " << refused << " refused";
}

// In the span of few neurons. What is not in the span is flat to rounding, so that hardly anything is proven to be out of reach.
TEST(ExplainedExtremes, HoldIn60DigitsInTheSpanOfNeurons) {
  const auto [attained, unreachable, unknown, refused] = hold(500, 4, 9, 3, [](const Network& network, const std::vector<double>& x) {
    const Index C = network.outputs;
    return smallest_flips(network, Dataset(2, network.features, C, x, std::vector<double>(static_cast<std::size_t>(2 * C))), true);
  });
  EXPECT_GT(attained, 300) << unreachable << " unreachable, " << unknown << " unknown, " << refused << " refused";
}

// The network's neurons cancel but for their last digits: what remains bends, though hardly, and reaches every sign somewhere.
TEST(ExplainedExtremes, CancelledNeuronsAreNotSaidToBeOutOfReach) {
  const std::vector<double> u{0.12681119057427592, -0.7864887883313291, -0.6044454547552265};
  for (const double size : {1.0, 1e-85, 1e-170, 1e-250}) {
    Network network{.activation = {1, 0, -1}, .features = 3, .outputs = 2, .directions = {}, .weights = {}, .output = {}};
    network.add(u.data(), -8.166190765048951 * size, 0);
    network.add(u.data(), 8.166190765048959 * size, 0);
    for (const std::vector<double>& x : {std::vector<double>{-2.4643648501021236, -0.1609814210158962, 1.319960412213792}, {0.1, 0.2, 0.3}}) {
      const Flip flip = smallest_flips(quadratic_form(network), x.data(), 1, true).front();
      expect_true(network, x.data(), flip);
      EXPECT_TRUE(std::isfinite(flip.lower_bound)) << size;
    }
  }
}

// One of three outputs is all but constant, and passes the others where x is some 3.5·10⁵.
TEST(ExplainedExtremes, AnOutputThatBendsByItsLastDigitsIsNotSaidToBeOutOfReach) {
  const std::vector<double> u{-0.7301732337576227, 0.6832620644408236}, x{0, 0, -9.168519039969026e-21, -6.2925262060125286e-21};
  Network network{.activation = {}, .features = 2, .outputs = 3, .directions = {}, .weights = {}, .output = {}};
  network.add(u.data(), -0.18808160703593127, 2);
  network.add(u.data(), 0.1880816070359315, 2);
  network.bias = {4.856402198410173e-07, 1.467604059969644e-06, -1.0000351361282837e-06};
  const std::vector<Flip> flips = smallest_flips(quadratic_form(network), x.data(), 2, true);
  for (std::size_t i = 0; i < 2; ++i) {
    expect_true(network, x.data() + 2 * i, flips[i]);
    EXPECT_GT(flips[i].lower_bound, 1e4);
    EXPECT_TRUE(std::isfinite(flips[i].lower_bound));
  }
}

// Samples on the boundary to less than the outputs are known, far out: which side they are on is not known, and a change that is sure is a longer
// one.
TEST(ExplainedExtremes, ChangesThatAreSaidToChangeThePredictionDo) {
  const std::vector<double> u{-0.10754332345751744, -0.893002060295148, -0.4370145923059465};
  const std::vector<double> x{155608.21520919423, -226958.45340217967, -217418.91023490505,
                              38005266.368355565, -27574027.070191555, 46348177.23812343};
  Network network{.activation = {1, 1e-12, 0}, .features = 3, .outputs = 1, .directions = {}, .weights = {}, .output = {}};
  network.add(u.data(), 0.019590415421029864, 0);
  network.add(u.data(), -0.019590415422988904, 0);
  network.bias = {0.15463825958423782};
  const std::vector<Flip> flips = smallest_flips(quadratic_form(network), x.data(), 2, true);
  for (std::size_t i = 0; i < 2; ++i) expect_true(network, x.data() + 3 * i, flips[i]);
  EXPECT_TRUE(std::isfinite(flips[0].distance));
}

// Samples 10¹² away from 0 and weights of 10⁻²⁰⁰, whose squares underflow: a boundary that passes next to them.
TEST(ExplainedExtremes, TinyWeightsAtHugeSamples) {
  Network network{.activation = {1e-12, 1, 1}, .features = 3, .outputs = 1, .directions = {}, .weights = {}, .output = {}};
  network.add(std::vector<double>{-0.9007354328799029, 0.010896274096953911, 0.4342314488443438}.data(), 3.078216586761091e-201, 0);
  network.add(std::vector<double>{0.6791367798674972, -0.7314434410939269, 0.06134921932577124}.data(), -2.2592976647948983e-200, 0);
  network.bias = {6.047647914356333e-195};
  const std::vector<double> x{2399412311961.3394, 698277887780.2601, -4181231500574.7886, 88958.85750260051, -268293.6816869957, -134958.86457469602};
  const std::vector<Flip> flips = smallest_flips(quadratic_form(network), x.data(), 2, true);
  for (std::size_t i = 0; i < 2; ++i) expect_true(network, x.data() + 3 * i, flips[i]);
}

}  // namespace
}  // namespace neuspec::test
