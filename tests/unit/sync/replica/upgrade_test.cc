#include <cstddef>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/replica/replica.h"
#include "sync/replica/schema.h"
#include "sync/sqlite/database.h"
#include "sync/sqlite/migrations.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// Old and new versions on either side.

namespace vigil::testing {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

class UpgradeTest : public ::testing::Test {
 protected:
  TestRegister& base() { return server_.base(); }

  v1::Operation Report(const Actor& actor, std::uint64_t device_seq) {
    v1::Operation operation;
    operation.set_id(base().NewId());
    operation.set_device(actor.author.device);
    operation.set_person(actor.author.person);
    operation.set_device_seq(device_seq);
    operation.mutable_made_at()->set_seconds(absl::ToUnixSeconds(server_.executor().Now()));
    v1::ReportHazard& report = *operation.mutable_report_hazard();
    report.set_hazard_id(base().NewId());
    report.mutable_hazard()->set_risk_source(base().risk_source);
    report.mutable_hazard()->set_description("crack");
    *report.mutable_hazard()->mutable_found_at() = operation.made_at();
    return operation;
  }

  void CheckFileOf(std::size_t migrations);

  SimServer server_;
};

// Written by the SQL of so many migrations, as the program of that time left it.
absl::Status MakeFile(SimVfs& disk, const std::string& path, const v1::Operation& waits,
                      std::size_t migrations) {
  VIGIL_ASSIGN_OR_RETURN(auto database, sqlite::Database::Open(path, {.vfs = disk.name()}));
  sqlite::Schema former = replica::ReplicaSchema();
  former.migrations = former.migrations.first(migrations);
  VIGIL_RETURN_IF_ERROR(sqlite::Migrate(database, former));
  const Uuid device = *Uuid::Parse(waits.device());
  const std::string bytes = waits.SerializeAsString();
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(
      Statement identity,
      transaction.Prepare("INSERT INTO identity (device, person, active, last_device_seq, "
                          "last_hash, judged_device_seq) VALUES (?1, ?2, 1, 1, ?3, 0)"));
  identity.BindUuid(1, device).BindUuid(2, *Uuid::Parse(waits.person()));
  identity.BindBlob(3, Sha256Of(bytes).bytes());
  VIGIL_RETURN_IF_ERROR(identity.Run());
  VIGIL_ASSIGN_OR_RETURN(
      Statement outbox,
      transaction.Prepare("INSERT INTO outbox (device, device_seq, operation, state, "
                          "previous_hash, error, bytes) VALUES (?1, 1, ?2, 0, zeroblob(32), x'', "
                          "?3)"));
  outbox.BindUuid(1, device).BindUuid(2, *Uuid::Parse(waits.id())).BindBlob(3, bytes);
  VIGIL_RETURN_IF_ERROR(outbox.Run());
  VIGIL_ASSIGN_OR_RETURN(Statement draft,
                         transaction.Prepare("INSERT INTO draft (device, key, saved_at, bytes) "
                                             "VALUES (?1, 'inspection', 1, x'68616c66')"));
  draft.BindUuid(1, device);
  VIGIL_RETURN_IF_ERROR(draft.Run());
  return transaction.Commit();
}

TEST_F(UpgradeTest, WorkThatAnEarlierProgramQueuedIsSentByThisOne) {
  for (std::size_t n = 1; n <= replica::ReplicaSchema().migrations.size(); ++n) {
    SCOPED_TRACE(n);
    CheckFileOf(n);
  }
}

// A phone of today whose file has had so many migrations.
void UpgradeTest::CheckFileOf(std::size_t migrations) {
  const Actor inspector = base().Phone(v1::ROLE_INSPECTOR, base().department);
  const v1::Operation waits = Report(inspector, 1);
  SimVfs disk;
  VIGIL_ASSERT_OK(MakeFile(disk, "phone-" + inspector.author.device + ".db", waits, migrations));
  TestPhone phone(server_, inspector, {.vfs = disk.name()});
  EXPECT_EQ((*phone.replica().FindDraft("inspection"))->bytes, "half");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outbox, phone.replica().Outbox());
  ASSERT_EQ(outbox.size(), 1U);
  EXPECT_EQ(outbox[0].operation.SerializeAsString(), waits.SerializeAsString());
  EXPECT_EQ(phone.MustSync().outcomes.applied, 1);
  EXPECT_TRUE(base().Exists(waits.report_hazard().hazard_id()));
  // Its chain goes on.
  phone.Report(base().risk_source, "seepage");
  EXPECT_EQ(phone.MustSync().outcomes.applied, 1);
}

void AddUnknown(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(9999, 7);
}
bool HasUnknown(const google::protobuf::Message& message) {
  const auto& fields = message.GetReflection()->GetUnknownFields(message);
  return fields.field_count() == 1 && fields.field(0).number() == 9999 &&
         fields.field(0).varint() == 7;
}

// A register that is newer than the phone has added a field to hazards, and one to records.
TEST_F(UpgradeTest, WhatANewerRegisterAddedSurvivesAnOldPhonesEdit) {
  TestPhone phone(server_, base().Phone(v1::ROLE_INSPECTOR, base().department));
  phone.MustSync();
  const std::string id = phone.Report(base().risk_source, "crack");
  phone.MustSync();
  v1::Record newer = base().Find(id);
  AddUnknown(*newer.mutable_entity()->mutable_hazard());
  AddUnknown(newer);
  newer.set_version(newer.version() + 1);
  v1::PullResponse page;
  page.mutable_head()->set_epoch(phone.replica().GetSyncState()->epoch);
  page.add_records(newer.SerializeAsString());
  VIGIL_ASSERT_OK(phone.replica().ApplyPage(page));
  phone.Describe(id, "crack, wider now");
  const replica::RecordView view = phone.View(id);
  EXPECT_EQ(view.record.entity().hazard().description(), "crack, wider now");
  EXPECT_TRUE(HasUnknown(view.record.entity().hazard()));
  EXPECT_TRUE(HasUnknown(view.record));
  // What it sends are the fields that it changed, and nothing that it does not know.
  const v1::Operation edit = (*phone.replica().Outbox()).back().operation;
  EXPECT_EQ(edit.edit_record().update_mask().paths_size(), 1);
  EXPECT_EQ(edit.edit_record().entity().hazard().ByteSizeLong(), [&] {
    v1::Hazard only;
    only.set_description("crack, wider now");
    return only.ByteSizeLong();
  }());
}

}  // namespace
}  // namespace vigil::testing
