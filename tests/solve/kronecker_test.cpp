// The cheap preconditioner of Burer–Monteiro's Newton steps is the inverse of what it says, and saves products.
#include "solve/kronecker.hpp"

#include "neuspec/fit.hpp"
#include "numeric/packed.hpp"
#include "numeric/window.hpp"
#include "solve/factored_blocks.hpp"
#include "solve/newton.hpp"
#include "support/backend.hpp"
#include "support/random_architecture.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

template <class B>
class KroneckerOf : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  /// S ⊗ C of all columns (d·m × d·m), zero between groups: sums over samples and patches, by the definition.
  static Host product_of_sums(const Problem& problem, const Dataset& data, const FactorColumns& columns, const Host& Z) {
    const Patches patches(problem.architecture, data.features());
    const Index d = patches.size, m = Z.columns;
    Host C(d, d), S(m, m), result(d * m, d * m);
    double all = 0;
    for (Index i = 0; i < data.samples(); ++i) {
      const double s2 = data.weights().empty() || problem.loss.kind != LossKind::squared ? 1 : data.weights()[at(i)];
      for (Index pool = 0; pool < patches.pools; ++pool) {
        for (Index q = 0; q < patches.per_pool; ++q) {
          const Window window = window_of(patches, pool, q);
          const auto x = [&](Index l) { return data.x()[at(i * data.features() + window.source(l))]; };
          std::vector<double> u;
          for (Index j = 0; j < m; ++j) {
            double slope = problem.activation.b * Z(d, j);
            for (Index l = 0; l < d; ++l) slope += 2 * problem.activation.a * Z(l, j) * x(l);
            u.push_back(columns.sign[at(j)] * slope);
          }
          for (Index k = 0; k < m; ++k)
            for (Index j = 0; j < m; ++j) S(j, k) += s2 * u[at(j)] * u[at(k)];
          for (Index k = 0; k < d; ++k)
            for (Index l = 0; l < d; ++l) C(l, k) += s2 * x(l) * x(k);
          all += s2;
        }
      }
    }
    for (Index k = 0; k < m; ++k) {
      for (Index j = 0; j < m; ++j) {
        const bool apart = columns.output[at(j)] != columns.output[at(k)] || (!columns.pool.empty() && columns.pool[at(j)] != columns.pool[at(k)]);
        for (Index b = 0; b < d && !apart; ++b)
          for (Index a = 0; a < d; ++a) result(j * d + a, k * d + b) = S(j, k) / all * C(a, b);
      }
    }
    return result;
  }

  void expect_inverse(OperatorKind kind, Problem problem, bool weighted) {
    constexpr Index m = 5, n = 60;
    const bool dense = problem.architecture.kind == Architecture::Kind::dense;
    Dataset data = random_dataset(this->random_, n, features_of(problem.architecture), problem.loss.coupled() ? 3 : 2);
    if (weighted) data = with_weights(data, this->random_);
    data = with_labels(data, problem.loss);
    problem.beta = 3;
    const auto form = make_operator<Real>(kind, this->device_, problem, data);
    const Index d = form->N() - 1;
    const FactorColumns columns = dense ? FactorColumns{{1, 1, -1, 1, 1}, {0, 0, 0, 1, 1}, {}, {0, 0, 2, 3, 3}}
                                        : FactorColumns{{1, 1, -1, 1, -1}, {0, 0, 1, 0, 1}, {0, 0, 0, 1, 1}, {0, 0, 2, 3, 4}};
    const Matrix W(this->device_, this->rounded(this->random(d, m))), gradient(this->device_, this->rounded(this->random(d * m, 1)));
    const DeviceMatrix<Real> Z = this->device_.allocate(d + 1, m), vector = this->device_.allocate(d * m, 1);
    this->device_.lift_neurons(columns, W, Z);
    this->device_.copy(gradient, vector);
    Host point(d + 1, m);
    this->device_.download(Z, point.values.data());
    Kronecker<Real> kronecker(*form, problem.beta);
    EXPECT_FALSE(kronecker.is_worth_while(1000)) << "more neurons than samples: P takes longer than a product";
    ASSERT_TRUE(kronecker.is_worth_while(m));
    const bool known = problem.loss.kind == LossKind::squared && dense;
    // A Hessian of twenty times the identity, of which the penalty has 2β: it says how large h is.
    const Index products = kronecker.learn(columns, Z, vector, [&](ConstView<Real> from, View<Real> to) {
      this->device_.copy(from, to);
      this->device_.axpby(Real(19), from, Real(1), to);
    });
    EXPECT_EQ(products, known ? 0 : 1);
    Host P = product_of_sums(problem, data, columns, point);
    const Host g = gradient.host(), along = product(P, g);
    double found = 0, squares = 0;
    for (Index i = 0; i < d * m; ++i) {
      found += g(i, 0) * along(i, 0);
      squares += g(i, 0) * g(i, 0);
    }
    for (double& value : P.values) value *= known ? 1 : (20 - 2 * problem.beta) * squares / found;
    for (Index i = 0; i < d * m; ++i) P(i, i) += problem.beta;
    kronecker.apply(vector, vector);
    Host result(d * m, 1);
    this->device_.download(vector, result.values.data());
    this->expect_near(product(P, result), g, 2000, 10);
  }
};
TYPED_TEST_SUITE(KroneckerOf, Backends, BackendName);

