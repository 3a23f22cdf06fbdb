#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/replica.h"
#include "sync/sqlite/database.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using replica::Applied;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Pages made by hand, on a phone that is in step.
class PageTest : public ::testing::Test {
 protected:
  PageTest() : phone_(server_, base().Phone(v1::ROLE_INSPECTOR, base().department)) {
    phone_.MustSync();
  }

  TestRegister& base() { return server_.base(); }
  replica::Replica& replica() { return phone_.replica(); }
  std::uint64_t head() { return replica().GetSyncState()->head.seq(); }

  v1::Record Hazard(const std::string& id, std::uint64_t version, const std::string& text) {
    v1::Record record;
    record.set_id(id);
    record.set_version(version);
    record.set_unit(base().unit);
    record.mutable_entity()->mutable_hazard()->set_risk_source(base().risk_source);
    record.mutable_entity()->mutable_hazard()->set_description(text);
    record.mutable_made_by()->set_seq(version);
    return record;
  }

  v1::PullResponse Page(std::uint64_t seq, const std::vector<v1::Record>& records) {
    v1::PullResponse page;
    for (const v1::Record& record : records) page.add_records(record.SerializeAsString());
    page.mutable_cursor()->add_units(base().department);
    page.mutable_cursor()->set_seq(seq);
    page.mutable_head()->set_epoch(base().Head().epoch.id());
    page.mutable_head()->set_seq(seq);
    return page;
  }

  std::uint64_t CursorOf(const std::string& unit) {
    std::uint64_t everybodys = 0;
    const replica::SyncState state = *replica().GetSyncState();
    for (const v1::ScopeCursor& cursor : state.cursors) {
      if (cursor.units().empty()) everybodys = cursor.seq();
      for (const std::string& each : cursor.units()) {
        if (each == unit) return cursor.seq();
      }
    }
    return unit.empty() ? everybodys : 0;
  }

  // By a register whose log ends with the head that the phone knows for the last, unless it says
  // otherwise.
  absl::Status Greet(v1::HelloResponse hello) {
    const v1::HelloRequest asked = *replica().BeginHello();
    hello.set_device(phone_.actor().author.device);
    hello.set_person(phone_.actor().author.person);
    hello.add_units(base().department);
    if (hello.epochs().empty()) hello.add_epochs()->set_id(base().Head().epoch.id());
    if (!hello.has_head()) *hello.mutable_head() = asked.head();
    if (!hello.has_proof()) hello.mutable_proof()->set_seq(hello.head().seq());
    return replica().ApplyHello({asked, hello});
  }

  bool OwesCleaning() {
    auto file = sqlite::Database::Open(phone_.path(), {});
    VIGIL_EXPECT_OK(file.status());
    auto owed = file->Query("SELECT owes_cleaning FROM meta");
    VIGIL_EXPECT_OK(owed.status());
    VIGIL_EXPECT_OK(owed->Step().status());
    return owed->ColumnBool(0);
  }

  SimServer server_;
  TestPhone phone_;
};

TEST_F(PageTest, RecordsAndCursorAreStoredTogether) {
  const std::string id = phone_.NewId();
  const std::uint64_t seq = head() + 5;
  VIGIL_ASSERT_OK_AND_ASSIGN(const Applied applied,
                             replica().ApplyPage(Page(seq, {Hazard(id, seq, "crack")})));
  EXPECT_EQ(applied.records, 1);
  EXPECT_EQ(phone_.View(id).version, seq);
  EXPECT_EQ(CursorOf(base().department), seq);
  EXPECT_LT(CursorOf(""), seq) << "another scope's cursor moved";
}

