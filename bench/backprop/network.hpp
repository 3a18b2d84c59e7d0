// Backpropagation through a network of docs/mathematics.md section 1 with u = w/‖w‖, written once for every machine.
#pragma once

#include <random>
#include <utility>

#include "backprop/functors.hpp"
#include "backprop/shape.hpp"

namespace neuspec::bench {

/// Objective of a batch: scale·(Σ_i ℓ(f(x_i), y_i)) + penalty·Σ|α|.
struct RaceProblem {
  Activation activation;
  RaceLoss loss = RaceLoss::squared;
  double beta = 1;
};

template <class Machine, class Real>
class Network {
 public:
  using Array = typename Machine::template Array<Real>;

  Network(Machine& machine, const NetworkShape& shape, const RaceProblem& problem)
      : machine_(machine),
        shape_(shape),
        problem_(problem),
        first_(machine, shape.first),
        pool_(machine, shape.pool),
        last_(machine, shape.last),
        w_(machine, shape.first.weight_size()),
        u_(machine, w_.size()),
        w_gradient_(machine, w_.size()),
        u_gradient_(machine, w_.size()),
        norm_(machine, shape.first.filters),
        dot_(machine, shape.first.filters),
        alpha_(machine, shape.last.weight_size()),
        alpha_gradient_(machine, alpha_.size()),
        z_(machine, shape.first.output_size()),
        s_(machine, z_.size()),
        ds_(machine, z_.size()),
        pooled_(machine, shape.pool.trivial() ? 0 : shape.pool.output_size()),
        pooled_gradient_(machine, pooled_.size()),
        f_(machine, shape.last.output_size()),
        df_(machine, f_.size()),
        sum_(machine, 1) {}

  Array& w() { return w_; }
  Array& alpha() { return alpha_; }
  const Array& w_gradient() const { return w_gradient_; }
  const Array& alpha_gradient() const { return alpha_gradient_; }
  const NetworkShape& shape() const { return shape_; }

  /// Directions uniform on the sphere, output weights of variance 1/(neurons · pools).
  void randomise(unsigned seed) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> normal;
    const auto draw = [&](Array& array, double deviation) {
      std::vector<Real> values(static_cast<std::size_t>(array.size()));
      for (Real& value : values) value = static_cast<Real>(deviation * normal(engine));
      array.upload(values);
    };
    draw(w_, 1 / std::sqrt(static_cast<double>(shape_.first.filter_size())));
    draw(alpha_, 1 / std::sqrt(static_cast<double>(shape_.last.filter_size())));
  }
  /// The parameters of a network of the same shape in another precision.
  template <class Other>
  void assign(Network<Machine, Other>& other) {
    machine_.each(w_.size(), Convert<Other, Real>{other.w().data(), w_.data()});
    machine_.each(alpha_.size(), Convert<Other, Real>{other.alpha().data(), alpha_.data()});
  }

  void forward(const Real* x) {
    const auto [a, b, c] = activation();
    const Index length = shape_.first.filter_size();
    machine_.sums(shape_.first.filters, length, RowNorm<Real>{w_.data(), norm_.data(), length});
    machine_.each(w_.size(), Normalise<Real>{w_.data(), norm_.data(), u_.data(), length});
    first_.forward(x, u_.data(), z_.data());
    machine_.each(z_.size(), Activate<Real>{a, b, c, z_.data(), s_.data()});
    if (!shape_.pool.trivial()) pool_.forward(s_.data(), pooled_.data());
    last_.forward(hidden(), alpha_.data(), f_.data());
  }

  /// Gradient of scale·Σ_i ℓ + penalty·Σ|α| in w and α over a batch.
  void differentiate(const Real* x, const Real* y, double scale, double penalty) {
    forward(x);
    const auto [a, b, c] = activation();
    const Index length = shape_.first.filter_size();
    machine_.each(shape_.last.batch, loss_row(y, scale, 0));
    last_.backward_filter(hidden(), df_.data(), alpha_gradient_.data());
    machine_.each(alpha_.size(), AddSign<Real>{alpha_.data(), static_cast<Real>(penalty), alpha_gradient_.data()});
    if (shape_.pool.trivial()) {
      last_.backward_data(alpha_.data(), df_.data(), ds_.data());
    } else {
      last_.backward_data(alpha_.data(), df_.data(), pooled_gradient_.data());
      pool_.backward(s_.data(), pooled_.data(), pooled_gradient_.data(), ds_.data());
    }
    machine_.each(z_.size(), ActivateBack<Real>{a, b, z_.data(), ds_.data()});
    first_.backward_filter(x, ds_.data(), u_gradient_.data());
    machine_.sums(shape_.first.filters, length, RowDot<Real>{u_.data(), u_gradient_.data(), dot_.data(), length});
    machine_.each(w_.size(), Tangent<Real>{u_.data(), u_gradient_.data(), dot_.data(), norm_.data(), w_gradient_.data(), length});
  }

  /// Σ_i ℓ(f(x_i), y_i) over the samples of a batch from `from` on.
  double loss(const Real* x, const Real* y, Index from = 0) {
    forward(x);
    machine_.sums(1, shape_.last.batch - from, loss_row(y, 1, from));
    return sum_.download()[0];
  }
  /// Σ|α|.
  double penalty() {
    machine_.sums(1, alpha_.size(), AbsoluteSum<Real>{alpha_.data(), sum_.data()});
    return sum_.download()[0];
  }
  std::vector<Real> outputs() const { return f_.download(); }

 private:
  struct Coefficients {
    Real a, b, c;
  };
  Coefficients activation() const {
    return {static_cast<Real>(problem_.activation.a), static_cast<Real>(problem_.activation.b), static_cast<Real>(problem_.activation.c)};
  }
  const Real* hidden() const { return shape_.pool.trivial() ? s_.data() : pooled_.data(); }
  LossRow<Real> loss_row(const Real* y, double scale, Index from) {
    return {problem_.loss, shape_.last.filters, f_.data(), y, static_cast<Real>(scale), df_.data(), sum_.data(), from};
  }

  Machine& machine_;
  NetworkShape shape_;
  RaceProblem problem_;
  typename Machine::template Convolution<Real> first_;
  typename Machine::template AveragePool<Real> pool_;
  typename Machine::template Convolution<Real> last_;
  Array w_, u_, w_gradient_, u_gradient_, norm_, dot_, alpha_, alpha_gradient_;
  Array z_, s_, ds_, pooled_, pooled_gradient_, f_, df_;
  typename Machine::template Array<double> sum_;
};

}  // namespace neuspec::bench
