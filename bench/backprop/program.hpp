// What the two programs bench_backprop_host and bench_backprop_cudnn share: options, data, the grid of runs, and CSV.
#pragma once

#include <iosfwd>
#include <limits>

#include "backprop/race.hpp"

namespace neuspec::bench {

struct ProgramOptions {
  std::string data, labels, architecture = "dense", loss = "squared", activation = "relu", certified;
  std::vector<std::string> optimizers = {"adam", "sgd"};
  std::vector<double> rates;
  double beta = 1;
  Index width = 100;
  unsigned seeds = 3;
  bool standardize = false, tf32 = false;
  RaceSettings race;
};

/// Reads the command line; false when the program has nothing more to do than to return `exit_code`.
bool parse_options(int argc, char** argv, ProgramOptions& options, int& exit_code);

/// The file of `neuspec fit --convergence`: when had the certified solver reached an objective?
class CertifiedCurve {
 public:
  /// An empty path gives an empty curve. \throws DataError
  explicit CertifiedCurve(const std::string& path);
  /// Seconds, or NaN when it did not.
  double reached(double objective) const;

 private:
  std::vector<std::pair<double, double>> points_;  // seconds, primal
};

Dataset load(const ProgramOptions& options);
RaceProblem problem_of(const ProgramOptions& options);
std::vector<double> rates_of(const ProgramOptions& options, Optimizer optimizer);
void print_header();
void print_line(const std::string& optimizer, double rate, unsigned seed, const RacePoint& point, double certified);

/// Runs the grid on a machine.
template <class Machine>
void run_grid(Machine& machine, const ProgramOptions& options) {
  const CertifiedCurve curve(options.certified);
  const Dataset data = load(options);
  const NetworkShape shape = parse_architecture(options.architecture, data.features(), options.width, data.targets());
  Race<Machine> race(machine, data, shape, problem_of(options), options.race);
  print_header();
  for (const std::string& name : options.optimizers) {
    const Optimizer optimizer = name == "adam" ? Optimizer::adam : Optimizer::sgd;
    for (const double rate : rates_of(options, optimizer))
      for (unsigned seed = 0; seed < options.seeds; ++seed)
        race.run(optimizer, rate, seed, [&](const RacePoint& point) { print_line(name, rate, seed, point, curve.reached(point.objective)); });
  }
}

/// `body(options)` with the exit codes of the program neuspec.
int run_program(int argc, char** argv, const std::function<void(const ProgramOptions&)>& body);

}  // namespace neuspec::bench
