#include <gmock/gmock.h>

#include <cmath>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

/// One coding of labels: what a model learnt holds for every file.
class ClassLabels : public Program {
 protected:
  /// Points on a line, the classes in turns of three, called so.
  std::string classes(const std::string& name, const std::vector<std::string>& labels, int samples = 24) const {
    std::string text = "a,b,y\n";
    for (int i = 0; i < samples; ++i) {
      const auto k = static_cast<std::size_t>(i / 3) % labels.size();
      text += std::to_string(std::sin(i) + 2.0 * static_cast<double>(k)) + "," + std::to_string(std::cos(3 * i)) + "," + labels[k] + "\n";
    }
    return write(name, text);
  }
  std::vector<std::string> predicted(const std::string& model, const std::string& data) const {
    std::vector<std::string> labels;
    for (const auto& row : rows(run("predict " + model + " " + data).out)) labels.push_back(row.back());
    EXPECT_FALSE(labels.empty());
    EXPECT_EQ(labels.empty() ? "" : labels.front(), "predicted");
    return labels;
  }
};

TEST_F(ClassLabels, OfAnyTwoKindsGiveOneNetworkThatNamesThem) {
  std::string expected;
  for (const auto& labels : {std::vector<std::string>{"-1", "1"}, {"0", "1"}, {"1", "2"}, {"-0", "+1"}, {"no", "yes"}, {"\"a, b\"", "c"}}) {
    const std::string data = classes("data.csv", labels), model = file("m.json");
    for (const std::string loss : {"logistic", "hinge", "squared_hinge"}) {
      const Outcome fit = run("fit " + data + " --loss " + loss + " --beta 0.1 --threads 1 --quiet --model " + model + " --test " + data +
                              " --report " + file("r.json"));
      ASSERT_EQ(fit.code, 0) << fit.err;
      EXPECT_GT(json(file("r.json"))["test"]["accuracy"], 0.8);
      EXPECT_EQ(run("certify " + model + " " + data).code, 0);
    }
    const auto names = predicted(model, data);
    const std::string first = labels[0] == "-0" ? "0" : labels[0], second = labels[1] == "+1" ? "1" : labels[1];
    if (first.front() != '"') {
      EXPECT_EQ(std::set<std::string>(names.begin() + 1, names.end()), (std::set<std::string>{first, second}));
    }
    const std::string outputs = json(model)["neurons"].dump();
    EXPECT_EQ(outputs, expected.empty() ? outputs : expected) << "names do not change the network";
    expected = outputs;
    ASSERT_EQ(run("explain " + model + " " + data + " -o " + file("e.csv")).code, 0);
    EXPECT_THAT(read(file("e.csv")), HasSubstr("\n1," + first + ","));
  }
}

TEST_F(ClassLabels, InOtherFilesAreThoseOfTheModelOrRefused) {
  const std::string train = classes("train.csv", {"-1", "1"}), model = file("m.json");
  ASSERT_EQ(run("fit " + train + " --loss logistic --beta 0.1 --threads 1 --quiet --model " + model).code, 0);
  const std::string other = classes("other.csv", {"-1", "0"});
  const std::string message = "other.csv:5: the label 0 is not one of the classes -1, 1";
  for (const std::string& command : {"certify " + model + " " + other, "fit " + train + " --loss logistic --beta 0.1 --quiet --test " + other,
                                     "path " + train + " --loss logistic --points 2 --quiet --validation " + other}) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.code, 3) << command;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << command;
  }
  const Outcome one = run("fit " + train + " --loss logistic --beta 0.1 --quiet --test " + classes("one.csv", {"1"}) + " --report " + file("r.json"));
  EXPECT_EQ(one.code, 0) << one.err << "a file with one of the classes is a file of the classes";
}

TEST_F(ClassLabels, ThatAreWordsServeSeveralClassesToo) {
  const std::vector<std::string> flowers = {"setosa", "versicolor", "virginica"};
  const std::string data = classes("iris.csv", flowers, 45), model = file("m.json");
  for (const std::string loss : {"--loss softmax", "--one-vs-rest", "--one-vs-rest --loss logistic"}) {
    const Outcome fit = run("fit " + data + " " + loss + " --class-weights balanced --beta 0.1 --threads 1 --quiet --model " + model + " --test " +
                            data + " --report " + file("r.json"));
    ASSERT_EQ(fit.code, 0) << fit.err;
    EXPECT_EQ(json(file("r.json"))["outputs"], 3);
    EXPECT_GT(json(file("r.json"))["test"]["accuracy"], 0.6);
    EXPECT_EQ(run("certify " + model + " " + data).code, 0);
    const auto names = predicted(model, data);
    EXPECT_EQ(std::set<std::string>(names.begin() + 1, names.end()), std::set<std::string>(flowers.begin(), flowers.end()));
    EXPECT_THAT(run("predict " + model + " " + data).out, testing::StartsWith("y=setosa,y=versicolor,y=virginica,predicted\n"));
    EXPECT_THAT(run("info " + model).out, HasSubstr("setosa, versicolor, virginica"));
    const Outcome unseen = run("certify " + model + " " + write("new.csv", "a,b,y\n1,2,setosa\n1,2,rose\n"));
    EXPECT_EQ(unseen.code, 3);
    EXPECT_THAT(unseen.err, HasSubstr("new.csv:3: the label 'rose' is not one of the classes setosa, versicolor, virginica"));
  }
  const Outcome numbers = run("fit " + data + " --beta 1");
  EXPECT_EQ(numbers.code, 3);
  EXPECT_THAT(numbers.err, HasSubstr("iris.csv:2:3: 'setosa' is not a number; only labels of classes may be text"));
}

TEST_F(ClassLabels, InSeveralColumnsMustBeWhatTheLossWants) {
  const std::string data = write("two.csv", "a,p,q\n1,1,-1\n2,-1,1\n3,1,1\n4,-1,-1\n"), other = write("other.csv", "a,p,q\n1,1,-1\n2,0,1\n");
  const Outcome fit = run("fit " + data + " --target p,q --loss logistic --beta 0.1 --quiet --test " + other);
  EXPECT_EQ(fit.code, 3);
  EXPECT_THAT(fit.err, HasSubstr("other.csv: sample 2: loss logistic needs labels of -1 and +1"));
}

}  // namespace
}  // namespace neuspec::test