TEST_F(PageTest, APageThatCannotBeReadLeavesNothing) {
  const std::string id = phone_.NewId();
  const std::uint64_t before = CursorOf(base().department);
  v1::PullResponse page = Page(head() + 5, {Hazard(id, head() + 5, "crack")});
  page.add_records("no record");
  const auto digest = *replica().Digest();
  EXPECT_THAT(replica().ApplyPage(page), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_FALSE(replica().Find(id)->has_value());
  EXPECT_EQ(CursorOf(base().department), before);
  EXPECT_EQ(*replica().Digest(), digest);
}

TEST_F(PageTest, AnOlderVersionNeverReplacesANewerOne) {
  const std::string id = phone_.NewId();
  const std::uint64_t seq = head() + 5;
  VIGIL_ASSERT_OK(replica().ApplyPage(Page(seq, {Hazard(id, seq, "new")})));
  const auto digest = *replica().Digest();
  VIGIL_ASSERT_OK_AND_ASSIGN(const Applied applied,
                             replica().ApplyPage(Page(seq - 1, {Hazard(id, seq - 1, "old")})));
  EXPECT_EQ(applied.records, 0);
  EXPECT_EQ(phone_.View(id).record.entity().hazard().description(), "new");
  EXPECT_EQ(*replica().Digest(), digest);
  EXPECT_EQ(CursorOf(base().department), seq) << "the cursor went back";
  EXPECT_EQ(head(), seq) << "the head went back";
}

TEST_F(PageTest, ARecordThatMovesWithItsRootKeepsItsVersion) {
  const std::string id = phone_.NewId();
  const std::uint64_t seq = head() + 5;
  v1::Record record = Hazard(id, seq, "crack");
  VIGIL_ASSERT_OK(replica().ApplyPage(Page(seq, {record})));
  record.set_unit(base().other_unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const Applied applied, replica().ApplyPage(Page(seq + 3, {record})));
  EXPECT_EQ(applied.records, 1);
  EXPECT_EQ(phone_.View(id).record.unit(), base().other_unit);
}

TEST_F(PageTest, ADepartedRecordIsGoneAndMayComeBack) {
  const std::string id = phone_.NewId();
  const auto digest = *replica().Digest();
  const std::uint64_t seq = head() + 5;
  VIGIL_ASSERT_OK(replica().ApplyPage(Page(seq, {Hazard(id, seq, "crack")})));
  v1::PullResponse page = Page(seq + 1, {});
  page.add_departures()->set_record(id);
  page.mutable_departures(0)->set_version(seq + 1);
  EXPECT_EQ(replica().ApplyPage(page)->departures, 1);
  EXPECT_EQ(replica().ApplyPage(page)->departures, 0);
  EXPECT_FALSE(replica().Find(id)->has_value());
  EXPECT_EQ(*replica().Digest(), digest);
  VIGIL_ASSERT_OK(replica().ApplyPage(Page(seq + 2, {Hazard(id, seq, "crack")})));
  EXPECT_TRUE(replica().Find(id)->has_value());
}

TEST_F(PageTest, AFileIsCleanedWhenItIsOpenedNextIfTheProgramDied) {
  const std::string id = phone_.NewId();
  const std::uint64_t seq = head() + 5;
  VIGIL_ASSERT_OK(replica().ApplyPage(Page(seq, {Hazard(id, seq, "crack")})));
  EXPECT_FALSE(OwesCleaning());
  v1::PullResponse page = Page(seq + 1, {});
  page.add_departures()->set_record(id);
  page.mutable_departures(0)->set_version(seq + 1);
  VIGIL_ASSERT_OK(replica().ApplyPage(page));
  EXPECT_TRUE(OwesCleaning());
  phone_.Restart();
  EXPECT_FALSE(OwesCleaning());
}

TEST_F(PageTest, AKindThatANewerRegisterAddedIsKeptUnread) {
  v1::Record record = Hazard(phone_.NewId(), head() + 5, "");
  record.clear_entity();
  // Field 99 of Entity, as this program would receive it.
  const std::string unknown("\x9a\x06\x00", 3);
  ASSERT_TRUE(record.mutable_entity()->ParseFromString(unknown));
  const auto before = *replica().Digest();
  VIGIL_ASSERT_OK(replica().ApplyPage(Page(head() + 5, {record})));
  EXPECT_NE(*replica().Digest(), before) << "it must count in the digest";
  EXPECT_FALSE(replica().Find(record.id())->has_value());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto all, replica().List({}));
  for (const auto& view : all) EXPECT_NE(view.record.id(), record.id());
}

TEST_F(PageTest, AnotherEpochsPageIsRefused) {
  v1::PullResponse page = Page(head() + 5, {});
  page.mutable_head()->set_epoch(phone_.NewId());
  EXPECT_THAT(replica().ApplyPage(page), ReasonIs("REASON_EPOCH_CHANGED"));
}

