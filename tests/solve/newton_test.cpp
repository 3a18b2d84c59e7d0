// Truncated Newton with a trust region on functions whose minima are known.
#include "solve/newton.hpp"

#include <algorithm>

#include "support/backend.hpp"

namespace neuspec::test {
namespace {

/// A function of a few variables by its value, gradient and Hessian on the host.
struct Smooth {
  std::function<double(const Host& x)> value;
  std::function<Host(const Host& x)> gradient, hessian;
};

template <class B>
class Minimise : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;

  struct Outcome {
    Host x;
    Index products = 0, counted = 0, values = 0, learnt = 0;  // as reported; as seen by the function, and values of these; preconditioners asked for
    double first_norm = 0, last_norm = 0;
    std::vector<double> accepted;  // values at the points that `stop` saw
  };
  /// With `learning` the Hessian preconditions, learnt anew every so many products; learning fails where `fails` says so.
  Outcome run(
      const Smooth& smooth, const Host& start, double target, Index most_products = 2000, Index learning = 0,
      const std::function<bool()>& fails = [] { return false; }) {
    auto& device = this->device_;
    const auto x = device.allocate(start.rows, 1);
    device.upload(start.values.data(), x);
    Outcome outcome;
    outcome.x = start;
    Host at = start;
    const auto host = [&](ConstView<Real> from) {
      Host result(from.rows, 1);
      device.download(from, result.values.data());
      return result;
    };
    typename Newton<Real>::Function function{.value =
                                                 [&](ConstView<Real> point, View<Real> gradient) {
                                                   ++outcome.counted;
                                                   ++outcome.values;
                                                   at = host(point);
                                                   device.upload(smooth.gradient(at).values.data(), gradient);
                                                   return smooth.value(at);
                                                 },
                                             .curvature =
                                                 [&](ConstView<Real> direction, View<Real> result) {
                                                   ++outcome.counted;
                                                   device.upload(product(smooth.hessian(at), host(direction)).values.data(), result);
                                                 }};
    const DeviceMatrix<Real> inverse = device.allocate(start.rows, start.rows);
    if (learning > 0) {
      function.learning = learning;
      function.due = [learning](Index /*products*/, Index since, double /*norm*/) { return since >= learning; };
      function.learn = [&] {
        ++outcome.learnt;
        if (fails()) return false;
        device.upload(smooth.hessian(at).values.data(), inverse);
        return device.invert_shifted(inverse, 0, inverse);
      };
      function.precondition = [&](ConstView<Real> residual, View<Real> result) { device.symm(Real(1), inverse, residual, Real(0), result); };
    }
    const auto stop = [&](Index products, double norm) {
      if (outcome.accepted.empty()) outcome.first_norm = norm;
      outcome.last_norm = norm;
      outcome.accepted.push_back(smooth.value(host(x)));
      return norm <= target || products > most_products;
    };
    outcome.products = Newton<Real>(device, start.rows).minimise(x, function, stop);
    outcome.x = host(x);
    return outcome;
  }
  /// Every accepted point is at least as good as the one before, up to rounding.
  static void expect_descent(const Outcome& outcome) {
    for (std::size_t i = 1; i < outcome.accepted.size(); ++i)
      EXPECT_LE(outcome.accepted[i], outcome.accepted[i - 1] + 10 * Conformance<B>::epsilon * std::max(1.0, std::abs(outcome.accepted[i - 1])));
  }
  /// A GPU may take one product in vain before each value.
  static void expect_counted(const Outcome& outcome) {
    const Index in_vain = outcome.counted - outcome.products;
    EXPECT_GE(in_vain, 0);
    EXPECT_LE(in_vain, B::kind == DeviceKind::cpu ? 0 : outcome.values);
  }
};
TYPED_TEST_SUITE(Minimise, Backends, BackendName);

Smooth quadratic(const Host& A, const Host& b) {
  return {.value = [=](const Host& x) { return 0.5 * inner(x, product(A, x)) - inner(b, x); },
          .gradient = [=](const Host& x) { return combination(1, product(A, x), -1, b); },
          .hessian = [=](const Host&) { return A; }};
}

/// Rosenbrock's valley: minimum 0 at (1, 1).
Smooth rosenbrock() {
  const auto vector = [](double a, double b) { return Host(2, 1, std::vector<double>{a, b}); };
  return {.value = [](const Host& x) { return std::pow(1 - x(0, 0), 2) + 100 * std::pow(x(1, 0) - x(0, 0) * x(0, 0), 2); },
          .gradient =
              [vector](const Host& x) {
                const double u = x(0, 0), v = x(1, 0) - u * u;
                return vector(-2 * (1 - u) - 400 * u * v, 200 * v);
              },
          .hessian =
              [](const Host& x) {
                const double u = x(0, 0);
                return Host(2, 2, std::vector<double>{2 - 400 * (x(1, 0) - 3 * u * u), -400 * u, -400 * u, 200});
              }};
}

/// (u² − 1)²/4 + v²/2: minima at (±1, 0), a saddle at 0.
Smooth double_well() {
  return {.value = [](const Host& x) { return 0.25 * std::pow(x(0, 0) * x(0, 0) - 1, 2) + 0.5 * x(1, 0) * x(1, 0); },
          .gradient = [](const Host& x) { return Host(2, 1, std::vector<double>{x(0, 0) * (x(0, 0) * x(0, 0) - 1), x(1, 0)}); },
          .hessian = [](const Host& x) { return Host(2, 2, std::vector<double>{3 * x(0, 0) * x(0, 0) - 1, 0, 0, 1}); }};
}

TYPED_TEST(Minimise, SolvesAQuadratic) {
  std::vector<double> eigenvalues;
  for (int i = 0; i < 37; ++i) eigenvalues.push_back(1 + 3.0 * i);
  const Host A = symmetric_with(this->random_, eigenvalues), solution = this->random(37, 1), start = this->random(37, 1);
  const auto outcome = this->run(quadratic(A, product(A, solution)), start, 1000 * this->epsilon);
  this->expect_near(outcome.x, solution, 5000);
  this->expect_descent(outcome);
  this->expect_counted(outcome);
}

TYPED_TEST(Minimise, SolvesAQuadraticAtOnceByItsOwnHessian) {
  std::vector<double> eigenvalues;
  for (int i = 0; i < 37; ++i) eigenvalues.push_back(std::pow(1.2, i));
  const Host A = symmetric_with(this->random_, eigenvalues), solution = this->random(37, 1), start = this->random(37, 1);
  const double target = 1e5 * this->epsilon;
  const auto outcome = this->run(quadratic(A, product(A, solution)), start, target, 2000, 1);
  this->expect_near(outcome.x, solution, 1e5);
  this->expect_counted(outcome);
  EXPECT_LE(outcome.products, 12);
  EXPECT_LT(outcome.products, this->run(quadratic(A, product(A, solution)), start, target).products);
}

TYPED_TEST(Minimise, FollowsRosenbrocksValleyPreconditioned) {
  const auto outcome = this->run(rosenbrock(), Host(2, 1, std::vector<double>{-1.2, 1}), 2000 * this->epsilon, 2000, 5);
  this->expect_near(outcome.x, Host(2, 1, 1.0), 1e7, std::sqrt(this->epsilon) / 1e7 / this->epsilon);
  this->expect_descent(outcome);
  EXPECT_GT(outcome.learnt, 2);
}

TYPED_TEST(Minimise, GoesOnWhereNoPreconditionerCanBeLearnt) {
  int asked = 0;
  const auto outcome =
      this->run(rosenbrock(), Host(2, 1, std::vector<double>{-1.2, 1}), 2000 * this->epsilon, 2000, 5, [&] { return ++asked % 2 == 0; });
  this->expect_near(outcome.x, Host(2, 1, 1.0), 1e7, std::sqrt(this->epsilon) / 1e7 / this->epsilon);
  this->expect_descent(outcome);
  EXPECT_GT(asked, 2);
}

TYPED_TEST(Minimise, FollowsRosenbrocksValley) {
  const auto outcome = this->run(rosenbrock(), Host(2, 1, std::vector<double>{-1.2, 1}), 2000 * this->epsilon);
  this->expect_near(outcome.x, Host(2, 1, 1.0), 1e7, std::sqrt(this->epsilon) / 1e7 / this->epsilon);
  this->expect_descent(outcome);
  this->expect_counted(outcome);
  EXPECT_LT(outcome.products, 500);
}

TYPED_TEST(Minimise, LeavesTheNeighbourhoodOfASaddle) {
  for (const double side : {1.0, -1.0}) {
    const auto outcome = this->run(double_well(), Host(2, 1, std::vector<double>{side * 1e-3, 0.5}), 100 * this->epsilon);
    this->expect_near(outcome.x, Host(2, 1, std::vector<double>{side, 0}), 500);
    this->expect_descent(outcome);
  }
}

TYPED_TEST(Minimise, GoesFarFromASmallStart) {
  const Host A = symmetric_with(this->random_, {1e-3, 1e-3, 2e-3}), solution(3, 1, 500.0);
  const auto outcome = this->run(quadratic(A, product(A, solution)), Host(3, 1), 100 * this->epsilon);
  this->expect_near(outcome.x, solution, 5000);
}

TYPED_TEST(Minimise, LeavesAnOptimumAlone) {
  const Host A = symmetric_with(this->random_, {1, 2, 3}), zero(3, 1);
  for (const double target : {-1.0, 0.0}) {
    const auto outcome = this->run(quadratic(A, zero), zero, target);
    EXPECT_EQ(largest(outcome.x), 0);
    EXPECT_EQ(outcome.products, 1) << "one gradient shows it";
  }
}

TYPED_TEST(Minimise, StopsWhereRoundingHidesProgress) {
  const Host A = symmetric_with(this->random_, {1, 2, 5, 9}), solution = this->random(4, 1);
  const auto outcome = this->run(quadratic(A, product(A, solution)), this->random(4, 1), -1, 1000000);
  EXPECT_LT(outcome.products, 2000) << "ends without being told to";
  this->expect_near(outcome.x, solution, 2000);
}

TYPED_TEST(Minimise, StopsWhenTold) {
  const Host start(2, 1, std::vector<double>{-1.2, 1});
  const auto outcome = this->run(rosenbrock(), start, 1e300);
  EXPECT_EQ(outcome.products, 1);
  EXPECT_EQ(outcome.accepted.size(), 1);
  this->expect_near(outcome.x, start, 1);
  EXPECT_NEAR(outcome.first_norm, std::sqrt(inner(rosenbrock().gradient(start), rosenbrock().gradient(start))), 1e-4);
  EXPECT_LE(this->run(rosenbrock(), start, 0, 10).accepted.size(), 11U);
}

}  // namespace
}  // namespace neuspec::test
