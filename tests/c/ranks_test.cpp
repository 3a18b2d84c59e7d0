// Data that ranks share out through the C API: ranks are threads here.
#include <limits>
#include <ostream>

#include "c/ranked_data.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

/// The labels are numbers that sort otherwise than they come; the last class is on the last rank alone.
Dataset with_classes(const Dataset& data, int classes) {
  std::vector<double> y;
  for (Index i = 0; i < data.samples(); ++i) {
    const double value = data.y()[static_cast<std::size_t>(i)];
    y.push_back(i + 3 > data.samples() ? classes - 1 : value > 0.3 ? 0 : 1);
  }
  return {data.samples(), data.features(), 1, data.x(), y};
}

struct Case {
  const char* name;
  Values options;
  int classes;              ///< 0: the targets are numbers
  double tolerance = 1e-9;  ///< descents take long to the last digits
};

std::ostream& operator<<(std::ostream& stream, const Case& value) { return stream << value.name; }

class CRanks : public testing::TestWithParam<Case> {
 protected:
  static Dataset all_samples() {
    Random random(21);
    const Dataset numbers = random_dataset(random, 83, 3, 1);
    return GetParam().classes > 0 ? with_classes(numbers, GetParam().classes) : numbers;
  }
  static OptionsHandle options() {
    Values values = GetParam().options;
    values.insert(values.end(), {{"beta-ratio", "0.05"}, {"threads", "1"}, {"tol", number_text(GetParam().tolerance)}});
    return options_with(values);
  }
  /// body(part's data, options, communicator) on so many ranks.
  template <class Body>
  static void on_parts(const Dataset& all, int size, int order, const Body& body) {
    const auto errors = on_ranks(size, [&](const Ranked& communicator) {
      const Dataset part = part_of(all, communicator->rank(), size);
      const DataHandle data = data_of(part);
      set_ranks(data, communicator, order);
      body(data, options(), communicator, part);
    });
    for (const auto& error : errors) EXPECT_EQ(error, nullptr);
  }
};

TEST_P(CRanks, TheModelIsThatOfAllSamples) {
  const Dataset all = all_samples();
  const DataHandle whole = data_of(all);
  ModelHandle alone;
  ASSERT_OK(neuspec_fit(whole, options(), nullptr, alone.made()));
  const neuspec_certificate expected = proof_of(alone, whole, options());
  EXPECT_EQ(expected.proven, 1);
  for (const int size : {1, 2, 4}) {
    on_parts(all, size, NEUSPEC_ANY_ORDER, [&](const auto& data, const auto& own, const Ranked& communicator, const Dataset& part) {
      double largest = 0;
      EXPECT_OK(neuspec_beta_max(data, own, &largest));
      expect_near(largest, number(alone, "beta_max"), 1e-10);
      ModelHandle model;
      ASSERT_OK(neuspec_fit(data, own, nullptr, model.made()));
      expect_near(number(model, "primal"), expected.primal, 2 * GetParam().tolerance);
      expect_near(number(model, "dual"), expected.dual, 2 * GetParam().tolerance);
      EXPECT_EQ(integer(model, "samples"), 83);
      const neuspec_certificate again = proof_of(model, data, own);
      EXPECT_EQ(again.proven, 1);
      expect_near(again.primal, number(model, "primal"), 1e-12);
      // The same model everywhere, of which each predicts its own samples.
      const std::vector<double> here = outputs_of(model, data, part.samples()), there = outputs_of(alone, data, part.samples());
      for (std::size_t i = 0; i < here.size(); ++i) EXPECT_NEAR(here[i], there[i], 1e-3);
      if (communicator->rank() == 0) {
        EXPECT_EQ(proof_of(model, whole, own).proven, 1);
      }
    });
  }
}

