// No certificate claims more than is true: tiny random problems with numbers of every size a double can have, judged in 60 digits.
// bench/proof_search.cpp runs as many as one likes.
#include <gtest/gtest.h>

#include "support/sanitizers.hpp"
#include "support/verdict.hpp"

namespace neuspec::test {
namespace {

// Sanitizers make numbers of 60 digits some fifteen times slower.
constexpr unsigned problems_a_shard = address_sanitizer ? 10 : 100, shards = 20;

class Claims : public testing::TestWithParam<unsigned> {};

TEST_P(Claims, AreTrue) {
  for (unsigned seed = GetParam() * problems_a_shard; seed < (GetParam() + 1) * problems_a_shard; ++seed) {
    const Claim claim = ExtremeProblem(seed).make();
    const Verdict verdict = Trial(claim).run();
    EXPECT_FALSE(verdict.wrong() || verdict.unconfirmed()) << "seed " << seed << '\n' << verdict << claim;
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, Claims, testing::Range(0U, shards));

}  // namespace
}  // namespace neuspec::test
