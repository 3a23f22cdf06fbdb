#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/hash.h"
#include "sync/replica/replica.h"
#include "sync/replica/schema.h"
#include "sync/sqlite/database.h"
#include "sync/sqlite/migrations.h"
#include "tests/support/phone_file_check.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// Old and new versions on either side.

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;

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

  // Of a report; its hazard lies under the risk source here, so that it is somebody's child.
  v1::RecordWrite WriteOf(const v1::Operation& report) {
    v1::RecordWrite write;
    write.set_record(report.report_hazard().hazard_id());
    write.set_kind(v1::Entity::kHazard);
    write.set_creates(true);
    write.set_parent(base().risk_source);
    v1::Hazard alone;
    alone.set_description(report.report_hazard().hazard().description());
    v1::FieldWrite& field = *write.add_fields();
    field.set_field(v1::Hazard::kDescriptionFieldNumber);
    field.set_value(alone.SerializeAsString());
    return write;
  }

  static std::vector<std::string> IdsOf(TestPhone& phone, const replica::RecordQuery& query) {
    std::vector<std::string> ids;
    const auto views = phone.replica().List(query);
    VIGIL_EXPECT_OK(views);
    if (!views.ok()) return ids;
    for (const replica::RecordView& view : *views) ids.push_back(view.record.id());
    return ids;
  }

  void CheckFileOf(std::size_t migrations);

  SimServer server_;
};

// What the program of that time left in a phone's file.
struct FormerFile {
  std::size_t migrations = 0;
  // Confirmed; by a register that the phone has not met yet otherwise.
  v1::Record record;
  // Queued, and what it writes.
  v1::Operation waits;
  v1::RecordWrite write;
};

// Before, rows had other places.
constexpr std::size_t kAddedAtTheEnd = 12;
constexpr std::size_t kOneIndexOfIds = 13;

constexpr char kAddRecord[] =
    "INSERT INTO record (place, id, version, parent, unit, key, merged_into, in_conflict, bytes) "
    "VALUES (256 + ?2, ?1, ?3, NULL, ?4, ?5, NULL, 0, ?6)";
constexpr char kAddFormerRecord[] =
    "INSERT INTO record (id, kind, version, parent, unit, key, merged_into, in_conflict, bucket, "
    "bytes) VALUES (?1, ?2, ?3, NULL, ?4, ?5, NULL, 0, ?7, ?6)";

absl::Status AddRecord(Transaction& transaction, const v1::Record& record, std::size_t migrations) {
  const std::string bytes = record.SerializeAsString();
  const Uuid id = *Uuid::Parse(record.id());
  BucketSums sums{};
  sums[static_cast<std::size_t>(BucketOf(id))] = ShareOf(bytes);
  VIGIL_ASSIGN_OR_RETURN(Statement digest, transaction.Prepare("UPDATE meta SET digest = ?1"));
  VIGIL_RETURN_IF_ERROR(digest.BindBlob(1, EncodeSums(sums)).Run());
  const bool former = migrations < kOneIndexOfIds;
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(former ? sqlite::Sql(kAddFormerRecord)
                                                                   : sqlite::Sql(kAddRecord)));
  add.BindUuid(1, id).BindInt64(2, v1::Entity::kRiskSource);
  add.BindInt64(3, static_cast<std::int64_t>(record.version()));
  add.BindUuid(4, *Uuid::Parse(record.unit()));
  add.BindText(5, record.entity().risk_source().code());
  if (former) add.BindInt64(7, BucketOf(id));
  return add.BindBlob(6, bytes).Run();
}

// One whose last operation this is.
absl::Status AddUser(Transaction& transaction, const v1::Operation& last, bool active) {
  VIGIL_ASSIGN_OR_RETURN(
      Statement identity,
      transaction.Prepare("INSERT INTO identity (device, person, active, last_device_seq, "
                          "last_hash, judged_device_seq) VALUES (?1, ?2, ?3, ?4, ?5, 0)"));
  identity.BindUuid(1, *Uuid::Parse(last.device())).BindUuid(2, *Uuid::Parse(last.person()));
  identity.BindBool(3, active).BindInt64(4, static_cast<std::int64_t>(last.device_seq()));
  identity.BindBlob(5, Sha256Of(last.SerializeAsString()).bytes());
  return identity.Run();
}

