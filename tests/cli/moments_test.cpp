// accumulate, merge and what takes files of moments, as users meet them.
#include <algorithm>
#include <cmath>
#include <random>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

class MomentsProgram : public Program {
 protected:
  /// Seven files of the diabetes data's rows, shuffled, and one of all of them.
  void SetUp() override {
    Program::SetUp();
    ASSERT_EQ(std::system(("gzip -dc " + real("diabetes.csv.gz") + " > " + file("data.csv")).c_str()), 0);
    std::istringstream lines(read(file("data.csv")));
    std::string header, line;
    std::getline(lines, header);
    std::vector<std::string> rows;
    while (std::getline(lines, line)) rows.push_back(line);
    std::shuffle(rows.begin(), rows.end(), std::mt19937(5));
    std::vector<std::string> parts(7, header + '\n');
    std::string rest = header + '\n';
    for (std::size_t i = 0; i < rows.size(); ++i) {
      parts[i % 7] += rows[i] + '\n';
      if (i % 7 != 6) rest += rows[i] + '\n';
    }
    for (std::size_t k = 0; k < 7; ++k) write("part" + std::to_string(k) + ".csv", parts[k]);
    write("rest.csv", rest);
  }
  void accumulate_parts() const {
    for (const char k : std::string("0123456"))
      ASSERT_EQ(run("accumulate " + file(std::string("part") + k + ".csv") + " --target target -o " + file(std::string("part") + k + ".nsm")).code,
                0);
  }
  std::string parts(const std::string& order) const {
    std::string list;
    for (const char k : order) list += ' ' + file(std::string("part") + k + ".nsm");
    return list;
  }
  nlohmann::json fitted(const std::string& data, const std::string& options) const {
    const Outcome outcome = run("fit " + data + " --json --quiet " + options);
    EXPECT_EQ(outcome.code, 0) << outcome.err << outcome.out;
    return nlohmann::json::parse(outcome.out);
  }
};

TEST_F(MomentsProgram, TrainsAndProvesOnPartsThatNeverComeTogether) {
  accumulate_parts();
  ASSERT_EQ(run("merge" + parts("3160254") + " -o " + file("all.nsm")).code, 0);
  ASSERT_EQ(run("merge " + file("all.nsm") + " --subtract" + parts("6") + " -o " + file("left.nsm")).code, 0);
  const std::string options = "--standardize --bias --beta 10 --tol 1e-9 --model ";
  const auto from = fitted(file("all.nsm"), options + file("from.json")), direct = fitted(file("data.csv"), options + file("direct.json"));
  EXPECT_NEAR(from["primal"].get<double>(), direct["primal"].get<double>(), 1e-9 * direct["primal"].get<double>());
  EXPECT_EQ(from["samples"], 442);
  EXPECT_GT(from["rounding"].get<double>(), 0);
  EXPECT_EQ(direct["rounding"], 0);
  EXPECT_NE(from["choice"].get<std::string>().find("from stored moments"), std::string::npos);
  const auto left = fitted(file("left.nsm"), options + file("left.json")), rest = fitted(file("rest.csv"), options + file("rest.json"));
  EXPECT_NEAR(left["primal"].get<double>(), rest["primal"].get<double>(), 1e-9 * rest["primal"].get<double>());

  // Each is proven on the other's data, and predicts on files of samples.
  EXPECT_EQ(run("certify " + file("from.json") + " " + file("data.csv") + " --tol 1e-8").code, 0);
  const Outcome proof = run("certify " + file("direct.json") + " " + file("all.nsm") + " --tol 1e-8 --json");
  EXPECT_EQ(proof.code, 0) << proof.err;
  EXPECT_EQ(nlohmann::json::parse(proof.out)["from"], "moments");
  EXPECT_EQ(run("certify " + file("direct.json") + " " + file("left.nsm")).code, 4);  // not the data it was trained on
  EXPECT_NE(run("certify " + file("direct.json") + " " + file("all.nsm")).out.find("moments of the samples"), std::string::npos);
  EXPECT_EQ(run("predict " + file("from.json") + " " + file("data.csv") + " -o " + file("predictions.csv")).code, 0);
  EXPECT_EQ(rows(read(file("predictions.csv"))).size(), 443U);
}

TEST_F(MomentsProgram, FollowsAPathAndTriesItOnSamples) {
  accumulate_parts();
  ASSERT_EQ(run("merge" + parts("012345") + " -o " + file("train.nsm")).code, 0);
  const std::string options = " --standardize --points 5 --validation " + file("part6.csv") + " -o ";
  const Outcome from = run("path " + file("train.nsm") + options + file("from.csv") + " --model " + file("net.json"));
  const Outcome direct = run("path " + file("rest.csv") + options + file("direct.csv"));
  ASSERT_EQ(from.code, 0) << from.err;
  ASSERT_EQ(direct.code, 0) << direct.err;
  for (const std::size_t column :
       {std::size_t{0}, std::size_t{2}, std::size_t{3}, std::size_t{6}, std::size_t{8}}) {  // beta, primal, dual and the losses on both
    const auto mine = numbers(read(file("from.csv")), column), theirs = numbers(read(file("direct.csv")), column);
    ASSERT_EQ(mine.size(), 5U);
    for (std::size_t i = 0; i < mine.size(); ++i) EXPECT_NEAR(mine[i], theirs[i], 2e-3 * std::abs(theirs[i])) << column;
  }
  EXPECT_EQ(run("certify " + file("net.json") + " " + file("train.nsm")).code, 0);
}

