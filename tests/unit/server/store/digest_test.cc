#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/rows.h"
#include "server/store/sqlite_store.h"
#include "sync/base/bucket_sums.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/store/store_maker.h"

namespace vigil::store {
namespace {

using ::testing::ElementsAre;
using testing::GroupMaker;
using testing::Id;
using ::testing::IsEmpty;
using testing::NewRegister;
using ::vigil::testing::IsOk;

class DigestTest : public ::testing::Test {
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
  GroupMaker Group() const { return GroupMaker(head_); }

  std::unique_ptr<Snapshot> Read() {
    auto snapshot = store_->Read();
    EXPECT_THAT(snapshot, IsOk());
    return *std::move(snapshot);
  }

  ::vigil::testing::TempDir dir_;
  std::unique_ptr<SqliteRegisterStore> store_;
  Seq head_;
};

TEST_F(DigestTest, UnitsBelowAreFoundThroughTheTreeEvenWithACycle) {
  GroupMaker group = Group();
  group.Operation();
  for (std::uint64_t i = 1; i <= 6; ++i) group.Create({.id = Id(i), .kind = 1});
  group.writes().units = {{Id(1), Uuid(), "A", "a"}, {Id(2), Id(1), "B", "b"},
                          {Id(3), Id(2), "C", "c"},  {Id(4), Uuid(), "D", "d"},
                          {Id(5), Id(6), "E", "e"},  {Id(6), Id(5), "F", "f"}};
  Commit(group);
  const auto snapshot = Read();
  EXPECT_THAT(*snapshot->UnitsBelow({Id(1)}), ElementsAre(Id(1), Id(2), Id(3)));
  EXPECT_THAT(*snapshot->UnitsBelow({Id(3), Id(2)}), ElementsAre(Id(2), Id(3)));
  EXPECT_THAT(*snapshot->UnitsBelow({Id(5)}), ElementsAre(Id(5), Id(6)));
  // Everybody's stands for itself, a unit that is not there too.
  EXPECT_THAT(*snapshot->UnitsBelow({Uuid(), Id(99)}), ElementsAre(Uuid(), Id(99)));
  EXPECT_THAT(*snapshot->UnitsBelow({}), IsEmpty());
}

TEST_F(DigestTest, DigestsAreSummedOverUnitsEachOnce) {
  BucketSums a{};
  a[0] = 1;
  a[255] = ~std::uint64_t{0};
  BucketSums b{};
  b[0] = 0x0102030405060708;
  b[255] = 2;
  GroupMaker group = Group();
  group.Operation();
  group.writes().digests = {{Uuid(), a}, {Id(7), b}};
  Commit(group);
  const auto snapshot = Read();
  EXPECT_EQ(*snapshot->DigestOf(Uuid()), a);
  EXPECT_EQ(*snapshot->DigestOf(Id(7)), b);
  EXPECT_EQ(*snapshot->DigestOf(Id(8)), BucketSums{});
  BucketSums sum{};
  sum[0] = 0x0102030405060709;
  sum[255] = 1;  // Modulo 2^64.
  EXPECT_EQ(*snapshot->Digest({Uuid(), Id(7), Id(7), Id(8)}), sum);
  EXPECT_EQ(*snapshot->DigestOfAll(), sum);
  GroupMaker next = Group();
  next.Operation();
  next.writes().digests = {{Id(7), a}};
  Commit(next);
  EXPECT_EQ(*Read()->DigestOf(Id(7)), a);
}

TEST_F(DigestTest, BucketsArePagedInTheOrderOfIds) {
  GroupMaker group = Group();
  group.Operation();
  for (std::uint64_t i = 1; i <= 600; ++i) {
    group.Create({.id = Id(i), .unit = Id(9000 + i % 3), .office_only = i % 50 == 0});
  }
  Commit(group);
  const auto snapshot = Read();
  EXPECT_EQ(*snapshot->CountRecords({Id(9001), Id(9001)}), 200U - 4U);
  EXPECT_EQ(*snapshot->CountAllRecords(), 600U - 12U);
  const std::vector<Uuid> units = {Id(9000), Id(9001)};
  std::size_t total = 0;
  for (int bucket = 0; bucket < 256; ++bucket) {
    std::vector<Uuid> expected;
    for (std::uint64_t i = 1; i <= 600; ++i) {
      if (BucketOf(Id(i)) == bucket && i % 3 != 2 && i % 50 != 0) expected.push_back(Id(i));
    }
    std::vector<Uuid> found;
    Uuid after;
    while (true) {
      // About two records a page.
      VIGIL_ASSERT_OK_AND_ASSIGN(const RecordPage page,
                                 snapshot->Bucket(units, bucket, after, 120));
      for (const StoredRecord& record : page.records) found.push_back(record.id);
      if (page.next_page_token.empty()) break;
      after = *Uuid::Parse(page.next_page_token);
      ASSERT_EQ(after, found.back());
    }
    ASSERT_EQ(found, expected) << "bucket " << bucket;
    total += found.size();
  }
  EXPECT_EQ(total, 392U);
}

// A unit may have more records in a bucket than are read for one page.
TEST_F(DigestTest, ALargeBucketIsPagedWithoutLoss) {
  std::vector<Uuid> expected;
  GroupMaker group = Group();
  group.Operation();
  for (std::uint64_t i = 1; expected.size() < 1010; ++i) {
    if (BucketOf(Id(i)) != 0) continue;
    // The last ones in another unit, whose ids are all read at once.
    group.Create({.id = Id(i), .unit = Id(expected.size() < 1005 ? 9000 : 9001)});
    expected.push_back(Id(i));
  }
  Commit(group);
  const auto snapshot = Read();
  std::vector<Uuid> found;
  Uuid after;
  while (true) {
    VIGIL_ASSERT_OK_AND_ASSIGN(const RecordPage page,
                               snapshot->Bucket({Id(9000), Id(9001)}, 0, after, 1 << 20));
    for (const StoredRecord& record : page.records) found.push_back(record.id);
    if (page.next_page_token.empty()) break;
    after = *Uuid::Parse(page.next_page_token);
  }
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace vigil::store
