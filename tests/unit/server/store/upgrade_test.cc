#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/schema.h"
#include "server/store/sqlite_store.h"
#include "sync/sqlite/database.h"
#include "sync/sqlite/migrations.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/store/store_maker.h"

// Registers that an earlier program has left, with data in them.

namespace vigil::store {
namespace {

using ::testing::ElementsAre;
using testing::GroupMaker;
using ::testing::IsEmpty;
using testing::NewRegister;
using testing::RecordsOf;
using ::testing::SizeIs;
using ::vigil::testing::IsOkAndHolds;

constexpr std::size_t kMigrationsThen = 7;

// The id whose 16 bytes are this number's digits, as printf('%016d') writes them.
Uuid Id(int number) { return *Uuid::FromBytes(absl::StrFormat("%016d", number)); }

// Two units, two hazards in the first of them, of which device 900 has edited the second one, and
// an inspection without a key. Sixteen operations; device 901 has signed a push. The numbers of
// records tell their kinds: 101 and 102 are hazards.
constexpr std::string_view kContent = R"sql(
INSERT INTO epoch (ordinal, id, bytes) VALUES (1, CAST(printf('%016d', 1) AS BLOB), x'');
INSERT INTO meta (one, seq, audit_root, committed_at) VALUES (1, 16, zeroblob(32), 1000000);

WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 16)
INSERT INTO log (seq, operation, device, device_seq, verdict, received_at, operation_hash,
                 previous_hash, leaf, outcome_bytes, operation_bytes)
SELECT i, CAST(printf('%016d', 1000 + i) AS BLOB),
       CAST(printf('%016d', iif(i = 16, 901, 900)) AS BLOB), iif(i = 16, 1, i), 1, i * 1000000,
       CAST(printf('%032d', i) AS BLOB), zeroblob(32), CAST(printf('%032d', 100 + i) AS BLOB),
       CAST('outcome ' || i AS BLOB), CAST('operation ' || i AS BLOB)
FROM n;
INSERT INTO push_signature (device, device_seq, operation_hash, signature)
VALUES (CAST(printf('%016d', 901) AS BLOB), 1, CAST(printf('%032d', 16) AS BLOB), x'5349474e');
INSERT INTO audit_node (level, position, hash)
WITH RECURSIVE n(level, i) AS (
  VALUES (1, 0) UNION ALL
  SELECT iif((i + 2) << level <= 16, level, level + 1), iif((i + 2) << level <= 16, i + 1, 0)
  FROM n WHERE level < 4)
SELECT level, i, CAST(printf('%032d', level * 100 + i) AS BLOB) FROM n WHERE level <= 4;

WITH RECURSIVE made(number, kind, seq, key) AS (
  VALUES (50, 1, 1, 'north'), (51, 1, 2, 'south'), (101, 10, 3, 'H-1'), (102, 10, 5, 'H-2'),
         (200, 7, 6, ''))
INSERT INTO record (id, kind, version, feed_seq, parent, root, unit, office_only, bucket, key,
                    bytes)
SELECT CAST(printf('%016d', number) AS BLOB), kind, seq, seq, NULL,
       CAST(printf('%016d', number) AS BLOB), CAST(printf('%016d', 50) AS BLOB), 0, 7, key,
       CAST('record ' || number || ' at ' || seq AS BLOB)
FROM made;
INSERT INTO record_version (record, version, device, device_seq, unit, stamp_bytes, write_bytes,
                            bytes)
SELECT id, version, CAST(printf('%016d', 900) AS BLOB), version, unit,
       CAST('stamp ' || version AS BLOB), CAST('write ' || version AS BLOB), bytes
FROM record;
INSERT INTO record_version (record, version, device, device_seq, unit, stamp_bytes, write_bytes,
                            bytes)
SELECT id, 4, NULL, 4, unit, x'01', x'02', CAST('record 102 at 4' AS BLOB)
FROM record WHERE key = 'H-2';
INSERT INTO unit_feed (unit, last_seq) VALUES (CAST(printf('%016d', 50) AS BLOB), 6);

INSERT INTO hazard (id, number, responsible_unit, status, status_rank, grade, grade_rank, due_date,
                    tagged, closed, rectified, finished, in_conflict, origin, found_at, imported,
                    description, state_bytes, follows_source)
SELECT id, key, unit, 2, 0, 1, 1, iif(key = 'H-1', NULL, '2017-09-01'), 0, 0, 0, 0, 0, 1, 1000000,
       0, 'crack', x'', 0
FROM record WHERE kind = 10;
)sql";

class UpgradeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    VIGIL_ASSERT_OK(MakeFile());
    VIGIL_ASSERT_OK_AND_ASSIGN(store_, SqliteRegisterStore::Open(path(), NewRegister()));
  }

  std::string path() const { return dir_.File("register.db"); }

  // Written by the SQL of that time, as the program of that time left it.
  absl::Status MakeFile() const {
    VIGIL_ASSIGN_OR_RETURN(auto database, sqlite::Database::Open(path(), {.vfs = "unix-excl"}));
    sqlite::Schema former = RegisterSchema();
    former.migrations = former.migrations.first(kMigrationsThen);
    VIGIL_RETURN_IF_ERROR(sqlite::Migrate(database, former));
    VIGIL_ASSIGN_OR_RETURN(sqlite::Transaction transaction, database.BeginWrite());
    VIGIL_RETURN_IF_ERROR(transaction.ExecuteScript(kContent));
    return transaction.Commit();
  }

  std::unique_ptr<Snapshot> Read() {
    auto snapshot = store_->Read();
    EXPECT_THAT(snapshot, ::vigil::testing::IsOk());
    return *std::move(snapshot);
  }

  // What is stored of each version of a record up to `last`.
  std::vector<std::string> VersionsOf(const Uuid& id, std::uint64_t last) {
    std::vector<std::string> versions;
    const auto snapshot = Read();
    for (std::uint64_t seq = 1; seq <= last; ++seq) {
      const auto found = snapshot->FindRecordAt(id, Seq(seq));
      EXPECT_THAT(found, ::vigil::testing::IsOk());
      if (*found && (*found)->version == Seq(seq)) versions.push_back((*found)->bytes);
    }
    return versions;
  }

  ::vigil::testing::TempDir dir_;
  std::unique_ptr<SqliteRegisterStore> store_;
};

TEST_F(UpgradeTest, RecordsAreFoundByIdKeyFeedAndBucket) {
  const auto snapshot = Read();
  EXPECT_EQ(snapshot->GetHead()->seq, Seq(16));
  EXPECT_EQ((*snapshot->FindRecord(Id(102)))->bytes, "record 102 at 5");
  EXPECT_EQ(*snapshot->FindByKey(10, "H-2"), Id(102));
  EXPECT_EQ(*snapshot->FindByKey(1, "south"), Id(51));
  EXPECT_FALSE(snapshot->FindByKey(7, "")->has_value());

  const std::vector<Uuid> ids = {Id(50), Id(51), Id(101), Id(102), Id(200)};
  std::vector<std::string> bodies;
  for (const Uuid& id : ids) bodies.push_back((*snapshot->FindRecord(id))->bytes);
  FeedReading reading({Id(50)}, {});
  VIGIL_ASSERT_OK_AND_ASSIGN(const FeedPage feed,
                             snapshot->ReadFeed(reading, {.bytes = 64 * 1024}));
  EXPECT_EQ(RecordsOf(feed), bodies);
  EXPECT_TRUE(feed.last);
  VIGIL_ASSERT_OK_AND_ASSIGN(const RecordPage bucket,
                             snapshot->Bucket({Id(50)}, 7, Uuid(), 64 * 1024));
  std::vector<Uuid> found;
  for (const StoredRecord& record : bucket.records) found.push_back(record.id);
  EXPECT_EQ(found, ids);
  EXPECT_THAT(snapshot->Bucket({Id(50)}, 8, Uuid(), 64 * 1024)->records, IsEmpty());
}

TEST_F(UpgradeTest, WhatAFirstPullBringsIsKnownWithWhatWasThereBefore) {
  GroupMaker group(Seq(16), Id(900));
  group.Operation();
  for (int i = 0; i < 10; ++i) group.Create({.id = Id(300 + i), .unit = Id(50)});
  VIGIL_ASSERT_OK(group.CommitTo(*store_));
  const auto snapshot = Read();
  FeedReading reading({Id(50)}, {});
  VIGIL_ASSERT_OK_AND_ASSIGN(const FeedPage page, snapshot->ReadFeed(reading, {.bytes = 1}));
  EXPECT_EQ(page.remaining, 14U);
}

