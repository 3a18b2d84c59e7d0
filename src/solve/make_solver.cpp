#include "solve/make_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "neuspec/error.hpp"
#include "solve/admm.hpp"
#include "solve/burer_monteiro.hpp"
#include "solve/interior_point.hpp"
#include "solve/part_of_samples.hpp"
#include "solve/polished_admm.hpp"

namespace neuspec {

namespace {

constexpr int runs_of_admm = 2;  // each to a smaller gap, where what it found could not be proven

/// The bound of a projection by products counts on full products.
ProjectionKind projection(const Settings& settings) {
  if (settings.precision != Precision::tf32) return settings.projection;
  if (settings.projection == ProjectionKind::products) throw UsageError("projection products needs precision double or single");
  return ProjectionKind::eigen;
}

/// Of a loss with kinks: where ADMM stagnates for as long as an interior-point method takes, or what it finds cannot be proven, that takes over, if
/// memory holds it.
template <class Real>
class AdmmWithPath final : public Solver {
 public:
  AdmmWithPath(DataOperator<Real>& data, const Problem& problem, const Source& samples, ProjectionKind projection, double memory)
      : problem_(problem),
        samples_(samples),
        fits_(InteriorPoint::bytes(data.samples(), data.N(), data.pools(), data.outputs()) <= memory),
        beta_(problem.beta),
        admm_(data, problem.beta, projection) {
    const double steps = InteriorPoint::flops(data.samples(), data.N(), data.pools(), data.outputs()) / step_flops(data);
    if (fits_) admm_.give_up_after(std::max(stagnation, steps));
  }

  void run(Monitor& monitor, double target) override {
    if (!handed_over_) {
      const bool unproven = fits_ && ++runs_ > runs_of_admm;
      if (!unproven) {
        admm_.run(monitor, target);
        network_ = admm_.network();
      }
      handed_over_ = unproven || (fits_ && monitor.status() == Status::stalled);
      if (!handed_over_) return;
      if (path_ == nullptr) path_ = std::make_unique<InteriorPoint>(problem_, samples_);
      path_->start(beta_, {network_, admm_.bounds(), admm_.dual_vector()});
    }
    path_->run(monitor, target);
    network_ = path_->network();
  }
  void set_beta(double beta) override {
    beta_ = beta;
    admm_.set_beta(beta);
    handed_over_ = false;
    runs_ = 0;
  }
  SolverState save() override { return admm_.save(); }
  void restore(const SolverState& state) override { admm_.restore(state); }
  Network network() override { return network_; }
  std::vector<double> dual_vector() override { return handed_over_ ? path_->dual_vector() : admm_.dual_vector(); }

 private:
  /// In the units of InteriorPoint::flops.
  static double step_flops(const DataOperator<Real>& data) {
    const auto n = static_cast<double>(data.samples()), N = static_cast<double>(data.N()), blocks = static_cast<double>(data.blocks());
    const double p = static_cast<double>(data.p() * data.pools()), C = static_cast<double>(data.outputs());
    const double linear = data.kind() == OperatorKind::gram ? 4 * n * n * C : 2 * p * p * C;
    return slow_flop * (linear + 18 * blocks * N * N * N) + 3 * n * N * N * blocks * static_cast<double>(data.patches().per_pool);
  }

  const Problem& problem_;
  const Source& samples_;
  bool fits_, handed_over_ = false;
  int runs_ = 0;
  double beta_;
  Admm<Real> admm_;
  std::unique_ptr<InteriorPoint> path_;  // once it is wanted
  Network network_;
};

/// Descent where each product reads all samples again.
template <class Real>
class FromPart final : public Solver {
 public:
  FromPart(DataOperator<Real>& data, const Problem& problem, const Source& samples, const Settings& settings, double memory)
      : part_(data, problem, samples, settings, {16, 1 << 12, 1e-3, memory}), descent_(data, problem.beta) {}

  void run(Monitor& monitor, double target) override {
    if (std::exchange(fresh_, false) && part_.exists()) descent_.start_from(part_.optimum(monitor));
    descent_.run(monitor, target);
  }
  void set_beta(double beta) override {
    fresh_ = !std::exchange(started_, false);
    descent_.set_beta(beta);
    part_.set_beta(beta);
  }
  void start_from(const Network& point) override {
    descent_.start_from(point);
    started_ = true;
  }
  SolverState save() override { return descent_.save(); }
  void restore(const SolverState& state) override {
    descent_.restore(state);
    fresh_ = false;
  }
  Network network() override { return descent_.network(); }

 private:
  bool fresh_ = true, started_ = false;  // the part is to be solved first; somewhere else, before the first β is set
  PartOfSamples<Real> part_;
  BurerMonteiro<Real> descent_;
};

}  // namespace

template <class Real>
std::unique_ptr<Solver> make_solver(DataOperator<Real>& data, const Problem& problem, const Source* samples, const Settings& settings,
                                    const Choice& choice, double memory) {
  if (choice.solver == SolverKind::admm && !problem.loss.smooth())
    return std::make_unique<AdmmWithPath<Real>>(data, problem, *samples, projection(settings), memory);
  if (choice.solver == SolverKind::admm) {
    std::unique_ptr<PartOfSamples<Real>> part;
    if (choice.part > 0 && samples != nullptr)
      part = std::make_unique<PartOfSamples<Real>>(data, problem, *samples, settings,
                                                   PartSize{samples->samples() / choice.part, choice.part, 1e-2, memory / 2});
    return std::make_unique<PolishedAdmm<Real>>(data, problem.beta, projection(settings), std::move(part));
  }
  if (choice.data_operator == OperatorKind::streamed) return std::make_unique<FromPart<Real>>(data, problem, *samples, settings, memory);
  return std::make_unique<BurerMonteiro<Real>>(data, problem.beta);
}

template std::unique_ptr<Solver> make_solver(DataOperator<float>&, const Problem&, const Source*, const Settings&, const Choice&, double);
template std::unique_ptr<Solver> make_solver(DataOperator<double>&, const Problem&, const Source*, const Settings&, const Choice&, double);

}  // namespace neuspec
