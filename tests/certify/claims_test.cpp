// No certificate claims more than is true: tiny random problems with numbers of every size a double can have, judged in 60 digits.
// bench/proof_search.cpp runs as many as one likes.
#include <gtest/gtest.h>

#include "support/verdict.hpp"

// Sanitizers make numbers of 60 digits some fifteen times slower.
#if defined(__SANITIZE_ADDRESS__)
#define NEUSPEC_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NEUSPEC_SANITIZED
#endif
#endif

namespace neuspec::test {
namespace {

#ifdef NEUSPEC_SANITIZED
constexpr unsigned problems_a_shard = 10, shards = 20;
#else
constexpr unsigned problems_a_shard = 100, shards = 20;
#endif

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
