// Tiny random problems whose numbers have any size a double can have, with networks and dual vectors to be certified: what the proof is attacked
// with.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <exception>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/random_architecture.hpp"

namespace neuspec::test {

/// Everything that `certify` is given.
struct Claim {
  Problem problem;
  Dataset data;
  Network network;
  std::vector<double> dual_vector;
  std::string fit_refused;  ///< why the library trained no network for it, where that was asked
  std::string fit_broken;   ///< what is no excuse: an exception of another kind, or a report with a number that is none
};

/// Numbers of one kind: all of ordinary size, all of one random size, or each of its own.
class Sizes {
 public:
  explicit Sizes(Random& random) : Sizes(random, random.index(0, 5), 0) { exponent_ = exponent(); }
  static Sizes around(Random& random, double exponent) { return {random, 2, std::clamp(exponent, -300.0, 300.0)}; }
  static Sizes often_ordinary(Random& random) { return random.index(0, 1) == 0 ? around(random, 0) : Sizes(random); }

  double positive() {
    const double size = mode_ < 2 ? 0 : mode_ < 5 ? exponent_ : exponent();
    return std::max(std::abs(number()), 0.01) * std::pow(10.0, size);
  }
  double any() {
    if (random_.index(0, 9) == 0) return 0;
    return random_.index(0, 1) == 0 ? positive() : -positive();
  }
  std::vector<double> many(Index count) {
    std::vector<double> values;
    while (static_cast<Index>(values.size()) < count) values.push_back(any());
    return values;
  }
  double typical() const { return mode_ < 2 ? 0 : exponent_; }  ///< its decimal exponent

 private:
  double exponent() { return random_.index(0, 2) == 0 ? random_.uniform(-12, 12) : random_.uniform(-300, 300); }
  double number() { return random_.index(0, 3) == 0 ? static_cast<double>(random_.index(1, 4)) : random_.normal(); }

  Sizes(Random& random, Index mode, double exponent) : random_(random), mode_(mode), exponent_(exponent) {}

  Random& random_;
  Index mode_;
  double exponent_;
};

class ExtremeProblem {
 public:
  explicit ExtremeProblem(unsigned seed) : random_(seed) {}

  Claim make() {
    Claim claim;
    choose_kind(claim.problem);
    choose_numbers(claim);
    claim.network = network(claim);
    return claim;
  }

 private:
  bool one_in(Index count) { return random_.index(1, count) == 1; }

  void choose_kind(Problem& problem) {
    problem.loss = every_loss()[static_cast<std::size_t>(random_.index(0, 6))];
    if (problem.loss.kind == Loss::huber) problem.loss.delta = one_in(2) ? 1.0 : Sizes(random_).positive();
    problem.bias = one_in(2);
    if (!one_in(3)) return;
    constexpr std::array shapes = {"conv1d:length=3,filter=2",
                                   "conv1d:length=3,filter=2,pool=global",
                                   "conv1d:length=4,filter=2,stride=2,pool=2",
                                   "conv1d:length=2,channels=2,filter=1,pool=2",
                                   "conv1d:length=2,filter=3,padding=1,pool=2",
                                   "conv2d:height=2,width=2,filter=2x1,pool=1x2",
                                   "conv2d:height=2,width=2,filter=2x2,padding=1x1,pool=3x3"};
    problem.architecture = Architecture::parse(shapes.at(static_cast<std::size_t>(random_.index(0, shapes.size() - 1))));
  }

  /// Sizes that go with one another as often as not: σ of features of any size, and targets of any size, that a network of weights near 1 reaches.
  void choose_numbers(Claim& claim) {
    Problem& problem = claim.problem;
    const bool dense = problem.architecture.kind == Architecture::Kind::dense;
    const Index n = random_.index(1, 6), d = dense ? random_.index(1, 3) : features_of(problem.architecture);
    const Index C = random_.index(problem.loss.coupled() ? 2 : 1, 3);
    const bool matched = one_in(2), wild = one_in(2);
    Sizes x(random_), sigma = matched ? Sizes::around(random_, 0) : Sizes(random_);
    const double size = matched ? -x.typical() : 0, level = matched && wild ? random_.uniform(-100, 100) : 0;
    const auto coefficient = [&](double power) {
      return one_in(4) ? 0 : (matched ? Sizes::around(random_, level + power * size).any() : sigma.any());
    };
    problem.activation = one_in(4) ? Activation{} : Activation{coefficient(2), coefficient(1), coefficient(0)};
    Sizes y = Sizes::often_ordinary(random_), w = Sizes::often_ordinary(random_);
    std::vector<double> features = x.many(n * d), targets = y.many(n * C), weights;
    if (one_in(3)) std::copy_n(features.begin(), d, features.end() - d);  // a sample twice, with two targets
    if (one_in(2)) weights = w.many(n);
    for (double& weight : weights) weight = std::abs(weight);
    claim.data = with_labels({n, d, C, std::move(features), std::move(targets), std::move(weights)}, problem.loss);
    problem.beta = one_in(3) ? Sizes(random_).positive() : matched_beta(claim);
  }

