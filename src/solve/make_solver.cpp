#include "solve/make_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "lift/spread_samples.hpp"
#include "neuspec/error.hpp"
#include "solve/admm.hpp"
#include "solve/burer_monteiro.hpp"
#include "solve/interior_point.hpp"

namespace neuspec {

namespace {

constexpr Index largest_share = 16;        // of the samples that a solve of all of them may begin with: one in so many
constexpr Index fewest_samples = 1 << 12;  // that foretell much of the others
constexpr double stagnation = 1000;      // steps, and as many as have been taken, in which ADMM's gap has to halve where another method can take over
constexpr double near = 1e-2;            // gap of ADMM's at which its neurons are mostly those of the optimum
constexpr Index polishing = 30;          // products with the Hessian that ADMM's result takes, too
constexpr double nearer = 0.1;           // and from one such gap to the next
constexpr int runs_of_admm = 2;          // each to a smaller gap, where what it found could not be proven
constexpr double slow = 8;               // a flop of a product with a vector or an eigendecomposition beside one of GEMM
constexpr double part_tolerance = 1e-4;  // its optimum is farther than that from the one of all

/// The bound of a projection by products counts on full products.
ProjectionKind projection(const Settings& settings) {
  if (settings.precision != Precision::tf32) return settings.projection;
  if (settings.projection == ProjectionKind::products) throw UsageError("projection products needs precision double or single");
  return ProjectionKind::eigen;
}

/// ADMM ends with W and the linear step's D a little apart: D proves the bound, W becomes the network. Descent over the network's own neurons closes
/// that last distance for the price of a few steps, where ADMM takes half as many again, and all of it where ADMM gets no further.
template <class Real>
class PolishedAdmm final : public Solver {
 public:
  PolishedAdmm(DataOperator<Real>& data, double beta, ProjectionKind projection) : data_(data), admm_(data, beta, projection), polisher_(data, beta) {
    admm_.give_up_after(stagnation);
  }

  void run(Monitor& monitor, double target) override {
    if (!handed_over_) {
      bool goes_on = true;
      while (goes_on && near_ * nearer > target) {
        if (ends_early(monitor, target)) return;
        goes_on = monitor.status() == Status::optimal && monitor.relative_gap() > target;
      }
      if (goes_on) admm_.run(monitor, target);
      network_ = admm_.network();
      handed_over_ = monitor.status() == Status::stalled;
      if (handed_over_) polisher_.start_from(network_);
    }
    if (handed_over_) {
      polisher_.run(monitor, target);
      network_ = polisher_.network();
      return;
    }
    const bool in_a_hurry = monitor.status() == Status::interrupted || monitor.status() == Status::time_limit;
    polisher_.polish(std::move(network_), monitor, in_a_hurry ? std::numeric_limits<double>::infinity() : target);
    network_ = polisher_.network();
  }
  void set_beta(double beta) override {
    admm_.set_beta(beta);
    polisher_.set_beta(beta);
    handed_over_ = std::exchange(started_, false);
    near_ = data_.kind() == OperatorKind::gram ? near : 0;
    steps_ = 0;
    tried_ = 0;
  }
  /// ADMM would want a dual point too; descent does not.
  void start_from(const Network& point) override {
    polisher_.start_from(point);
    started_ = true;
  }
  SolverState save() override { return handed_over_ ? polisher_.save() : admm_.save(); }
  void restore(const SolverState& state) override {
    handed_over_ = state.blocks.empty();
    handed_over_ ? polisher_.restore(state) : admm_.restore(state);
  }
  Network network() override { return network_; }
  std::vector<double> dual_vector() override { return admm_.dual_vector(); }

 private:
  /// At a gap from which ADMM has as many steps to go as this foretells: where descent takes less, that may be all that is missing.
  bool ends_early(Monitor& monitor, double target) {
    const Index before = monitor.iterations();
    admm_.approach(monitor, near_);
    steps_ += monitor.iterations() - before;
    near_ = nearer * std::min(near_, monitor.relative_gap());
    if (monitor.relative_gap() <= target || monitor.status() != Status::optimal) return false;
    Network point = admm_.network();
    const Index products = affordable_products(point, monitor, target);
    if (products == 0) return false;
    const auto proof = polisher_.polish(std::move(point), monitor, target, products);
    const bool in_a_hurry = monitor.in_a_hurry();
    if (!proof && !in_a_hurry) return false;
    network_ = polisher_.network();
    if (proof) {
      handed_over_ = true;
      monitor.test(proof->objective, proof->bounds, network_.neurons(), 0, target);
    } else {
      admm_.run(monitor, target);  // which ends, and tells the monitor why
    }
    return true;
  }
  /// With the Hessian, in place of the steps that the gap so far foretells. Through the samples any number, of a rank that no longer changes and
  /// while all such attempts take less than the steps have taken.
  Index affordable_products(const Network& point, const Monitor& monitor, double target) {
    if (point.neurons() == 0) return 0;
    constexpr double most = 1e6;
    const std::vector<Progress>& history = monitor.history();
    const Index neurons = std::max<Index>(1, history.back().neurons);
    const double steps = static_cast<double>(steps_), step = step_flops(neurons), gap = monitor.relative_gap();
    if (polisher_.is_cheap(neurons) && gap < 1) {
      const double product = data_.product_flops(static_cast<double>((data_.N() - 1) * neurons));
      return static_cast<Index>(std::min(most, steps * std::log(gap / target) / std::log(1 / gap) * step / product)) + polishing;
    }
    const bool changes = history.size() < 2 || neurons != history[history.size() - 2].neurons;
    const double flops = polisher_.polish_flops(neurons);
    if (changes || tried_ + flops > steps * step) return 0;
    if (!polisher_.goes_through_samples(point)) {
      near_ = 0;
      return 0;
    }
    tried_ += flops;
    return BurerMonteiro<Real>::any_number;
  }
  /// Of the form with the Gram matrix, whose steps take more than descent's; a product with a vector waits for memory.
  double step_flops(Index neurons) const {
    const auto n = static_cast<double>(data_.samples()), d = static_cast<double>(data_.N() - 1), C = static_cast<double>(data_.outputs());
    return n * d * d * C + 4 * n * d * static_cast<double>(neurons) + 2 * slow * n * n * C;
  }

