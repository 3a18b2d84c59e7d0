// A solve in progress: read → lift → solve → decompose → certify, for one β or several.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "certify/check.hpp"
#include "distribute/share.hpp"
#include "neuspec/error.hpp"
#include "solve/checkpoint.hpp"
#include "solve/choose.hpp"
#include "solve/fit_on_ranks.hpp"
#include "solve/observed_path.hpp"
#include "solve/outputs_on_ranks.hpp"
#include "solve/session_data.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

/// One data set on one device: lifted once, solved for any number of β.
template <class Real, class Data>
class Session {
  using Clock = Monitor::Clock;

 public:
  Session(const Data& data, const Problem& problem, const Settings& settings, std::optional<Checkpoint> resumed, const Observer& observer)
      : source_(data),
        ranks_(ranks_of(data)),
        samples_(samples_of(data)),
        problem_(problem),
        settings_(settings),
        resumed_(std::move(resumed)),
        start_(Clock::now()),
        device_(lend_device<Real>(settings.kept_device, settings.device, arithmetic_of(settings))),
        monitor_(settings_, observer, problem.loss.coupled() ? 1 : data.targets(), start_),
        space_(space_of(problem, data, [this] { return monitor_.in_a_hurry(); })),
        units_(problem, *seen(space_.get(), &data)),
        unit_(objective_unit(problem, data)) {
    check_units(units_, data);
    monitor_.set_units(units_.objective(), unit_);
    const double memory = memory_for(settings, *device_, ranks_);
    choice_ = choice_for(problem, *seen(space_.get(), &data), settings, memory);
    choice_.reason = origin(data) + choice_.reason;
    if (space_)
      choice_.reason = (stopped() ? "stopped before the row space of the samples was known; " : "in the row space of the samples, ") + choice_.reason;
    operator_ = operator_of<Real>(choice_, *device_, units_);
    // A space that was stopped is not the samples', but its bound is one; and where the solver's arithmetic leaves the numbers, the proof's does not.
    beta_max_ = std::numeric_limits<double>::quiet_NaN();
    const bool shared = shares_outputs();
    lead([&] {
      zero_ = operator_->dual_of({}, device_->allocate(operator_->N(), 0));
      zero_kappa_ = violations(*operator_, zero_);
      know_the_data();
      if (!stopped()) beta_max_ = units_.beta_of_the_data(*std::max_element(zero_kappa_.begin(), zero_kappa_.end()));
      if (!shared) solver_ = solver_of(*operator_, units_, settings, choice_, memory);
      if (settings.start && !stopped()) begin_at(*settings.start);
    });
    if (shared) share_outputs(memory);
    beta_max_ = from_first(beta_max_);
    if (std::isnan(beta_max_)) beta_max_ = largest_beta(problem, data, space_.get());
    lift_seconds_ = since(start_);
  }

  /// Whether the path goes on, as its observer wishes.
  bool agree(const Result& result, const PointObserver<Data>& after_each) const {
    return from_first(!after_each || after_each(result, source_) ? 1 : 0) > 0;
  }

  Result solve(double beta) {
    const ThreadScope threads = ThreadScope::at_most(choice_.threads);
    problem_.beta = beta;
    monitor_.restart();
    Result result;
    Report& report = result.report;
    double target = first_target * settings_.tolerance;
    bool zero_is_optimal = false;  // from β_max on, and where nothing can be learnt
    lead([&] {
      solver_->set_beta(units_.beta(beta));
      if (const auto resumed = std::exchange(resumed_, std::nullopt)) go_on_from(*resumed, report);
      keep_checkpoints(report);
      zero_is_optimal = stopped() || zero_gap(units_.beta(beta)) <= target;
    });
    zero_is_optimal = from_first(zero_is_optimal ? 1 : 0) > 0;
    for (int attempt = 0; attempt < attempts; ++attempt, target *= next_target) {
      const Clock::time_point begin = Clock::now();
      lead([&] {
        if (zero_is_optimal) return;
        solver_->run(monitor_, target);
        monitor_.checkpoint();
      });
      const auto end = static_cast<Status>(static_cast<int>(from_first(static_cast<int>(monitor_.status()))));
      report.seconds.solve += since(begin);
      consider(zero_is_optimal, result);
      if (report.relative_gap <= settings_.tolerance) {
        report.status = Status::optimal;
        break;
      }
      report.status = stopped() ? monitor_.hurry() : zero_is_optimal ? Status::stalled : end;
      if (report.status != Status::optimal) break;
      report.status = Status::stalled;
    }
    describe(result);
    if (ranks_ != nullptr) share(*ranks_, result);
    return result;
  }

