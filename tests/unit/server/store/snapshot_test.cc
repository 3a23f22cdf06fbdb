#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_snapshot.h"
#include "server/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/store/store_maker.h"

namespace vigil::store {
namespace {

using testing::DateOf;
using ::testing::ElementsAre;
using testing::GroupMaker;
using testing::Id;
using ::testing::IsEmpty;
using testing::NewRegister;
using testing::RecordSpec;
using ::testing::SizeIs;
using ::vigil::testing::IsOk;
using ::vigil::testing::ReasonIs;
using ::vigil::testing::StoryBegin;

class SnapshotTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = SqliteRegisterStore::Open(dir_.File("register.db"), NewRegister());
    VIGIL_ASSERT_OK(store);
    store_ = *std::move(store);
  }

  void Commit(const GroupMaker& group) {
    VIGIL_ASSERT_OK(group.CommitTo(*store_));
    head_ = group.seq();
  }
  GroupMaker Group(Uuid device = Id(9000)) const { return GroupMaker(head_, device); }

  std::unique_ptr<Snapshot> Read() {
    auto snapshot = store_->Read();
    EXPECT_THAT(snapshot, IsOk());
    return *std::move(snapshot);
  }

  ::vigil::testing::TempDir dir_;
  std::unique_ptr<SqliteRegisterStore> store_;
  Seq head_;
};

std::vector<Uuid> IdsOf(const std::vector<StoredRecord>& records) {
  std::vector<Uuid> ids;
  for (const StoredRecord& record : records) ids.push_back(record.id);
  return ids;
}

TEST_F(SnapshotTest, ARecordIsFoundWithAllThatWasStored) {
  const RecordSpec spec = {
      .id = Id(5), .kind = 11, .parent = Id(4), .root = Id(3), .unit = Id(7), .padding = 3000};
  GroupMaker group = Group();
  group.Operation();
  group.Create(spec);
  Commit(group);
  const auto snapshot = Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto found, snapshot->FindRecord(Id(5)));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, Id(5));
  EXPECT_EQ(found->kind, 11);
  EXPECT_EQ(found->version, Seq(1));
  EXPECT_EQ(found->parent, Id(4));
  EXPECT_EQ(found->root, Id(3));
  EXPECT_EQ(found->unit, Id(7));
  EXPECT_EQ(found->bytes, BytesOf(spec, Seq(1)));
  EXPECT_FALSE(snapshot->FindRecord(Id(6))->has_value());
  EXPECT_FALSE(snapshot->FindRecord(Uuid())->has_value());
}

TEST_F(SnapshotTest, EveryVersionIsKeptAndTheLastOneOfAGroupIsInForce) {
  RecordSpec spec = {.id = Id(5), .unit = Id(7)};
  GroupMaker group = Group();
  group.Operation();
  group.Create(spec);
  group.Operation();
  group.Operation();
  spec.padding = 10;
  group.Change(spec);
  Commit(group);
  GroupMaker next = Group();
  next.Operation();
  next.Change(spec);
  Commit(next);

  const auto snapshot = Read();
  EXPECT_EQ((*snapshot->FindRecord(Id(5)))->version, Seq(4));
  EXPECT_FALSE(snapshot->FindRecordAt(Id(5), Seq(0))->has_value());
  EXPECT_EQ((*snapshot->FindRecordAt(Id(5), Seq(1)))->version, Seq(1));
  EXPECT_EQ((*snapshot->FindRecordAt(Id(5), Seq(2)))->version, Seq(1));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto third, snapshot->FindRecordAt(Id(5), Seq(3)));
  EXPECT_EQ(third->version, Seq(3));
  EXPECT_EQ(third->unit, Id(7));
  EXPECT_EQ(third->bytes, BytesOf(spec, Seq(3)));
  EXPECT_EQ((*snapshot->FindRecordAt(Id(5), Seq(99)))->version, Seq(4));
}

