#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

/// What a model knows of the columns it was trained on.
class KnownColumns : public Program {
 protected:
  /// Samples of two features that differ and a target that is no function of either alone, in this order of columns.
  static std::string sheet(const std::string& order, bool header, bool with_target = true) {
    std::string text;
    for (int i = header ? -1 : 0; i < 20; ++i) {
      std::string line;
      for (const char column : order) {
        if (column == 'y' && !with_target) continue;
        const double a = 0.3 * i - 2, b = (i * 7 % 11) * 0.2;
        const double value = column == 'a' ? a : column == 'b' ? b + 5 : a * b - b;
        const char* const name = column == 'y' ? "y0" : column == 'a' ? "x1" : "x0";
        line.append(line.empty() ? "" : ",").append(i < 0 ? name : std::to_string(value));
      }
      text += line + '\n';
    }
    return text;
  }
  std::string fit(const std::string& data, const std::string& options = "") const {
    const std::string model = file("model.json");
    const Outcome outcome = run("fit " + data + " --beta 0.1 --threads 1 --quiet --standardize --model " + model + " " + options);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return model;
  }
};

TEST_F(KnownColumns, AreWhereTheyWereWithoutAHeader) {
  const std::string last = write("last.csv", sheet("aby", false)), features = write("features.csv", sheet("ab", false));
  const std::string expected = run("predict " + fit(last) + " " + last).out;
  for (const std::string order : {"yab", "ayb"}) {
    const std::string data = write(order + ".csv", sheet(order, false));
    const std::string model = fit(data, "--target " + std::to_string(order.find('y')));
    EXPECT_EQ(run("predict " + model + " " + data).out, expected) << order;
    EXPECT_EQ(run("predict " + model + " " + features).out, expected) << order;
    EXPECT_EQ(run("certify " + model + " " + data).code, 0) << order;
    EXPECT_EQ(run("explain " + model + " " + data + " -o " + file("with.csv")).code, 0);
    EXPECT_EQ(run("explain " + model + " " + features + " -o " + file("without.csv")).code, 0);
    EXPECT_EQ(read(file("with.csv")), read(file("without.csv")));
    EXPECT_EQ(
        run("fit " + data + " --target " + std::to_string(order.find('y')) + " --beta 0.1 --quiet --test " + data + " --report " + file("r.json"))
            .code,
        0);
    EXPECT_GT(json(file("r.json"))["test"]["r2"], 0.9);
    const Outcome more = run("predict " + model + " " + write("more.csv", sheet(order + "y", false)));
    EXPECT_EQ(more.code, 3);
    EXPECT_THAT(more.err, HasSubstr("more.csv: 4 columns"));
  }
}

TEST_F(KnownColumns, AreFoundByNameInAnyOrder) {
  const std::string data = write("data.csv", sheet("yab", true));
  const std::string model = fit(data, "--target y0");
  const std::string expected = run("predict " + model + " " + data).out;
  for (const std::string order : {"aby", "bay", "bya", "ba"}) {
    const std::string other = write("other.csv", sheet(order, true));
    EXPECT_EQ(run("predict " + model + " " + other).out, expected) << order;
    EXPECT_EQ(run("certify " + model + " " + other).code, order == "ba" ? 3 : 0) << order;
  }
  EXPECT_EQ(run("certify " + model + " " + write("nameless.csv", sheet("yab", false))).code, 0);
  const Outcome missing = run("predict " + model + " " + write("missing.csv", "x1,z\n1,2\n"));
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("missing.csv:1: the feature 'x0' of the training data is missing"));
  const Outcome more = run("predict " + model + " " + write("more.csv", "x0,z,x1\n1,7,2\n"));
  EXPECT_EQ(more.code, 0);
  EXPECT_THAT(more.err, HasSubstr("more.csv: 1 column that the training data did not have, left out: 'z'"));
}

TEST_F(KnownColumns, InAValidationFileAreThoseOfTheModelToo) {
  const std::string train = write("train.csv", sheet("yab", true)), valid = write("valid.csv", sheet("bya", true));
  const Outcome path =
      run("path " + train + " --target 0 --standardize --betas 0.1 --threads 1 --quiet --validation " + valid + " --report " + file("r.json"));
  ASSERT_EQ(path.code, 0) << path.err;
  const auto point = json(file("r.json")).at("points").at(0);
  EXPECT_NEAR(point["validation"]["loss"], point["train"]["loss"], 1e-12) << "the same samples in another order of columns";
}

