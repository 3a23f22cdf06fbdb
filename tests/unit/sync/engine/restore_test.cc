#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/engine/session.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// Sessions with a register whose history is in doubt, or that was restored; and over a slow link.

namespace vigil::testing {
namespace {

using engine::SessionReport;

class RestoreTest : public ::testing::Test {
 protected:
  TestRegister& base() { return server_.base(); }
  Actor Inspector() { return base().Phone(v1::ROLE_INSPECTOR, base().department); }

  SimServer server_;
};

TEST_F(RestoreTest, Promise10NothingIsTakenThatTheRegistersKeyHasNotSigned) {
  TestPhone phone(server_, Inspector());
  phone.faults().greet = [](v1::HelloResponse& hello) { hello.mutable_head()->clear_signature(); };
  EXPECT_THAT(phone.Sync().status, ReasonIs("REASON_SIGNATURE_INVALID"));
  // Somebody says that the register was restored.
  phone.faults().greet = [&](v1::HelloResponse& hello) {
    v1::Epoch restored;
    restored.set_id(phone.NewId());
    restored.set_parent(hello.epochs(0).id());
    restored.set_signature("signed");
    hello.mutable_epochs()->Add(std::move(restored));
    hello.mutable_epochs()->SwapElements(0, 1);
  };
  EXPECT_THAT(phone.Sync().status, ReasonIs("REASON_SIGNATURE_INVALID"));
  EXPECT_EQ(phone.replica().GetSyncState()->epoch, "");
  phone.faults().greet = nullptr;
  phone.faults().tamper = [](v1::PullResponse& page) { page.mutable_head()->set_seq(1); };
  EXPECT_THAT(phone.Sync().status, ReasonIs("REASON_SIGNATURE_INVALID"));
  EXPECT_EQ(phone.replica().Counts()->records, 0);
  phone.faults().tamper = nullptr;
  phone.MustSync();
}

TEST_F(RestoreTest, Promise10ARegisterWhoseLogIsAnotherIsNotFollowed) {
  TestPhone phone(server_, Inspector());
  phone.MustSync();
  const std::string hazard = base().ConfirmedHazard(SomeDay());
  phone.faults().greet = [](v1::HelloResponse& hello) { hello.clear_proof(); };
  EXPECT_THAT(phone.Sync().status, ReasonIs("REASON_HISTORY_CHANGED"));
  EXPECT_FALSE(phone.replica().Find(hazard)->has_value());
  phone.faults().greet = [](v1::HelloResponse& hello) {
    hello.mutable_proof()->mutable_hashes(0)->front() ^= 1;
  };
  EXPECT_THAT(phone.Sync().status, ReasonIs("REASON_HISTORY_CHANGED"));
  phone.faults().greet = nullptr;
  phone.MustSync();
  EXPECT_TRUE(phone.replica().Find(hazard)->has_value());
}

// The phone goes back as after a restore; the register that it greets then is the one of before, in
// an epoch that it signs.
class CopiesTest : public RestoreTest {
 protected:
  CopiesTest() : phone_(server_, Inspector()) {
    phone_.MustSync();
    head_ = phone_.replica().BeginHello()->head();
    hazard_ = phone_.Report(base().risk_source, "crack");
    phone_.MustSync();
  }

  void GoBack() {
    v1::HelloResponse hello;
    hello.set_device(phone_.actor().author.device);
    hello.set_person(phone_.actor().author.person);
    v1::Epoch& epoch = *hello.add_epochs();
    epoch.set_id(phone_.NewId());
    epoch.set_parent(head_.epoch());
    epoch.set_back_to_seq(head_.seq());
    *hello.add_epochs() = base().Head().epoch;
    *hello.mutable_head() = head_;
    hello.mutable_proof()->set_seq(head_.seq());
    hello.add_units(base().department);
    VIGIL_ASSERT_OK(phone_.replica().ApplyHello({*phone_.replica().BeginHello(), hello}));
    ASSERT_GT(phone_.replica().Counts()->copies, 0);
  }

  TestPhone phone_;
  v1::RegisterHead head_;
  std::string hazard_;
};

TEST_F(CopiesTest, Promise10CopiesAreReturnedBeforeAnythingIsPushed) {
  GoBack();
  phone_.Report(base().risk_source, "seepage");
  std::vector<v1::WitnessCopy> taken;
  int pushes_before = phone_.transport().counts().pushes;
  phone_.faults().take_copies = [&](const v1::ReturnCopiesRequest& request) {
    EXPECT_EQ(phone_.transport().counts().pushes, pushes_before);
    taken.insert(taken.end(), request.copies().begin(), request.copies().end());
    return absl::OkStatus();
  };
  engine::Tuning tuning;
  tuning.copies_max = 1;
  const SessionReport report = phone_.Sync(tuning);
  VIGIL_EXPECT_OK(report.status);
  EXPECT_EQ(report.copies_returned, static_cast<std::int64_t>(taken.size()));
  EXPECT_GT(phone_.transport().counts().pushes, pushes_before);
  EXPECT_EQ(phone_.replica().Counts()->copies, 0);
  const std::string confirmed = base().Find(hazard_).SerializeAsString();
  EXPECT_TRUE(std::any_of(taken.begin(), taken.end(), [&](const v1::WitnessCopy& copy) {
    return copy.record() == confirmed && copy.epoch() == head_.epoch();
  }));
}

TEST_F(CopiesTest, AFailingReturnStopsNeitherPushNorPull) {
  GoBack();
  const std::string later = phone_.Report(base().risk_source, "seepage");
  phone_.faults().take_copies = [](const v1::ReturnCopiesRequest&) {
    return absl::UnavailableError("not now");
  };
  const SessionReport report = phone_.Sync();
  EXPECT_EQ(report.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(report.complete);
  EXPECT_TRUE(base().Exists(later));
  EXPECT_GT(phone_.replica().Counts()->copies, 0);
}

// 64 kbit/s carry a day's work, batch by batch, and the largest operation there may be.
TEST_F(RestoreTest, ASlowLinkCarriesWhatHasQueuedUp) {
  TestPhone phone(server_, Inspector());
  phone.MustSync();
  for (int i = 0; i < 100; ++i) phone.Report(base().risk_source, std::string(3'000, 'x'));
  phone.faults().bytes_per_second = 8'000;
  const SessionReport report = phone.Sync();
  VIGIL_EXPECT_OK(report.status);
  EXPECT_EQ(report.outcomes.applied, 100);
  EXPECT_EQ(phone.transport().counts().operations, 100) << "something was sent twice";
}

}  // namespace
}  // namespace vigil::testing