TEST_F(MomentsProgram, ChoosesFeaturesAfterwards) {
  accumulate_parts();
  ASSERT_EQ(run("merge" + parts("0123456") + " -o " + file("all.nsm")).code, 0);
  fitted(file("all.nsm"), "--standardize --features bmi,age --beta 5 --model " + file("two.json"));
  EXPECT_EQ(run("certify " + file("two.json") + " " + file("all.nsm")).code, 0);
  EXPECT_EQ(run("certify " + file("two.json") + " " + file("data.csv")).code, 0);
  EXPECT_EQ(run("fit " + file("all.nsm") + " --features bmi,hight --beta 5").code, 3);
  EXPECT_EQ(run("fit " + file("data.csv") + " --features bmi --beta 5").code, 2);
}

TEST_F(MomentsProgram, KeepsClassesAndTheirNames) {
  write("a.csv", "x,y,kind\n1,2,cat\n2,1,dog\n3,5,cat\n4,4,cow\n0,1,dog\n");
  write("b.csv", "x,y,kind\n2,2,cow\n2,5,dog\n3,1,cat\n");
  write("c.csv", "x,y,kind\n2,2,cow\n2,5,dog\n");
  for (const std::string name : {"a", "b", "c"})
    ASSERT_EQ(run("accumulate " + file(name + ".csv") + " --target kind --one-vs-rest -o " + file(name + ".nsm")).code, 0);
  ASSERT_EQ(run("merge " + file("a.nsm") + " " + file("b.nsm") + " -o " + file("all.nsm")).code, 0);
  const auto report = fitted(file("all.nsm"), "--beta 0.1 --test " + file("b.csv") + " --model " + file("net.json"));
  EXPECT_EQ(report["outputs"], 3);
  EXPECT_EQ(report["test"]["samples"], 3);
  const Outcome predicted = run("predict " + file("net.json") + " " + file("c.csv"));
  EXPECT_NE(predicted.out.find("dog"), std::string::npos) << predicted.out << predicted.err;
  const Outcome refused = run("merge " + file("a.nsm") + " " + file("c.nsm") + " -o " + file("no.nsm"));
  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.err.find("classes"), std::string::npos) << refused.err;
  EXPECT_EQ(files().count("no.nsm"), 0U);
}

TEST_F(MomentsProgram, SaysWhatAFileHolds) {
  ASSERT_EQ(run("accumulate " + file("part0.csv") + " --target target -o " + file("m.nsm")).code, 0);
  const Outcome text = run("info " + file("m.nsm")), numbers = run("info " + file("m.nsm") + " --json");
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("64 samples, 10 features, 1 output"), std::string::npos) << text.out;
  const auto json = nlohmann::json::parse(numbers.out);
  EXPECT_EQ(json.at("samples"), 64);
  EXPECT_EQ(json.at("target_names"), std::vector<std::string>{"target"});
}

TEST_F(MomentsProgram, RefusesWhatMomentsCannotDo) {
  accumulate_parts();
  const std::string all = file("part0.nsm");
  for (const std::string options :
       {"--loss logistic --beta 1", "--architecture conv1d:length=10,filter=3 --beta 1", "--operator gram --beta 1", "--target bmi --beta 1",
        "--one-vs-rest --beta 1", "--class-weights 1,2 --beta 1", "--downsample 2x2 --beta 1", "--layers 2 --beta 1 --validation part1.csv"})
    EXPECT_EQ(run("fit " + all + " " + options).code, 2) << options;
  EXPECT_EQ(run("path " + all + " --folds 3").code, 2);
  EXPECT_EQ(run("accumulate " + file("data.csv") + " --standardize -o " + file("x.nsm")).code, 2);
  EXPECT_EQ(run("accumulate " + all + " -o " + file("x.nsm")).code, 2);
  EXPECT_EQ(run("accumulate " + file("data.csv")).code, 2);
  EXPECT_EQ(run("merge " + all + " " + file("data.csv") + " -o " + file("x.nsm")).code, 3);
  EXPECT_EQ(run("merge " + all + " --subtract " + all + " -o " + file("x.nsm")).code, 3);
  EXPECT_EQ(run("accumulate " + file("data.csv") + " -o " + file("nowhere/x.nsm")).code, 5);
  write("other.csv", "age,sex,bmi,bp,s1,s2,s3,s4,s5,weight,target\n1,2,3,4,5,6,7,8,9,10,11\n2,1,3,4,5,6,7,8,9,1,1\n");
  ASSERT_EQ(run("accumulate " + file("other.csv") + " -o " + file("other.nsm")).code, 0);
  const Outcome other = run("merge " + all + " " + file("other.nsm") + " -o " + file("x.nsm"));
  EXPECT_EQ(other.code, 3);
  EXPECT_NE(other.err.find("'weight'"), std::string::npos) << other.err;
  EXPECT_EQ(files().count("x.nsm"), 0U);
  std::string bytes = read(all);
  bytes[bytes.size() / 2] ^= 4;
  std::ofstream(all, std::ios::binary) << bytes;
  const Outcome damaged = run("fit " + all + " --beta 1");
  EXPECT_EQ(damaged.code, 3);
  EXPECT_NE(damaged.err.find("damaged"), std::string::npos) << damaged.err;
}

// One of the files may be the sum's place: new samples are added every night.
TEST_F(MomentsProgram, AddsToAFileInPlace) {
  accumulate_parts();
  ASSERT_EQ(run("merge" + parts("01") + " -o " + file("part0.nsm")).code, 0);
  const Outcome outcome = run("merge" + parts("02") + " -o " + file("part0.nsm"));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("moments of 190 samples"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace neuspec::test
