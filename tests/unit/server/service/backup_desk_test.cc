#include "server/service/backup_desk.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/escalation/escalation_clock.h"
#include "sync/base/file.h"
#include "sync/base/hash.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/returned_copies.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/service/sync_core_fixture.h"

namespace vigil::testing {
namespace {

using registry::ReturnedCopy;
using service::BackupDesk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class BackupDeskTest : public ::testing::Test {
 protected:
  using Download = Sink<v1::DownloadBackupResponse>;

  BackupDeskTest()
      : desk_({.target = reg_.target(),
               .files = files_,
               .worker = reg_.executor(),
               .random = random_},
              directory_.path()),
        office_(reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau)),
        phone_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)) {}

  std::shared_ptr<Download> Begin() {
    auto sink = std::make_shared<Download>(reg_.executor());
    desk_.Download(office_.author, sink);
    return sink;
  }
  std::shared_ptr<Download> DownloadAll() {
    auto sink = Begin();
    reg_.executor().RunUntilIdle();
    return sink;
  }
  std::vector<std::string> Leftovers() { return *files_.List(directory_.path()); }

  absl::StatusOr<v1::ConfirmBackupResponse> Confirm(const v1::Backup& backup) {
    absl::StatusOr<v1::ConfirmBackupResponse> answer = absl::UnknownError("not answered");
    v1::ConfirmBackupRequest request;
    *request.mutable_backup() = backup;
    request.mutable_backup()->set_place("the safe");
    desk_.Confirm(request, [&](absl::StatusOr<v1::ConfirmBackupResponse> done) { answer = done; });
    reg_.executor().RunUntilIdle();
    return answer;
  }
  absl::StatusOr<v1::ForgetBackupResponse> Forget(const std::string& id) {
    absl::StatusOr<v1::ForgetBackupResponse> answer = absl::UnknownError("not answered");
    v1::ForgetBackupRequest request;
    request.set_id(id);
    desk_.Forget(request, [&](absl::StatusOr<v1::ForgetBackupResponse> done) { answer = done; });
    reg_.executor().RunUntilIdle();
    return answer;
  }

  // What is left for people to deal with: the records of the copies.
  std::vector<std::string> Listed(bool all = false) {
    std::vector<std::string> records;
    for (const v1::ReturnedCopy& copy : Copies(all)) {
      v1::Record record;
      EXPECT_TRUE(record.ParseFromString(copy.record()));
      records.push_back(record.id());
    }
    return records;
  }
  // In pages of one.
  std::vector<v1::ReturnedCopy> Copies(bool all = false) {
    std::vector<v1::ReturnedCopy> copies;
    v1::ListWitnessCopiesRequest request;
    request.set_all(all);
    request.set_page_size(1);
    do {
      const auto page = desk_.ListCopies(request);
      EXPECT_THAT(page, IsOk());
      copies.insert(copies.end(), page->copies().begin(), page->copies().end());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return copies;
  }
  absl::Status Settle(std::int64_t id) {
    absl::Status status = absl::UnknownError("not answered");
    v1::SettleWitnessCopyRequest request;
    request.set_id(id);
    desk_.Settle(request, [&](const absl::StatusOr<v1::SettleWitnessCopyResponse>& done) {
      status = done.status();
    });
    reg_.executor().RunUntilIdle();
    return status;
  }

  void Describe(const std::string& hazard, const std::string& text) {
    v1::Operation edit = reg_.Begin(phone_);
    reg_.See(edit, {hazard});
    edit.mutable_edit_record()->set_record(hazard);
    edit.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_category(text);
    edit.mutable_edit_record()->mutable_update_mask()->add_paths("category");
    ASSERT_EQ(reg_.Submit(phone_, edit).verdict(), v1::VERDICT_APPLIED);
  }
  void Return(const std::vector<ReturnedCopy>& copies) {
    VIGIL_ASSERT_OK(ReturnCopies(reg_, phone_, copies));
  }

  TestRegister reg_;
  PosixFileSystem files_;
  SeededRandom random_{7};
  TempDir directory_;
  BackupDesk desk_;
  Actor office_;
  Actor phone_;
};