TEST_F(SnapshotTest, KeysAreFoundWithinTheirKindAndTheFirstRecordMadeHasThem) {
  GroupMaker group = Group();
  group.Operation();
  group.Create({.id = Id(50), .kind = 4, .key = "RS-1"});
  group.Create({.id = Id(20), .kind = 4, .key = "RS-1"});
  group.Create({.id = Id(10), .kind = 10, .key = "RS-1"});
  group.Create({.id = Id(11), .kind = 4});
  Commit(group);
  const auto snapshot = Read();
  EXPECT_EQ(*snapshot->FindByKey(4, "RS-1"), Id(50));
  EXPECT_EQ(*snapshot->FindByKey(10, "RS-1"), Id(10));
  EXPECT_FALSE(snapshot->FindByKey(4, "RS-2")->has_value());
  EXPECT_FALSE(snapshot->FindByKey(4, "")->has_value());
}

TEST_F(SnapshotTest, AKeyThatChangedIsFoundByItsNewTextOnly) {
  GroupMaker group = Group();
  group.Operation();
  group.Create({.id = Id(50), .kind = 16, .key = "old"});
  group.Operation();
  group.Change({.id = Id(50), .kind = 16, .key = "new"});
  Commit(group);
  const auto snapshot = Read();
  EXPECT_EQ(*snapshot->FindByKey(16, "new"), Id(50));
  EXPECT_FALSE(snapshot->FindByKey(16, "old")->has_value());
}

TEST_F(SnapshotTest, ChildrenComeInTheOrderOfTheirIds) {
  GroupMaker group = Group();
  group.Operation();
  group.Create({.id = Id(3)});
  group.Create({.id = Id(9), .kind = 12, .parent = Id(3), .root = Id(3)});
  group.Create({.id = Id(8), .kind = 16, .parent = Id(3), .root = Id(3)});
  group.Create({.id = Id(7), .kind = 17, .parent = Id(8), .root = Id(3)});
  Commit(group);
  const auto snapshot = Read();
  EXPECT_THAT(IdsOf(*snapshot->Children(Id(3), 0)), ElementsAre(Id(8), Id(9)));
  EXPECT_THAT(IdsOf(*snapshot->Children(Id(3), 12)), ElementsAre(Id(9)));
  EXPECT_THAT(IdsOf(*snapshot->Children(Id(8), 0)), ElementsAre(Id(7)));
  EXPECT_THAT(*snapshot->Children(Id(7), 0), IsEmpty());
}

TEST_F(SnapshotTest, OwnWritesAreOneDevicesOnOneRecordAfterAVersion) {
  GroupMaker group = Group(Id(9001));
  group.Operation();
  group.Create({.id = Id(5)});
  group.Create({.id = Id(6)});
  group.Operation();
  group.Change({.id = Id(5), .device = Id(9002)});
  group.Operation();
  group.Change({.id = Id(5)});
  Commit(group);
  const auto snapshot = Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto all, snapshot->OwnWrites(Id(5), Id(9001), Seq(0)));
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].seq, Seq(1));
  EXPECT_EQ(all[0].write_bytes, "write 1");
  EXPECT_EQ(all[0].stamp_bytes, "stamp 1");
  EXPECT_EQ(all[1].seq, Seq(3));
  EXPECT_THAT(*snapshot->OwnWrites(Id(5), Id(9001), Seq(1)), SizeIs(1));
  EXPECT_THAT(*snapshot->OwnWrites(Id(5), Id(9001), Seq(3)), IsEmpty());
  EXPECT_THAT(*snapshot->OwnWrites(Id(5), Id(9003), Seq(0)), IsEmpty());
}

