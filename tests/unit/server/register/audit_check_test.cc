#include "server/register/audit_check.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/register/log_page.h"
#include "sync/base/signing.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A register with two phones that have pushed, as a listing of its log.
class AuditCheckTest : public ::testing::Test {
 protected:
  AuditCheckTest()
      : admin_(reg_.Clerk(v1::ROLE_ADMINISTRATOR, reg_.bureau)),
        one_(Enrol(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit))),
        other_(Enrol(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit))) {
    for (int i = 0; i < 3; ++i) {
      Push(one_, 2);
      Push(other_, 1);
    }
    log_ = List(1 << 20);
    head_ = log_.head();
  }

  // The phone's device record, with its key.
  Actor Enrol(Actor phone) {
    v1::Operation operation = reg_.Begin(admin_);
    operation.set_device_seq(0);
    v1::CreateRecord& made = *operation.mutable_create_record();
    made.set_record(phone.author.device);
    made.mutable_entity()->mutable_device()->set_person(phone.author.person);
    made.mutable_entity()->mutable_device()->set_kind(v1::DEVICE_KIND_PHONE);
    made.mutable_entity()->mutable_device()->set_public_key(phone.key->public_key().der());
    EXPECT_EQ(reg_.Submit(admin_, operation).verdict(), v1::VERDICT_APPLIED);
    return phone;
  }

  void Push(Actor& phone, int count) {
    std::vector<registry::Incoming> entries;
    Sha256& last = last_[phone.author.device];
    for (int i = 0; i < count; ++i) {
      v1::Operation operation = reg_.Begin(phone);
      v1::ReportHazard& command = *operation.mutable_report_hazard();
      command.set_hazard_id(reg_.NewId());
      command.mutable_hazard()->set_risk_source(reg_.risk_source);
      command.mutable_hazard()->set_description("loose rock");
      *command.mutable_hazard()->mutable_found_at() = operation.made_at();
      registry::Incoming& incoming = entries.emplace_back();
      incoming.bytes = operation.SerializeAsString();
      incoming.operation_id = operation.id();
      incoming.device_seq = operation.device_seq();
      incoming.previous_hash = last;
      incoming.hash = Sha256Of(incoming.bytes);
      last = incoming.hash;
    }
    // The last one is known by its hash alone.
    entries.back().withheld = withhold_;
    if (withhold_) entries.back().bytes.clear();
    v1::PushRequest push;
    v1::PushEntry& entry = *push.add_entries();
    entry.set_device_seq(entries.back().device_seq);
    entry.set_operation(entries.back().bytes);
    if (!withhold_) reg_.Sign(phone, push);
    const std::string signature =
        withhold_ ? *phone.key->Sign(
                        BytesToSign(PushToSign{.register_id = RegisterId(),
                                               .device = *Uuid::Parse(phone.author.device),
                                               .device_seq = DeviceSeq(entries.back().device_seq),
                                               .operation_hash = last}))
                  : push.signature();
    const registry::PushHead head{.device_seq = DeviceSeq(entries.back().device_seq),
                                  .operation_hash = last,
                                  .signature = signature};
    reg_.target().SubmitPush(phone.author, std::move(entries), head,
                             [](const auto& outcomes) { EXPECT_THAT(outcomes, IsOk()); });
    reg_.executor().RunUntilIdle();
  }

  Uuid RegisterId() {
    const auto snapshot = reg_.store().Read();
    return *Uuid::Parse((*snapshot)->Epochs()->back().id());
  }

  // All pages, as one.
  v1::ListLogResponse List(int page_bytes) {
    v1::ListLogResponse all;
    v1::ListLogRequest request;
    request.set_page_bytes(page_bytes);
    do {
      const auto snapshot = reg_.store().Read();
      const auto page = registry::ListLog(**snapshot, request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) break;
      all.mutable_entries()->MergeFrom(page->entries());
      *all.mutable_head() = page->head();
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }

  registry::AuditCheck Check(std::optional<v1::RegisterHead> since = std::nullopt,
                             std::optional<P256PublicKey> key = std::nullopt) {
    registry::AuditCheck check(
        {.register_id = RegisterId(), .register_key = key, .since = std::move(since)});
    for (const v1::LogEntry& entry : log_.entries()) check.Add(entry);
    check.Finish(head_);
    return check;
  }
  // Of the phone's operations, the nth.
  v1::LogEntry& EntryOf(const Actor& phone, std::uint64_t device_seq) {
    return *std::find_if(log_.mutable_entries()->begin(), log_.mutable_entries()->end(),
                         [&](const v1::LogEntry& entry) {
                           return entry.device() == phone.author.device &&
                                  entry.device_seq() == device_seq;
                         });
  }

  TestRegister reg_;
  bool withhold_ = false;
  std::map<std::string, Sha256> last_;
  Actor admin_;
  Actor one_;
  Actor other_;
  v1::ListLogResponse log_;
  v1::RegisterHead head_;
};