TYPED_TEST(KroneckerOf, IsTheInverseOfWhatItSays) {
  for (const char* shape : {"dense", "conv1d:length=8,filter=3,pool=3", "conv1d:length=8,filter=3,stride=5"}) {
    for (const Loss& loss : {Loss(Loss::squared), Loss(Loss::logistic), Loss(Loss::softmax)}) {
      for (const OperatorKind kind : {OperatorKind::gram, OperatorKind::matrix_free, OperatorKind::streamed}) {
        for (const bool weighted : {false, true}) {
          SCOPED_TRACE(loss.name() + ' ' + shape + ' ' + name(kind) + (weighted ? " weighted" : ""));
          this->expect_inverse(kind, {.activation = {0.4, 0.3, 0.1}, .loss = loss, .architecture = Architecture::parse(shape)}, weighted);
        }
      }
    }
  }
}

// Features that share a few factors, as most do, from a point near a minimum: products with the Hessian until the gradient is small once more.
TYPED_TEST(KroneckerOf, SavesProductsWhereFeaturesAreCorrelated) {
  using Number = typename TestFixture::Real;
  constexpr Index n = 1200, d = 60, shared = 12;
  const Host factors = this->random(n, shared), mix = this->random(shared, d);
  std::vector<double> x(at(n * d)), y;
  for (Index i = 0; i < n; ++i) {
    for (Index l = 0; l < d; ++l) {
      double& value = x[at(i * d + l)];
      value = 0.3 * this->random_.normal();
      for (Index k = 0; k < shared; ++k) value += 0.3 * factors(i, k) * mix(k, l);
    }
    y.push_back(std::max(0.0, x[at(i * d)] + x[at(i * d + 1)]) - std::abs(x[at(i * d + 2)]));
  }
  const Problem problem{.activation = {0.09, 0.5, 0.47}, .beta = 5};
  auto& device = this->device_;
  const Dataset data(n, d, 1, x, y);
  const auto form = make_operator<Number>(OperatorKind::matrix_free, device, problem, data);
  const Blocks optimum = blocks_of(fit(data, problem, {.device = DeviceKind::cpu, .tolerance = 1e-7}).network);
  const FactorColumns& columns = optimum.table;
  const auto m = static_cast<Index>(columns.sign.size());
  const auto Z = device.allocate(d + 1, m), G = device.allocate(d + 1, m), Z_dot = device.allocate(d + 1, m), G_dot = device.allocate(d + 1, m);
  Kronecker<Number> kronecker(*form, problem.beta);
  ASSERT_TRUE(kronecker.is_worth_while(m));
  const auto products = [&](bool prepared, View<Number> W, double target) {
    typename Newton<Number>::Function function;
    function.value = [&](ConstView<Number> w, View<Number> gradient) {
      device.lift_neurons(columns, w.reshaped(d, m), Z);
      const double loss = form->evaluate(columns, Z, G);
      device.neuron_gradient(columns, problem.beta, Z, G, gradient.reshaped(d, m));
      return loss + problem.beta * device.dot(w, w);
    };
    function.curvature = [&](ConstView<Number> direction, View<Number> product) {
      device.lift_derivative(columns, Z, direction.reshaped(d, m), Z_dot);
      form->differentiate(columns, Z, Z_dot, G_dot);
      device.gradient_derivative(columns, problem.beta, Z, G, Z_dot, G_dot, product.reshaped(d, m));
    };
    if (prepared) function.prepare = [&](ConstView<Number> gradient) { return kronecker.learn(columns, Z, gradient, function.curvature); };
    function.precondition = [&](ConstView<Number> residual, View<Number> result) { kronecker.apply(residual, result); };
    const auto stop = [&](Index spent, double norm) { return norm < target || spent > 5000; };
    return Newton<Number>(device, d * m).minimise(W, function, stop);
  };
  Host near = this->random(d * m, 1);
  for (Index e = 0; e < d * m; ++e) near(e, 0) = optimum.W[at(e)] + 1e-3 * near(e, 0);
  const typename TestFixture::Matrix one(device, near), other(device, near);
  const Index with = products(true, one, 1), without = products(false, other, 1);
  EXPECT_GT(without, 30);
  EXPECT_LT(3 * with, without) << with << " products";
}