TEST_F(BackupDeskTest, ABackupIsSentWithItsHashAndNothingOfItStays) {
  const auto sink = DownloadAll();
  VIGIL_ASSERT_OK(sink->status);
  ASSERT_GE(sink->messages.size(), 3U);
  const v1::Backup& first = sink->messages.front().backup();
  const v1::Backup& last = sink->messages.back().backup();
  std::string content;
  for (const auto& message : sink->messages) content += message.chunk();
  EXPECT_EQ(first.id(), last.id());
  EXPECT_EQ(first.person(), office_.author.person);
  EXPECT_EQ(first.seq(), reg_.Head().seq.value());
  EXPECT_EQ(first.epoch(), reg_.Head().epoch.id());
  EXPECT_EQ(static_cast<std::int64_t>(content.size()), first.size_bytes());
  EXPECT_EQ(last.sha256(), Sha256Of(content).bytes());
  EXPECT_THAT(Leftovers(), IsEmpty());
}

TEST_F(BackupDeskTest, OneAtATimeAndOneThatBreaksOffLeavesNothing) {
  const auto first = Begin();
  first->gone = true;
  const auto second = Begin();
  EXPECT_THAT(second->status, ReasonIs("REASON_RATE_LIMITED"));
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(first->status, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(Leftovers(), IsEmpty());
  VIGIL_EXPECT_OK(DownloadAll()->status);
}

TEST_F(BackupDeskTest, WhatAnEarlierProcessLeftBehindIsRemovedAndNothingElse) {
  for (const std::string name : {"backup-1.tmp", "backup-1.tmp-wal", "register.db", "backup.db"}) {
    VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File(name), "x", {}));
  }
  VIGIL_ASSERT_OK(desk_.RemoveLeftovers());
  EXPECT_THAT(Leftovers(), UnorderedElementsAre("register.db", "backup.db"));
}

TEST_F(BackupDeskTest, OnlyWhatWasSentToItsEndIsKept) {
  const auto sink = DownloadAll();
  v1::Backup backup = sink->messages.back().backup();
  EXPECT_THAT(Confirm(sink->messages.front().backup()), ReasonIs("REASON_BACKUP_INVALID"));
  v1::Backup other = backup;
  other.set_id(reg_.NewId());
  EXPECT_THAT(Confirm(other), ReasonIs("REASON_BACKUP_INVALID"));
  // What else the caller says of it does not count.
  backup.set_seq(1);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto kept, Confirm(backup));
  EXPECT_EQ(kept.archived_seq(), sink->messages.back().backup().seq());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto list, desk_.List());
  ASSERT_EQ(list.backups_size(), 1);
  EXPECT_EQ(list.backups(0).place(), "the safe");
  EXPECT_EQ(list.backups(0).seq(), kept.archived_seq());
  EXPECT_EQ(list.archived_seq(), kept.archived_seq());
}

TEST_F(BackupDeskTest, TheOldestThatIsKeptSaysWhatIsArchived) {
  const v1::Backup older = DownloadAll()->messages.back().backup();
  VIGIL_ASSERT_OK(Confirm(older));
  reg_.ConfirmedHazard(rules::ToDate(absl::CivilDay(2017, 9, 1)));
  const v1::Backup newer = DownloadAll()->messages.back().backup();
  ASSERT_GT(newer.seq(), older.seq());
  EXPECT_EQ(Confirm(newer)->archived_seq(), older.seq());
  EXPECT_EQ(Forget(older.id())->archived_seq(), newer.seq());
  EXPECT_THAT(Forget(older.id()), ReasonIs("REASON_NOT_FOUND"));
  EXPECT_EQ(Forget(newer.id())->archived_seq(), 0U);
}