TEST_F(SnapshotTest, OthersWroteWhatIsNotOfTheDeviceOrNotBeforeItsOperation) {
  GroupMaker group = Group(Id(9001));
  for (int i = 0; i < 3; ++i) {
    group.Operation(DeviceSeq(static_cast<std::uint64_t>(i) + 1));
    if (i == 0) group.Create({.id = Id(5)});
    if (i == 1) group.Change({.id = Id(5), .device = Id(9002)});
    if (i == 2) group.Change({.id = Id(5)});
  }
  Commit(group);
  const auto snapshot = Read();
  const OwnBefore all{Id(9001), DeviceSeq(4)};
  EXPECT_TRUE(*snapshot->OthersWrote(Id(5), all, Seq(0)));
  EXPECT_TRUE(*snapshot->OthersWrote(Id(5), all, Seq(1)));
  EXPECT_FALSE(*snapshot->OthersWrote(Id(5), all, Seq(2)));
  EXPECT_TRUE(*snapshot->OthersWrote(Id(5), {Id(9001), DeviceSeq(3)}, Seq(2)))
      << "what the device says later was not known to it";
  EXPECT_TRUE(*snapshot->OthersWrote(Id(5), {Id(9002), DeviceSeq(4)}, Seq(2)));
  EXPECT_FALSE(*snapshot->OthersWrote(Id(6), all, Seq(0)));
}

TEST_F(SnapshotTest, HistoryTellsWhatCameOfEachOperation) {
  GroupMaker group = Group();
  group.Operation();
  group.Create({.id = Id(5)});
  group.Operation();
  group.Change({.id = Id(5)});
  group.Operation();
  group.Change({.id = Id(5)});
  Commit(group);
  const auto snapshot = Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto rows, snapshot->History(Id(5), Seq(1), 1));
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].version, Seq(2));
  EXPECT_EQ(rows[0].write_bytes, "write 2");
  EXPECT_EQ(rows[0].stamp_bytes, "stamp 2");
  EXPECT_EQ(rows[0].operation_bytes, "operation 2");
  EXPECT_EQ(rows[0].outcome_bytes, "outcome 2");
  EXPECT_EQ(rows[0].received_at, StoryBegin() + absl::Seconds(2));
  EXPECT_THAT(*snapshot->History(Id(5), Seq(0), 10), SizeIs(3));
}

TEST_F(SnapshotTest, OutcomesAreFoundByOperationAndByPlace) {
  GroupMaker group = Group(Id(9001));
  group.Operation(DeviceSeq(4));
  group.Operation();
  Commit(group);
  const auto snapshot = Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto by_id, snapshot->FindOutcome(Id(1'000'001)));
  ASSERT_TRUE(by_id.has_value());
  EXPECT_EQ(by_id->seq, Seq(1));
  EXPECT_EQ(by_id->operation, Id(1'000'001));
  EXPECT_EQ(by_id->device, Id(9001));
  EXPECT_EQ(by_id->device_seq, DeviceSeq(4));
  EXPECT_EQ(by_id->operation_hash, Sha256Of("operation 1"));
  EXPECT_EQ(by_id->outcome_bytes, "outcome 1");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto by_place, snapshot->FindOutcome(Id(9001), DeviceSeq(4)));
  ASSERT_TRUE(by_place.has_value());
  EXPECT_EQ(by_place->seq, Seq(1));
  EXPECT_FALSE(snapshot->FindOutcome(Id(9001), DeviceSeq(5))->has_value());
  // What has no place is not found by it.
  EXPECT_FALSE(snapshot->FindOutcome(Id(9001), DeviceSeq(0))->has_value());
  EXPECT_FALSE(snapshot->FindOutcome(Id(1'000'009))->has_value());
}

