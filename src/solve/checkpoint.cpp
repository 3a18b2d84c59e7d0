#include "solve/checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

#include "network/checked_stream.hpp"
#include "neuspec/error.hpp"
#include "numeric/quadratic_form.hpp"
#include "text/number.hpp"

namespace neuspec {
namespace {

// The first byte is no text and the line ends are what transfers as text change.
constexpr char magic[8] = {'\x89', 'N', 'S', 'C', '\r', '\n', '\x1A', '\n'};
constexpr std::uint64_t format_version = 1;
constexpr std::uint64_t longest_text = 4096, largest_size = std::uint64_t{1} << 40U, largest_count = std::uint64_t{1} << 62U;
constexpr double same_beta = 1e-9;  // relative: of a share of β_max that another number of threads has summed

/// In [−1, 1), the same everywhere (SplitMix64).
class Numbers {
 public:
  double next() {
    std::uint64_t word = state_ += 0x9E3779B97F4A7C15U;
    word = (word ^ word >> 30U) * 0xBF58476D1CE4E5B9U;
    word = (word ^ word >> 27U) * 0x94D049BB133111EBU;
    return std::ldexp(static_cast<double>((word ^ word >> 31U) >> 11U), -52) - 1;
  }

 private:
  std::uint64_t state_ = 0;
};

double value_at(const QuadraticForm& form, const std::vector<double>& u) {
  double value = form.t;
  for (std::size_t j = 0; j < u.size(); ++j) {
    double column = form.q[j];
    for (std::size_t i = 0; i < u.size(); ++i) column += form.M[j * u.size() + i] * u[i];
    value += column * u[j];
  }
  return value;
}

void write_text(CheckedWriter& file, const std::string& text) {
  file.word(text.size());
  file.bytes(text.data(), text.size());
}

std::string read_text(CheckedReader& file) {
  const std::uint64_t length = file.word();
  if (length > longest_text) file.damaged("an impossible length");
  std::string text(length, ' ');
  file.bytes(text.data(), text.size());
  return text;
}

void write_numbers(CheckedWriter& file, const std::vector<double>& numbers) {
  file.word(numbers.size());
  file.numbers(numbers);
}

/// A count of what takes `bytes` each, no more of it than there is left.
Index read_count(CheckedReader& file, std::uint64_t most) {
  const std::uint64_t count = file.word();
  if (count > most) file.damaged("an impossible length");
  return static_cast<Index>(count);
}

void write_network(CheckedWriter& file, const Network& network) {
  file.count(network.features);
  file.count(network.outputs);
  file.count(network.neurons());
  file.count(network.direction_size());
  file.numbers(network.directions);
  file.numbers(network.weights);
  for (Index j = 0; j < network.neurons(); ++j) {
    file.count(network.output[static_cast<std::size_t>(j)]);
    file.count(network.pool_of(j));
  }
}

Network read_network(CheckedReader& file, const Checkpoint& checkpoint, std::uint64_t most) {
  Network network;
  network.activation = Activation::parse(checkpoint.activation);
  network.architecture = Architecture::parse(checkpoint.architecture);
  network.features = read_count(file, largest_size);
  network.outputs = read_count(file, largest_size);
  const Index neurons = read_count(file, most), size = read_count(file, largest_size);
  if (neurons > 0 && size > static_cast<Index>(most) / neurons) file.damaged("an impossible length");
  if (neurons > 0 && size != network.direction_size()) file.damaged("its neurons are not its architecture's");
  const std::vector<double> directions = file.numbers(neurons * size), weights = file.numbers(neurons);
  for (Index j = 0; j < neurons; ++j) {
    const std::uint64_t output = file.word(), pool = file.word();
    if (output >= static_cast<std::uint64_t>(network.outputs) || pool > largest_size) file.damaged("a neuron of no output or pool");
    network.add(directions.data() + j * size, weights[static_cast<std::size_t>(j)], static_cast<Index>(output), static_cast<Index>(pool));
  }
  return network;
}

[[noreturn]] void refuse(const std::string& what, const std::string& theirs, const std::string& ours) {
  throw UsageError("the checkpoint is of " + what + " " + theirs + ", not " + ours + ": it goes on with what it began with");
}

void compare(const char* what, const std::string& theirs, const std::string& ours) {
  if (theirs != ours) refuse(what, theirs, ours);
}

}  // namespace

Fingerprint fingerprint_of(const std::vector<double>& gamma, Index N, double kappa) {
  Fingerprint result;
  result.size = kappa;
  Numbers numbers;
  const auto p = static_cast<std::size_t>(packed::size(N));
  std::vector<double> u(static_cast<std::size_t>(N - 1));
  for (std::size_t first = 0; first < gamma.size(); first += p) {
    const QuadraticForm form = quadratic_form(gamma.data() + first, N);
    for (double& value : result.values) {
      double square = 0;
      for (double& entry : u) {
        entry = numbers.next();
        square += entry * entry;
      }
      for (double& entry : u) entry /= std::sqrt(square);
      value += numbers.next() * value_at(form, u);
    }
  }
  return result;
}

Checkpoint identity_of(const Problem& problem, Index samples, Index features, Index targets) {
  Checkpoint result;
  result.loss = problem.loss.name();
  result.activation = problem.activation.name();
  result.architecture = problem.architecture.name();
  result.bias = problem.bias;
  result.beta = problem.beta;
  result.samples = samples;
  result.features = features;
  result.targets = targets;
  return result;
}

bool is_finite(const SolverState& state) {
  const auto finite = [](const std::vector<double>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::isfinite(number); });
  };
  return finite(state.blocks) && finite(state.split) && finite(state.network.directions) && finite(state.network.weights) &&
         std::isfinite(state.rho) && std::isfinite(state.split_rho);
}

