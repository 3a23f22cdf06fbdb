#include "server/service/pending_calls.h"

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace vigil::testing {
namespace {

using service::PendingCalls;

TEST(PendingCallsTest, ACallIsAnsweredOrGivenUpAndNeverBoth) {
  PendingCalls pending(absl::Seconds(60));
  const absl::Time begin = absl::FromUnixSeconds(1'800'000'000);
  absl::Status first = absl::OkStatus();
  absl::Status second = absl::OkStatus();
  const PendingCalls::Claim claim_first =
      pending.Add(begin, [&](const absl::Status& status) { first = status; });
  const PendingCalls::Claim claim_second =
      pending.Add(begin + absl::Seconds(1), [&](const absl::Status& status) { second = status; });
  pending.EndOverdue(begin + absl::Seconds(59));
  VIGIL_EXPECT_OK(first);
  pending.EndOverdue(begin + absl::Seconds(60));
  EXPECT_THAT(first, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_FALSE(claim_first()) << "its answer comes too late";
  VIGIL_EXPECT_OK(second);
  EXPECT_TRUE(claim_second());
  pending.EndOverdue(begin + absl::Hours(1));
  VIGIL_EXPECT_OK(second);
}

}  // namespace
}  // namespace vigil::testing