TEST_F(AuditCheckTest, AWholeLogHolds) {
  const registry::AuditCheck check = Check();
  EXPECT_THAT(check.faults(), IsEmpty());
  EXPECT_EQ(check.operations(), reg_.Head().seq.value());
  EXPECT_EQ(check.chains(), 2U);
  EXPECT_EQ(check.signatures(), 6U);
}

TEST_F(AuditCheckTest, PagesMakeTheSameList) {
  const v1::ListLogResponse pages = List(1);
  EXPECT_EQ(pages.SerializeAsString(), log_.SerializeAsString());
}

TEST_F(AuditCheckTest, WhatIsPutOffIsALinkOfItsChain) {
  withhold_ = true;
  Push(one_, 2);
  withhold_ = false;
  Push(one_, 1);
  log_ = List(4096);
  head_ = log_.head();
  const registry::AuditCheck check = Check();
  EXPECT_THAT(check.faults(), IsEmpty());
  EXPECT_EQ(check.signatures(), 8U);
}

struct Damage {
  std::string name;
  std::function<void(v1::ListLogResponse&, v1::LogEntry&)> damage;
  std::string fault;
};

TEST_F(AuditCheckTest, EveryDamageIsSeen) {
  const auto swap_with_next = [](v1::ListLogResponse& log, v1::LogEntry& entry) {
    for (int i = 0; i + 1 < log.entries_size(); ++i) {
      if (&log.entries(i) != &entry) continue;
      log.mutable_entries()->SwapElements(i, i + 1);
      return;
    }
  };
  const auto remove = [](v1::ListLogResponse& log, v1::LogEntry& entry) {
    for (int i = 0; i < log.entries_size(); ++i) {
      if (&log.entries(i) != &entry) continue;
      log.mutable_entries()->DeleteSubrange(i, 1);
      return;
    }
  };
  const Damage damages[] = {
      {"edited operation",
       [](auto&, v1::LogEntry& entry) { entry.mutable_operation()->back() ^= 1; },
       "not what was hashed"},
      {"edited operation with its hash",
       [](auto&, v1::LogEntry& entry) {
         entry.mutable_operation()->back() ^= 1;
         entry.set_operation_hash(std::string(Sha256Of(entry.operation()).bytes()));
       },
       "does not follow the one before"},
      {"edited outcome",
       [](auto&, v1::LogEntry& entry) {
         v1::Outcome outcome;
         outcome.ParseFromString(entry.outcome());
         outcome.set_verdict(v1::VERDICT_REFUSED);
         entry.set_outcome(outcome.SerializeAsString());
       },
       "the head is not that of this log"},
      {"reordered rows", swap_with_next, "stands in its place"},
      {"reordered content",
       [](v1::ListLogResponse& log, v1::LogEntry& entry) {
         v1::LogEntry& last = *log.mutable_entries()->rbegin();
         entry.mutable_operation()->swap(*last.mutable_operation());
         entry.mutable_outcome()->swap(*last.mutable_outcome());
         entry.mutable_operation_hash()->swap(*last.mutable_operation_hash());
       },
       "the outcome is another operation's"},
      {"missing row", remove, "missing"},
      {"broken chain",
       [](auto&, v1::LogEntry& entry) { entry.mutable_previous_hash()->back() ^= 1; },
       "does not follow the one before"},
      {"bad signature",
       [](auto&, v1::LogEntry& entry) {
         entry.mutable_signatures(0)->mutable_signature()->back() ^= 1;
       },
       "the signature does not hold"},
      {"another's signature",
       [this](auto&, v1::LogEntry& entry) {
         *entry.mutable_signatures(0) = EntryOf(other_, 1).signatures(0);
       },
       "the signature does not hold"},
  };
  const v1::ListLogResponse whole = log_;
  for (const Damage& damage : damages) {
    log_ = whole;
    damage.damage(log_, EntryOf(one_, 4));
    EXPECT_THAT(Check().faults(), Contains(HasSubstr(damage.fault))) << damage.name;
  }
}