  /// A share of β_max, where the library knows it.
  double matched_beta(const Claim& claim) {
    const double share = std::pow(10.0, one_in(2) ? random_.uniform(-3, 0.5) : random_.uniform(-300, 3));
    double beta = 0;
    try {
      beta = share * beta_max(claim.problem, claim.data);
    } catch (const Error&) {
    }
    return std::isfinite(beta) && beta > 1e-305 ? beta : Sizes(random_).positive();
  }

  Network network(Claim& claim) {
    const Index kind = random_.index(0, 5);
    if (kind == 0) return with_bias(random_network(random_, claim.problem, claim.data.features(), claim.data.targets(), 0), claim.problem);
    if (kind == 1) {
      Network any = random_network(random_, claim.problem, claim.data.features(), claim.data.targets(), random_.index(1, 4));
      Sizes alpha(random_);
      for (double& weight : any.weights) weight = alpha.any();
      if (one_in(3)) claim.dual_vector = Sizes(random_).many(static_cast<Index>(claim.data.y().size()));
      return with_bias(std::move(any), claim.problem);
    }
    Network fitted = fit_or_nothing(claim);
    if (kind > 3) edit(fitted);
    return fitted;
  }

  Network with_bias(Network network, const Problem& problem) {
    if (problem.bias) network.bias = Sizes(random_).many(network.outputs);
    return network;
  }

  Network fit_or_nothing(Claim& claim) {
    Settings settings;
    settings.threads = 1;
    settings.max_iterations = random_.index(1, 300);
    if (claim.problem.loss.smooth() && one_in(3)) settings.solver = SolverKind::burer_monteiro;
    try {
      Result result = fit(claim.data, claim.problem, settings);
      const Report& report = result.report;
      if (!std::isfinite(report.primal) || !std::isfinite(report.dual) || !(report.relative_gap >= 0) || std::isnan(report.beta_max))
        claim.fit_broken = "a number of the report is none";
      if ((report.status == Status::optimal) != (report.relative_gap <= settings.tolerance)) claim.fit_broken = "status and gap disagree";
      if (!one_in(4)) claim.dual_vector = std::move(result.report.dual_vector);
      return std::move(result.network);
    } catch (const Error& error) {
      claim.fit_refused = error.what();
    } catch (const std::exception& error) {
      claim.fit_broken = error.what();
    }
    return with_bias(random_network(random_, claim.problem, claim.data.features(), claim.data.targets(), 0), claim.problem);
  }

  /// Weights that cancel, directions some roundings off, weights and intercepts moved.
  void edit(Network& network) {
    const Index m = network.neurons(), f = m == 0 ? 0 : static_cast<Index>(network.directions.size()) / m;
    for (Index j = 0; j < m && one_in(2); ++j) {
      const std::vector<double> u(network.directions.begin() + j * f, network.directions.begin() + (j + 1) * f);
      const double weight = network.weights[static_cast<std::size_t>(j)], large = weight * std::pow(10.0, random_.uniform(0, 40));
      network.add(u.data(), large, network.output[static_cast<std::size_t>(j)], network.pool_of(j));
      network.add(u.data(), one_in(2) ? -large : weight - large, network.output[static_cast<std::size_t>(j)], network.pool_of(j));
    }
    if (one_in(2))
      for (double& value : network.directions) value *= 1 + static_cast<double>(random_.index(-2, 2)) * 0x1p-53;
    if (one_in(2))
      for (double& weight : network.weights) weight *= 1 + random_.normal() * std::pow(10.0, random_.uniform(-16, 0));
    if (one_in(2))
      for (double& bias : network.bias) bias += random_.normal() * std::pow(10.0, random_.uniform(-20, 20));
  }

  Random random_;
};

/// All that reproduces the claim, digit by digit.
inline std::ostream& operator<<(std::ostream& stream, const Claim& claim) {
  const auto old = stream.precision(17);
  const auto list = [&](const char* name, const auto& values) {
    stream << name << " {";
    for (const auto& value : values) stream << (&value == values.data() ? "" : ", ") << value;
    stream << "}\n";
  };
  stream << claim.problem.loss.name() << ", " << claim.problem.architecture.name() << (claim.problem.bias ? ", intercept" : "") << ", beta "
         << claim.problem.beta << ", activation {" << claim.problem.activation.a << ", " << claim.problem.activation.b << ", "
         << claim.problem.activation.c << "}\n"
         << "n " << claim.data.samples() << ", d " << claim.data.features() << ", C " << claim.data.targets() << '\n';
  list("x", claim.data.x());
  list("y", claim.data.y());
  list("w", claim.data.weights());
  list("directions", claim.network.directions);
  list("alpha", claim.network.weights);
  list("output", claim.network.output);
  list("pool", claim.network.pool);
  list("bias", claim.network.bias);
  list("dual vector", claim.dual_vector);
  stream.precision(old);
  return stream;
}

}  // namespace neuspec::test
