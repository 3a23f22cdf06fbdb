#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/register/register.h"
#include "sync/base/hash.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

// A register whose disk is nearly full takes nothing in, says so once, and goes on being read.

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t kReserve = 1'000'000;

class RoomTest : public ::testing::Test {
 protected:
  RoomTest()
      : reg_({.file = "register.db",
              .vfs = disk_.name(),
              .storage_reserve_bytes = kReserve,
              .free_bytes = [this] { return disk_.bytes_free(); },
              .on_room = [this](bool has_room, std::int64_t) { said_.push_back(has_room); }}) {}

  void Leave(std::int64_t bytes) { disk_.SetCapacity(disk_.bytes_used() + bytes); }

  registry::Incoming Report(Actor& phone) {
    v1::Operation operation = reg_.Begin(phone);
    operation.mutable_report_hazard()->set_hazard_id(reg_.NewId());
    v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(reg_.risk_source);
    body.set_description("seepage");
    *body.mutable_found_at() = operation.made_at();
    registry::Incoming incoming;
    incoming.bytes = operation.SerializeAsString();
    incoming.operation_id = operation.id();
    incoming.device_seq = operation.device_seq();
    incoming.previous_hash = last_hash_;
    incoming.hash = Sha256Of(incoming.bytes);
    last_hash_ = incoming.hash;
    return incoming;
  }

  std::vector<std::string> Push(const Actor& phone,
                                const std::vector<registry::Incoming>& entries) {
    std::vector<std::string> answers;
    reg_.target().SubmitPush(phone.author, entries,
                             {.device_seq = DeviceSeq(entries.back().device_seq),
                              .operation_hash = entries.back().hash,
                              .signature = "signed"},
                             [&](const absl::StatusOr<registry::Register::Outcomes>& outcomes) {
                               VIGIL_ASSERT_OK(outcomes);
                               for (const v1::Outcome& outcome : *outcomes) {
                                 answers.push_back(outcome.error().reason() == 0
                                                       ? v1::Verdict_Name(outcome.verdict())
                                                       : v1::Reason_Name(outcome.error().reason()));
                               }
                             });
    reg_.executor().RunUntilIdle();
    return answers;
  }

  absl::Status LetIn(std::string_view code, bool with_operation) {
    absl::Status answer = absl::UnknownError("not answered");
    reg_.target().ChangeAccess(
        [&](store::Snapshot&, absl::Time now) -> absl::StatusOr<registry::Register::AccessChange> {
          registry::Register::AccessChange change{
              .author = reg_.importer.author, .operations = {}, .access = {}};
          store::OneTimeCode& given = change.access.codes.emplace_back();
          given.code_hash = Sha256Of(code);
          given.person = *Uuid::Parse(reg_.NewId());
          given.expires_at = now + absl::Hours(24);
          if (with_operation) change.operations.emplace_back().bytes = "anything";
          return change;
        },
        [&](absl::Status status) { answer = std::move(status); });
    reg_.executor().RunUntilIdle();
    return answer;
  }

  SimVfs disk_;
  std::vector<bool> said_;
  TestRegister reg_;
  Sha256 last_hash_;
};

TEST_F(RoomTest, WorkIsPutOffAndTakenInOnceThereIsRoom) {
  Actor phone = reg_.Phone(v1::ROLE_INSPECTOR, reg_.department);
  Actor office = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
  const registry::Incoming judged = Report(phone);
  EXPECT_THAT(Push(phone, {judged}), ElementsAre("VERDICT_APPLIED"));
  const Seq head = reg_.Head().seq;
  Leave(kReserve - 1);
  const registry::Incoming waits = Report(phone);
  // What was judged before still gets its outcome.
  EXPECT_THAT(Push(phone, {judged, waits}),
              ElementsAre("VERDICT_APPLIED", "REASON_STORAGE_UNAVAILABLE"));
  EXPECT_THAT(Push(phone, {waits}), ElementsAre("REASON_STORAGE_UNAVAILABLE"));
  v1::Operation edit = reg_.Begin(office);
  registry::Incoming command;
  command.bytes = edit.SerializeAsString();
  EXPECT_THAT(reg_.SubmitBytes(office, {command}), ReasonIs("REASON_STORAGE_UNAVAILABLE"));
  EXPECT_EQ(reg_.Head().seq, head);
  EXPECT_TRUE(reg_.Exists(reg_.risk_source));
  EXPECT_THAT(said_, ElementsAre(false));

  disk_.SetCapacity(0);
  EXPECT_THAT(Push(phone, {waits}), ElementsAre("VERDICT_APPLIED"));
  EXPECT_THAT(said_, ElementsAre(false, true));
}

TEST_F(RoomTest, PeopleAreLetInAsLongAsHalfOfTheReserveIsLeft) {
  Leave(kReserve - 1);
  VIGIL_EXPECT_OK(LetIn("first", false));
  EXPECT_THAT(LetIn("second", true), ReasonIs("REASON_STORAGE_UNAVAILABLE"));
  Leave(kReserve / 2 - 1);
  EXPECT_THAT(LetIn("third", false), ReasonIs("REASON_STORAGE_UNAVAILABLE"));
  disk_.SetCapacity(0);
  VIGIL_EXPECT_OK(LetIn("third", false));
}

}  // namespace
}  // namespace vigil::testing
