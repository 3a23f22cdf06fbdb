#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/engine/session.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using engine::SessionReport;
using ::testing::Each;
using ::testing::Le;

constexpr std::size_t kSmall = 4 * 1024;
constexpr std::size_t kLarge = 16 * 1024;
// The record that does not fit any more goes into a page as well.
constexpr std::size_t kRecordMax = 1024;

class LargePagesTest : public ::testing::Test {
 protected:
  LargePagesTest() {
    for (int i = 0; i < 200; ++i) base().Phone(v1::ROLE_INSPECTOR, base().unit);
    phone_.faults().tamper = [this](const v1::PullResponse& page) {
      sizes_.push_back(page.ByteSizeLong());
    };
  }

  TestRegister& base() { return server_.base(); }

  SessionReport Sync() {
    engine::Tuning tuning;
    tuning.page_bytes = kSmall;
    tuning.large_page_bytes = kLarge;
    sizes_.clear();
    return phone_.Sync(tuning);
  }

  void ExpectWhole(const SessionReport& report) {
    VIGIL_EXPECT_OK(report.status);
    EXPECT_TRUE(report.complete);
    EXPECT_TRUE(report.digest_equal);
    EXPECT_EQ(report.repaired, 0);
  }

  bool HasLarge() const {
    return std::any_of(sizes_.begin(), sizes_.end(),
                       [](std::size_t size) { return size > kLarge / 2; });
  }

  SimServer server_;
  TestPhone phone_{server_, server_.base().Phone(v1::ROLE_INSPECTOR, server_.base().department)};
  // Of the pages of the last session.
  std::vector<std::size_t> sizes_;
};

TEST_F(LargePagesTest, AFastLinkIsAskedForLargePagesOnceItHasBroughtAsMuch) {
  const SessionReport report = Sync();
  ExpectWhole(report);
  EXPECT_EQ(report.records, phone_.replica().Counts()->records) << "a record came twice";
  EXPECT_EQ(phone_.transport().counts().pulls, 2);
  const auto first = std::find_if(sizes_.begin(), sizes_.end(),
                                  [](std::size_t size) { return size > kSmall + kRecordMax; });
  ASSERT_NE(first, sizes_.end());
  EXPECT_EQ(first - sizes_.begin(), kLarge / kSmall);
  EXPECT_GT(*first, kLarge - kRecordMax);
  EXPECT_THAT(std::vector(first, sizes_.end()), Each(Le(kLarge + kRecordMax)));
}

TEST_F(LargePagesTest, ASlowLinkIsNotAskedForThem) {
  phone_.faults().bytes_per_second = kLarge / 5;
  ExpectWhole(Sync());
  EXPECT_EQ(phone_.transport().counts().pulls, 1);
  EXPECT_THAT(sizes_, Each(Le(kSmall + kRecordMax)));
}

TEST_F(LargePagesTest, ALinkThatHasBecomeFastIs) {
  phone_.faults().bytes_per_second = kLarge / 5;
  phone_.faults().tamper = [this](const v1::PullResponse& page) {
    sizes_.push_back(page.ByteSizeLong());
    if (sizes_.size() == 6) phone_.faults().bytes_per_second = 0;
  };
  ExpectWhole(Sync());
  EXPECT_TRUE(HasLarge());
}

TEST_F(LargePagesTest, ASessionAfterAnInterruptionBeginsWithSmallOnes) {
  phone_.faults().cut_pull_after = 6;
  EXPECT_FALSE(Sync().complete);
  ASSERT_TRUE(HasLarge());
  ExpectWhole(Sync());
  EXPECT_LE(sizes_.front(), kSmall + kRecordMax);
}

TEST_F(LargePagesTest, NoPullBeginsAnewForTheLittleThatIsLeft) {
  ExpectWhole(Sync());
  const std::size_t all = std::accumulate(sizes_.begin(), sizes_.end(), std::size_t{0});
  TestPhone other(server_, base().Phone(v1::ROLE_INSPECTOR, base().department));
  engine::Tuning tuning;
  tuning.page_bytes = kSmall;
  tuning.large_page_bytes = static_cast<std::uint32_t>(all * 2 / 3);
  ExpectWhole(other.Sync(tuning));
  EXPECT_EQ(other.transport().counts().pulls, 1);
}

}  // namespace
}  // namespace vigil::testing