TEST_F(UpgradeTest, TheLogItsSignaturesAndItsTreeAreThere) {
  const auto snapshot = Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::vector<LogRow> log, snapshot->Log(Seq(0), 100));
  ASSERT_THAT(log, SizeIs(16));
  EXPECT_EQ(log[4].operation_bytes, "operation 5");
  EXPECT_EQ((*snapshot->FindOutcome(Id(1005)))->outcome_bytes, "outcome 5");
  EXPECT_EQ((*snapshot->FindOutcome(Id(900), DeviceSeq(7)))->outcome_bytes, "outcome 7");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto signature,
                             snapshot->FindPushSignature(Id(901), DeviceSeq(1)));
  ASSERT_TRUE(signature.has_value());
  EXPECT_EQ(signature->signature, "SIGN");
  EXPECT_FALSE(snapshot->FindPushSignature(Id(900), DeviceSeq(1))->has_value());
  const auto node = [&](int level, std::uint64_t index) {
    const auto found = *snapshot->FindAuditNode(level, index);
    return found ? std::string(found->bytes()) : "";
  };
  EXPECT_EQ(node(0, 4), absl::StrFormat("%032d", 105));
  EXPECT_EQ(node(4, 0), absl::StrFormat("%032d", 400));
  EXPECT_EQ(node(1, 0), "");
  EXPECT_EQ(node(3, 1), "");
}

TEST_F(UpgradeTest, TheLedgerListsAndOrdersWhatWasThere) {
  const auto numbers = [&](std::string_view order_by) {
    v1::ListHazardsRequest request;
    request.set_order_by(std::string(order_by));
    std::vector<std::string> found;
    const auto page =
        Read()->Hazards(request, testing::DateOf(2017, 7, 1), RecordScope::Everything());
    EXPECT_THAT(page, ::vigil::testing::IsOk());
    EXPECT_EQ(page->total, 2);
    for (const v1::HazardRow& row : page->rows) found.push_back(row.number());
    return found;
  };
  EXPECT_THAT(numbers("number"), ElementsAre("H-1", "H-2"));
  EXPECT_THAT(numbers("due_date"), ElementsAre("H-2", "H-1"));
}

TEST_F(UpgradeTest, EveryVersionIsFoundOnceBeforeAndAfterALaterOne) {
  const std::vector<std::string> before = {"record 102 at 4", "record 102 at 5"};
  EXPECT_EQ(VersionsOf(Id(102), 16), before);
  EXPECT_THAT(*Read()->OwnWrites(Id(102), Id(900), Seq(0)), SizeIs(1));

  GroupMaker group(Seq(16), Id(900));
  group.Operation(DeviceSeq(17));
  group.Change({.id = Id(102), .unit = Id(50), .key = "H-2"});
  group.Operation(DeviceSeq(18));
  group.Change({.id = Id(102), .unit = Id(50), .key = "H-2"});
  VIGIL_ASSERT_OK(group.CommitTo(*store_));
  std::vector<std::string> after = before;
  for (const RecordChange& change : group.writes().records) after.push_back(change.bytes);
  EXPECT_EQ(VersionsOf(Id(102), 18), after);
  EXPECT_THAT(*Read()->History(Id(102), Seq(0), 10), SizeIs(4));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto own, Read()->OwnWrites(Id(102), Id(900), Seq(0)));
  ASSERT_THAT(own, SizeIs(3));
  EXPECT_EQ(own[0].write_bytes, "write 5");
  EXPECT_EQ(own[2].write_bytes, "write 18");
}

TEST_F(UpgradeTest, WhatMovesNowKeepsTheVersionThatItHadThen) {
  GroupMaker group(Seq(16), Id(900));
  const Seq seq = group.Operation(DeviceSeq(17));
  group.writes().moves.push_back({.root = Id(101),
                                  .from_unit = Id(50),
                                  .to_unit = Id(51),
                                  .seq = seq,
                                  .children = {{.id = Id(101), .bytes = "moved"}}});
  VIGIL_ASSERT_OK(group.CommitTo(*store_));
  EXPECT_EQ((*Read()->FindRecord(Id(101)))->bytes, "moved");
  EXPECT_THAT(VersionsOf(Id(101), 17), ElementsAre("record 101 at 3"));
  EXPECT_THAT(*Read()->History(Id(101), Seq(0), 10), SizeIs(1));
}

}  // namespace
}  // namespace vigil::store
