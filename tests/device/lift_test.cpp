// The lifted data operator of the device seam against sums over explicit A_i.
#include <algorithm>

#include "support/backend.hpp"

namespace neuspec::test {
namespace {

constexpr Activation activations[] = {{0.09, 0.5, 0.47}, {1, 0, 0}, {0, 1, 0}, {-0.4, 0.3, 0.2}};

struct Size {
  Index n, d, C;
};
constexpr Size sizes[] = {{65, 37, 3}, {67, 3, 1}, {1, 5, 2}, {1100, 2, 2}};

template <class B>
class Lift : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  void make(Size size, bool weighted) {
    x_ = this->random(size.d, size.n);
    scale_ = Host(size.n, 1, 1.0);
    if (weighted) {
      for (double& value : scale_.values) value = std::sqrt(this->random_.uniform(0, 2));
      scale_(0, 0) = 0;
      scale_ = this->rounded(scale_);
    }
    x_device_ = std::make_unique<Matrix>(this->device_, x_);
    scale_device_ = weighted ? std::make_unique<Matrix>(this->device_, scale_) : nullptr;
  }
  ConstView<Real> x() const { return *x_device_; }
  ConstView<Real> s() const { return scale_device_ ? ConstView<Real>(*scale_device_) : ConstView<Real>(); }
  Host sample(const Activation& sigma, Index i) const { return lifted_sample(sigma, x_, i, scale_(i, 0)); }

  Host forward(const Activation& sigma, const Host& M) {
    const Matrix from(this->device_, M), to(this->device_, x_.columns, M.columns);
    this->device_.lifted_forward(sigma, x(), s(), from, to);
    return to.host();
  }
  Host adjoint(const Activation& sigma, const Host& v) {
    const Matrix from(this->device_, v), to(this->device_, packed_size(x_.rows + 1), v.columns);
    this->device_.lifted_adjoint(sigma, x(), s(), from, to);
    return to.host();
  }

  Host x_, scale_;
  std::unique_ptr<Matrix> x_device_, scale_device_;
};
TYPED_TEST_SUITE(Lift, Backends, BackendName);

TYPED_TEST(Lift, ForwardIsTheInnerProductWithEachLiftedSample) {
  for (const Size size : sizes) {
    for (const bool weighted : {false, true}) {
      this->make(size, weighted);
      const Host M = this->random(packed_size(size.d + 1), size.C);
      for (const Activation& sigma : activations) {
        Host expected(size.n, size.C);
        for (Index i = 0; i < size.n; ++i)
          for (Index k = 0; k < size.C; ++k) expected(i, k) = inner(this->sample(sigma, i), unpacked(size.d + 1, M, k));
        this->expect_near(this->forward(sigma, M), expected);
      }
    }
  }
}

TYPED_TEST(Lift, AdjointIsTheWeightedSumOfLiftedSamples) {
  for (const Size size : sizes) {
    for (const bool weighted : {false, true}) {
      this->make(size, weighted);
      Host v = this->random(size.n, size.C);
      for (Index i = 0; i < size.n; i += 5) v(i, 0) = 0;
      for (const Activation& sigma : activations) {
        Host expected(packed_size(size.d + 1), size.C);
        for (Index k = 0; k < size.C; ++k) {
          Host sum(size.d + 1, size.d + 1);
          for (Index i = 0; i < size.n; ++i) sum = combination(1, sum, v(i, k), this->sample(sigma, i));
          set_column(expected, k, packed_of(sum));
        }
        this->expect_near(this->adjoint(sigma, v), expected);
      }
    }
  }
}

TYPED_TEST(Lift, ForwardAndAdjointAreAdjoint) {
  this->make({65, 37, 3}, true);
  const Host D = this->random(packed_size(38), 3), v = this->random(65, 3);
  for (const Activation& sigma : activations) {
    const double one = inner(this->forward(sigma, D), v), other = inner(D, this->adjoint(sigma, v));
    EXPECT_NEAR(one, other, 1000 * this->epsilon * std::max(1.0, std::abs(one)));
  }
}

TYPED_TEST(Lift, KernelGramHoldsInnerProductsWithoutTheTrace) {
  for (const Size size : {sizes[0], sizes[1], sizes[2]}) {
    for (const bool weighted : {false, true}) {
      this->make(size, weighted);
      for (const Activation& sigma : activations) {
        std::vector<Host> samples;
        for (Index i = 0; i < size.n; ++i) samples.push_back(without_trace(this->sample(sigma, i)));
        Host expected(size.n, size.n);
        for (Index j = 0; j < size.n; ++j)
          for (Index i = 0; i < size.n; ++i) expected(i, j) = inner(samples[static_cast<std::size_t>(i)], samples[static_cast<std::size_t>(j)]);
        const typename TestFixture::Matrix K(this->device_, size.n, size.n);
        this->device_.kernel_gram(sigma, this->x(), this->s(), K);
        this->expect_near(K.host(), expected);
      }
    }
  }
}

TYPED_TEST(Lift, TakesNoSamples) {
  this->make({0, 4, 1}, false);
  const Host v(0, 2), M = this->random(15, 2);
  EXPECT_EQ(largest(this->adjoint(activations[0], v)), 0);
  EXPECT_EQ(this->forward(activations[0], M).rows, 0);
}

}  // namespace
}  // namespace neuspec::test
