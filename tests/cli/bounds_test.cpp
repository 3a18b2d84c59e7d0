// What the program prints in few digits is as proven as what it writes in all of them: lower bounds are rounded down, upper bounds up.
#include <gmock/gmock.h>

#include <regex>
#include <string>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class Bounds : public Program {
 protected:
  /// The first number behind `name` in a text.
  static double number_behind(const std::string& name, const std::string& text) {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(name + " +([-+.e0-9]+)"))) ADD_FAILURE() << name << " is not in " << text;
    return match.empty() ? 0 : std::stod(match[1]);
  }
  static void expect_outward(double text, double exact, double precision) {
    EXPECT_GE(text, exact);
    EXPECT_LE(text, exact + precision * std::abs(exact));
  }
  static void expect_outward(const std::string& text, const Json& exact, double precision) {
    expect_outward(number_behind("primal", text), exact["primal"], precision);
    expect_outward(-number_behind("dual", text), -exact["dual"].get<double>(), precision);
    expect_outward(number_behind("gap", text), exact["relative_gap"], 0.1);
  }
  std::string data_ = golden("dense_small.csv");
};

TEST_F(Bounds, AreRoundedOutwardWhereverTheyAreShort) {
  for (const char* beta : {"0.3", "0.7", "2"}) {
    const Outcome fit = run("fit " + data_ + " --beta " + beta + " --model " + file("m.json") + " --report " + file("r.json"));
    ASSERT_EQ(fit.code, 0) << fit.err;
    const Json report = Json::parse(read(file("r.json")));
    expect_outward(fit.out, report, 1e-11);
    expect_outward(number_behind("better by more than", fit.out), report["relative_gap"], 0.1);
    expect_outward(number_behind("no neurons from", fit.out), report["beta_max"], 1e-5);
    const std::string certify = "certify " + file("m.json") + " " + data_;
    expect_outward(run(certify).out, Json::parse(run(certify + " --json").out), 1e-11);
    const std::string info = run("info " + file("m.json")).out;
    expect_outward(info, Json::parse(read(file("m.json")))["certificate"], 1e-11);
    const Json last = report["history"].back();
    expect_outward(fit.err.substr(fit.err.rfind("iter")), last, 1e-6);
  }
}

TEST_F(Bounds, OfAPathAreRoundedOutward) {
  const Outcome path = run("path " + data_ + " --betas 5,0.5 -o " + file("p.csv"));
  ASSERT_EQ(path.code, 0) << path.err;
  const auto primal = numbers(read(file("p.csv")), 2), dual = numbers(read(file("p.csv")), 3), gap = numbers(read(file("p.csv")), 4);
  std::istringstream table(path.out.substr(path.out.find('\n')));
  for (std::size_t i = 0; i < 2; ++i) {
    std::string beta, rest;
    double upper = 0, lower = 0, relative = 0;
    table >> beta >> upper >> lower >> relative;
    std::getline(table, rest);
    expect_outward(upper, primal[i], 1e-7);
    expect_outward(-lower, -dual[i], 1e-7);
    expect_outward(relative, gap[i], 0.1);
  }
}

// What a file says of itself proves nothing.
TEST_F(Bounds, OfAFileAreItsClaims) {
  ASSERT_EQ(run("fit " + data_ + " --beta 2 --quiet --model " + file("m.json")).code, 0);
  auto model = Json::parse(read(file("m.json")));
  model["certificate"]["dual"] = 123456;
  write("edited.json", model.dump());
  const Outcome info = run("info " + file("edited.json"));
  EXPECT_THAT(info.out, HasSubstr("the file claims (neuspec certify proves)\n"));
  EXPECT_THAT(info.out.substr(info.out.find("the file claims")), HasSubstr("dual         123456"));
  EXPECT_EQ(Json::parse(run("info " + file("edited.json") + " --json").out)["claimed"]["dual"], 123456);
}

}  // namespace
}  // namespace neuspec::test