TEST_F(BackupDeskTest, CopiesThatDifferOrAreLostAreListedUntilTheyAreSettled) {
  const std::string hazard = reg_.ConfirmedHazard(rules::ToDate(absl::CivilDay(2017, 9, 1)));
  const std::string backup = reg_.Backup();
  Describe(hazard, "a wide crack");
  const ReturnedCopy differs = CopyOf(reg_, hazard);
  const std::string source = reg_.NewId();
  reg_.AddRiskSource(source, "RS-0003", reg_.unit);
  const ReturnedCopy lost = CopyOf(reg_, source);
  reg_.Restore(backup, office_);
  Return({differs, lost, {.epoch = differs.epoch, .bytes = "\xff no record"}});
  std::vector<v1::ReturnedCopy> copies = Copies();
  ASSERT_THAT(copies, SizeIs(3));
  EXPECT_THAT(copies[0].differing(), ElementsAre("category"));
  EXPECT_FALSE(copies[0].lost());
  EXPECT_EQ(copies[0].device(), phone_.author.device);
  EXPECT_TRUE(copies[1].lost());
  EXPECT_EQ(copies[2].record(), "\xff no record");
  VIGIL_EXPECT_OK(Settle(copies[1].id()));
  EXPECT_THAT(Copies(), SizeIs(2));
  EXPECT_THAT(Copies(true), SizeIs(3));
  EXPECT_THAT(Settle(1000), ReasonIs("REASON_NOT_FOUND"));
  // Its author says it again: nothing is left of the difference.
  Describe(hazard, "a wide crack");
  EXPECT_THAT(Copies(), SizeIs(1));
  v1::ListWitnessCopiesRequest request;
  request.set_page_token("x");
  EXPECT_THAT(desk_.ListCopies(request), ReasonIs("REASON_INVALID_PAGE_TOKEN"));
}

// The clock fires again what the backup lacks; that it did so later is nothing to deal with.
TEST_F(BackupDeskTest, AnEscalationThatFiredAgainIsNotListedForItsTimeAlone) {
  const std::string hazard = reg_.ConfirmedHazard(rules::ToDate(absl::CivilDay(2017, 8, 1)));
  const std::string backup = reg_.Backup();
  escalation::EscalationClock clock(reg_.target(), reg_.executor(), {});
  const auto tick = [&] {
    std::int64_t fired = -1;
    clock.Tick([&](absl::StatusOr<std::int64_t> answer) { fired = answer.value_or(-1); });
    reg_.executor().RunUntilIdle();
    return fired;
  };
  reg_.executor().RunFor(absl::Hours(24 * 30));
  ASSERT_EQ(tick(), 1);
  std::string fired;
  {
    const auto snapshot = reg_.store().Read();
    fired = (*snapshot)
                ->Records(v1::Entity::kEscalation, Uuid(), 10, "", store::RecordScope::Everything())
                ->records[0]
                .id.ToString();
  }
  const ReturnedCopy copy = CopyOf(reg_, fired);
  ReturnedCopy answered = copy;
  v1::Record record = reg_.Find(fired);
  record.mutable_entity()->mutable_escalation()->set_acknowledgement("seen");
  answered.bytes = record.SerializeAsString();
  reg_.executor().RunFor(absl::Hours(1));
  reg_.Restore(backup, office_);
  Return({copy});
  EXPECT_THAT(Listed(), ElementsAre(fired)) << "it is lost until the clock ticks";
  ASSERT_EQ(tick(), 1);
  EXPECT_THAT(Listed(), IsEmpty());
  EXPECT_THAT(Listed(true), ElementsAre(fired));
  Return({answered});
  EXPECT_THAT(Listed(), ElementsAre(fired)) << "somebody's answer is lost";
  EXPECT_THAT(Copies()[0].differing(), ElementsAre("acknowledgement"));
}

}  // namespace
}  // namespace vigil::testing