TEST_F(SnapshotTest, ADevicesStateIsItsLastJudgedOperation) {
  GroupMaker group = Group(Id(9001));
  group.Operation(DeviceSeq(1));
  group.Operation(DeviceSeq(2));
  group.Operation();
  // One that waits, of another device.
  group.writes().links.push_back({.device = Id(9003),
                                  .device_seq = DeviceSeq(5),
                                  .operation_hash = Sha256Of("operation 5"),
                                  .previous_hash = Sha256Of("operation 4")});
  Commit(group);
  const auto snapshot = Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(const DeviceState state, snapshot->GetDevice(Id(9001)));
  EXPECT_EQ(state.last_judged, DeviceSeq(2));
  EXPECT_EQ(state.last_link, DeviceSeq(2));
  EXPECT_EQ(state.last_hash, Sha256Of("operation 2"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const DeviceState unknown, snapshot->GetDevice(Id(9002)));
  EXPECT_EQ(unknown.last_judged, DeviceSeq(0));
  EXPECT_TRUE(unknown.last_hash.is_zero());
  EXPECT_EQ(unknown.last_link, DeviceSeq(0));
  VIGIL_ASSERT_OK_AND_ASSIGN(const DeviceState waiting, snapshot->GetDevice(Id(9003)));
  EXPECT_EQ(waiting.last_judged, DeviceSeq(0));
  EXPECT_EQ(waiting.last_link, DeviceSeq(5));
}

TEST_F(SnapshotTest, WhatARefusedOperationNamedIsRemembered) {
  GroupMaker group = Group(Id(9001));
  group.Operation(DeviceSeq(1));
  group.Operation(DeviceSeq(2));
  group.log().verdict = v1::VERDICT_REFUSED;
  // Whatever it named: twice, and the nil id.
  group.log().refused_records = {Id(5), Id(5), Uuid()};
  Commit(group);
  const auto snapshot = Read();
  EXPECT_TRUE(*snapshot->OwnRefused(Id(9001), Id(5), Seq(1)));
  EXPECT_FALSE(*snapshot->OwnRefused(Id(9001), Id(5), Seq(2)));
  EXPECT_FALSE(*snapshot->OwnRefused(Id(9002), Id(5), Seq(0)));
  EXPECT_FALSE(*snapshot->OwnRefused(Id(9001), Id(6), Seq(0)));
}

TEST_F(SnapshotTest, CountersNeverGoBack) {
  GroupMaker group = Group();
  group.Operation();
  group.writes().counters = {{"hazard/2017", 12}, {"hazard/2018", 1}};
  Commit(group);
  GroupMaker next = Group();
  next.Operation();
  next.writes().counters = {{"hazard/2017", 11}, {"hazard/2018", 2}};
  Commit(next);
  const auto snapshot = Read();
  EXPECT_EQ(*snapshot->Counter("hazard/2017"), 12);
  EXPECT_EQ(*snapshot->Counter("hazard/2018"), 2);
  EXPECT_EQ(*snapshot->Counter("hazard/2019"), 0);
}

TEST_F(SnapshotTest, TheAuditTreesLeavesStandInTheLog) {
  GroupMaker group = Group();
  group.Operation();
  group.Operation();
  group.writes().audit_nodes = {{1, 0, Sha256Of("node")}};
  Commit(group);
  const auto snapshot = Read();
  EXPECT_EQ(*snapshot->FindAuditNode(0, 0), LeafHash("operation 1outcome 1"));
  EXPECT_EQ(*snapshot->FindAuditNode(0, 1), LeafHash("operation 2outcome 2"));
  EXPECT_FALSE(snapshot->FindAuditNode(0, 2)->has_value());
  EXPECT_EQ(*snapshot->FindAuditNode(1, 0), Sha256Of("node"));
  EXPECT_FALSE(snapshot->FindAuditNode(1, 1)->has_value());
}

TEST_F(SnapshotTest, TheLogIsReadInOrder) {
  GroupMaker group = Group(Id(9001));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    group.Operation(DeviceSeq(i));
    group.log().previous_hash = Sha256Of("before");
  }
  Commit(group);
  const auto snapshot = Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto rows, snapshot->Log(Seq(1), 1));
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].seq, Seq(2));
  EXPECT_EQ(rows[0].operation, Id(1'000'002));
  EXPECT_EQ(rows[0].device, Id(9001));
  EXPECT_EQ(rows[0].device_seq, DeviceSeq(2));
  EXPECT_EQ(rows[0].operation_bytes, "operation 2");
  EXPECT_EQ(rows[0].operation_hash, Sha256Of("operation 2"));
  EXPECT_EQ(rows[0].previous_hash, Sha256Of("before"));
  EXPECT_EQ(rows[0].outcome_bytes, "outcome 2");
  EXPECT_EQ(rows[0].verdict, v1::VERDICT_APPLIED);
  EXPECT_EQ(rows[0].received_at, StoryBegin() + absl::Seconds(2));
  EXPECT_EQ(rows[0].leaf, LeafHash("operation 2outcome 2"));
  EXPECT_THAT(*snapshot->Log(Seq(0), 10), SizeIs(3));
}

