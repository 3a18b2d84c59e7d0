// Training.
#include <algorithm>
#include <utility>
#include <vector>

#include "c/data.hpp"
#include "distribute/share.hpp"
#include "solve/trained.hpp"
#include "threads/parallel.hpp"

using namespace neuspec::c;
using neuspec::Index;
using neuspec::Moments;
using neuspec::Problem;
using neuspec::Result;
using neuspec::Source;
using neuspec::UsageError;

namespace {

/// Options and data of one call, the data prepared. On ranks all that goes over samples is collective, and what needs moments alone is done by the
/// first.
class Training {
 public:
  Training(std::shared_ptr<Data> data, const neuspec_options* options)
      : data_(std::move(data)),
        ranks_(data_->ranks.get()),
        options_(get<Options>(options)),
        threads_(options_->settings.threads),
        settings_(options_->solve()),
        observer_(options_->observer()),
        problem_(options_->problem) {
    if (data_->are_moments()) {
      take_moments();
    } else {
      preprocessing_ = data_->learn(*options_);
      source_ = data_->source(preprocessing_);
    }
  }

  void start_from(const std::shared_ptr<ModelHandle>& model) {
    if (!model) return;
    if (!model->model.hidden.empty()) throw UsageError("start: a network of several layers begins no solve");
    settings_.start = std::shared_ptr<const neuspec::Network>(model, &model->model.network);
  }

  double beta_max() const {
    return number([&](const auto& data) { return neuspec::beta_max(problem_, data); });
  }

  double chosen_beta() const {
    if (!options_->beta && !options_->beta_ratio)
      throw UsageError("set the option beta, the weight of the penalty, or beta-ratio, its share of beta_max");
    if (options_->beta) return *options_->beta;
    return number([&](const auto& data) { return *options_->beta_ratio * neuspec::positive_beta_max(problem_, data); });
  }

  /// Hands `take` a model for each β; after each `go_on` says whether there is to be another, on the first rank alone.
  template <class Take, class GoOn>
  void solve(const std::vector<double>& betas, const Take& take, const GoOn& go_on) {
    const std::vector<Result> results = path(betas, [&](const Result& result) {
      take(model_of(result));
      return go_on();
    });
    if (ranks_ == nullptr || ranks_->first()) return;
    for (const Result& result : results) take(model_of(result));
  }

 private:
  void take_moments() {
    if (options_->one_vs_rest || !options_->class_weights.empty() || !options_->window.empty())
      throw UsageError("moments keep the targets and windows they were made with: give one-vs-rest, class-weights and downsample to their making");
    moments_ = data_->moments();
    if (options_->standardize) {
      auto standardized = std::make_shared<Moments>(*moments_);
      standardized->standardize();
      moments_ = std::move(standardized);
    }
    preprocessing_ = moments_->preprocessing();
  }

  /// body(samples or moments)
  template <class Body>
  double number(const Body& body) const {
    if (source_) return body(*source_);
    if (ranks_ == nullptr) return body(*moments_);
    return ranks_->broadcast(ranks_->first() ? body(*moments_) : 0.0);
  }

  std::vector<Result> path(const std::vector<double>& betas, const neuspec::PathObserver& after_each) const {
    if (source_) return neuspec::fit_path(*source_, problem_, betas, settings_, after_each, observer_);
    if (ranks_ == nullptr) return neuspec::fit_path(*moments_, problem_, betas, settings_, after_each, observer_);
    std::vector<Result> results;
    if (ranks_->first()) results = neuspec::fit_path(*moments_, problem_, betas, settings_, after_each, observer_);
    share(*ranks_, results);
    return results;
  }

  std::shared_ptr<ModelHandle> model_of(const Result& result) const {
    require_finite(result.report);
    auto made = std::make_shared<ModelHandle>();
    made->model = neuspec::model_of(result, problem_, preprocessing_, data_->origin());
    made->report = result.report;
    return made;
  }

  std::shared_ptr<Data> data_;
  const neuspec::Ranks* ranks_;
  std::shared_ptr<Options> options_;
  neuspec::ThreadScope threads_;
  neuspec::Settings settings_;
  neuspec::Observer observer_;
  Problem problem_;
  neuspec::Preprocessing preprocessing_;
  std::shared_ptr<const Source> source_;
  std::shared_ptr<const Moments> moments_;  ///< in place of samples
};

/// The models of a path; those of one that fails are freed.
class PathModels {
 public:
  PathModels(neuspec_model** models, int64_t count) : models_(models), count_(count) { std::fill_n(models, count, nullptr); }
  PathModels(const PathModels&) = delete;
  PathModels& operator=(const PathModels&) = delete;
  ~PathModels() {
    if (kept_) return;
    for (int64_t i = 0; i < done_; ++i) remove_handle(key_of(models_[i]));
    std::fill_n(models_, count_, nullptr);
  }
  void add(std::shared_ptr<ModelHandle> model) { models_[done_++] = handle_of<neuspec_model>(std::move(model)); }
  const neuspec_model* last() const { return models_[done_ - 1]; }
  int64_t done() const { return done_; }
  void keep() { kept_ = true; }

 private:
  neuspec_model** models_;
  int64_t count_, done_ = 0;
  bool kept_ = false;
};

}  // namespace

extern "C" {

int neuspec_beta_max(const neuspec_data* data, const neuspec_options* options, double* beta_max) {
  return guarded(data, [&] {
    double& result = required(beta_max, "beta_max");
    const auto samples = get<Data>(data);
    result = samples->together([&] { return Training(samples, options).beta_max(); });
  });
}

int neuspec_fit(const neuspec_data* data, const neuspec_options* options, const neuspec_model* start, neuspec_model** model) {
  return making(data, model, "model", [&] {
    const auto samples = get<Data>(data);
    return samples->together([&] {
      Training training(samples, options);
      training.start_from(get_optional<ModelHandle>(start));
      std::shared_ptr<ModelHandle> made;
      training.solve({training.chosen_beta()}, [&](std::shared_ptr<ModelHandle> trained) { made = std::move(trained); }, [] { return true; });
      return made;
    });
  });
}

int neuspec_path(const neuspec_data* data, const neuspec_options* options, const double* betas, int64_t count, const neuspec_model* start,
                 neuspec_path_callback after_each, void* user, neuspec_model** models, int64_t* done) {
  return guarded(data, [&] {
    if (count < 1) throw UsageError("a path has at least one beta");
    required(models, "models");
    required(done, "done") = 0;
    PathModels made(models, count);
    required(betas, "betas");
    const auto samples = get<Data>(data);
    const auto go_on = [&] {
      if (after_each == nullptr) return true;
      const HostFloats floats;
      return after_each(made.last(), made.done() - 1, user) == 0;
    };
    samples->together([&] {
      Training training(samples, options);
      training.start_from(get_optional<ModelHandle>(start));
      training.solve({betas, betas + count}, [&](std::shared_ptr<ModelHandle> trained) { made.add(std::move(trained)); }, go_on);
    });
    *done = made.done();
    made.keep();
  });
}

}  // extern "C"
