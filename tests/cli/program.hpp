// The program as its users meet it: a command line, an exit code, two streams and files.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/located.hpp"

namespace neuspec::test {

struct Outcome {
  int code = -1;
  std::string out, err;
};

inline std::string executable() { return located("NEUSPEC_TEST_PROGRAM", NEUSPEC_PROGRAM); }

class Program : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / ("neuspec_" + std::to_string(::getpid()) + "_" + info.test_suite_name() + info.name());
    std::filesystem::create_directories(folder_);
    // Threads that wait by spinning slow each other down when tests run side by side.
    ::setenv("OMP_WAIT_POLICY", "passive", 1);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A path inside this test's own folder.
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  static std::string golden(const std::string& name) { return data_folder() + "/golden/" + name; }
  static std::string real(const std::string& name) { return data_folder() + "/real/" + name; }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name)) << content;
    return file(name);
  }
  static std::string read(const std::string& path) {
    std::ifstream stream(path);
    std::ostringstream content;
    content << stream.rdbuf();
    return content.str();
  }
  static nlohmann::json json(const std::string& path) { return nlohmann::json::parse(read(path)); }

  /// Rows of a CSV file or text, split at commas.
  static std::vector<std::vector<std::string>> rows(const std::string& text) {
    std::vector<std::vector<std::string>> table;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      table.emplace_back();
      std::istringstream fields(line);
      for (std::string field; std::getline(fields, field, ',');) table.back().push_back(field);
    }
    return table;
  }
  static std::vector<double> numbers(const std::string& text, std::size_t column) {
    std::vector<double> values;
    const auto table = rows(text);
    for (std::size_t i = 1; i < table.size(); ++i) values.push_back(std::stod(table[i].at(column)));
    return values;
  }

  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) names.insert(entry.path().filename().string());
    return names;
  }

  /// Runs the program with these arguments, as a shell would split them; `before`: what the shell shall do first, or variables.
  Outcome run(const std::string& arguments, const std::string& before = "") const {
    const std::string out = folder_.string() + ".out", err = folder_.string() + ".err";
    const int status = std::system((before + " " + executable() + " " + arguments + " >" + out + " 2>" + err).c_str());
    const Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(out), read(err)};
    std::filesystem::remove(out);
    std::filesystem::remove(err);
    return outcome;
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace neuspec::test