TEST_F(SnapshotTest, RecordsOfAKindArePagedByKeyAndChildrenById) {
  GroupMaker group = Group();
  group.Operation();
  group.Create({.id = Id(3), .kind = 4, .key = "c"});
  group.Create({.id = Id(2), .kind = 4, .key = "a"});
  group.Create({.id = Id(1), .kind = 4, .key = "b"});
  group.Create({.id = Id(6), .kind = 8});
  group.Create({.id = Id(5), .kind = 8, .parent = Id(1)});
  group.Create({.id = Id(4), .kind = 9, .parent = Id(1)});
  Commit(group);
  const auto snapshot = Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(const RecordPage first,
                             snapshot->Records(4, Uuid(), 2, "", RecordScope::Everything()));
  EXPECT_THAT(IdsOf(first.records), ElementsAre(Id(2), Id(1)));
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const RecordPage second,
      snapshot->Records(4, Uuid(), 2, first.next_page_token, RecordScope::Everything()));
  EXPECT_THAT(IdsOf(second.records), ElementsAre(Id(3)));
  EXPECT_EQ(second.next_page_token, "");
  // Without keys: in the order in which they were made.
  EXPECT_THAT(IdsOf(snapshot->Records(8, Uuid(), 0, "", RecordScope::Everything())->records),
              ElementsAre(Id(6), Id(5)));

  VIGIL_ASSERT_OK_AND_ASSIGN(const RecordPage child,
                             snapshot->Records(0, Id(1), 1, "", RecordScope::Everything()));
  EXPECT_THAT(IdsOf(child.records), ElementsAre(Id(4)));
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const RecordPage sibling,
      snapshot->Records(0, Id(1), 1, child.next_page_token, RecordScope::Everything()));
  EXPECT_THAT(IdsOf(sibling.records), ElementsAre(Id(5)));
  EXPECT_EQ(sibling.next_page_token, "");
  EXPECT_THAT(IdsOf(snapshot->Records(8, Id(1), 0, "", RecordScope::Everything())->records),
              ElementsAre(Id(5)));
  EXPECT_THAT(snapshot->Records(8, Uuid(), 2, first.next_page_token, RecordScope::Everything()),
              ReasonIs("REASON_INVALID_PAGE_TOKEN"));
  EXPECT_THAT(snapshot->Records(4, Id(1), 2, first.next_page_token, RecordScope::Everything()),
              ReasonIs("REASON_INVALID_PAGE_TOKEN"));
}

TEST_F(SnapshotTest, ConflictsAreListedUntilTheyAreSettled) {
  GroupMaker group = Group();
  group.Operation();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    group.Create({.id = Id(i)});
    group.writes().conflicts.push_back({Id(i), {"description", "grade"}});
  }
  Commit(group);
  VIGIL_ASSERT_OK_AND_ASSIGN(const RecordPage first,
                             Read()->Conflicts(2, "", RecordScope::Everything()));
  EXPECT_THAT(IdsOf(first.records), ElementsAre(Id(1), Id(2)));
  VIGIL_ASSERT_OK_AND_ASSIGN(const RecordPage second, Read()->Conflicts(2, first.next_page_token,
                                                                        RecordScope::Everything()));
  EXPECT_THAT(IdsOf(second.records), ElementsAre(Id(3)));
  EXPECT_EQ(second.next_page_token, "");
  GroupMaker next = Group();
  next.Operation();
  next.writes().conflicts = {{Id(2), {}}, {Id(3), {"grade"}}};
  Commit(next);
  EXPECT_THAT(IdsOf(Read()->Conflicts(0, "", RecordScope::Everything())->records),
              ElementsAre(Id(1), Id(3)));
}

