// fit and fit_path, of samples or moments.
#include "neuspec/fit.hpp"

#include <cmath>
#include <optional>
#include <utility>

#include "neuspec/error.hpp"
#include "solve/fit_on_ranks.hpp"
#include "solve/observed_path.hpp"
#include "solve/session.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

void check_betas(const std::vector<double>& betas) {
  for (const double beta : betas) {
    if (!(beta > 0) || !std::isnormal(beta)) throw UsageError("beta has to be a positive number");
  }
}

template <class Real, class Data>
std::vector<Result> solve_path(const Data& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings,
                               std::optional<Checkpoint> resumed, const PointObserver<Data>& after_each, const Observer& observer) {
  Problem first = problem;
  first.beta = betas.front();
  Session<Real, Data> session(data, first, settings, std::move(resumed), observer);
  std::vector<Result> results;
  for (const double beta : betas) {
    results.push_back(session.solve(beta));
    if (!session.agree(results.back(), after_each)) break;
    const Status status = results.back().report.status;
    if (status == Status::interrupted || status == Status::time_limit) break;
  }
  return results;
}

template <class Data>
std::vector<Result> path_of(const Data& data, const Problem& problem, const std::vector<double>& betas, const Settings& given,
                            const PointObserver<Data>& after_each, const Observer& observer) {
  validate(given);
  if (!(given.checkpoint_interval >= 0)) throw UsageError("checkpoint_interval: seconds from 0");
  if (betas.empty()) return {};
  Settings settings = settings_for(data, given);
  check_data(data, problem);
  check_betas(betas);
  std::optional<Checkpoint> resumed;
  const Index samples = samples_of(data);
  if (settings.resume) {
    resumed = checkpoint_of(settings, problem, betas.front());
    check_shape(*resumed, samples, data.features(), data.targets());
  }
  const ThreadScope threads(settings.threads);
  return settings.precision == Precision::double_precision
             ? solve_path<double>(data, problem, betas, settings, std::move(resumed), after_each, observer)
             : solve_path<float>(data, problem, betas, settings, std::move(resumed), after_each, observer);
}

/// Callbacks are the first rank's.
template <class Data>
PointObserver<Data> of_results(const PathObserver& after_each) {
  if (!after_each) return {};
  return [&after_each](const Result& result, const Data& data) {
    const Ranks* const ranks = ranks_of(data);
    return (ranks != nullptr && !ranks->first()) || after_each(result);
  };
}

}  // namespace

Result fit(const Source& data, const Problem& problem, const Settings& settings, const Observer& observer) {
  return std::move(fit_path(data, problem, {problem.beta}, settings, {}, observer).front());
}

std::vector<Result> fit_path(const Source& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings,
                             const PathObserver& after_each, const Observer& observer) {
  return fit_observed_path(data, problem, betas, settings, of_results<Source>(after_each), observer);
}

std::vector<Result> fit_observed_path(const Source& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings,
                                      const PointObserver<Source>& after_each, const Observer& observer) {
  const auto path = [&](const Source& samples, const Settings& own) { return path_of<Source>(samples, problem, betas, own, after_each, observer); };
  return data.ranks() == nullptr ? path(data, settings) : fit_on_ranks(data, problem, settings, path);
}

Result fit(const Moments& data, const Problem& problem, const Settings& settings, const Observer& observer) {
  return std::move(fit_path(data, problem, {problem.beta}, settings, {}, observer).front());
}

std::vector<Result> fit_path(const Moments& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings,
                             const PathObserver& after_each, const Observer& observer) {
  return path_of<Moments>(data, problem, betas, settings, of_results<Moments>(after_each), observer);
}

}  // namespace neuspec
