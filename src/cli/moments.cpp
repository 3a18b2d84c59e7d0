// accumulate and merge: samples into sums, sums into sums.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/data.hpp"
#include "cli/failure.hpp"
#include "cli/moments_data.hpp"
#include "cli/output.hpp"
#include "cli/training.hpp"
#include "neuspec/error.hpp"
#include "neuspec/version.hpp"
#include "threads/parallel.hpp"

namespace neuspec::cli {
namespace {

constexpr const char* accumulate_example =
    "Example: leave of each hospital's patients only the sums that training needs, then train and prove on all of them:\n"
    "  neuspec accumulate north.csv --target outcome -o north.nsm\n"
    "  neuspec accumulate south.csv --target outcome -o south.nsm\n"
    "  neuspec merge north.nsm south.nsm -o all.nsm\n"
    "  neuspec fit all.nsm --standardize --beta-ratio 0.01 --model net.json\n"
    "They serve squared loss and dense networks with any activation and beta. Standardisation comes afterwards, exactly.";
constexpr const char* merge_example =
    "Example: take the samples that one file was made of out of a sum again, so that nothing of them is left in it:\n"
    "  neuspec merge all.nsm --subtract south.nsm -o rest.nsm";

struct AccumulateOptions {
  DataOptions data;
  Settings settings;
  std::string output;
  bool quiet = false;
};

struct MergeOptions {
  std::vector<std::string> files, subtracted;
  std::string output;
  bool quiet = false;
};

void tell(const Moments& moments, const std::string& output, bool quiet) {
  if (!quiet) {
    std::cout << output << ": moments of " << shape_text(moments) << '\n';
  }
}

int run_accumulate(const AccumulateOptions& options) {
  check_outputs({options.output}, {options.data.path, options.data.labels});
  check_sample_options(options.data);
  if (options.data.standardize) {
    throw UsageError("--standardize comes after merging: give it to 'neuspec fit' or 'neuspec path'");
  }
  if (Moments::is_file(options.data.path)) {
    throw UsageError(options.data.path + ": these are moments already; 'neuspec merge' adds them up");
  }
  const ThreadScope threads(options.settings.threads);
  const TrainingData training = read_training(options.data, Loss::squared, options.settings, nullptr);
  Moments moments(training.preprocessing, "of " + options.data.path + " by neuspec " NEUSPEC_VERSION);
  in_file(options.data.path, [&] { moments.add(*training.data, options.settings.device); });
  moments.save(options.output);
  tell(moments, options.output, options.quiet);
  return exit_optimal;
}

int run_merge(const MergeOptions& options) {
  std::vector<std::string> inputs = options.files;
  inputs.insert(inputs.end(), options.subtracted.begin(), options.subtracted.end());
  check_outputs({options.output}, {});  // one of the inputs may be replaced: it has been read by then
  Moments sum = Moments::load(options.files.front());
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    const Moments part = Moments::load(inputs[i]);
    in_file(inputs[i], [&] { i < options.files.size() ? sum.merge(part) : sum.subtract(part); });
  }
  sum.save(options.output);
  tell(sum, options.output, options.quiet);
  return exit_optimal;
}

}  // namespace

void add_accumulate(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("accumulate", "Sum samples up to the moments that training and proof need");
  const auto options = std::make_shared<AccumulateOptions>();
  add_data_options(command, options->data);
  add_output_option(command, "-o,--output", options->output, "write the moments, by custom as .nsm")->required();
  add_settings_option(command, options->settings, "device");
  add_settings_option(command, options->settings, "threads");
  command.add_flag("--quiet", options->quiet, "print nothing");
  command.footer(accumulate_example);
  command.callback([options, &action] { action = [options] { return run_accumulate(*options); }; });
}

void add_merge(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("merge", "Add moments of several files up, or take samples out of them again");
  const auto options = std::make_shared<MergeOptions>();
  command.add_option("MOMENTS", options->files, "files written by 'neuspec accumulate' or 'neuspec merge'")->required()->type_name(" ");
  command.add_option("--subtract", options->subtracted, "files of moments to be taken out of the sum")->type_name("FILES");
  add_output_option(command, "-o,--output", options->output, "write the sum; it may replace one of the files")->required();
  command.add_flag("--quiet", options->quiet, "print nothing");
  command.footer(merge_example);
  command.callback([options, &action] { action = [options] { return run_merge(*options); }; });
}

}  // namespace neuspec::cli