TEST_F(AuditCheckTest, AMissingEndIsSeen) {
  const v1::ListLogResponse whole = log_;
  EntryOf(one_, 6).clear_signatures();
  EXPECT_THAT(Check().faults(), Contains(HasSubstr("nothing was signed after operation 4")));
  // Without the end, everything that is left fits together, but for the head.
  log_ = whole;
  log_.mutable_entries()->RemoveLast();
  EXPECT_THAT(Check().faults(), Contains(HasSubstr("the log ends at")));
}

TEST_F(AuditCheckTest, AHeadThatWasKeptIsExtended) {
  const v1::RegisterHead kept = head_;
  EXPECT_THAT(Check(kept).faults(), IsEmpty());
  Push(one_, 3);
  log_ = List(1 << 20);
  head_ = log_.head();
  EXPECT_THAT(Check(kept).faults(), IsEmpty());
  EXPECT_THAT(Check(v1::RegisterHead()).faults(), Contains(HasSubstr("another one")));
  v1::RegisterHead beyond = head_;
  beyond.set_seq(beyond.seq() + 1);
  EXPECT_THAT(Check(beyond).faults(), Contains(HasSubstr("ends before the head that was kept")));
  v1::RegisterHead another = kept;
  another.mutable_root()->back() ^= 1;
  EXPECT_THAT(Check(another).faults(), Contains(HasSubstr("is another one")));
}

TEST_F(AuditCheckTest, TheHeadIsSignedByTheRegister) {
  P256PrivateKey key = P256PrivateKey::Generate();
  EXPECT_THAT(Check(std::nullopt, key.public_key()).faults(),
              Contains(HasSubstr("not signed by the register's key")));
  head_.set_signature(*key.Sign(BytesToSign(HeadToSign{.epoch = *Uuid::Parse(head_.epoch()),
                                                       .seq = Seq(head_.seq()),
                                                       .root = *Sha256::FromBytes(head_.root())})));
  EXPECT_THAT(Check(std::nullopt, key.public_key()).faults(), IsEmpty());
}

TEST_F(AuditCheckTest, AListStopsWhereItBegan) {
  v1::ListLogRequest request;
  request.set_page_bytes(4096);
  auto snapshot = reg_.store().Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListLogResponse first,
                             registry::ListLog(**snapshot, request));
  snapshot->reset();
  Push(one_, 5);
  request.set_page_token(first.next_page_token());
  log_ = first;
  while (!request.page_token().empty()) {
    snapshot = reg_.store().Read();
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListLogResponse page,
                               registry::ListLog(**snapshot, request));
    EXPECT_EQ(page.head().SerializeAsString(), first.head().SerializeAsString());
    log_.mutable_entries()->MergeFrom(page.entries());
    request.set_page_token(page.next_page_token());
  }
  EXPECT_THAT(Check().faults(), IsEmpty());
  request.set_page_token("somewhere else");
  snapshot = reg_.store().Read();
  EXPECT_THAT(registry::ListLog(**snapshot, request), ReasonIs("REASON_INVALID_PAGE_TOKEN"));
}

}  // namespace
}  // namespace vigil::testing
