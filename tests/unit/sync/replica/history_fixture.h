#ifndef VIGIL_TESTS_UNIT_SYNC_REPLICA_HISTORY_FIXTURE_H_
#define VIGIL_TESTS_UNIT_SYNC_REPLICA_HISTORY_FIXTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {

// A phone, and what a register might say to it of its history.
class HistoryTest : public ::testing::Test {
 protected:
  explicit HistoryTest(const TestPhone::Options& options = {})
      : phone_(server_, base().Phone(v1::ROLE_INSPECTOR, base().department), options),
        first_(base().Head().epoch) {
    phone_.MustSync();
  }

  TestRegister& base() { return server_.base(); }
  replica::Replica& replica() { return phone_.replica(); }
  v1::RegisterHead NewestHead() { return replica().BeginHello()->head(); }

  v1::Epoch Restored(const v1::Epoch& parent, std::uint64_t back_to_seq) {
    v1::Epoch epoch;
    epoch.set_id(phone_.NewId());
    epoch.set_parent(parent.id());
    epoch.set_back_to_seq(back_to_seq);
    epoch.set_why("the disk died");
    return epoch;
  }
  // A register in the first of these epochs, whose log ends with `head`.
  v1::HelloResponse HelloOf(const std::vector<v1::Epoch>& lineage, const v1::RegisterHead& head) {
    v1::HelloResponse hello;
    hello.set_device(phone_.actor().author.device);
    hello.set_person(phone_.actor().author.person);
    hello.mutable_epochs()->Add(lineage.begin(), lineage.end());
    *hello.mutable_head() = head;
    hello.mutable_proof()->set_seq(head.seq());
    hello.add_units(base().department);
    return hello;
  }
  absl::Status Greet(const v1::HelloResponse& hello) {
    return replica().ApplyHello({*replica().BeginHello(), hello});
  }

  v1::Outcome OutcomeOf(const v1::Operation& operation, v1::Verdict verdict, std::uint64_t seq) {
    v1::Outcome outcome;
    outcome.set_operation(operation.id());
    outcome.set_verdict(verdict);
    outcome.set_seq(seq);
    return outcome;
  }
  void Answer(const v1::Outcome& outcome) {
    v1::PushResponse response;
    *response.add_outcomes() = outcome;
    VIGIL_ASSERT_OK(replica().ApplyOutcomes(response));
  }
  static v1::Operation Submitted(const std::string& hazard) {
    v1::Operation submit;
    submit.mutable_submit_rectification()->set_hazard(hazard);
    submit.mutable_submit_rectification()->set_from_status(v1::HAZARD_STATUS_RECTIFYING);
    submit.mutable_submit_rectification()->set_rectification("done");
    submit.mutable_submit_rectification()->add_photos()->set_sha256(std::string(64, 'a'));
    return submit;
  }
  std::vector<std::string> Unsent() {
    std::vector<std::string> hazards;
    const std::vector<replica::OutboxItem> outbox = *replica().Outbox();
    hazards.reserve(outbox.size());
    for (const replica::OutboxItem& item : outbox) {
      hazards.push_back(item.operation.report_hazard().hazard_id());
    }
    return hazards;
  }
  v1::PushRequest NextPush() {
    return replica().NextPush({.operations_max = 10, .bytes_max = 1 << 20})->request;
  }

  SimServer server_;
  TestPhone phone_;
  v1::Epoch first_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_UNIT_SYNC_REPLICA_HISTORY_FIXTURE_H_
