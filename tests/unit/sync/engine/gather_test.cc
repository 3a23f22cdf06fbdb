#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/engine/session.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// Pages of a fast link are stored several at a time.

namespace vigil::testing {
namespace {

using engine::Session;
using engine::SessionReport;
using ::testing::Each;

constexpr std::uint32_t kPage = 4 * 1024;
constexpr std::size_t kGather = 4 * kPage;

class GatherTest : public ::testing::Test {
 protected:
  GatherTest() {
    for (int i = 0; i < 200; ++i) base().Phone(v1::ROLE_INSPECTOR, base().unit);
  }

  TestRegister& base() { return server_.base(); }

  std::shared_ptr<Session> Start(Session::Done done) {
    Session::Options options;
    options.client = "test/1";
    options.tuning.page_bytes = kPage;
    options.tuning.gather_bytes = kGather;
    stored_.clear();
    std::int64_t before = 0;
    options.on_progress = [this, before](const SessionReport& report, std::uint64_t) mutable {
      stored_.push_back(report.pages - std::exchange(before, report.pages));
    };
    return Session::Start(phone_.parts(), std::move(options), std::move(done));
  }

  SessionReport Sync() {
    std::optional<SessionReport> result;
    Start([&](const SessionReport& report) { result = report; });
    server_.executor().RunUntilDone([&] { return result.has_value(); });
    return *result;
  }

  void ExpectWhole(const SessionReport& report) {
    VIGIL_EXPECT_OK(report.status);
    EXPECT_TRUE(report.complete);
    EXPECT_TRUE(report.digest_equal);
    EXPECT_EQ(report.repaired, 0);
  }

  // What the phone holds is what it got, and nothing comes again.
  void ExpectStored(const SessionReport& broken_off) {
    EXPECT_FALSE(broken_off.complete);
    EXPECT_GT(broken_off.records, 0);
    EXPECT_EQ(broken_off.records, phone_.replica().Counts()->records);
    const SessionReport rest = Sync();
    ExpectWhole(rest);
    EXPECT_EQ(broken_off.records + rest.records, phone_.replica().Counts()->records);
  }

  SimServer server_;
  TestPhone phone_{server_, server_.base().Phone(v1::ROLE_INSPECTOR, server_.base().department)};
  // How many pages each transaction of the last session stored.
  std::vector<std::int64_t> stored_;
};

TEST_F(GatherTest, AFastLinksPagesAreStoredTogetherOnceItHasShownThatItIs) {
  const SessionReport report = Sync();
  ExpectWhole(report);
  EXPECT_EQ(report.records, phone_.replica().Counts()->records);
  ASSERT_GT(report.pages, 12);
  // A page has a little more than what was asked for.
  const std::vector<std::int64_t> first(stored_.begin(), stored_.begin() + 3);
  EXPECT_THAT(first, Each(1));
  const std::vector<std::int64_t> later(stored_.begin() + 3, stored_.end() - 1);
  EXPECT_THAT(later, Each(4));
}

TEST_F(GatherTest, ASlowLinksPagesAreStoredAsTheyCome) {
  phone_.faults().bytes_per_second = kGather / 5;
  ExpectWhole(Sync());
  EXPECT_THAT(stored_, Each(1));
}

TEST_F(GatherTest, ALinkThatBecomesSlowHasItsPagesStoredAsTheyComeAgain) {
  int pages = 0;
  phone_.faults().tamper = [&](const v1::PullResponse&) {
    if (++pages == 8) phone_.faults().bytes_per_second = kGather / 5;
  };
  ExpectWhole(Sync());
  EXPECT_EQ(stored_[3], 4);
  EXPECT_THAT(std::vector(stored_.begin() + 5, stored_.end()), Each(1));
}

TEST_F(GatherTest, WhatHasComeIsStoredWhenTheLinkBreaks) {
  phone_.faults().cut_pull_after = 6;
  const SessionReport report = Sync();
  EXPECT_EQ(report.pages, 6);
  ExpectStored(report);
}

TEST_F(GatherTest, WhatHasComeIsStoredWhenNothingMoreComes) {
  int pages = 0;
  phone_.faults().tamper = [&](const v1::PullResponse&) {
    if (++pages == 6) phone_.faults().silent = 1;
  };
  const SessionReport report = Sync();
  phone_.faults().tamper = nullptr;
  EXPECT_EQ(report.pages, 6);
  ExpectStored(report);
}

TEST_F(GatherTest, WhatHasComeIsStoredWhenTheSessionIsCancelled) {
  std::shared_ptr<Session> session;
  int pages = 0;
  phone_.faults().tamper = [&](const v1::PullResponse&) {
    if (++pages == 7) session->Cancel();
  };
  std::optional<SessionReport> result;
  session = Start([&](const SessionReport& report) { result = report; });
  server_.executor().RunUntilDone([&] { return result.has_value(); });
  phone_.faults().tamper = nullptr;
  EXPECT_EQ(result->pages, 6);
  ExpectStored(*result);
}

}  // namespace
}  // namespace vigil::testing