TEST_F(PageTest, TheDigestIsTheSumOverTheStoredBytes) {
  std::vector<std::uint64_t> expected(kBuckets, 0);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto all, replica().List({}));
  for (const auto& view : all) {
    const std::string bytes = base().Find(view.record.id()).SerializeAsString();
    const Sha256 hash = Sha256Of(bytes);
    std::uint64_t sum = 0;
    for (int i = 0; i < 8; ++i) sum = sum << 8 | static_cast<std::uint8_t>(hash.bytes()[i]);
    const Sha256 id = Sha256Of(Uuid::Parse(view.record.id())->bytes());
    expected[static_cast<std::uint8_t>(id.bytes()[0])] += sum;
  }
  EXPECT_EQ(*replica().Digest(), expected);
  EXPECT_THAT(*replica().DifferingBuckets(expected), IsEmpty());
  ++expected[7];
  EXPECT_THAT(*replica().DifferingBuckets(expected), ElementsAre(7));
}

TEST_F(PageTest, ARepairMakesABucketWhatTheRegisterSays) {
  const std::string stale = phone_.NewId();
  const int bucket = BucketOf(*Uuid::Parse(stale));
  std::string lacking;
  do {
    lacking = phone_.NewId();
  } while (BucketOf(*Uuid::Parse(lacking)) != bucket);
  std::string elsewhere;
  do {
    elsewhere = phone_.NewId();
  } while (BucketOf(*Uuid::Parse(elsewhere)) == bucket);
  const std::uint64_t seq = head() + 5;
  VIGIL_ASSERT_OK(replica().ApplyPage(
      Page(seq, {Hazard(stale, seq, "gone there"), Hazard(elsewhere, seq, "stays")})));

  std::vector<std::string> records = {Hazard(lacking, seq, "lacking here").SerializeAsString()};
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto all, replica().List({}));
  for (const auto& view : all) {
    if (BucketOf(*Uuid::Parse(view.record.id())) == bucket && view.record.id() != stale) {
      records.push_back(base().Find(view.record.id()).SerializeAsString());
    }
  }
  // Not what is newer than the repair.
  EXPECT_EQ(replica().ApplyRepair({bucket, records, seq - 1})->departures, 0);
  EXPECT_TRUE(replica().Find(stale)->has_value());
  EXPECT_EQ(replica().ApplyRepair({bucket, records, seq})->departures, 1);
  EXPECT_FALSE(replica().Find(stale)->has_value());
  EXPECT_TRUE(replica().Find(lacking)->has_value());
  EXPECT_TRUE(replica().Find(elsewhere)->has_value());
  EXPECT_EQ(replica().Counts()->faults, 2);
}

TEST_F(PageTest, ARegisterThatWentBackWithoutSayingSoIsNotFollowed) {
  v1::HelloResponse hello;
  *hello.mutable_head() = replica().BeginHello()->head();
  hello.mutable_head()->set_seq(head() - 1);
  EXPECT_THAT(Greet(hello), ReasonIs("REASON_HISTORY_CHANGED"));
}

TEST_F(PageTest, ADeclaredRestoreTakesBackWhatLiesBeyondIt) {
  const std::string kept = phone_.Report(base().risk_source, "kept");
  phone_.MustSync();
  const std::uint64_t shared = head();
  const v1::RegisterHead kept_head = replica().BeginHello()->head();
  const std::string lost = phone_.Report(base().risk_source, "lost with the disk");
  phone_.MustSync();
  ASSERT_EQ(replica().Counts()->pending, 0);

  v1::HelloResponse hello;
  v1::Epoch& now = *hello.add_epochs();
  now.set_id(phone_.NewId());
  now.set_parent(base().Head().epoch.id());
  now.set_back_to_seq(shared);
  hello.add_epochs()->set_id(base().Head().epoch.id());
  *hello.mutable_head() = kept_head;
  hello.set_last_judged_device_seq(1);
  VIGIL_ASSERT_OK(Greet(hello));

  EXPECT_FALSE(phone_.View(kept).pending);
  EXPECT_TRUE(phone_.View(lost).pending) << "it is not offered again";
  EXPECT_EQ(phone_.View(lost).version, 0U);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outbox, replica().Outbox());
  ASSERT_THAT(outbox, SizeIs(1));
  EXPECT_EQ(outbox[0].operation.report_hazard().hazard_id(), lost);
  EXPECT_THAT(*replica().Journal(), SizeIs(1));
  EXPECT_FALSE(replica().Counts()->complete);
  EXPECT_EQ(replica().GetSyncState()->epoch, now.id());
  EXPECT_EQ(CursorOf(base().department), 0U);
}

TEST_F(PageTest, AnotherRegisterIsNotFollowed) {
  v1::HelloResponse hello;
  hello.add_epochs()->set_id(phone_.NewId());
  EXPECT_THAT(Greet(hello), ReasonIs("REASON_EPOCH_CHANGED"));
}

}  // namespace
}  // namespace vigil::testing