bool Fingerprint::agrees(const Fingerprint& other, Precision precision) const {
  const double allowed = (precision == Precision::double_precision ? 1e-8 : 1e-3) * std::max(size, other.size);
  const auto near = [allowed](double one, double two) { return std::abs(one - two) <= allowed; };
  return near(size, other.size) && std::equal(values.begin(), values.end(), other.values.begin(), near);
}

std::string checkpoint_bytes(const Checkpoint& checkpoint) {
  std::ostringstream stream;
  CheckedWriter file(stream);
  file.bytes(magic, sizeof magic);
  file.word(format_version);
  for (const std::string* text : {&checkpoint.loss, &checkpoint.activation, &checkpoint.architecture}) write_text(file, *text);
  file.word(checkpoint.bias ? 1 : 0);
  file.number(checkpoint.beta);
  for (const Index count : {checkpoint.samples, checkpoint.features, checkpoint.targets}) file.count(count);
  for (const double value : checkpoint.data.values) file.number(value);
  file.number(checkpoint.data.size);
  file.word(checkpoint.solver == SolverKind::admm ? 1 : 2);
  file.word(checkpoint.precision == Precision::double_precision ? 1 : 2);
  file.count(checkpoint.iterations);
  file.number(checkpoint.seconds);
  const SolverState& state = checkpoint.state;
  file.number(state.rho);
  file.number(state.split_rho);
  write_numbers(file, state.blocks);
  write_numbers(file, state.split);
  write_network(file, state.network);
  file.finish();
  return std::move(stream).str();
}

Checkpoint read_checkpoint(const std::string& bytes, const std::string& name) {
  if (bytes.compare(0, sizeof magic, magic, sizeof magic) != 0) throw DataError(name + ": not a checkpoint");
  std::istringstream stream(bytes);
  CheckedReader file(stream, name, "checkpoint");
  char begin[sizeof magic];
  file.bytes(begin, sizeof begin);
  const std::uint64_t version = file.word(), most = bytes.size() / sizeof(double);
  if (version != format_version)
    throw DataError(name + ": a checkpoint of format " + std::to_string(version) + ", this program reads format " + std::to_string(format_version));
  Checkpoint result;
  for (std::string* text : {&result.loss, &result.activation, &result.architecture}) *text = read_text(file);
  result.bias = file.word() == 1;
  result.beta = file.number();
  for (Index* count : {&result.samples, &result.features, &result.targets}) *count = read_count(file, largest_count);
  for (double& value : result.data.values) value = file.number();
  result.data.size = file.number();
  result.solver = file.word() == 1 ? SolverKind::admm : SolverKind::burer_monteiro;
  result.precision = file.word() == 1 ? Precision::double_precision : Precision::single_precision;
  result.iterations = read_count(file, largest_count);
  result.seconds = file.number();
  result.state.rho = file.number();
  result.state.split_rho = file.number();
  result.state.blocks = file.numbers(read_count(file, most));
  result.state.split = file.numbers(read_count(file, most));
  try {
    result.state.network = read_network(file, result, most);
  } catch (const UsageError& error) {
    file.damaged(error.what());
  }
  file.finish();
  return result;
}

Checkpoint checkpoint_of(Settings& settings, const Problem& problem, double beta) {
  if (settings.start) throw UsageError("give either a network to start from or a checkpoint to resume");
  Checkpoint result = read_checkpoint(*settings.resume, "the checkpoint");
  compare("loss", result.loss, problem.loss.name());
  compare("activation", result.activation, problem.activation.name());
  compare("architecture", result.architecture, problem.architecture.name());
  if (result.bias != problem.bias)
    refuse("a problem", result.bias ? "with an intercept" : "without intercept", problem.bias ? "with one" : "without one");
  if (!(std::abs(result.beta - beta) <= same_beta * beta)) refuse("beta", format_number(result.beta), format_number(beta));
  if (settings.solver == SolverKind::automatic) settings.solver = result.solver;
  compare("solver", name(result.solver), name(settings.solver));
  return result;
}

void check_shape(const Checkpoint& checkpoint, Index samples, Index features, Index targets) {
  const auto text = [](Index n, Index d, Index C) {
    return std::to_string(n) + " samples, " + std::to_string(d) + " features and " + std::to_string(C) + " outputs";
  };
  if (checkpoint.samples != samples || checkpoint.features != features || checkpoint.targets != targets) {
    throw DataError("the checkpoint is of other data: of " + text(checkpoint.samples, checkpoint.features, checkpoint.targets) + "; here are " +
                    text(samples, features, targets));
  }
}

}  // namespace neuspec
