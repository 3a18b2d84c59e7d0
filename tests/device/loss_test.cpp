// Every step of every loss on the device seam, with weights and without, against formulas.
#include <algorithm>
#include <limits>
#include <numeric>

#include "support/backend.hpp"
#include "support/naive_loss.hpp"
#include "support/random_architecture.hpp"

namespace neuspec::test {
namespace {

using naive::Row;

template <class B>
class LossSteps : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  void make(const Loss& loss, Index n, Index C, bool weighted) {
    loss_ = loss;
    weighted_ = weighted;
    f_ = this->random(n, C);
    f_.values.front() = 40;  // far on either side of every kink
    f_.values.back() = -40;
    direction_ = this->random(n, C);
    y_ = this->random(n, C);
    weights_ = Host(n, 1, 1.0);
    for (Index i = 0; i < n; ++i) {
      if (weighted) weights_(i, 0) = i % 6 == 2 ? 0.0 : this->random_.uniform(0.3, 2);
      const Index one = i % C;
      for (Index k = 0; loss.classification() && k < C; ++k) y_(i, k) = loss.coupled() ? (k == one ? 1.0 : 0.0) : y_(i, k) > 0 ? 1.0 : -1.0;
    }
    weights_ = this->rounded(weights_);
  }
  /// Calls `body` for every loss, for one and several outputs and with and without weights.
  template <class Body>
  void on_losses(const Body& body) {
    for (const Loss& loss : every_loss()) {
      for (const Index C : {1, 2, 5}) {
        if (loss.coupled() && C == 1) continue;
        for (const bool weighted : {false, true}) {
          SCOPED_TRACE(loss.name() + (weighted ? " weighted" : ""));
          make(loss, C == 2 ? 1 : 67, C, weighted);
          body();
        }
      }
    }
  }
  Host run(LossStep step, const Host& a, double t = 1) {
    const Matrix from(this->device_, a), y(this->device_, y_), weights(this->device_, weights_), direction(this->device_, direction_),
        out(this->device_, a.rows, a.columns);
    const bool directed = step == LossStep::curvature;
    this->device_.apply_loss(loss_, step, {from, y, weighted_ ? weights.view() : View<Real>(), directed ? direction.view() : View<Real>(), t}, out);
    return out.host();
  }
  /// A function of rows, sample by sample.
  template <class Function>
  Host on_rows(const Host& a, const Function& function) const {
    Host result(a.rows, a.columns);
    for (Index i = 0; i < a.rows; ++i) {
      const Row out = function(row(a, i), row(y_, i), weights_(i, 0), i);
      for (Index k = 0; k < a.columns; ++k) result(i, k) = out[static_cast<std::size_t>(k)];
    }
    return result;
  }
  static Row row(const Host& a, Index i) {
    Row values;
    for (Index k = 0; k < a.columns; ++k) values.push_back(a(i, k));
    return values;
  }
  /// Values by sample, or by sample and output; where the loss couples them, the device leaves scratch in the other columns.
  template <class Function>
  void expect_values(const Host& actual, const Host& a, double units, const Function& value) const {
    for (Index i = 0; i < a.rows; ++i) {
      for (Index k = 0; k < (loss_.coupled() ? 1 : a.columns); ++k) {
        const Row ai = loss_.coupled() ? row(a, i) : Row{a(i, k)}, yi = loss_.coupled() ? row(y_, i) : Row{y_(i, k)};
        const double expected = weights_(i, 0) == 0 ? 0 : value(ai, yi, weights_(i, 0));
        ASSERT_NEAR(actual(i, k), expected, units * this->epsilon * std::max(1.0, std::abs(expected))) << "sample " << i << ", output " << k;
      }
    }
  }
  /// w ∇ℓ: a point of the domain of the weighted conjugate.
  Host gradients() const {
    return this->rounded(on_rows(f_, [this](const Row& f, const Row& y, double w, Index) {
      Row v = naive::loss_gradient(loss_, f, y);
      for (double& value : v) value *= w;
      return v;
    }));
  }

