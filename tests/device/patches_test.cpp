// Patches, lifted samples and their moments on the device seam against plain loops.
#include "support/backend.hpp"
#include "support/naive.hpp"
#include "support/random_architecture.hpp"

namespace neuspec::test {
namespace {

constexpr Activation activations[] = {{0.09, 0.5, 0.47}, {1, 0, 0}, {0, 1, 0}, {-0.4, 0.3, 0.2}};

template <class B>
class PatchesOf : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  Host scales(Index n) {
    Host s(n, 1);
    for (Index i = 0; i < n; ++i) s(i, 0) = i % 5 == 1 ? 0.0 : std::sqrt(this->random_.uniform(0, 2));
    return this->rounded(s);
  }
  /// s_i A_i packed, one sample a column.
  static Host lifted(const Activation& sigma, const Host& x, const Host& s) {
    Host L(packed_size(x.rows + 1), x.columns);
    for (Index i = 0; i < x.columns; ++i) set_column(L, i, packed_of(lifted_sample(sigma, x, i, s.rows > 0 ? s(i, 0) : 1)));
    return L;
  }
};
TYPED_TEST_SUITE(PatchesOf, Backends, BackendName);

TYPED_TEST(PatchesOf, EachWindowIsGathered) {
  std::vector<Architecture> shapes = every_architecture();
  shapes.push_back(Architecture::parse("conv2d:height=3,width=3,filter=3x3,padding=2x2"));  // corners that see one pixel
  for (const Architecture& shape : shapes) {
    SCOPED_TRACE(shape.name());
    const Patches patches(shape, features_of(shape));
    for (const Index n : {1, 70}) {
      const Host x = this->random(patches.features, n);
      const typename TestFixture::Matrix from(this->device_, x);
      for (Index pool = 0; pool < patches.pools; ++pool) {
        for (Index q = 0; q < patches.per_pool; ++q) {
          const typename TestFixture::Matrix to(this->device_, patches.size, n);
          this->device_.gather(window_of(patches, pool, q), from, to);
          Host expected(patches.size, n);
          for (Index i = 0; i < n; ++i)
            set_column(
                expected, i,
                Host(patches.size, 1, naive::pools_of(shape, x.column(i).values)[static_cast<std::size_t>(pool)][static_cast<std::size_t>(q)]));
          EXPECT_EQ(to.host().values, expected.values);
        }
      }
    }
  }
}

TYPED_TEST(PatchesOf, LiftedSamplesReplaceOrAdd) {
  for (const auto& [d, n] : {std::pair<Index, Index>{37, 5}, {1, 67}, {9, 130}}) {
    const Host x = this->random(d, n), s = this->scales(n), before = this->random(packed_size(d + 1), n);
    const typename TestFixture::Matrix samples(this->device_, x), scale(this->device_, s);
    for (const Activation& sigma : activations) {
      for (const bool scaled : {false, true}) {
        const ConstView<typename TestFixture::Real> factor = scaled ? scale.view() : ConstView<typename TestFixture::Real>();
        const Host expected = this->lifted(sigma, x, scaled ? s : Host());
        const typename TestFixture::Matrix fresh(this->device_, packed_size(d + 1), n), sum(this->device_, before);
        this->device_.lift_samples(sigma, samples, factor, 0, fresh);
        this->expect_near(fresh.host(), expected, 20);
        this->device_.lift_samples(sigma, samples, factor, 1, sum);
        this->expect_near(sum.host(), combination(1, expected, 1, before), 20);
      }
    }
  }
}

TYPED_TEST(PatchesOf, MomentsOfLiftedSamplesAddUpOverChunks) {
  for (const auto& [P, C] : {std::pair<Index, Index>{1, 1}, {23, 3}, {70, 2}}) {
    const auto accumulator = this->device_.lifted_accumulator(P, C);
    Host S(P, P), r(P, C);
    for (const Index n : {5, 1, 130}) {
      const Host L = this->random(P, n), y = this->random(n, C);
      const typename TestFixture::Matrix lifted(this->device_, L), targets(this->device_, y);
      accumulator->add(lifted, targets);
      S = combination(1, S, 1, product(L, transposed(L)));
      r = combination(1, r, 1, product(L, y));
    }
    const typename TestFixture::Matrix sums(this->device_, P, P), right(this->device_, P, C);
    accumulator->finish(sums, right);
    this->expect_near(sums.host(), S, 20);
    this->expect_near(right.host(), r, 20, largest(S));
  }
  const auto none = this->device_.lifted_accumulator(4, 2);
  const typename TestFixture::Matrix sums(this->device_, 4, 4), right(this->device_, 4, 2);
  none->finish(sums, right);
  EXPECT_EQ(largest(sums.host()), 0);
  EXPECT_EQ(largest(right.host()), 0);
}

}  // namespace
}  // namespace neuspec::test
