// Training.
#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "c/data.hpp"
#include "moments/seen_by.hpp"
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

/// Options and data of one call, the data prepared: `run` is given samples or moments.
class Training {
 public:
  Training(const neuspec_data* data, const neuspec_options* options)
      : data_(get<Data>(data)),
        options_(get<Options>(options)),
        threads_(options_->settings.threads),
        preprocessing_(data_->learn(*options_)),
        settings_(options_->solve()),
        observer_(options_->observer()),
        problem_(options_->problem) {
    if (!data_->are_moments()) {
      source_ = data_->source(preprocessing_);
    } else if (options_->standardize) {
      standardized_ = data_->moments();
      standardized_.standardize();
      preprocessing_ = standardized_.preprocessing();
    }
  }

  void start_from(const std::shared_ptr<ModelHandle>& model) {
    if (!model) return;
    if (!model->model.hidden.empty()) throw UsageError("start: a network of several layers begins no solve");
    settings_.start = std::shared_ptr<const neuspec::Network>(model, &model->model.network);
  }

  template <class Body>
  auto run(const Body& body) {
    if (source_) return body(*source_);
    return body(standardized_.samples() > 0 ? std::as_const(standardized_) : data_->moments());
  }

  double beta_max() {
    return run([&](const auto& data) { return neuspec::beta_max(problem_, data); });
  }

  void choose_beta() {
    if (!options_->beta && !options_->beta_ratio)
      throw UsageError("set the option beta, the weight of the penalty, or beta-ratio, its share of beta_max");
    problem_.beta =
        options_->beta ? *options_->beta : run([&](const auto& data) { return *options_->beta_ratio * neuspec::positive_beta_max(problem_, data); });
  }

  std::shared_ptr<ModelHandle> model_of(Result result) const {
    require_finite(result.report);
    auto made = std::make_shared<ModelHandle>();
    made->model = neuspec::model_of(result, problem_, preprocessing_, data_->origin());
    made->report = std::move(result.report);
    return made;
  }

  const Problem& problem() const { return problem_; }
  const neuspec::Settings& settings() const { return settings_; }
  const neuspec::Observer& observer() const { return observer_; }

 private:
  std::shared_ptr<Data> data_;
  std::shared_ptr<Options> options_;
  neuspec::ThreadScope threads_;
  neuspec::Preprocessing preprocessing_;
  neuspec::Settings settings_;
  neuspec::Observer observer_;
  Problem problem_;
  std::shared_ptr<const Source> source_;
  Moments standardized_;
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
  neuspec_model* add(std::shared_ptr<ModelHandle> model) {
    models_[done_] = handle_of<neuspec_model>(std::move(model));
    return models_[done_++];
  }
  int64_t done() const { return done_; }
  void keep() { kept_ = true; }

 private:
  neuspec_model** models_;
  int64_t count_, done_ = 0;
  bool kept_ = false;
};

struct Callback {
  neuspec_path_callback call;
  void* user;
};

void fit_path(Training& training, std::span<const double> betas, const Callback& after_each, PathModels& models) {
  const auto keep = [&](const Result& result) {
    const neuspec_model* model = models.add(training.model_of(result));
    if (after_each.call == nullptr) return true;
    const HostFloats floats;
    return after_each.call(model, models.done() - 1, after_each.user) == 0;
  };
  training.run([&](const auto& data) {
    neuspec::fit_path(data, training.problem(), {betas.begin(), betas.end()}, training.settings(), keep, training.observer());
  });
}

}  // namespace

extern "C" {

int neuspec_beta_max(const neuspec_data* data, const neuspec_options* options, double* beta_max) {
  return guarded(data, [&] {
    double& result = required(beta_max, "beta_max");
    result = Training(data, options).beta_max();
  });
}

int neuspec_fit(const neuspec_data* data, const neuspec_options* options, const neuspec_model* start, neuspec_model** model) {
  return making(data, model, "model", [&] {
    Training training(data, options);
    training.start_from(get_optional<ModelHandle>(start));
    training.choose_beta();
    return training.model_of(
        training.run([&](const auto& samples) { return neuspec::fit(samples, training.problem(), training.settings(), training.observer()); }));
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
    Training training(data, options);
    training.start_from(get_optional<ModelHandle>(start));
    fit_path(training, {betas, static_cast<std::size_t>(count)}, {after_each, user}, made);
    *done = made.done();
    made.keep();
  });
}

}  // extern "C"