  Loss loss_;
  bool weighted_ = false;
  Host f_, y_, weights_, direction_;
};
TYPED_TEST_SUITE(LossSteps, Backends, BackendName);

TYPED_TEST(LossSteps, ValueAndGradient) {
  this->on_losses([this] {
    this->expect_values(this->run(LossStep::value, this->f_), this->f_, 20,
                        [this](const Row& f, const Row& y, double w) { return w * naive::loss_value(this->loss_, f, y); });
    this->expect_near(this->run(LossStep::gradient, this->f_), this->gradients(), 20);
  });
}

TYPED_TEST(LossSteps, CurvatureIsTheDerivativeOfTheGradient) {
  this->on_losses([this] {
    const Loss& loss = this->loss_;
    const Host expected = this->on_rows(this->f_, [&](const Row& f, const Row& y, double w, Index i) {
      Row result = this->row(this->direction_, i);
      if (loss.coupled()) {
        const Row p = naive::softmax(f);
        const double mean = std::inner_product(p.begin(), p.end(), result.begin(), 0.0);
        for (std::size_t k = 0; k < p.size(); ++k) result[k] = w * p[k] * (result[k] - mean);
        return result;
      }
      for (std::size_t k = 0; k < f.size(); ++k) {
        const double p = 1 / (1 + std::exp(-f[k]));
        const bool curved = loss.kind == Loss::squared || (loss.kind == Loss::huber && std::abs(f[k] - y[k]) <= loss.delta) ||
                            (loss.kind == Loss::squared_hinge && y[k] * f[k] < 1);
        result[k] *= w * (loss.kind == Loss::logistic ? p * (1 - p) : curved ? 1 : 0);
      }
      return result;
    });
    this->expect_near(this->run(LossStep::curvature, this->f_), expected, 20);
  });
}

TYPED_TEST(LossSteps, ProxIsStationary) {
  this->on_losses([this] {
    const Loss& loss = this->loss_;
    for (const double t : {0.01, 1.0, 50.0}) {
      const Host actual = this->run(LossStep::prox, this->f_, t);
      const double size = largest(this->f_) + 2 * t;
      for (Index i = 0; i < actual.rows; ++i) {
        const double w = this->weights_(i, 0);
        const Row s = this->row(actual, i), a = this->row(this->f_, i), y = this->row(this->y_, i), v = naive::loss_gradient(loss, s, y);
        for (std::size_t k = 0; k < s.size(); ++k) {
          if (loss.coupled()) {
            ASSERT_NEAR(t * w * v[k] + s[k] - a[k], 0, 20 * this->epsilon * size * (1 + t));
            continue;
          }
          // The root of an increasing function, which may jump over 0 at a kink.
          double low = -2 * size, high = 2 * size;
          for (int step = 0; step < 200; ++step) {
            const double middle = 0.5 * (low + high);
            (t * w * naive::loss_gradient(loss, middle, y[k]) + middle - a[k] < 0 ? low : high) = middle;
          }
          ASSERT_NEAR(s[k], high, 20 * this->epsilon * std::max(1.0, std::abs(a[k]))) << "sample " << i << ", t " << t;
        }
      }
    }
  });
}

TYPED_TEST(LossSteps, ConjugateOnItsDomain) {
  this->on_losses([this] {
    const Host v = this->gradients();
    for (const double t : {0.3, 1.0}) {
      this->expect_values(this->run(LossStep::conjugate, v, t), v, 200, [&](const Row& vi, const Row& y, double w) {
        Row scaled = vi;
        for (double& value : scaled) value *= t / w;
        return w * naive::conjugate(this->loss_, naive::into_domain(this->loss_, scaled, y), y);
      });
    }
  });
}

TYPED_TEST(LossSteps, ConjugateIsInfiniteBesideItsDomain) {
  if (sizeof(typename TestFixture::Real) < sizeof(double)) GTEST_SKIP() << "a solver in single precision looks at the nearest point of the domain";
  this->on_losses([this] {
    if (this->loss_.kind == Loss::squared) return;
    Host outside = this->y_;                                                                  // labels are outside by their sign
    for (double& value : outside.values) value = this->loss_.classification() ? value : 2.5;  // weights are below 2
    const Host actual = this->run(LossStep::conjugate, outside);
    for (Index i = 0; i < actual.rows; ++i) EXPECT_EQ(actual(i, 0), this->weights_(i, 0) == 0 ? 0 : std::numeric_limits<double>::infinity());
  });
}

TYPED_TEST(LossSteps, ProjectionReachesTheDomainAndLeavesItAlone) {
  this->on_losses([this] {
    const Loss& loss = this->loss_;
    const Host inside = this->gradients();
    this->expect_near(this->run(LossStep::project, inside), inside, 20);
    Host far = this->f_;
    for (Index i = 0; i < far.rows; ++i)
      for (Index k = 0; k < far.columns; ++k) far(i, k) *= this->weights_(i, 0);
    far = this->rounded(far);
    const Host projected = this->run(LossStep::project, far);
    for (Index i = 0; i < far.rows; ++i) {
      const double w = this->weights_(i, 0);
      Row v = this->row(far, i), y = this->row(this->y_, i);
      for (double& value : v) value = w > 0 ? value / w : 0;
      double sum = 0;
      for (std::size_t k = 0; k < v.size(); ++k) {
        const double p = projected(i, static_cast<Index>(k));
        sum += p;
        if (loss.coupled()) {
          EXPECT_TRUE(y[k] == 1 ? p <= 0 && p >= -w * (1 + 20 * this->epsilon) : p >= 0) << p;
        } else {
          ASSERT_NEAR(p, w * naive::into_domain(loss, v, y)[k], 20 * this->epsilon * std::max(1.0, std::abs(p)));
        }
      }
      if (!loss.coupled()) continue;
      EXPECT_NEAR(sum, 0, 20 * this->epsilon * std::max(1.0, w));
    }
    // In place, as solvers do it.
    const typename TestFixture::Matrix v(this->device_, far), y(this->device_, this->y_), weights(this->device_, this->weights_);
    this->device_.apply_loss(loss, LossStep::project, {v, y, weights, {}, 1}, v);
    EXPECT_EQ(v.host().values, projected.values);
  });
}

}  // namespace
}  // namespace neuspec::test