TEST_F(SnapshotTest, AHazardsProjectionIsFoundAsItWasStored) {
  GroupMaker group = Group();
  group.Operation();
  group.Create({.id = Id(1)});
  group.Create({.id = Id(2)});
  HazardProjection hazard;
  hazard.id = Id(1);
  hazard.number = "2017-0001";
  hazard.risk_source = Id(80);
  hazard.responsible_unit = Id(7);
  hazard.state.set_status(v1::HAZARD_STATUS_RECTIFYING);
  *hazard.state.mutable_due_date() = DateOf(2017, 6, 30);
  hazard.origin = v1::HAZARD_ORIGIN_CAMPAIGN;
  hazard.found_at = StoryBegin();
  hazard.description = "坝体裂缝";
  hazard.merged_into = Id(2);
  hazard.imported = true;
  hazard.next_step_at = StoryBegin() + absl::Hours(5);
  group.writes().hazards = {hazard};
  Commit(group);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto found, Read()->FindHazardProjection(Id(1)));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, hazard.id);
  EXPECT_EQ(found->number, hazard.number);
  EXPECT_EQ(found->risk_source, hazard.risk_source);
  EXPECT_EQ(found->responsible_unit, hazard.responsible_unit);
  EXPECT_EQ(found->state.SerializeAsString(), hazard.state.SerializeAsString());
  EXPECT_EQ(found->origin, hazard.origin);
  EXPECT_EQ(found->found_at, hazard.found_at);
  EXPECT_EQ(found->description, hazard.description);
  EXPECT_EQ(found->merged_into, hazard.merged_into);
  EXPECT_EQ(found->imported, hazard.imported);
  EXPECT_EQ(found->next_step_at, hazard.next_step_at);
  EXPECT_FALSE(Read()->FindHazardProjection(Id(2))->has_value());
  EXPECT_THAT(*Read()->DuplicatesOf(Id(2)), ElementsAre(Id(1)));
  EXPECT_THAT(*Read()->DuplicatesOf(Id(1)), IsEmpty());

  hazard.merged_into = Uuid();
  hazard.next_step_at.reset();
  GroupMaker next = Group();
  next.Operation();
  next.writes().hazards = {hazard};
  Commit(next);
  EXPECT_EQ((*Read()->FindHazardProjection(Id(1)))->next_step_at, std::nullopt);
  EXPECT_THAT(*Read()->DuplicatesOf(Id(2)), IsEmpty());
}

TEST_F(SnapshotTest, WhatIsDueForEscalationComesEarliestFirst) {
  GroupMaker group = Group();
  group.Operation();
  const std::vector<std::optional<absl::Duration>> steps = {absl::Hours(3), absl::Hours(1),
                                                            std::nullopt, absl::Hours(9)};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    group.Create({.id = Id(i + 1)});
    HazardProjection hazard;
    hazard.id = Id(i + 1);
    if (steps[i]) hazard.next_step_at = StoryBegin() + *steps[i];
    group.writes().hazards.push_back(hazard);
  }
  Commit(group);
  const auto snapshot = Read();
  const auto due = [&](absl::Duration until, const Waiting& after, int limit) {
    std::vector<Uuid> ids;
    const auto rows = snapshot->DueForEscalation(StoryBegin() + until, after, limit);
    EXPECT_THAT(rows, IsOk());
    for (const Waiting& row : *rows) {
      ids.push_back(row.item);
    }
    return ids;
  };
  EXPECT_THAT(due(absl::Hours(3), {}, 10), ElementsAre(Id(2), Id(1)));
  EXPECT_THAT(due(absl::Hours(3), {}, 1), ElementsAre(Id(2)));
  EXPECT_THAT(due(absl::Hours(9), {StoryBegin() + absl::Hours(1), Id(2)}, 10),
              ElementsAre(Id(1), Id(4)));
  EXPECT_THAT(due(absl::ZeroDuration(), {}, 10), IsEmpty());
}

}  // namespace
}  // namespace vigil::store
