#include "server/service/report_desk.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/file.h"
#include "sync/base/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_register.h"
#include "tests/support/two_parks.h"
#include "tests/unit/server/service/sync_core_fixture.h"

namespace vigil::testing {
namespace {

using service::ReportDesk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ReportDeskTest : public ::testing::Test {
 protected:
  using Export = Sink<v1::ExportReportResponse>;

  ReportDeskTest() : parks_(reg_) { Open({}); }

  void Open(ReportDesk::Options options) {
    options.directory = directory_.path();
    options.zone = absl::UTCTimeZone();
    desk_ = std::make_unique<ReportDesk>(
        ReportDesk::Parts{reg_.target(), files_, reg_.executor(), random_}, options);
  }
  std::shared_ptr<Export> Begin(const rules::Author& caller,
                                v1::ReportFormat format = v1::REPORT_FORMAT_JSON) {
    v1::ExportReportRequest request;
    request.set_kind(v1::REPORT_KIND_HAZARDS);
    request.set_format(format);
    auto sink = std::make_shared<Export>(reg_.executor());
    desk_->Export(caller, request, sink);
    return sink;
  }
  std::string TextFor(const rules::Author& caller) {
    const auto sink = Begin(caller);
    reg_.executor().RunUntilIdle();
    EXPECT_TRUE(sink->finished);
    EXPECT_THAT(sink->status, IsOk());
    std::string text;
    for (const v1::ExportReportResponse& message : sink->messages) text += message.chunk();
    EXPECT_EQ(static_cast<std::int64_t>(text.size()), sink->messages.front().file().size_bytes());
    return text;
  }
  rules::Author Everywhere() { return parks_.Caller(v1::ROLE_SAFETY_OFFICE, ""); }
  std::vector<std::string> Left() { return *files_.List(directory_.path()); }

  TempDir directory_;
  PosixFileSystem files_;
  SeededRandom random_{5};
  TestRegister reg_;
  TwoParks parks_;
  std::unique_ptr<ReportDesk> desk_;
};

TEST_F(ReportDeskTest, EverybodyGetsHisPartOfTheRegister) {
  const std::string& here = parks_.here().number;
  const std::string& there = parks_.there().number;
  EXPECT_THAT(TextFor(Everywhere()), AllOf(HasSubstr(here), HasSubstr(there)));
  EXPECT_THAT(TextFor(parks_.Caller(v1::ROLE_RESPONSIBLE_UNIT, reg_.unit)),
              AllOf(HasSubstr(here), Not(HasSubstr(there))));
  EXPECT_THAT(TextFor(parks_.Nobody()), AllOf(Not(HasSubstr(here)), Not(HasSubstr(there))));
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(ReportDeskTest, FirstComesWhatItIsThenPiecesOfIt) {
  for (int i = 0; i < 300; ++i) parks_.AddHazard(reg_.unit, reg_.risk_source);
  const auto sink = Begin(Everywhere());
  reg_.executor().RunUntilIdle();
  ASSERT_GT(sink->messages.size(), 3U);
  EXPECT_EQ(sink->messages[0].file().name(), "hazards.json");
  EXPECT_EQ(sink->messages[0].file().media_type(), "application/json");
  EXPECT_EQ(sink->messages[0].file().rows(), 302);
  for (std::size_t i = 1; i < sink->messages.size(); ++i) {
    EXPECT_THAT(sink->messages[i].chunk(), Not(IsEmpty()));
    EXPECT_LE(sink->messages[i].chunk().size(), 64U * 1024);
  }
}

// What is not read is not kept.
TEST_F(ReportDeskTest, AReaderWhoLeavesLeavesNothingBehind) {
  const auto sink = Begin(Everywhere(), v1::REPORT_FORMAT_XLSX);
  sink->gone = true;
  reg_.executor().RunUntilIdle();
  EXPECT_TRUE(sink->finished);
  EXPECT_EQ(sink->status.code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(ReportDeskTest, SlowReadersTakeAPlaceAndNoMore) {
  Open({.under_way_max = 1});
  const auto slow = Begin(Everywhere());
  slow->is_slow = [] { return true; };
  reg_.executor().RunUntilIdle();
  EXPECT_FALSE(slow->finished);
  const auto second = Begin(Everywhere());
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(second->status, ReasonIs("REASON_RATE_LIMITED"));
  slow->is_slow = nullptr;
  slow->Take();
  reg_.executor().RunUntilIdle();
  EXPECT_TRUE(slow->finished);
  EXPECT_THAT(TextFor(Everywhere()), HasSubstr(parks_.here().number));
}

TEST_F(ReportDeskTest, ADiskThatIsNearlyFullIsLeftToTheRegister) {
  Open({.storage_reserve_bytes = std::int64_t{1} << 60});
  const auto sink = Begin(Everywhere());
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(sink->status, ReasonIs("REASON_STORAGE_UNAVAILABLE"));
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(ReportDeskTest, WhatIsAskedForWronglyIsRefused) {
  const auto sink = Begin(Everywhere(), v1::REPORT_FORMAT_UNSPECIFIED);
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(sink->status, ReasonIs("REASON_INVALID_VALUE"));
  EXPECT_THAT(sink->messages, IsEmpty());
}

TEST_F(ReportDeskTest, WhatAnEarlierProcessLeftIsRemoved) {
  for (const char* name : {"report-1.tmp", "report-1.tmp.xlsx", "register.db", "report-a.txt"}) {
    VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.path() + "/" + name, "x"));
  }
  VIGIL_ASSERT_OK(desk_->RemoveLeftovers());
  EXPECT_THAT(Left(), ::testing::UnorderedElementsAre("register.db", "report-a.txt"));
}

}  // namespace
}  // namespace vigil::testing
