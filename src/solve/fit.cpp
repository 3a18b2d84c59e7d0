// fit and fit_path: read → lift → solve → decompose → certify, in that order, for one β or several.
#include "neuspec/fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "certify/check.hpp"
#include "neuspec/error.hpp"
#include "solve/checkpoint.hpp"
#include "solve/choose.hpp"
#include "solve/session_data.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

using Clock = Monitor::Clock;
constexpr double first_target = 0.5;  // of the tolerance: the solver's own gap against the one certified from raw data
constexpr double next_target = 0.2;   // each time the certificate says that it was not enough
constexpr int attempts = 12;
constexpr double part_of_free_memory = 0.75;

Arithmetic arithmetic(const Settings& settings) { return settings.precision == Precision::tf32 ? Arithmetic::tf32 : Arithmetic::full; }

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void check_betas(const std::vector<double>& betas) {
  for (const double beta : betas) {
    if (!(beta > 0) || !std::isnormal(beta)) throw UsageError("beta has to be a positive number");
  }
}

/// One data set on one device: lifted once, solved for any number of β.
template <class Real, class Data>
class Session {
 public:
  Session(const Data& data, const Problem& problem, const Settings& settings, std::optional<Checkpoint> resumed, const Observer& observer)
      : source_(data),
        problem_(problem),
        settings_(settings),
        resumed_(std::move(resumed)),
        start_(Clock::now()),
        device_(lend_device<Real>(settings.kept_device, settings.device, arithmetic(settings))),
        monitor_(settings_, observer, problem.loss.coupled() ? 1 : data.targets(), start_),
        space_(space_of(problem, data, [this] { return monitor_.in_a_hurry(); })),
        units_(problem, *seen(space_.get(), &data)),
        unit_(objective_unit(problem, data)) {
    check_units(units_, data);
    monitor_.set_units(units_.objective(), unit_);
    const double memory = settings.memory_limit > 0 ? settings.memory_limit : part_of_free_memory * device_->free_memory();
    const Patches patches(problem.architecture, seen(space_.get(), &data)->features());
    const Size size{data.samples(), patches.size, data.targets(), patches.pools, patches.per_pool, problem.loss, problem.bias};
    choice_ = choose(settings, size, memory);
    choice_.reason = origin(data) + choice_.reason;
    if (space_)
      choice_.reason = (stopped() ? "stopped before the row space of the samples was known; " : "in the row space of the samples, ") + choice_.reason;
    operator_ = operator_of<Real>(choice_, *device_, units_);
    zero_ = operator_->dual_of({}, device_->allocate(operator_->N(), 0));
    // A space that was stopped is not the samples', but its bound is one; and where the solver's arithmetic leaves the numbers, the proof's does not.
    zero_kappa_ = violations(*operator_, zero_);
    know_the_data();
    beta_max_ = std::numeric_limits<double>::quiet_NaN();
    if (!stopped()) beta_max_ = units_.beta_of_the_data(*std::max_element(zero_kappa_.begin(), zero_kappa_.end()));
    if (std::isnan(beta_max_)) beta_max_ = largest_beta(problem, data, space_.get());
    solver_ = solver_of(*operator_, units_, settings, choice_, memory);
    if (settings.start && !stopped()) begin_at(*settings.start);
    lift_seconds_ = since(start_);
  }

  Result solve(double beta) {
    const ThreadScope threads = ThreadScope::at_most(choice_.threads);
    problem_.beta = beta;
    solver_->set_beta(units_.beta(beta));
    monitor_.restart();
    Result result;
    if (const auto resumed = std::exchange(resumed_, std::nullopt)) go_on_from(*resumed, result.report);
    keep_checkpoints(result.report);
    Report& report = result.report;
    double target = first_target * settings_.tolerance;
    const bool zero_is_optimal = stopped() || zero_gap(units_.beta(beta)) <= target;  // from β_max on, and where nothing can be learnt
    for (int attempt = 0; attempt < attempts; ++attempt, target *= next_target) {
      const Clock::time_point begin = Clock::now();
      if (!zero_is_optimal) {
        solver_->run(monitor_, target);
        monitor_.checkpoint();
      }
      report.seconds.solve += since(begin);
      consider(zero_is_optimal, result);
      if (report.relative_gap <= settings_.tolerance) {
        report.status = Status::optimal;
        break;
      }
      report.status = stopped() ? monitor_.hurry() : zero_is_optimal ? Status::stalled : monitor_.status();
      if (report.status != Status::optimal) break;
      report.status = Status::stalled;
    }
    describe(result);
    return result;
  }