 private:
  static constexpr double first_target = 0.5;  // of the tolerance: the solver's own gap against the one certified from raw data
  static constexpr double next_target = 0.2;   // each time the certificate says that it was not enough
  static constexpr int attempts = 12;

  static Arithmetic arithmetic_of(const Settings& settings) { return settings.precision == Precision::tf32 ? Arithmetic::tf32 : Arithmetic::full; }
  static double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

  bool is_first() const { return ranks_ == nullptr || ranks_->first(); }
  double from_first(double value) const { return ranks_ == nullptr ? value : ranks_->broadcast(value); }

  /// What the solver does with the data: where samples are shared out it is rank 0's, and the others help.
  template <class Body>
  void lead(const Body& body) {
    if (!is_first()) return outputs_ != nullptr ? outputs_->serve() : operator_->serve();
    body();
    if (ranks_ == nullptr) return;
    outputs_ != nullptr ? outputs_->release() : operator_->release();
  }

  /// Whether each rank solves some outputs. Where a solve begins or is kept is rank 0's matter, whose solver then has all of them.
  bool shares_outputs() const {
    if (ranks_ == nullptr || ranks_->size() == 1 || choice_.data_operator != OperatorKind::moments || source_.targets() == 1) return false;
    return from_first(settings_.start || settings_.checkpoint || resumed_ ? 0 : 1) > 0;
  }
  void share_outputs(double memory) {
    const auto make = [this, memory](DataOperator<Real>& own) { return solver_of(own, units_, settings_, choice_, memory); };
    auto solver = std::make_unique<OutputsOnRanks<Real>>(*ranks_, dynamic_cast<const MomentsOperator<Real>&>(*operator_), make, monitor_);
    outputs_ = solver.get();
    solver_ = std::move(solver);
  }

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
      Checkpoint checkpoint = identity_of(problem_, samples_, source_.features(), source_.targets());
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
    Network network = zero_network();
    std::vector<double> dual_vector;
    if (is_first() && !zero) {
      network = units_.network_of_the_data(solver_->network());
      dual_vector = units_.dual_vector_of_the_data(solver_->dual_vector());
    }
    if (space_) network = space_->lift(network);
    if (ranks_ != nullptr) share(*ranks_, network);
    if (problem_.bias) {
      std::vector<double> own = bias_of(network, problem_, source_);
      if (zero && !problem_.loss.smooth()) dual_vector = std::move(own);
    }
    seconds.decompose += since(decomposing);
    show(network);
    const Clock::time_point certifying = Clock::now();
    if (problem_.loss.smooth()) adopt(proven(network, {}), network, {}, result);
    const bool done = result.report.relative_gap <= settings_.tolerance;
    if (!done && !dual_vector.empty()) adopt(proven(network, dual_vector), network, dual_vector, result);
    if (!problem_.loss.smooth() && dual_vector.empty()) adopt(proven(network, {}), network, {}, result);
    seconds.certify += since(certifying);
    if (settings_.candidate && is_first()) settings_.candidate(result);
  }

  /// To whoever may not be able to wait for the certificate.
  void show(const Network& network) const {
    Result candidate{network, {}};
    if (from_first(settings_.candidate && monitor_.in_a_hurry() ? 1 : 0) > 0) candidate.report.primal = objective_of(network, problem_, source_);
    if (settings_.candidate && is_first()) settings_.candidate(candidate);
  }

  Certificate proven(const Network& network, const std::vector<double>& dual_vector) const {
    Certificate certificate = proof_of(network, problem_, source_, dual_vector, space_.get(), unit_);
    if (ranks_ != nullptr) share(*ranks_, certificate);
    return certificate;
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
    report.samples = samples_;
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
  const Ranks* ranks_;  // that share the source out, or null
  Index samples_;       // of all of them
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
  OutputsOnRanks<Real>* outputs_ = nullptr;  // the same, where each rank has a solver
  DualCandidate<Real> zero_;                 // of the network without neurons …
  std::vector<double> zero_kappa_;
  double beta_max_ = 0, lift_seconds_ = 0;
};

}  // namespace neuspec