TEST_F(KnownColumns, InLatin1AreTheSameInEveryCommand) {
  std::string text = sheet("aby", true);
  text.replace(text.find("x1"), 2,
               "gr\xf6\xdf"
               "e");
  text.replace(text.find("y0"), 2, "\xe4t\xe4");
  const std::string data = write("latin.csv", text), model = fit(data, "--target \xe4t\xe4");
  const Outcome predict = run("predict " + model + " " + data);
  EXPECT_EQ(predict.code, 0) << predict.err;
  EXPECT_THAT(predict.out, testing::StartsWith("ätä\n"));
  EXPECT_THAT(predict.err, HasSubstr("not UTF-8"));
  EXPECT_EQ(run("certify " + model + " " + data).code, 0);
  EXPECT_EQ(run("explain " + model + " " + data).code, 0);
  EXPECT_EQ(json(model)["preprocessing"]["feature_names"].at(0), "größe");
  text.replace(text.find("gr\xf6\xdf"), 4, "größ");
  text.replace(text.find("\xe4t\xe4"), 3, "ätä");
  const Outcome utf8 = run("predict " + model + " " + write("utf8.csv", text));
  EXPECT_EQ(utf8.out, predict.out);
  EXPECT_EQ(utf8.err, "");
}

TEST_F(KnownColumns, ComeThroughPipesInEveryCommand) {
  const std::string sheet_text = sheet("aby", false), data = write("data.csv", sheet_text), model = fit(data), fifo = file("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  // A pipe can be opened and read but once.
  const auto run_on_pipe = [&](const std::string& arguments) {
    std::thread writer([&] { std::ofstream(fifo) << sheet_text; });
    const Outcome outcome = run(arguments);
    writer.join();
    return outcome;
  };
  for (const std::string command : {"predict ", "certify ", "explain "}) {
    const std::string expected = run(command + model + " " + data).out;
    for (const std::string& input : {fifo, "/dev/stdin < " + fifo}) {
      const Outcome piped = run_on_pipe(command + model + " " + input);
      EXPECT_EQ(piped.code, 0) << command << piped.err;
      EXPECT_EQ(piped.out, expected);
    }
  }
  EXPECT_EQ(run_on_pipe("fit " + fifo + " --beta 1 --quiet").code, 0);
  EXPECT_EQ(run_on_pipe("fit " + data + " --beta 1 --quiet --test " + fifo).code, 0);
}

TEST_F(KnownColumns, OfPandasAreNotTakenForSamples) {
  std::string text = sheet("aby", true);
  text.replace(0, text.find('\n'), "0,1,2");
  const std::string data = write("pandas.csv", text);
  const Outcome doubtful = run("fit " + data + " --beta 0.1 --quiet");
  EXPECT_EQ(doubtful.code, 3);
  EXPECT_THAT(doubtful.err, HasSubstr("pandas.csv:1: a header or a sample?"));
  EXPECT_THAT(doubtful.err, HasSubstr("--header yes or no"));
  const std::string model = fit(data, "--header yes");
  EXPECT_EQ(rows(run("predict " + model + " " + data).out).size(), 21U) << "the model knows the names";
  EXPECT_EQ(run("certify " + model + " " + data).code, 0);
  EXPECT_EQ(run("fit " + data + " --header perhaps --beta 1").code, 2);
}

TEST_F(KnownColumns, ThatNumberTheRowsAreLeftOutAndTold) {
  std::ostringstream text;
  int line = -1;
  for (const auto& row : rows(sheet("aby", true))) {
    text << (line < 0 ? "" : std::to_string(line)) << ',' << row[0] << ',' << row[1] << ',' << row[2] << '\n';
    ++line;
  }
  const Outcome outcome = run("fit " + write("index.csv", text.str()) + " --beta 0.1 --quiet --report " + file("r.json"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json(file("r.json"))["features"], 2);
  EXPECT_THAT(outcome.err, HasSubstr("index.csv: the first column has no name of its own"));
}

}  // namespace
}  // namespace neuspec::test
