#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/replica/outbox_file.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// What the register cannot judge yet: nothing of it is stored, what rests on it waits and nothing
// else, its author sees it with its reason, and it is sent again until it is judged. Missing
// dependencies: session_test.cc.

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t kReserve = 1'000'000;

class DeferredTest : public ::testing::Test {
 protected:
  DeferredTest()
      : server_({.file = "register.db",
                 .vfs = disk_.name(),
                 .storage_reserve_bytes = kReserve,
                 .free_bytes = [this] { return disk_.bytes_free(); }}),
        inspector_(base().Phone(v1::ROLE_INSPECTOR, base().department)) {}

  TestRegister& base() { return server_.base(); }

  // The reasons of what waits, in order.
  static std::vector<std::string> Waiting(TestPhone& phone) {
    std::vector<std::string> reasons;
    const auto outbox = phone.replica().Outbox();
    EXPECT_THAT(outbox, IsOk());
    for (const replica::OutboxItem& item : *outbox) {
      EXPECT_EQ(item.state, replica::OutboxState::kDeferred);
      reasons.push_back(v1::Reason_Name(item.error.reason()));
    }
    EXPECT_EQ(phone.replica().Counts()->deferred, static_cast<std::int64_t>(reasons.size()));
    return reasons;
  }

  // Work that a program of the same phone, newer than this one, has left in a file.
  absl::Status TakeFromNewerProgram(TestPhone& phone,
                                    const std::vector<std::function<void(v1::Operation&)>>& edits) {
    v1::PushRequest file;
    Sha256 previous;
    std::uint64_t device_seq = 0;
    for (const auto& edit : edits) {
      v1::Operation operation;
      operation.set_id(phone.NewId());
      operation.set_device(inspector_.author.device);
      operation.set_person(inspector_.author.person);
      operation.set_device_seq(++device_seq);
      operation.mutable_made_at()->set_seconds(absl::ToUnixSeconds(phone.now()));
      edit(operation);
      v1::PushEntry& entry = *file.add_entries();
      entry.set_operation_id(operation.id());
      entry.set_device_seq(device_seq);
      if (!previous.is_zero()) entry.set_previous_hash(std::string(previous.bytes()));
      entry.set_operation(operation.SerializeAsString());
      previous = Sha256Of(entry.operation());
    }
    return internal::ToStatus(phone.replica().ImportOutbox(replica::EncodeOutboxFile(file)));
  }

  void FillReport(TestPhone& phone, v1::Operation& operation) {
    v1::ReportHazard& report = *operation.mutable_report_hazard();
    report.set_hazard_id(phone.NewId());
    report.mutable_hazard()->set_risk_source(base().risk_source);
    report.mutable_hazard()->set_description("crack");
    *report.mutable_hazard()->mutable_found_at() = operation.made_at();
    base().See(operation, {base().risk_source});
  }

  static void AddUnknown(google::protobuf::Message& message) {
    message.GetReflection()->MutableUnknownFields(&message)->AddVarint(9999, 1);
  }

  SimVfs disk_;
  SimServer server_;
  const Actor inspector_;
};

TEST_F(DeferredTest, AFullDiskHoldsEverythingUntilItHasRoom) {
  TestPhone phone(server_, inspector_, {.seed = 7});
  phone.MustSync();
  const std::string hazard = phone.Report(base().risk_source, "crack");
  disk_.SetCapacity(disk_.bytes_used() + kReserve - 1);
  EXPECT_EQ(phone.MustSync().outcomes.deferred, 1);
  EXPECT_THAT(Waiting(phone), ElementsAre("REASON_STORAGE_UNAVAILABLE"));
  EXPECT_FALSE(base().Exists(hazard));
  disk_.SetCapacity(0);
  EXPECT_EQ(phone.MustSync().outcomes.applied, 1);
  EXPECT_TRUE(base().Exists(hazard));
}

// A phone that is newer than the register: what the register knows goes on.
TEST_F(DeferredTest, WhatTheRegisterDoesNotKnowYetWaitsAndTheRestGoesOn) {
  TestPhone phone(server_, inspector_, {.seed = 7});
  VIGIL_ASSERT_OK(TakeFromNewerProgram(
      phone, {[&](v1::Operation& operation) { AddUnknown(operation); },
              [&](v1::Operation& operation) {
                FillReport(phone, operation);
                AddUnknown(*operation.mutable_report_hazard()->mutable_hazard());
              },
              [&](v1::Operation& operation) { FillReport(phone, operation); }}));
  EXPECT_EQ(phone.MustSync().outcomes.applied, 1);
  EXPECT_THAT(Waiting(phone), ElementsAre("REASON_COMMAND_UNKNOWN", "REASON_FIELD_UNKNOWN"));
  // They are sent again, byte for byte.
  const std::string sent = (*phone.replica().Outbox())[1].operation.SerializeAsString();
  EXPECT_EQ(phone.MustSync().outcomes.deferred, 2);
  EXPECT_EQ(phone.transport().last_push().entries(1).operation(), sent);
}

TEST_F(DeferredTest, AnAnswerOfEachCauseIsShownAndTheRegistersLaterOneReplacesIt) {
  TestPhone phone(server_, inspector_, {.seed = 7});
  phone.MustSync();
  phone.Report(base().risk_source, "crack");
  const v1::Operation operation = (*phone.replica().Outbox())[0].operation;
  for (const v1::Reason reason :
       {v1::REASON_QUOTA_EXCEEDED, v1::REASON_CHAIN_BROKEN, v1::REASON_STORAGE_UNAVAILABLE}) {
    v1::PushResponse response;
    v1::Outcome& outcome = *response.add_outcomes();
    outcome.set_operation(operation.id());
    outcome.set_verdict(v1::VERDICT_DEFERRED);
    outcome.mutable_error()->set_reason(reason);
    VIGIL_ASSERT_OK(phone.replica().ApplyOutcomes(response));
    EXPECT_THAT(Waiting(phone), ElementsAre(v1::Reason_Name(reason)));
  }
  EXPECT_EQ(phone.MustSync().outcomes.applied, 1);
}

}  // namespace
}  // namespace vigil::testing
