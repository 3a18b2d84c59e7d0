// Samples that a device takes as they are stored are, in every form, those that a visit hands out, to the last bit.
#include "lift/operator_problem.hpp"
#include "support/stored_samples.hpp"

namespace neuspec::test {
namespace {

template <class B>
class StoredForms : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  struct Results {
    double loss = 0;
    Host G, gamma;
    std::vector<double> of_zero;
  };
  Results results(OperatorKind kind, const Problem& problem, const Source& data, const Host& Z) {
    const auto form = make_operator<Real>(kind, this->device_, problem, data);
    Results results{.G = {}, .gamma = Host(form->p(), form->blocks()), .of_zero = {}};
    const FactorColumns columns{std::vector<double>(3, 1.0), {0, 1, 1}, form->pools() == 1 ? std::vector<Index>{} : std::vector<Index>{0, 0, 0}};
    const Matrix z(this->device_, Z), G(this->device_, Z.rows, Z.columns), none(this->device_, Z.rows, 0);
    if (problem.loss.smooth()) results.loss = form->evaluate(columns, z, G);
    if (problem.loss.smooth()) results.G = G.host();
    const DualCandidate<Real> candidate = form->dual_of({}, none);
    results.of_zero = candidate.loss;
    this->device_.download(candidate.gamma, results.gamma.values.data());
    return results;
  }
  void check(const Problem& problem, Index d) {
    on_stored_samples(this->random_, 37, d, 2, [&](const auto& stored) {
      const Host Z = this->random(Patches(problem.architecture, d).size + 1, 3);
      for (const OperatorKind kind : {OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free, OperatorKind::streamed}) {
        SCOPED_TRACE(name(kind) + ' ' + problem.loss.name() + ' ' + problem.architecture.name());
        const Results expected = results(kind, problem, SmallChunks(stored.made(), 10), Z), actual = results(kind, problem, stored, Z);
        EXPECT_EQ(actual.loss, expected.loss);
        EXPECT_EQ(actual.G.values, expected.G.values);
        EXPECT_EQ(actual.gamma.values, expected.gamma.values);
        EXPECT_EQ(actual.of_zero, expected.of_zero);
        EXPECT_GT(largest(actual.gamma), 0);
      }
    });
  }
};
TYPED_TEST_SUITE(StoredForms, Backends, BackendName);

TYPED_TEST(StoredForms, AreTheSamplesOfAVisit) {
  this->check({.activation = {0.3, -0.7, 0.2}}, 5);
  this->check({.activation = {0.3, -0.7, 0.2}, .bias = true}, 5);
  this->check({.activation = {0.3, -0.7, 0.2}, .loss = {Loss::huber, 0.4}}, 5);
  this->check({.activation = {0.3, -0.7, 0.2}, .architecture = every_architecture().back()}, features_of(every_architecture().back()));
}

}  // namespace
}  // namespace neuspec::test
