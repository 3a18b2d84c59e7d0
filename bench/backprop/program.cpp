#include "backprop/program.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>

#include "neuspec/error.hpp"
#include "neuspec/preprocessing.hpp"
#include "text/number.hpp"

namespace neuspec::bench {

bool parse_options(int argc, char** argv, ProgramOptions& options, int& exit_code) {
  CLI::App app{"Backpropagation on the networks and the objective of docs/mathematics.md section 1; CSV of objective against time (bench/README.md)"};
  app.add_option("data", options.data, "features, with targets behind them or in --labels")->required();
  app.add_option("--labels", options.labels, "targets in a file of their own");
  app.add_flag("--standardize", options.standardize, "features to mean 0 and deviation 1");
  app.add_option("--arch", options.architecture, "dense, conv1d:… or conv2d:…, as the program's --arch");
  app.add_option("--loss", options.loss, "squared, logistic or softmax")->check(CLI::IsMember({"squared", "logistic", "softmax"}));
  app.add_option("--activation", options.activation, "relu, quadratic, linear or a,b,c");
  app.add_option("--beta", options.beta)->check(CLI::PositiveNumber);
  app.add_option("--width", options.width, "neurons of the first layer")->check(CLI::PositiveNumber);
  app.add_option("--batch", options.race.batch, "samples a step; 0: all")->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", options.race.seconds, "of training, for each run")->check(CLI::PositiveNumber);
  app.add_option("--optimizer", options.optimizers)->check(CLI::IsMember({"adam", "sgd"}));
  app.add_option("--lr", options.rates, "default: 1e-3 … 1e-1 for Adam, 1e-3 … 1 for SGD")->check(CLI::PositiveNumber);
  app.add_option("--momentum", options.race.momentum, "of SGD");
  app.add_option("--seeds", options.seeds);
  app.add_option("--certified", options.certified, "what neuspec fit --convergence wrote for the same problem");
  app.add_flag("--tf32", options.tf32, "allow cuDNN the short mantissa of TF32");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return false;
  }
  return true;
}

CertifiedCurve::CertifiedCurve(const std::string& path) {
  if (path.empty()) return;
  std::ifstream file(path);
  std::string line, field;
  if (!std::getline(file, line) || line.rfind("seconds,iterations,primal,", 0) != 0)
    throw DataError(path + ": not written by neuspec fit --convergence");
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::vector<double> values;
    while (std::getline(fields, field, ',')) values.push_back(parse_number<double>(field).value_or(std::numeric_limits<double>::quiet_NaN()));
    if (values.size() < 3) throw DataError(path + ": a line of less than three fields: " + line);
    points_.emplace_back(values[0], values[2]);
  }
}

double CertifiedCurve::reached(double objective) const {
  for (const auto& [seconds, primal] : points_)
    if (primal <= objective) return seconds;
  return std::numeric_limits<double>::quiet_NaN();
}

Dataset load(const ProgramOptions& options) {
  const Table table = read_table(options.data, {.labels_file = options.labels});
  return learn_preprocessing(table, {.standardize = options.standardize}).dataset_of(table);
}

RaceProblem problem_of(const ProgramOptions& options) {
  const RaceLoss loss = options.loss == "squared" ? RaceLoss::squared : options.loss == "logistic" ? RaceLoss::logistic : RaceLoss::softmax;
  return {.activation = Activation::parse(options.activation), .loss = loss, .beta = options.beta};
}

std::vector<double> rates_of(const ProgramOptions& options, Optimizer optimizer) {
  if (!options.rates.empty()) return options.rates;
  return optimizer == Optimizer::adam ? std::vector{1e-3, 1e-2, 1e-1} : std::vector{1e-3, 1e-2, 1e-1, 1.0};
}

void print_header() { std::puts("optimizer,lr,seed,seconds,epoch,objective,certified_seconds"); }

void print_line(const std::string& optimizer, double rate, unsigned seed, const RacePoint& point, double certified) {
  std::printf("%s,%g,%u,%.6g,%.6g,%.12g,%.6g\n", optimizer.c_str(), rate, seed, point.seconds, point.epoch, point.objective, certified);
  std::fflush(stdout);
}

int run_program(int argc, char** argv, const std::function<void(const ProgramOptions&)>& body) {
  ProgramOptions options;
  int exit_code = 0;
  if (!parse_options(argc, argv, options, exit_code)) return exit_code;
  const auto fail = [](const std::exception& error, int code) {
    std::fprintf(stderr, "%s\n", error.what());
    return code;
  };
  try {
    body(options);
    return 0;
  } catch (const UsageError& error) {
    return fail(error, 2);
  } catch (const DataError& error) {
    return fail(error, 3);
  } catch (const std::exception& error) {
    return fail(error, 5);
  }
}

}  // namespace neuspec::bench
