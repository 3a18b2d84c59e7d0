// The form of samples that ranks share out is that of all samples: values, gradients, products, preconditioners and bounds.
#include "lift/ranked_operator.hpp"

#include <gtest/gtest.h>

#include "neuspec/communicator.hpp"
#include "support/random_architecture.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

using Numbers = std::vector<double>;

constexpr Index m = 7;

/// A factored point, a direction, and what a form says there.
class Asked {
 public:
  Asked(Random& random, const Patches& patches, Index C) : N_(patches.size + 1) {
    for (Index j = 0; j < m; ++j) {
      columns_.sign.push_back(j % 2 == 0 ? 1.0 : -1.0);
      columns_.pool.push_back(j * patches.pools / m);
      const bool same = j > 0 && columns_.pool[static_cast<std::size_t>(j - 1)] == columns_.pool.back();
      columns_.output.push_back(same ? std::min(C - 1, columns_.output.back() + j % 2) : 0);
    }
    if (patches.whole()) columns_.pool.clear();
    W_ = random.normals((N_ - 1) * m);
    W_dot_ = random.normals((N_ - 1) * m);
  }

  /// Loss, G, Ġ, the preconditioner's lower triangle, Γ, losses and bounds of a dual vector. A product is asked for twice, for the first one learns.
  Numbers answers(DataOperator<double>& form) const {
    Device<double>& device = form.device();
    const auto matrix = [&](Index rows, const Numbers& values) {
      DeviceMatrix<double> result = device.allocate(rows, std::ssize(values) / rows);
      device.upload(values.data(), result);
      return result;
    };
    const auto W = matrix(N_ - 1, W_), W_dot = matrix(N_ - 1, W_dot_), Z = device.allocate(N_, m), Z_dot = device.allocate(N_, m),
               G = device.allocate(N_, m), B = device.allocate((N_ - 1) * m, (N_ - 1) * m);
    device.lift_neurons(columns_, W, Z);
    device.lift_derivative(columns_, Z, W_dot, Z_dot);
    Numbers result;
    const auto keep = [&](ConstView<double> view) {
      Numbers values(static_cast<std::size_t>(view.size()));
      device.download(view, values.data());
      result.insert(result.end(), values.begin(), values.end());
    };
    result.push_back(form.evaluate(columns_, Z, G));
    keep(G);
    for (int product = 0; product < 2; ++product) {
      form.differentiate(columns_, Z, Z_dot, G);
      keep(G);
    }
    form.gauss_newton(columns_, Z, form.samples(), B);
    for (Index j = 0; j < B.columns(); ++j) keep(B.view().column_range(j, 1).row_range(j, B.rows() - j));
    const DeviceMatrix<double> moments = device.allocate(form.p(), 1);
    EXPECT_TRUE(form.second_moments(moments));
    keep(moments);
    const DualCandidate<double> dual = form.dual_of(columns_, Z);
    keep(dual.gamma);
    result.insert(result.end(), dual.loss.begin(), dual.loss.end());
    const Numbers bounds = dual.bounds(Numbers(dual.loss.size(), 0.9));
    result.insert(result.end(), bounds.begin(), bounds.end());
    return result;
  }

 private:
  Index N_;
  FactorColumns columns_;
  Numbers W_, W_dot_;
};

TEST(RankedOperator, SaysWhatTheFormOfAllSamplesSays) {
  Random random(31);
  for (const Loss& loss : every_loss()) {
    if (!loss.smooth()) continue;
    for (const Architecture& shape : every_architecture()) {
      const Index C = 3, d = features_of(shape);
      const Dataset all = with_weights(with_labels(random_dataset(random, 40, d, C), loss), random);
      for (const bool bias : {false, true}) {
        const Problem problem{.activation = {0.3, -0.7, 0.2}, .loss = loss, .beta = 1, .architecture = shape, .bias = bias};
        const Asked asked(random, Patches(shape, d), C);
        for (const OperatorKind kind : {OperatorKind::matrix_free, OperatorKind::streamed}) {
          SCOPED_TRACE(label_of(loss, shape) + (bias ? " with intercepts, " : ", ") + name(kind));
          const auto own_device = make_device<double>(DeviceKind::cpu);
          const Numbers alone = asked.answers(*make_operator<double>(kind, *own_device, problem, all));
          for (const int size : {1, 3}) {
            const auto errors = on_ranks(size, [&](const auto& communicator) {
              const Dataset part = part_of(all, communicator->rank(), size);
              const Shard shard(part, communicator);
              const auto device = make_device<double>(DeviceKind::cpu);
              const auto form = make_operator<double>(kind, *device, problem, shard);
              EXPECT_EQ(form->samples(), 40);
              if (communicator->rank() > 0) return form->serve();
              const Numbers answers = asked.answers(*form);
              form->release();
              ASSERT_EQ(answers.size(), alone.size());
              for (std::size_t at = 0; at < answers.size(); ++at) EXPECT_NEAR(answers[at], alone[at], 1e-10 * (10 + std::abs(alone[at]))) << at;
            });
            for (const auto& error : errors) EXPECT_EQ(error, nullptr);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace neuspec::test
