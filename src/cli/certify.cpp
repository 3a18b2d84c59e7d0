#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/data.hpp"
#include "cli/failure.hpp"
#include "cli/moments_data.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "moments/seen_by.hpp"
#include "neuspec/certificate.hpp"
#include "threads/parallel.hpp"

namespace neuspec::cli {
namespace {

constexpr const char* example =
    "Example: prove again, from nothing but the data and the saved network, how far it can at most be from the best one:\n"
    "  neuspec certify net.json train.csv\n"
    "The data must be the training data: on others the network was never optimal. The exit code is 0 if the gap is at most\n"
    "--tol, else 4. Of a network of several layers it proves the last one, on what those below put out.";

struct CertifyOptions {
  std::string model;
  SampleFile data;
  Settings settings;
  bool json = false;
};

/// A certificate and how many samples it is about.
struct Proof {
  Certificate certificate;
  Index samples;
};

Proof proof_from_moments(const CertifyOptions& options, const Model& model) {
  if (!model.hidden.empty()) {
    throw UsageError(options.data.path + ": a network of several layers is proven on samples; moments are of the first layer's features");
  }
  if (!options.data.labels.empty() || !options.data.targets.empty()) {
    throw UsageError(options.data.path + ": moments keep the targets they were made with; --labels and --target are for samples");
  }
  return in_file(options.data.path, [&]() -> Proof {
    const Moments data = seen_by(Moments::load(options.data.path), model.preprocessing);
    return {certify(model.network, model.problem, data), data.samples()};
  });
}

Proof proof_from_samples(const CertifyOptions& options, const Model& model) {
  const std::shared_ptr<const Source> samples = read_samples(options.data, model.preprocessing, model.problem.loss);
  const std::shared_ptr<const Source> source = in_file(options.data.path, [&] { return through(model.hidden, samples); });
  const Source& data = *source;
  // The model's own dual vector proves it on the training data; on any others it is of the wrong size or worth little.
  const bool fits = static_cast<Index>(model.dual_vector.size()) == data.samples() * data.targets();
  return {in_file(options.data.path, [&] { return certify(model.network, model.problem, data, fits ? model.dual_vector : std::vector<double>()); }),
          data.samples()};
}

int run_certify(const CertifyOptions& options) {
  const ThreadScope threads(options.settings.threads);
  const Model model = Model::load(options.model);
  const bool from_moments = Moments::is_file(options.data.path);
  const auto [certificate, samples] = from_moments ? proof_from_moments(options, model) : proof_from_samples(options, model);
  const std::size_t layers = model.hidden.size() + 1;
  const bool proven = certificate.relative_gap <= options.settings.tolerance;
  if (options.json) {
    std::cout << json_text({{"proven", proven},
                            {"primal", certificate.primal},
                            {"dual", certificate.dual},
                            {"relative_gap", certificate.relative_gap},
                            {"kappa", certificate.kappa},
                            {"beta", model.problem.beta},
                            {"tol", options.settings.tolerance},
                            {"neurons", model.network.neurons()},
                            {"samples", samples},
                            {"from", from_moments ? "moments" : "samples"},
                            {"rounding", certificate.rounding},
                            {"layers", layers},
                            {"layer_proven", layers}});
  } else {
    std::cout << "primal   " << upper_bound_text(certificate.primal, 12) << "   objective of this network on " << samples << " samples\n"
              << "dual     " << lower_bound_text(certificate.dual, 12) << "   no network is below\n"
              << "gap      " << upper_bound_text(certificate.relative_gap, 3) << "   relative; " << (proven ? "within" : "above")
              << " the tolerance of " << rounded(options.settings.tolerance, 2) << '\n'
              << contradiction(certificate.primal, certificate.dual)
              << (from_moments ? "from     moments of the samples; their rounding has " + upper_bound_text(certificate.rounding, 2) +
                                     " of what is between primal and dual\n"
                               : "")
              << (layers == 1 ? ""
                              : "proven   the last of " + std::to_string(layers) +
                                    " layers alone, on what those below put out; nothing is proven of the layers together\n");
  }
  return proven ? exit_optimal : exit_stopped;
}

}  // namespace

void add_certify(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("certify", "Prove from the raw data how close to optimal a saved network is");
  const auto options = std::make_shared<CertifyOptions>();
  command.add_option("MODEL", options->model, "network as written by --model")->required()->type_name(" ");
  add_sample_options(command, options->data, "the training data, or moments of them", "target columns");
  command.add_option("--labels", options->data.labels, "file with the targets, where they are not in DATA")->type_name("FILE");
  add_settings_option(command, options->settings, "tol");
  add_settings_option(command, options->settings, "threads");
  command.add_flag("--json", options->json, "print JSON");
  command.footer(example);
  command.callback([options, &action] { action = [options] { return run_certify(*options); }; });
}

}  // namespace neuspec::cli
