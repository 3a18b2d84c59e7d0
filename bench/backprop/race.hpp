// Training runs against the clock, on any machine.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <numbers>
#include <numeric>

#include "backprop/network.hpp"

namespace neuspec::bench {

enum class Optimizer { adam, sgd };

struct RaceSettings {
  Index batch = 256;      ///< samples a step; 0: all
  double seconds = 10;    ///< of training, for each run
  double momentum = 0.9;  ///< of SGD
};

/// One line of a run: training time, passes over the data, and (P) in double.
struct RacePoint {
  double seconds = 0, epoch = 0, objective = 0;
};

/// Samples as the layers want them: channels first.
inline std::vector<double> channels_first(const Dataset& data, const ConvolutionShape& shape) {
  const Index pixels = shape.height * shape.width, channels = shape.channels, d = data.features();
  std::vector<double> x(data.x().size());
  for (Index i = 0; i < data.samples(); ++i)
    for (Index pixel = 0; pixel < pixels; ++pixel)
      for (Index c = 0; c < channels; ++c)
        x[static_cast<std::size_t>(i * d + c * pixels + pixel)] = data.x()[static_cast<std::size_t>(i * d + pixel * channels + c)];
  return x;
}

/// Adam or SGD on the parameters of a network.
template <class Machine, class Real>
class Stepper {
 public:
  using Array = typename Machine::template Array<Real>;
  Stepper(Machine& machine, Network<Machine, Real>& network, Optimizer optimizer, double momentum)
      : machine_(machine),
        network_(network),
        optimizer_(optimizer),
        momentum_(static_cast<Real>(momentum)),
        w_state_{Array(machine, network.w().size()), Array(machine, network.w().size())},
        alpha_state_{Array(machine, network.alpha().size()), Array(machine, network.alpha().size())} {
    for (Array* state : {&w_state_[0], &w_state_[1], &alpha_state_[0], &alpha_state_[1]}) state->clear();
  }
  void step(double rate) {
    ++steps_;
    move(network_.w(), network_.w_gradient(), w_state_, rate);
    move(network_.alpha(), network_.alpha_gradient(), alpha_state_, rate);
  }

 private:
  void move(Array& parameters, const Array& gradient, std::array<Array, 2>& state, double rate) {
    const auto r = static_cast<Real>(rate);
    if (optimizer_ == Optimizer::sgd) {
      machine_.each(parameters.size(), SgdStep<Real>{r, momentum_, gradient.data(), state[0].data(), parameters.data()});
    } else {
      const auto correction = [&](double decay) { return static_cast<Real>(1 - std::pow(decay, static_cast<double>(steps_))); };
      machine_.each(parameters.size(),
                    AdamStep<Real>{r, correction(0.9), correction(0.999), gradient.data(), state[0].data(), state[1].data(), parameters.data()});
    }
  }
  Machine& machine_;
  Network<Machine, Real>& network_;
  Optimizer optimizer_;
  Real momentum_;
  Index steps_ = 0;
  std::array<Array, 2> w_state_, alpha_state_;
};

/// The data on a machine, once in single precision to train on and once in double to evaluate (P).
template <class Machine>
class Race {
 public:
  using Clock = std::chrono::steady_clock;

  Race(Machine& machine, const Dataset& data, const NetworkShape& shape, const RaceProblem& problem, const RaceSettings& settings)
      : machine_(machine),
        problem_(problem),
        settings_(settings),
        n_(data.samples()),
        d_(data.features()),
        outputs_(data.targets()),
        batch_(settings.batch > 0 ? std::min(settings.batch, n_) : n_),
        exact_x_(machine, n_ * d_),
        exact_y_(machine, n_ * outputs_),
        x_(machine, n_ * d_),
        y_(machine, n_ * outputs_),
        batch_x_(machine, batch_ * d_),
        batch_y_(machine, batch_ * outputs_),
        order_(machine, n_),
        network_(machine, shape.with_batch(batch_), problem),
        exact_(machine, shape.with_batch(std::min<Index>(n_, 1024)), problem) {
    exact_x_.upload(channels_first(data, shape.first));
    exact_y_.upload(data.y());
    machine_.each(x_.size(), Convert<double, float>{exact_x_.data(), x_.data()});
    machine_.each(y_.size(), Convert<double, float>{exact_y_.data(), y_.data()});
  }

  /// (P) of the current network, in double on all samples.
  double objective() {
    exact_.assign(network_);
    const Index chunk = exact_.shape().first.batch;
    double total = problem_.beta * exact_.penalty();
    for (Index counted = 0; counted < n_; counted += chunk) {
      const Index first = std::min(counted, n_ - chunk);  // the last chunk begins with samples that have been counted
      total += exact_.loss(exact_x_.data() + first * d_, exact_y_.data() + first * outputs_, counted - first);
    }
    return total;
  }

  /// Trains from the seed's start to the end of the time; the clock stands still while (P) is evaluated.
  void run(Optimizer optimizer, double rate, unsigned seed, const std::function<void(const RacePoint&)>& tell) {
    network_.randomise(seed);
    engine_.seed(seed);
    Stepper<Machine, float> stepper(machine_, network_, optimizer, settings_.momentum);
    objective();  // the machine warms up, nothing of which is counted
    gradient(0);
    machine_.synchronize();
    double clock = 0, due = 0;
    Index step = 0;
    while (true) {
      if (clock >= due) {
        const double value = objective();
        tell({clock, static_cast<double>(step) / static_cast<double>(n_ / batch_), value});
        if (clock >= settings_.seconds || !std::isfinite(value)) return;
        due = std::min(settings_.seconds, std::max(1.15 * clock, 1e-3));
      }
      const auto start = Clock::now();
      for (int repeat = 0; repeat < 8; ++repeat) {  // queued together, since waiting after each step would cost a fast machine most of its time
        gradient(step++);
        stepper.step(rate * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, clock / settings_.seconds))));
      }
      machine_.synchronize();
      clock += std::chrono::duration<double>(Clock::now() - start).count();
    }
  }

 private:
  /// Gradient of (P)/n over the step's batch. The order of the samples is drawn anew in every epoch; what does not fill a batch waits for another.
  void gradient(Index step) {
    const Index position = step % (n_ / batch_);
    const float *x = x_.data(), *y = y_.data();
    if (batch_ < n_) {
      if (position == 0) {
        std::vector<Index> order(static_cast<std::size_t>(n_));
        std::iota(order.begin(), order.end(), Index(0));
        std::shuffle(order.begin(), order.end(), engine_);
        order_.upload(order);
      }
      const Index* rows = order_.data() + position * batch_;
      machine_.each(batch_x_.size(), Gather<float>{x, rows, batch_x_.data(), d_});
      machine_.each(batch_y_.size(), Gather<float>{y, rows, batch_y_.data(), outputs_});
      x = batch_x_.data();
      y = batch_y_.data();
    }
    network_.differentiate(x, y, 1 / static_cast<double>(batch_), problem_.beta / static_cast<double>(n_));
  }

  Machine& machine_;
  RaceProblem problem_;
  RaceSettings settings_;
  Index n_, d_, outputs_, batch_;
  typename Machine::template Array<double> exact_x_, exact_y_;
  typename Machine::template Array<float> x_, y_, batch_x_, batch_y_;
  typename Machine::template Array<Index> order_;
  Network<Machine, float> network_;
  Network<Machine, double> exact_;
  std::mt19937_64 engine_;
};

}  // namespace neuspec::bench