absl::Status AddPending(Transaction& transaction, const v1::Operation& waits,
                        const v1::RecordWrite& write) {
  v1::Stamp stamp;
  stamp.set_device(waits.device());
  stamp.set_device_seq(waits.device_seq());
  VIGIL_ASSIGN_OR_RETURN(
      Statement pending,
      transaction.Prepare("INSERT INTO pending_write (record, device, device_seq, kind, creates, "
                          "parent, seq, judged, write_bytes, stamp_bytes) VALUES (?1, ?2, ?3, ?4, "
                          "1, ?5, NULL, 0, ?6, ?7)"));
  pending.BindUuid(1, *Uuid::Parse(write.record())).BindUuid(2, *Uuid::Parse(waits.device()));
  pending.BindInt64(3, static_cast<std::int64_t>(waits.device_seq()));
  pending.BindInt64(4, write.kind()).BindUuid(5, *Uuid::Parse(write.parent()));
  pending.BindBlob(6, write.SerializeAsString()).BindBlob(7, stamp.SerializeAsString());
  return pending.Run();
}

absl::Status AddWaiting(Transaction& transaction, const v1::Operation& waits,
                        const Sha256& previous, const v1::RecordWrite& write) {
  VIGIL_ASSIGN_OR_RETURN(
      Statement outbox,
      transaction.Prepare("INSERT INTO outbox (device, device_seq, operation, state, "
                          "previous_hash, error, bytes) VALUES (?1, ?2, ?3, 0, ?4, x'', ?5)"));
  outbox.BindUuid(1, *Uuid::Parse(waits.device()));
  outbox.BindInt64(2, static_cast<std::int64_t>(waits.device_seq()));
  outbox.BindUuid(3, *Uuid::Parse(waits.id())).BindBlob(4, previous.bytes());
  VIGIL_RETURN_IF_ERROR(outbox.BindBlob(5, waits.SerializeAsString()).Run());
  return AddPending(transaction, waits, write);
}

absl::Status PutInPlace(Transaction& transaction) {
  return transaction.ExecuteScript(
      "UPDATE identity SET number = 1; UPDATE outbox SET place = (1 << 40) + 1; "
      "UPDATE pending_write SET place = ((1 << 40) + 1) << 8");
}

absl::StatusOr<sqlite::Database> OpenFormer(SimVfs& disk, const std::string& path,
                                            std::size_t migrations) {
  VIGIL_ASSIGN_OR_RETURN(auto database, sqlite::Database::Open(path, {.vfs = disk.name()}));
  sqlite::Schema former = replica::ReplicaSchema();
  former.migrations = former.migrations.first(migrations);
  VIGIL_RETURN_IF_ERROR(sqlite::Migrate(database, former));
  return database;
}

absl::Status MakeFile(SimVfs& disk, const std::string& path, const FormerFile& file) {
  VIGIL_ASSIGN_OR_RETURN(auto database, OpenFormer(disk, path, file.migrations));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_RETURN_IF_ERROR(AddUser(transaction, file.waits, true));
  VIGIL_RETURN_IF_ERROR(AddRecord(transaction, file.record, file.migrations));
  VIGIL_RETURN_IF_ERROR(AddWaiting(transaction, file.waits, Sha256(), file.write));
  if (file.migrations >= kAddedAtTheEnd) VIGIL_RETURN_IF_ERROR(PutInPlace(transaction));
  VIGIL_ASSIGN_OR_RETURN(Statement draft,
                         transaction.Prepare("INSERT INTO draft (device, key, saved_at, bytes) "
                                             "VALUES (?1, 'inspection', 1, x'68616c66')"));
  draft.BindUuid(1, *Uuid::Parse(file.waits.device()));
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
  const std::string hazard = waits.report_hazard().hazard_id();
  SimVfs disk;
  VIGIL_ASSERT_OK(MakeFile(disk, "phone-" + inspector.author.device + ".db",
                           {.migrations = migrations,
                            .record = base().Find(base().risk_source),
                            .waits = waits,
                            .write = WriteOf(waits)}));
  TestPhone phone(server_, inspector, {.vfs = disk.name()});
  EXPECT_EQ((*phone.replica().FindDraft("inspection"))->bytes, "half");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outbox, phone.replica().Outbox());
  ASSERT_EQ(outbox.size(), 1U);
  EXPECT_EQ(outbox[0].operation.SerializeAsString(), waits.SerializeAsString());
  EXPECT_FALSE(phone.View(base().risk_source).pending);
  EXPECT_EQ(phone.View(hazard).record.entity().hazard().description(), "crack");
  EXPECT_THAT(IdsOf(phone, {.kind = "hazard"}), ElementsAre(hazard));
  EXPECT_THAT(IdsOf(phone, {.kind = "hazard", .parent = base().risk_source}), ElementsAre(hazard));
  EXPECT_EQ(phone.MustSync().outcomes.applied, 1);
  EXPECT_TRUE(base().Exists(hazard));
  EXPECT_FALSE(phone.View(hazard).pending);
  // Its chain goes on.
  phone.Report(base().risk_source, "seepage");
  EXPECT_EQ(phone.MustSync().outcomes.applied, 1);
  phone.Close();
  VIGIL_ASSERT_OK_AND_ASSIGN(auto file, sqlite::Database::Open(phone.path(), {.vfs = disk.name()}));
  VIGIL_EXPECT_OK(CheckPhoneFile(file));
}