 private:
  /// Of the gradient at zero, while the operator still has it: what a checkpoint is of.
  void know_the_data() {
    if (stopped() || !(settings_.checkpoint || resumed_)) return;
    std::vector<double> gamma(static_cast<std::size_t>(zero_.gamma.size()));
    device_->download(zero_.gamma, gamma.data());
    fingerprint_ = fingerprint_of(gamma, operator_->N(), *std::max_element(zero_kappa_.begin(), zero_kappa_.end()));
    const bool in_double = !resumed_ || resumed_->precision == Precision::double_precision;
    if (resumed_ && !resumed_->data.agrees(fingerprint_, in_double ? settings_.precision : Precision::single_precision))
      throw DataError("the checkpoint is of other data of the same size, or these were prepared otherwise");
  }

  void go_on_from(const Checkpoint& checkpoint, Report& report) {
    if (stopped()) return;
    solver_->restore(checkpoint.state);
    monitor_.resume(checkpoint.iterations);
    report.resumed_iterations = checkpoint.iterations;
    report.resumed_seconds = checkpoint.seconds;
  }

  /// From now on checkpoints are of the solve that this report is of.
  void keep_checkpoints(const Report& report) {
    if (!settings_.checkpoint) return;
    monitor_.set_checkpoint([this, before = report.resumed_seconds](Index iterations) {
      Checkpoint checkpoint = identity_of(problem_, source_.samples(), source_.features(), source_.targets());
      checkpoint.data = fingerprint_;
      checkpoint.solver = choice_.solver;
      checkpoint.precision = settings_.precision;
      checkpoint.iterations = iterations;
      checkpoint.seconds = before + monitor_.seconds();
      checkpoint.state = solver_->save();
      if (is_finite(checkpoint.state)) settings_.checkpoint(checkpoint_bytes(checkpoint));
    });
  }

  void begin_at(const Network& start) {
    check_network(start, problem_, source_.features(), source_.targets());
    Network point = space_ ? space_->reduce(start) : start;
    point.bias.clear();  // is for the data to say
    solver_->start_from(units_.network_in_units(std::move(point)));
  }

  /// Before a solver could begin: the network without neurons is all there is.
  bool stopped() const { return space_ && space_->empty(); }

  double zero_gap(double beta) const {
    const std::vector<double> bounds = dual_bounds(zero_, zero_kappa_, beta);
    double primal = 0, dual = 0;
    for (std::size_t k = 0; k < bounds.size(); ++k) {
      primal += zero_.loss[k];
      dual += bounds[k];
    }
    return relative_gap(units_.objective() * primal, units_.objective() * dual, unit_);
  }

  Network zero_network() const { return empty_network(problem_.activation, operator_->patches(), source_.targets()); }

  /// The solver's network, or the one without neurons, as a result: with the proof that its own gradient is, and if that is none, with the dual
  /// vector that the solver found.
  void consider(bool zero, Result& result) {
    Report::Seconds& seconds = result.report.seconds;
    const Clock::time_point decomposing = Clock::now();
    Network network = zero ? zero_network() : units_.network_of_the_data(solver_->network());
    if (space_) network = space_->lift(network);
    std::vector<double> dual_vector = zero ? std::vector<double>() : units_.dual_vector_of_the_data(solver_->dual_vector());
    if (problem_.bias) {
      std::vector<double> own = bias_of(network, problem_, source_);
      if (zero && !problem_.loss.smooth()) dual_vector = std::move(own);
    }
    seconds.decompose += since(decomposing);
    if (settings_.candidate) settings_.candidate({network, {}});
    const Clock::time_point certifying = Clock::now();
    if (problem_.loss.smooth()) adopt(proof_of(network, problem_, source_, {}, space_.get(), unit_), network, {}, result);
    const bool proven = result.report.relative_gap <= settings_.tolerance;
    if (!proven && !dual_vector.empty()) adopt(proof_of(network, problem_, source_, dual_vector, space_.get(), unit_), network, dual_vector, result);
    if (!problem_.loss.smooth() && dual_vector.empty()) adopt(proof_of(network, problem_, source_, {}, space_.get(), unit_), network, {}, result);
    seconds.certify += since(certifying);
    if (settings_.candidate) settings_.candidate(result);
  }