TEST_P(CRanks, AFixedOrderGivesTheSameBits) {
  const Dataset all = all_samples();
  const DataHandle whole = data_of(all);
  ModelHandle alone;
  ASSERT_OK(neuspec_fit(whole, options(), nullptr, alone.made()));
  for (const int size : {1, 3}) {
    on_parts(all, size, NEUSPEC_FIXED_ORDER, [&](const auto& data, const auto& own, const Ranked& communicator, const Dataset&) {
      ModelHandle model;
      ASSERT_OK(neuspec_fit(data, own, nullptr, model.made()));
      EXPECT_EQ(number(model, "primal"), number(alone, "primal"));
      // Of a model that comes from a file every rank has the whole dual vector.
      ModelHandle loaded;
      const std::string bytes = bytes_of(alone);
      ASSERT_OK(neuspec_model_from_memory(bytes.data(), bytes.size(), loaded.made()));
      EXPECT_EQ(proof_of(loaded, data, own).relative_gap, proof_of(alone, whole, own).relative_gap);
      if (communicator->rank() > 0) return;
      EXPECT_EQ(bytes_of(model), bytes_of(alone));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, CRanks,
                         testing::Values(Case{"squared", {{"standardize", "yes"}}, 0},
                                         Case{"intercept", {{"bias", "yes"}, {"standardize", "yes"}}, 0},
                                         Case{"one_vs_rest", {{"one-vs-rest", "yes"}}, 3},
                                         Case{"logistic", {{"loss", "logistic"}, {"class-weights", "balanced"}, {"standardize", "yes"}}, 2, 1e-7},
                                         Case{"hinge", {{"loss", "hinge"}}, 2},
                                         Case{"softmax", {{"loss", "softmax"}, {"standardize", "yes"}}, 3, 1e-7}),
                         [](const auto& value) { return std::string(value.param.name); });

class CRanksOfNumbers : public testing::Test {
 protected:
  Random random_{22};
  Dataset all_ = random_dataset(random_, 90, 3, 2);
  DataHandle whole_ = data_of(all_);
  static OptionsHandle options() { return options_with({{"beta-ratio", "0.05"}, {"threads", "1"}, {"tol", "1e-9"}}); }
};

/// What a path's callback has seen, and when it ends the path.
struct Seen {
  int64_t count = 0, last = std::numeric_limits<int64_t>::max();
};

int see(const neuspec_model* model, int64_t index, void* user) {
  Seen& seen = *static_cast<Seen*>(user);
  EXPECT_GT(number(model, "beta"), 0);
  EXPECT_EQ(index, seen.count++);
  return index == seen.last ? 1 : 0;
}

TEST_F(CRanksOfNumbers, EveryRankHasTheModelsOfAPathAndTheFirstIsAsked) {
  double largest = 0;
  ASSERT_OK(neuspec_beta_max(whole_, options(), &largest));
  const std::vector<double> betas{0.5 * largest, 0.2 * largest, 0.1 * largest};
  for (const int order : {NEUSPEC_ANY_ORDER, NEUSPEC_FIXED_ORDER}) {
    for (const int64_t last : {2, 1}) {
      on_ranks(3, [&](const Ranked& communicator) {
        const Dataset part = part_of(all_, communicator->rank(), 3);
        const DataHandle data = data_of(part);
        set_ranks(data, communicator, order);
        std::vector<neuspec_model*> models(3);
        int64_t done = 0;
        Seen seen{0, last};
        ASSERT_OK(neuspec_path(data, options(), betas.data(), 3, nullptr, see, &seen, models.data(), &done));
        EXPECT_EQ(done, last + 1);
        EXPECT_EQ(seen.count, communicator->rank() == 0 ? done : 0);
        for (std::size_t k = 0; k < models.size(); ++k) {
          if (static_cast<int64_t>(k) < done) {
            EXPECT_EQ(number(models[k], "beta"), betas[k]);
            EXPECT_EQ(integer(models[k], "status"), NEUSPEC_OPTIMAL);
          } else {
            EXPECT_EQ(models[k], nullptr);
          }
          neuspec_free(models[k]);
        }
      });
    }
  }
}

DataHandle data_of_moments(const neuspec_moments* moments) {
  DataHandle handle;
  EXPECT_OK(neuspec_data_from_moments(moments, handle.made()));
  return handle;
}

TEST_F(CRanksOfNumbers, MomentsAreThoseOfAllRanks) {
  const OptionsHandle standardised = options();
  ASSERT_OK(neuspec_options_set(standardised, "standardize", "yes"));
  ModelHandle alone;
  ASSERT_OK(neuspec_fit(whole_, standardised, nullptr, alone.made()));
  for (const int order : {NEUSPEC_ANY_ORDER, NEUSPEC_FIXED_ORDER}) {
    for (const int size : {1, 2, 4}) {
      const auto errors = on_ranks(size, [&](const Ranked& communicator) {
        const Dataset part = part_of(all_, communicator->rank(), size);
        const DataHandle samples = data_of(part);
        // Each rank's own, which come together when they are used …
        MomentsHandle own, together;
        ASSERT_OK(neuspec_moments_create(nullptr, own.made()));
        ASSERT_OK(neuspec_moments_add(own, samples));
        const DataHandle shared = data_of_moments(own);
        set_ranks(shared, communicator, order);
        // … and those of all, the same on every rank.
        set_ranks(samples, communicator, order);
        ASSERT_OK(neuspec_moments_create(nullptr, together.made()));
        for (const neuspec_data* half : {static_cast<neuspec_data*>(samples), static_cast<neuspec_data*>(shared)})
          ASSERT_OK(neuspec_moments_add(together, half));
        int64_t n = 0;
        EXPECT_OK(neuspec_moments_size(together, &n, nullptr, nullptr));
        EXPECT_EQ(n, 180);
        ASSERT_OK(neuspec_moments_subtract(together, own));
        EXPECT_OK(neuspec_moments_size(together, &n, nullptr, nullptr));
        EXPECT_EQ(n, 180 - part.samples());
        const OptionsHandle options = options_with({{"beta-ratio", "0.05"}, {"threads", "1"}, {"tol", "1e-9"}, {"standardize", "yes"}});
        ModelHandle model;
        ASSERT_OK(neuspec_fit(shared, options, nullptr, model.made()));
        expect_near(number(model, "primal"), number(alone, "primal"), 2e-9);
        expect_near(number(model, "beta_max"), number(alone, "beta_max"), 1e-10);
        EXPECT_EQ(integer(model, "samples"), 90);
        EXPECT_EQ(proof_of(model, shared, options).proven, 1);
        EXPECT_EQ(proof_of(model, samples, options).proven, 1);
      });
      for (const auto& error : errors) EXPECT_EQ(error, nullptr);
    }
  }
}

TEST_F(CRanksOfNumbers, ARankWithoutMomentsHasNoneToGive) {
  on_ranks(3, [&](const Ranked& communicator) {
    MomentsHandle own;
    ASSERT_OK(neuspec_moments_create(nullptr, own.made()));
    if (communicator->rank() == 1) {
      ASSERT_OK(neuspec_moments_add(own, data_of(all_)));
    }
    const DataHandle data = data_of_moments(own);
    set_ranks(data, communicator, NEUSPEC_ANY_ORDER);
    ModelHandle model;
    ASSERT_OK(neuspec_fit(data, options(), nullptr, model.made()));
    EXPECT_EQ(proof_of(model, data, options()).proven, 1);
    EXPECT_EQ(integer(model, "samples"), 90);
  });
}

}  // namespace
}  // namespace neuspec::test