  bool handed_over_ = false;  // to descent
  double near_ = 0;           // gap at which to look around; 0: no more
  double tried_ = 0;          // flops of descents through the samples
  Index steps_ = 0;           // of ADMM until then
  bool started_ = false;      // somewhere, before the first β is set
  const DataOperator<Real>& data_;
  Admm<Real> admm_;
  BurerMonteiro<Real> polisher_;
  Network network_;
};

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
    return slow * (linear + 18 * blocks * N * N * N) + 3 * n * N * N * blocks * static_cast<double>(data.patches().per_pool);
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

/// Descent where each product reads all samples again begins at the optimum of a part of them that can be held, whose neurons are nearly those of
/// all: from there a few steps are left, where from zero most steps are taken far from the optimum.
template <class Real>
class FromPart final : public Solver {
 public:
  FromPart(DataOperator<Real>& data, const Problem& problem, const Source& samples, const Settings& settings, double memory)
      : settings_(settings), descent_(data, problem.beta) {
    settings_.tolerance = std::max(settings.tolerance, part_tolerance);
    settings_.data_operator = OperatorKind::automatic;
    settings_.solver = SolverKind::automatic;
    const Patches& patches = data.patches();
    for (Index share = largest_share; samples.samples() / share >= fewest_samples && part_ == nullptr; share *= 2) {
      const Index n = samples.samples() / share;
      const Size size{n, patches.size, data.outputs(), patches.pools, patches.per_pool, problem.loss, problem.bias};
      const Choice choice = choose(settings_, size, memory);
      if (choice.data_operator == OperatorKind::streamed) continue;
      const Dataset held = spread_samples(samples, n, data.samples());
      part_data_ = make_operator<Real>(choice.data_operator, data.device(), problem, held);
      part_ = make_solver(*part_data_, problem, &samples, settings_, choice, memory);
    }
  }

  void run(Monitor& monitor, double target) override {
    if (std::exchange(fresh_, false) && part_ != nullptr) {
      Monitor own(settings_, observer_, part_data_->problems(), monitor.start());
      part_->run(own, settings_.tolerance);
      descent_.start_from(part_->network());
    }
    descent_.run(monitor, target);
  }
  void set_beta(double beta) override {
    fresh_ = !std::exchange(started_, false);
    descent_.set_beta(beta);
    if (part_ != nullptr) part_->set_beta(beta);
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
  Settings settings_;
  Observer observer_;
  bool fresh_ = true, started_ = false;  // the part is to be solved first; somewhere else, before the first β is set
  std::unique_ptr<DataOperator<Real>> part_data_;
  std::unique_ptr<Solver> part_;
  BurerMonteiro<Real> descent_;
};

}  // namespace

template <class Real>
std::unique_ptr<Solver> make_solver(DataOperator<Real>& data, const Problem& problem, const Source* samples, const Settings& settings,
                                    const Choice& choice, double memory) {
  if (choice.solver == SolverKind::admm && !problem.loss.smooth())
    return std::make_unique<AdmmWithPath<Real>>(data, problem, *samples, projection(settings), memory);
  if (choice.solver == SolverKind::admm) return std::make_unique<PolishedAdmm<Real>>(data, problem.beta, projection(settings));
  if (choice.data_operator == OperatorKind::streamed) return std::make_unique<FromPart<Real>>(data, problem, *samples, settings, memory);
  return std::make_unique<BurerMonteiro<Real>>(data, problem.beta);
}

template std::unique_ptr<Solver> make_solver(DataOperator<float>&, const Problem&, const Source*, const Settings&, const Choice&, double);
template std::unique_ptr<Solver> make_solver(DataOperator<double>&, const Problem&, const Source*, const Settings&, const Choice&, double);

}  // namespace neuspec
