#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/access/password.h"
#include "server/access/rate_limiter.h"
#include "server/access/seen_proofs.h"
#include "sync/base/random.h"
#include "tests/support/status_matchers.h"

// The small parts of which access is made.

namespace vigil::access {
namespace {

using ::vigil::testing::ReasonIs;

constexpr absl::Time kNow = absl::UnixEpoch();

TEST(PasswordTest, MatchesItsOwnHashAlone) {
  SystemRandom random;
  constexpr PasswordCost kCost = {.memory_kib = 8, .passes = 1};
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string hash, HashPassword("排水沟畅通无阻", kCost, random));
  EXPECT_EQ(hash.rfind("$argon2id$v=19$m=8,t=1,p=1$", 0), 0U) << hash;
  EXPECT_TRUE(PasswordMatches("排水沟畅通无阻", hash));
  EXPECT_FALSE(PasswordMatches("排水沟畅通无", hash));
  EXPECT_FALSE(PasswordMatches("", hash));
  EXPECT_FALSE(PasswordMatches("排水沟畅通无阻", "no hash"));
  EXPECT_FALSE(PasswordMatches("排水沟畅通无阻", ""));
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string again,
                             HashPassword("排水沟畅通无阻", kCost, random));
  EXPECT_NE(hash, again) << "salted";
}

TEST(PasswordTest, NewOnesHaveSubstance) {
  VIGIL_EXPECT_OK(CheckNewPassword("weep holes clear", "safety-02"));
  VIGIL_EXPECT_OK(CheckNewPassword("边坡裂缝排水沟挡土墙泄水孔", "safety-02"));
  for (const std::string& weak :
       {std::string(), std::string("eleven char"), std::string("aaaaaaaaaaaaaaaa"),
        std::string("abcabcabcabcabc"), std::string("with\nnewline inside"),
        std::string("with \xff inside it"), std::string("nul\0 inside it all", 18),
        std::string("the SAFETY-02 password"), std::string(257, 'a') + "bcdefgh"}) {
    EXPECT_THAT(CheckNewPassword(weak, "safety-02"), ReasonIs("REASON_PASSWORD_TOO_WEAK")) << weak;
  }
}

TEST(PasswordTest, NewOnesHoldNothingThatCannotBeSeen) {
  // U+0080, U+009B and U+009F (C1), a soft hyphen, an Arabic letter mark, a zero width blank and
  // joiner, a line and a paragraph separator, an override of the direction, a word joiner, an
  // isolate, a filler, a variation selector, a byte order mark, a replacement character, a tag,
  // a noncharacter of the last plane.
  for (const std::string unseen :
       {"\u0080", "\u009B", "\u009F", "\u00AD", "\u061C", "\u200B", "\u200D", "\u2028", "\u2029",
        "\u202E", "\u2060", "\u2066", "\u3164", "\uFE0F", "\uFEFF", "\uFFFD", "\U000E0041",
        "\U0010FFFF"}) {
    EXPECT_THAT(CheckNewPassword("weep " + unseen + "holes clear", "safety-02"),
                ReasonIs("REASON_PASSWORD_TOO_WEAK"))
        << ::testing::PrintToString(unseen);
  }
  // What stands beside them can be seen, or is a blank.
  for (const std::string seen : {"\u00A0", "\u00A1", "\u00AE", "\u2010", "\u2027", "\u202F",
                                 "\u3000", "\uFE10", "\uFFE5", "\U0001F511"}) {
    VIGIL_EXPECT_OK(CheckNewPassword("weep " + seen + "holes clear", "safety-02")) << seen;
  }
}

TEST(RateLimiterTest, GivesWhatIsLeftAndFillsUp) {
  RateLimiter limiter({.per_second = 2, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("a", kNow), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take("a", kNow), absl::Milliseconds(500));
  EXPECT_EQ(limiter.Take("b", kNow), absl::ZeroDuration()) << "another key";
  EXPECT_EQ(limiter.Take("a", kNow + absl::Milliseconds(499)), absl::Milliseconds(1));
  EXPECT_EQ(limiter.Take("a", kNow + absl::Milliseconds(500)), absl::ZeroDuration());
  // A clock that goes back gives nothing away.
  EXPECT_GT(limiter.Take("a", kNow - absl::Hours(1)), absl::ZeroDuration());
  EXPECT_GT(limiter.Take("a", kNow + absl::Milliseconds(600)), absl::ZeroDuration());
  // A long pause fills it no further than its burst.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limiter.Take("a", kNow + absl::Hours(1)), absl::ZeroDuration());
  }
  EXPECT_GT(limiter.Take("a", kNow + absl::Hours(1)), absl::ZeroDuration());
}

TEST(RateLimiterTest, RemembersNoMoreThanItMay) {
  RateLimiter limiter({.per_second = 1, .burst = 1, .keys_max = 10});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limiter.Take(std::to_string(i), kNow), absl::ZeroDuration());
  }
  EXPECT_EQ(limiter.Take("new", kNow), absl::Seconds(1)) << "all are in use";
  EXPECT_GT(limiter.Take("0", kNow), absl::ZeroDuration()) << "nobody was forgiven";
  EXPECT_EQ(limiter.Take("new", kNow + absl::Seconds(1)), absl::ZeroDuration());
  EXPECT_EQ(limiter.keys(), 1U);
}

TEST(SeenProofsTest, AProofIsTakenOnceWhileItCouldComeAgain) {
  SeenProofs seen({.window = absl::Minutes(1)});
  const Sha256 proof = Sha256Of("proof");
  EXPECT_EQ(seen.Take(proof, kNow), SeenProofs::Verdict::kFresh);
  for (int s = 0; s <= 120; s += 7) {
    EXPECT_EQ(seen.Take(proof, kNow + absl::Seconds(s)), SeenProofs::Verdict::kUsed) << s;
  }
  // Taken at the very end of a span, it is remembered for the next one too.
  const Sha256 late = Sha256Of("late");
  EXPECT_EQ(seen.Take(late, kNow + absl::Seconds(239)), SeenProofs::Verdict::kFresh);
  EXPECT_EQ(seen.Take(late, kNow + absl::Seconds(359)), SeenProofs::Verdict::kUsed);
}

TEST(SeenProofsTest, MemoryIsBounded) {
  SeenProofs seen({.window = absl::Minutes(1), .proofs_max = 2});
  EXPECT_EQ(seen.Take(Sha256Of("1"), kNow), SeenProofs::Verdict::kFresh);
  EXPECT_EQ(seen.Take(Sha256Of("2"), kNow), SeenProofs::Verdict::kFresh);
  EXPECT_EQ(seen.Take(Sha256Of("3"), kNow), SeenProofs::Verdict::kFull);
  EXPECT_EQ(seen.Take(Sha256Of("1"), kNow), SeenProofs::Verdict::kUsed);
  EXPECT_EQ(seen.Take(Sha256Of("3"), kNow + absl::Minutes(10)), SeenProofs::Verdict::kFresh);
}

}  // namespace
}  // namespace vigil::access
