#include "neuspec/problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neuspec/error.hpp"

namespace neuspec {
namespace {

TEST(Activation, KnowsTheNamesOfTheSpecification) {
  EXPECT_EQ(Activation::parse("relu"), (Activation{0.09, 0.5, 0.47}));
  EXPECT_EQ(Activation::parse("quadratic"), (Activation{1, 0, 0}));
  EXPECT_EQ(Activation::parse("linear"), (Activation{0, 1, 0}));
}

TEST(Activation, ReadsThreeCoefficientsAndEvaluatesThem) {
  const Activation activation = Activation::parse("0.25,-1e-3,3");
  EXPECT_EQ(activation, (Activation{0.25, -1e-3, 3}));
  EXPECT_DOUBLE_EQ(activation(2.0), 0.25 * 4 - 1e-3 * 2 + 3);
}

TEST(Activation, ItsNameParsesBackToTheSameNumbers) {
  const Activation third{1.0 / 3.0, -2e-17, 0.1 + 0.2};
  for (const Activation& activation : {Activation{}, Activation{1, 0, 0}, Activation{0, 1, 0}, third}) {
    EXPECT_EQ(Activation::parse(activation.name()), activation) << activation.name();
  }
  EXPECT_EQ(Activation{}.name(), "relu");
}

TEST(Activation, RefusesWhatIsNoActivation) {
  for (const char* text : {"", "ReLU", "1,2", "1,2,3,4", "1, 2,3", "1,2,x", "1,,3", "nan,0,0", "inf,0,0", "1e999,0,0", "0,0,0", "relu "}) {
    EXPECT_THROW(Activation::parse(text), UsageError) << text;
  }
}

TEST(Loss, NamesAndParsesItself) {
  EXPECT_EQ(Loss::parse("squared").name(), "squared");
  EXPECT_THROW(Loss::parse("Squared"), UsageError);
  EXPECT_THROW(Loss::parse(""), UsageError);
}

}  // namespace
}  // namespace neuspec
