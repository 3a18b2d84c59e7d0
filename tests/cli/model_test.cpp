#include <gmock/gmock.h>

#include "cli/program.hpp"
#include "neuspec/network.hpp"

namespace neuspec::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// One model and its data in three shapes: with header, without, and features alone.
class SavedModel : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    const std::string data = read(golden("vector.csv"));
    headed_ = write("headed.csv", data);
    nameless_ = write("nameless.csv", data.substr(data.find('\n') + 1));
    std::string features;
    for (const auto& row : rows(data)) {
      for (std::size_t j = 0; j < 5; ++j) features += row[j] + (j < 4 ? "," : "\n");
    }
    features_ = write("features.csv", features);
    model_ = file("model.json");
    const Outcome fit =
        run("fit " + headed_ + " --target y0,y1,y2 --beta 1 --standardize --quiet --model " + model_ + " --report " + file("report.json"));
    ASSERT_EQ(fit.code, 0) << fit.err;
  }
  std::string headed_, nameless_, features_, model_;
};

TEST_F(SavedModel, CertifiesToTheGapThatWasReported) {
  const auto report = json(file("report.json"));
  for (const std::string& data : {headed_, nameless_}) {
    const Outcome certify = run("certify " + model_ + " " + data + " --json");
    ASSERT_EQ(certify.code, 0) << certify.err;
    const auto certificate = json::parse(certify.out);
    EXPECT_DOUBLE_EQ(certificate["primal"], report["primal"]);
    EXPECT_DOUBLE_EQ(certificate["dual"], report["dual"]);
    EXPECT_EQ(certificate["proven"], true);
    EXPECT_NEAR(certificate["relative_gap"], report["relative_gap"], 1e-14);
  }
  EXPECT_THAT(run("certify " + model_ + " " + headed_).out, HasSubstr("within the tolerance"));
}

TEST_F(SavedModel, CertifiesWithCodeFourAboveTheTolerance) {
  EXPECT_EQ(run("certify " + model_ + " " + headed_ + " --tol 1e-15").code, 4);
  const Outcome other = run("certify " + model_ + " " + headed_ + " --target y1,y0,y2");
  EXPECT_EQ(other.code, 4) << "outputs exchanged: far from optimal";
  EXPECT_THAT(other.out, HasSubstr("above the tolerance"));
}

TEST_F(SavedModel, PredictsTheSameWithAndWithoutTargetColumnsAndHeader) {
  const Outcome headed = run("predict " + model_ + " " + headed_);
  ASSERT_EQ(headed.code, 0) << headed.err;
  EXPECT_EQ(run("predict " + model_ + " " + nameless_).out, headed.out);
  EXPECT_EQ(run("predict " + model_ + " " + features_).out, headed.out);
  EXPECT_EQ(run("predict " + model_ + " " + nameless_ + " --target 5,6,7").out, headed.out);
  const auto table = rows(headed.out);
  EXPECT_EQ(table[0], (std::vector<std::string>{"y0", "y1", "y2"}));
  EXPECT_EQ(table.size(), 121U);
}

TEST_F(SavedModel, PredictsWhatItsNeuronsSay) {
  const Model model = Model::load(model_);
  const auto table = rows(read(headed_)), predicted = rows(run("predict " + model_ + " " + headed_).out);
  for (const std::size_t i : {std::size_t{1}, std::size_t{60}, std::size_t{120}}) {
    std::vector<double> f(3, 0.0);
    for (Index j = 0; j < model.network.neurons(); ++j) {
      double t = 0;
      for (std::size_t k = 0; k < 5; ++k) {
        const double z = (std::stod(table[i][k]) - model.preprocessing.mean[k]) / model.preprocessing.scale[k];
        t += model.network.directions[static_cast<std::size_t>(j) * 5 + k] * z;
      }
      const auto neuron = static_cast<std::size_t>(j);
      f[static_cast<std::size_t>(model.network.output[neuron])] += model.network.weights[neuron] * ((0.09 * t + 0.5) * t + 0.47);
    }
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(std::stod(predicted[i][k]), f[k], 1e-12);
  }
}

TEST_F(SavedModel, WritesPredictionsToAFileThatIsUntouchedOnFailure) {
  ASSERT_EQ(run("predict " + model_ + " " + headed_ + " -o " + file("p.csv")).code, 0);
  EXPECT_EQ(read(file("p.csv")), run("predict " + model_ + " " + headed_).out);
  const std::string before = read(file("p.csv"));
  EXPECT_EQ(run("predict " + model_ + " " + write("bad.csv", "1,2,3,4,x\n") + " -o " + file("p.csv")).code, 3);
  EXPECT_EQ(read(file("p.csv")), before);
  EXPECT_EQ(run("predict " + model_ + " " + headed_ + " -o " + headed_).code, 2);
  EXPECT_EQ(run("predict " + model_ + " " + headed_ + " -o /dev/full").code, 5);
  EXPECT_EQ(run("predict " + model_ + " " + headed_ + " -o " + file("no/p.csv")).code, 5);
}

