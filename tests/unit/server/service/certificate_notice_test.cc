#include "server/service/certificate_notice.h"

#include "gtest/gtest.h"

namespace vigil::testing {
namespace {

using service::CertificateNotice;
using Kind = service::CertificateNotice::Kind;

const absl::Time kEnd = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kTick = absl::Seconds(5);

TEST(CertificateNoticeTest, WarnsFromFourteenDaysBeforeOnceADay) {
  CertificateNotice notice;
  EXPECT_EQ(notice.Next(kEnd, kEnd - 30 * kDay), Kind::kNone);
  EXPECT_EQ(notice.Next(kEnd, kEnd - 14 * kDay - kTick), Kind::kNone);
  for (absl::Time day = kEnd - 14 * kDay; day < kEnd; day += kDay) {
    EXPECT_EQ(notice.Next(kEnd, day), Kind::kEndsSoon) << day;
    EXPECT_EQ(notice.Next(kEnd, day + kTick), Kind::kNone) << day;
    EXPECT_EQ(notice.Next(kEnd, day + kDay - kTick), Kind::kNone) << day;
  }
}

TEST(CertificateNoticeTest, WarnsAtTheStart) {
  CertificateNotice notice;
  EXPECT_EQ(notice.Next(kEnd, kEnd - kTick), Kind::kEndsSoon);
}

TEST(CertificateNoticeTest, SaysAtOnceThatItHasEndedAndSaysItAgain) {
  CertificateNotice notice;
  EXPECT_EQ(notice.Next(kEnd, kEnd - kTick), Kind::kEndsSoon);
  EXPECT_EQ(notice.Next(kEnd, kEnd), Kind::kHasEnded);
  EXPECT_EQ(notice.Next(kEnd, kEnd + kTick), Kind::kNone);
  EXPECT_EQ(notice.Next(kEnd, kEnd + kDay), Kind::kHasEnded);
}

TEST(CertificateNoticeTest, ANewCertificateSettlesItUnlessItEndsSoonToo) {
  CertificateNotice notice;
  EXPECT_EQ(notice.Next(kEnd, kEnd - kDay), Kind::kEndsSoon);
  EXPECT_EQ(notice.Next(kEnd + kDay, kEnd - kDay + kTick), Kind::kEndsSoon);
  EXPECT_EQ(notice.Next(kEnd + 365 * kDay, kEnd - kDay + 2 * kTick), Kind::kNone);
  EXPECT_EQ(notice.Next(kEnd + 365 * kDay, kEnd + 2 * kDay), Kind::kNone);
}

}  // namespace
}  // namespace vigil::testing
