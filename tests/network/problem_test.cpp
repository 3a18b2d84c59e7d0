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

TEST(Loss, KnowsTheNamesOfTheSpecification) {
  const std::pair<const char*, LossKind> known[]{{"squared", Loss::squared},
                                                 {"huber", Loss::huber},
                                                 {"absolute", Loss::absolute},
                                                 {"logistic", Loss::logistic},
                                                 {"squared_hinge", Loss::squared_hinge},
                                                 {"hinge", Loss::hinge},
                                                 {"softmax", Loss::softmax}};
  for (const auto& [name, kind] : known) {
    EXPECT_EQ(Loss::parse(name), Loss(kind)) << name;
    EXPECT_EQ(Loss(kind).name(), name);
  }
  EXPECT_EQ(Loss(), Loss::squared);
  EXPECT_EQ(Loss::parse("huber").delta, 1);
  EXPECT_EQ(Loss::parse("huber:1"), Loss::huber);
  EXPECT_EQ(Loss::parse("huber:0.5"), Loss(Loss::huber, 0.5));
}

TEST(Loss, ItsNameParsesBackToTheSameNumber) {
  for (const double delta : {0.5, 1.0 / 3.0, 1.0, 5e-324, 1e300}) {
    const Loss loss(Loss::huber, delta);
    EXPECT_EQ(Loss::parse(loss.name()), loss) << loss.name();
  }
}

TEST(Loss, RefusesWhatIsNoLossAndNamesWhatThereIs) {
  for (const char* text : {"", "Squared", "squared ", "squared:1", "huber:", "huber:0", "huber:-1", "huber:nan", "huber:inf", "huber:1e999",
                           "huber:1,5", "huber:1 ", "huber=1", "logistic:1", "hinges"}) {
    try {
      Loss::parse(text);
      ADD_FAILURE() << text;
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find('\'' + std::string(text) + '\''), std::string::npos) << message;
      for (const char* name : {"squared", "huber", "absolute", "logistic", "squared_hinge", "hinge", "softmax"}) {
        EXPECT_NE(message.find(name), std::string::npos) << message;
      }
    }
  }
  EXPECT_THROW(Loss(static_cast<LossKind>(99)).name(), UsageError);
}

TEST(Loss, KnowsItsKind) {
  for (const LossKind kind : {Loss::squared, Loss::huber, Loss::absolute, Loss::logistic, Loss::squared_hinge, Loss::hinge, Loss::softmax}) {
    const bool label = kind == Loss::logistic || kind == Loss::squared_hinge || kind == Loss::hinge || kind == Loss::softmax;
    EXPECT_EQ(Loss(kind).classification(), label);
    EXPECT_EQ(Loss(kind).coupled(), kind == Loss::softmax);
    EXPECT_EQ(Loss(kind).smooth(), kind != Loss::absolute && kind != Loss::hinge);
  }
}

}  // namespace
}  // namespace neuspec