  /// Keeps the better network and the better bound. Where either's v is ∇ℓ at its network, they belong together.
  void adopt(const Certificate& certificate, const Network& network, const std::vector<double>& dual_vector, Result& result) const {
    Report& best = result.report;
    const bool first = std::isnan(best.primal), apart = !first && !dual_vector.empty() && !best.dual_vector.empty();
    const bool better = first || certificate.relative_gap < best.relative_gap;
    if (apart ? certificate.primal < best.primal : better) {
      best.primal = certificate.primal;
      result.network = network;
    }
    if (apart ? certificate.dual > best.dual : better) {
      best.dual = certificate.dual;
      best.dual_vector = dual_vector;
    }
    if (better) best.relative_gap = certificate.relative_gap;
    if (better) best.rounding = certificate.rounding;
    if (apart && best.primal >= best.dual) best.relative_gap = relative_gap(best.primal, best.dual, certificate.unit);
  }

  void describe(Result& result) {
    Report& report = result.report;
    report.beta = problem_.beta;
    report.beta_max = beta_max_;
    report.neurons = result.network.neurons();
    report.iterations = monitor_.iterations();
    report.samples = source_.samples();
    report.features = source_.features();
    report.outputs = source_.targets();
    report.blocks = 2 * operator_->blocks();
    report.solver = name(choice_.solver);
    report.data_operator = name(choice_.data_operator);
    report.device = device_->name();
    report.precision = name(settings_.precision);
    report.choice = choice_.reason;
    report.history = monitor_.history();
    report.seconds.lift = lift_seconds_;
    report.seconds.total = lift_seconds_ + report.seconds.solve + report.seconds.decompose + report.seconds.certify;
  }

  const Data& source_;
  Problem problem_;
  const Settings& settings_;
  std::optional<Checkpoint> resumed_;  // until the first solve
  Fingerprint fingerprint_;
  Clock::time_point start_;
  std::shared_ptr<Device<Real>> device_;
  Monitor monitor_;
  std::unique_ptr<RowSpace> space_;     // of wide data: what the solver sees in their place
  typename UnitsOf<Data>::Type units_;  // and what units it sees them in
  double unit_;                         // of gaps
  Choice choice_;
  std::unique_ptr<DataOperator<Real>> operator_;
  std::unique_ptr<Solver> solver_;
  DualCandidate<Real> zero_;  // of the network without neurons …
  std::vector<double> zero_kappa_;
  double beta_max_ = 0, lift_seconds_ = 0;
};

template <class Real, class Data>
std::vector<Result> solve_path(const Data& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings,
                               std::optional<Checkpoint> resumed, const PathObserver& after_each, const Observer& observer) {
  Problem first = problem;
  first.beta = betas.front();
  Session<Real, Data> session(data, first, settings, std::move(resumed), observer);
  std::vector<Result> results;
  for (const double beta : betas) {
    results.push_back(session.solve(beta));
    if (after_each && !after_each(results.back())) break;
    const Status status = results.back().report.status;
    if (status == Status::interrupted || status == Status::time_limit) break;
  }
  return results;
}

template <class Data>
std::vector<Result> path_of(const Data& data, const Problem& problem, const std::vector<double>& betas, const Settings& given,
                            const PathObserver& after_each, const Observer& observer) {
  validate(given);
  if (!(given.checkpoint_interval >= 0)) throw UsageError("checkpoint_interval: seconds from 0");
  if (betas.empty()) return {};
  Settings settings = settings_for(data, given);
  check_data(data, problem);
  check_betas(betas);
  std::optional<Checkpoint> resumed;
  if (settings.resume) {
    resumed = checkpoint_of(settings, problem, betas.front());
    check_shape(*resumed, data.samples(), data.features(), data.targets());
  }
  const ThreadScope threads(settings.threads);
  return settings.precision == Precision::double_precision
             ? solve_path<double>(data, problem, betas, settings, std::move(resumed), after_each, observer)
             : solve_path<float>(data, problem, betas, settings, std::move(resumed), after_each, observer);
}

}  // namespace

Result fit(const Source& data, const Problem& problem, const Settings& settings, const Observer& observer) {
  return std::move(fit_path(data, problem, {problem.beta}, settings, {}, observer).front());
}

std::vector<Result> fit_path(const Source& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings,
                             const PathObserver& after_each, const Observer& observer) {
  return path_of<Source>(data, problem, betas, settings, after_each, observer);
}

Result fit(const Moments& data, const Problem& problem, const Settings& settings, const Observer& observer) {
  return std::move(fit_path(data, problem, {problem.beta}, settings, {}, observer).front());
}

std::vector<Result> fit_path(const Moments& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings,
                             const PathObserver& after_each, const Observer& observer) {
  return path_of(data, problem, betas, settings, after_each, observer);
}

}  // namespace neuspec
