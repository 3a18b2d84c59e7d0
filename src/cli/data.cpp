#include "cli/data.hpp"

#include <iostream>
#include <utility>

#include "certify/targets.hpp"
#include "cli/ranks.hpp"
#include "cli/training.hpp"
#include "network/encoding.hpp"
#include "neuspec/error.hpp"
#include "read/learn.hpp"
#include "read/part_of_ranks.hpp"

namespace neuspec::cli {
namespace {

/// Reads a table, and says what was made of the file where that is not obvious: always, as numbers hang on it.
Table read_and_tell(const std::string& path, const ReadOptions& options, const Ranks* ranks = nullptr) {
  Table table = ranks == nullptr ? read_table(path, options) : read::read_part(path, options, *ranks);
  for (const std::string& notice : table.notices) {
    if (!is_first_rank()) break;
    std::cerr << "neuspec: " << notice << '\n';
  }
  return table;
}

/// The targets themselves, where they are no encoded labels, must be what the loss wants. \throws DataError naming the file
std::shared_ptr<const Source> checked_source(const Preprocessing& preprocessing, const Loss& loss, Table table) {
  const std::string target_path = table.target_path;
  const Index before = table.before;
  std::shared_ptr<const Source> data = preprocessing.source_of(std::move(table));
  try {
    check_targets(loss, *data, before);
  } catch (const DataError& error) {
    throw DataError(target_path + ": " + error.what());
  }
  return data;
}

ReadOptions read_options(const SampleFile& file, const Preprocessing& preprocessing) {
  ReadOptions options;
  options.labels_file = file.labels;
  options.header = parse_header(file.header);
  options.like = &preprocessing;
  options.memory = file.memory;
  if (!file.targets.empty()) {
    options.targets = split_list("--target", file.targets);
  }
  return options;
}

}  // namespace

TrainingData read_training(const DataOptions& options, const Loss& loss, const Settings& settings, const Ranks* ranks) {
  PreprocessingOptions preparation = preprocessing_options(options);
  ReadOptions reading = read_options(options);
  reading.labels = options.one_vs_rest || loss.classification() ? Labels::any : Labels::numbers;
  reading.memory = memory_of_samples(settings);
  set_rank_order(options.rank_order);
  if (ranks != nullptr) ranks->name_ranks(false);
  Table table = read_and_tell(options.path, reading, ranks);
  if (table.targets == 0) {
    throw DataError(options.path + ": there are no targets; give a file of them with --labels");
  }
  preparation.encoding = encoding_of(loss, table.targets, options.one_vs_rest);
  TrainingData training;
  training.preprocessing = read::learn(table, preparation, ranks);
  training.data = checked_source(training.preprocessing, loss, std::move(table));
  if (ranks != nullptr) training.data = shared_out(std::move(training.data));
  training.samples = all_samples(*training.data);
  if (ranks != nullptr) ranks->name_ranks(true);
  return training;
}

std::shared_ptr<const Source> read_samples(const SampleFile& file, const Preprocessing& preprocessing, const Loss& loss) {
  Table table = read_and_tell(file.path, read_options(file, preprocessing));
  if (table.targets == 0) {
    throw DataError(file.path + ": there are no targets: name their columns, or give a file of them as labels");
  }
  return checked_source(preprocessing, loss, std::move(table));
}

std::shared_ptr<const Source> read_features(const SampleFile& file, const Preprocessing& preprocessing) {
  ReadOptions options = read_options(file, preprocessing);
  options.without_targets = true;
  return preprocessing.source_of(read_and_tell(file.path, options));
}

}  // namespace neuspec::cli
