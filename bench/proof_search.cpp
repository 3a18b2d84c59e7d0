// Searches for certificates that claim more than is true: tiny random problems with numbers of every size a double can have, judged in 60 digits.
// Prints what was wrong, with all that reproduces it, and a table of counts. The exit code is 1 if any claim was false.
//
//     bench_proof_search [PROBLEMS] [FIRST_SEED]
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "support/verdict.hpp"

namespace {

using namespace neuspec::test;

constexpr unsigned patience = 120;  // seconds for one problem: then it hangs
volatile std::sig_atomic_t current = 0;

void hanging(int) {
  std::cerr << "seed " << current << " hangs" << std::endl;
  std::_Exit(1);
}

struct Counts {
  std::map<std::string, long> of;
  long& operator[](const std::string& what) { return of[what]; }
};

/// Messages name samples and neurons by number.
std::string kind_of(std::string message) {
  for (char& character : message)
    if (character >= '0' && character <= '9') character = 'N';
  return message;
}

void count(const Claim& claim, const Verdict& verdict, Counts& counts) {
  ++counts["problems"];
  if (!claim.fit_refused.empty()) ++counts["fit refused: " + kind_of(claim.fit_refused)];
  if (verdict.refused) {
    ++counts["refused: " + kind_of(*verdict.refused)];
    return;
  }
  ++counts[!verdict.broken.empty() ? "broken" : verdict.optimal ? "proven optimal" : "stopped"];
  counts["primal below the truth"] += verdict.false_primal ? 1 : 0;
  counts["dual above the optimum"] += verdict.false_dual ? 1 : 0;
  counts["false optimal"] += verdict.false_optimal ? 1 : 0;
  counts["gap below that of its own bounds"] += verdict.false_gap ? 1 : 0;
  counts["dual not confirmed"] += verdict.unconfirmed_dual ? 1 : 0;
  counts["optimal not confirmed"] += verdict.unconfirmed_optimal ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const long problems = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 100000;
  const auto first = static_cast<unsigned>(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0);
  std::signal(SIGALRM, hanging);
  Counts counts;
  bool wrong = false;
  for (long i = 0; i < problems; ++i) {
    const auto seed = static_cast<unsigned>(first + i);
    current = static_cast<int>(seed);
    alarm(patience);
    const Claim claim = ExtremeProblem(seed).make();
    const Verdict verdict = Trial(claim).run();
    count(claim, verdict, counts);
    wrong = wrong || verdict.wrong();
    if (verdict.wrong() || verdict.unconfirmed()) std::cout << "seed " << seed << '\n' << verdict << claim << std::endl;
  }
  for (const auto& [what, number] : counts.of) std::cout << number << "  " << what << '\n';
  return wrong ? 1 : 0;
}