TEST_F(SavedModel, FindsColumnsInAnotherOrderAndRefusesAnotherNumber) {
  std::string swapped;
  for (const auto& row : rows(read(headed_))) swapped += row[1] + "," + row[0] + "," + row[2] + "," + row[3] + "," + row[4] + "\n";
  const Outcome order = run("predict " + model_ + " " + write("swapped.csv", swapped));
  EXPECT_EQ(order.code, 0);
  EXPECT_EQ(order.out, run("predict " + model_ + " " + headed_).out);
  EXPECT_EQ(run("predict " + model_ + " " + write("narrow.csv", "1,2,3\n")).code, 3);
  EXPECT_EQ(run("certify " + model_ + " " + features_).code, 3);
}

TEST_F(SavedModel, IsDescribedByInfo) {
  const auto info = json::parse(run("info " + model_ + " --json").out);
  const Model model = Model::load(model_);
  EXPECT_EQ(info["neurons"], model.network.neurons());
  EXPECT_EQ(info["features"], 5);
  EXPECT_EQ(info["outputs"], 3);
  EXPECT_EQ(info["beta"], 1);
  EXPECT_EQ(info["activation"], "relu");
  EXPECT_EQ(info["standardized"], true);
  EXPECT_EQ(info["claimed"]["relative_gap"], json(file("report.json"))["relative_gap"]);
  int sum = 0;
  for (const int count : info["neurons_per_output"]) sum += count;
  EXPECT_EQ(sum, model.network.neurons());
  const Outcome text = run("info " + model_);
  EXPECT_EQ(text.code, 0);
  for (const char* part : {"5 features", "3 outputs", "activation relu", "features standardised", "optimal", "headed.csv (120 samples)"}) {
    EXPECT_THAT(text.out, HasSubstr(part));
  }
}

TEST_F(SavedModel, TrainedOnLibsvmPredictsFilesThatLackTheLastFeatures) {
  const std::string train = write("train.svm", "1 1:1 3:2\n-1 2:1\n1 1:0.5 2:1 3:1\n-1 1:-1\n");
  ASSERT_EQ(run("fit " + train + " --beta 0.01 --quiet --model " + file("s.json")).code, 0);
  const auto all = rows(run("predict " + file("s.json") + " " + train).out);
  const auto last = rows(run("predict " + file("s.json") + " " + write("last.svm", "0 1:-1\n")).out);
  ASSERT_EQ(all.size(), 5U);
  ASSERT_EQ(last.size(), 2U);
  EXPECT_NEAR(std::stod(last[1][0]), std::stod(all[4][0]), 1e-12);
  EXPECT_EQ(run("certify " + file("s.json") + " " + train).code, 0);
}

/// Images of 4 x 4 pixels as IDX, class 7 bright on the left, class 9 on the right.
TEST_F(SavedModel, OfImagesKeepsWindowsAndClasses) {
  std::string images("\0\0\x08\x03\0\0\0\x0c\0\0\0\x04\0\0\0\x04", 16), labels("\0\0\x08\x01\0\0\0\x0c", 8);
  for (int i = 0; i < 12; ++i) {
    labels += i % 3 == 0 ? '\x07' : '\x09';
    for (int pixel = 0; pixel < 16; ++pixel) images += static_cast<char>(((pixel % 4 < 2) == (i % 3 == 0) ? 80 : 10) + (i * 5 + pixel * 3) % 11);
  }
  const std::string x = write("images.idx", images), y = write("labels.idx", labels);
  ASSERT_EQ(run("fit " + x + " --labels " + y + " --downsample 2x2 --one-vs-rest --standardize --beta 0.1 --quiet --model " + file("i.json") +
                " --report " + file("r.json") + " --test " + x + " --test-labels " + y)
                .code,
            0);
  const auto report = json(file("r.json"));
  EXPECT_EQ(report["features"], 4);
  EXPECT_EQ(report["outputs"], 2);
  EXPECT_EQ(report["test"]["accuracy"], 1);
  EXPECT_EQ(run("certify " + file("i.json") + " " + x + " --labels " + y).code, 0);
  EXPECT_EQ(run("certify " + file("i.json") + " " + x).code, 3) << "without labels there is nothing to certify";
  const auto table = rows(run("predict " + file("i.json") + " " + x).out);
  ASSERT_EQ(table.size(), 13U);
  for (std::size_t i = 1; i < table.size(); ++i) EXPECT_EQ(table[i].at(2), (i - 1) % 3 == 0 ? "7" : "9");
}

}  // namespace
}  // namespace neuspec::test