// What two have queued on one phone, one of them more, and more with each.
absl::Status MakeFileOfTwo(SimVfs& disk, const std::string& path,
                           const std::vector<v1::Operation>& ones, const v1::Operation& others,
                           const std::vector<v1::RecordWrite>& writes) {
  VIGIL_ASSIGN_OR_RETURN(auto database, OpenFormer(disk, path, kAddedAtTheEnd - 1));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_RETURN_IF_ERROR(AddUser(transaction, ones.back(), true));
  VIGIL_RETURN_IF_ERROR(AddUser(transaction, others, false));
  Sha256 previous;
  for (std::size_t i = 0; i < ones.size(); ++i) {
    VIGIL_RETURN_IF_ERROR(AddWaiting(transaction, ones[i], previous, writes[i]));
    previous = Sha256Of(ones[i].SerializeAsString());
  }
  VIGIL_RETURN_IF_ERROR(AddPending(transaction, ones.front(), writes.back()));
  VIGIL_RETURN_IF_ERROR(AddWaiting(transaction, others, Sha256(), writes.back()));
  return transaction.Commit();
}

TEST_F(UpgradeTest, WhatSeveralHaveQueuedStaysTheirsAndInItsOrder) {
  const Actor one = base().Phone(v1::ROLE_INSPECTOR, base().department);
  const Actor other = base().Phone(v1::ROLE_INSPECTOR, base().department);
  const std::vector<v1::Operation> ones = {Report(one, 1), Report(one, 2)};
  const v1::Operation others = Report(other, 1);
  SimVfs disk;
  const std::string path = "phone-" + one.author.device + ".db";
  VIGIL_ASSERT_OK(MakeFileOfTwo(disk, path, ones, others,
                                {WriteOf(ones[0]), WriteOf(ones[1]), WriteOf(others)}));
  TestPhone phone(server_, one, {.vfs = disk.name()});
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outbox, phone.replica().Outbox());
  ASSERT_EQ(outbox.size(), 2U);
  EXPECT_EQ(outbox[0].operation.id(), ones[0].id());
  EXPECT_EQ(outbox[1].operation.id(), ones[1].id());
  EXPECT_TRUE(phone.View(others.report_hazard().hazard_id()).pending);
  phone.Report(base().risk_source, "seepage");
  phone.Close();
  VIGIL_ASSERT_OK_AND_ASSIGN(auto file, sqlite::Database::Open(path, {.vfs = disk.name()}));
  VIGIL_EXPECT_OK(CheckPhoneFile(file));
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

// The program that stored it knew no such kind.
TEST_F(UpgradeTest, WhatAnOlderProgramCouldNotReadIsListedByANewerOne) {
  TestPhone phone(server_, base().Phone(v1::ROLE_INSPECTOR, base().department));
  phone.MustSync();
  const std::string id = phone.Report(base().risk_source, "crack");
  phone.MustSync();
  phone.Close();
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(auto file, sqlite::Database::Open(phone.path(), {}));
    VIGIL_ASSERT_OK_AND_ASSIGN(Transaction transaction, file.BeginWrite());
    VIGIL_ASSERT_OK_AND_ASSIGN(
        Statement forget,
        transaction.Prepare("UPDATE record SET place = place & ~255 WHERE id = ?1"));
    VIGIL_ASSERT_OK(forget.BindUuid(1, *Uuid::Parse(id)).Run());
    VIGIL_ASSERT_OK(transaction.Commit());
  }
  phone.Restart();
  EXPECT_THAT(IdsOf(phone, {.kind = "hazard"}), ElementsAre(id));
  phone.MustSync();
  phone.Close();
  VIGIL_ASSERT_OK_AND_ASSIGN(auto file, sqlite::Database::Open(phone.path(), {}));
  VIGIL_EXPECT_OK(CheckPhoneFile(file));
}

}  // namespace
}  // namespace vigil::testing