/// Σ s² ‖x̃‖², the diagonal of what a form says.
double trace_of_second_moments(OperatorKind kind, SolverKind solver, const Problem& problem, const Dataset& data) {
  const auto device = make_device<double>(DeviceKind::cpu);
  const auto form = make_operator<double>(kind, *device, problem, data, solver);
  const auto moments = device->allocate(form->p(), 1);
  EXPECT_TRUE(form->second_moments(moments));
  std::vector<double> values(at(form->p()));
  device->download(moments, values.data());
  double trace = 0;
  for (Index j = 0; j < form->N(); ++j) trace += values[at(packed::position(form->N(), j, j))];
  return trace;
}

Dataset cheap_dataset(Index n, Index d, const std::function<double(Index)>& target) {
  std::vector<double> x, y;
  for (Index e = 0; e < n * d; ++e) x.push_back(static_cast<double>(e * 7919 % 1013) / 500 - 1);
  for (Index i = 0; i < n; ++i) y.push_back(target(i));
  return {n, d, 1, std::move(x), std::move(y)};
}

TEST(SecondMoments, OfTheSamplesHeldStandForThoseStreamed) {
  const Problem problem{.activation = {0.09, 0.5, 0.47}, .loss = Loss::squared, .beta = 1};
  const Dataset data = cheap_dataset(17000, 512, [](Index i) { return static_cast<double>(i % 3); });  // twice as many as are held
  const double all = trace_of_second_moments(OperatorKind::matrix_free, SolverKind::automatic, problem, data);
  EXPECT_NEAR(trace_of_second_moments(OperatorKind::streamed, SolverKind::automatic, problem, data), all, 0.01 * all);
}

TEST(SecondMoments, AreOfMoreThanTheLastChunk) {
  const Problem problem{.activation = {0.09, 0.5, 0.47}, .loss = Loss::logistic, .beta = 1};
  const Dataset data = cheap_dataset(9000, 3, [](Index i) { return i % 2 == 0 ? 1.0 : -1.0; });
  const double all = trace_of_second_moments(OperatorKind::matrix_free, SolverKind::automatic, problem, data);
  for (const SolverKind solver : {SolverKind::admm, SolverKind::burer_monteiro})
    EXPECT_NEAR(trace_of_second_moments(OperatorKind::streamed, solver, problem, data), all, 1e-9 * all);
}

}  // namespace
}  // namespace neuspec::test
