#include "server/register/writer_cache.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/register/register.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

// What the writer keeps from group to group is what it would have read.

namespace vigil::testing {
namespace {

TEST(WriterCacheTest, TheDigestIsTheSumOverTheRecordsHoweverOftenTheyChange) {
  TestRegister reg;
  const std::string hazard = reg.ConfirmedHazard(rules::ToDate(absl::CivilDay(2017, 6, 30)));
  Actor office = reg.Clerk(v1::ROLE_SAFETY_OFFICE, reg.bureau);
  for (const char* text : {"a longer crack", "two cracks", "two cracks and a spring"}) {
    EXPECT_EQ(reg.Submit(office, EditDescription(reg, office, hazard, text)).verdict(),
              v1::VERDICT_APPLIED);
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(auto snapshot, reg.store().Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto units, snapshot->UnitsBelow({*Uuid::Parse(reg.bureau)}));
  std::vector<Uuid> all = units;
  all.emplace_back();
  BucketSums naive{};
  store::FeedReading reading(all, {});
  std::uint64_t records = 0;
  std::uint64_t announced = 0;
  for (bool last = false; !last;) {
    VIGIL_ASSERT_OK_AND_ASSIGN(const store::FeedPage page,
                               snapshot->ReadFeed(reading, {.bytes = 256}));
    if (announced == 0) announced = page.record_count + page.remaining;
    records += page.record_count;
    v1::PullResponse fields;
    ASSERT_TRUE(fields.ParseFromString(page.record_fields));
    for (const std::string& bytes : fields.records()) {
      v1::Record record;
      ASSERT_TRUE(record.ParseFromString(bytes));
      const std::string hash(Sha256Of(bytes).bytes().substr(0, 8));
      std::uint64_t sum = 0;
      for (const char c : hash) sum = (sum << 8) | static_cast<unsigned char>(c);
      naive[static_cast<unsigned char>(
          Sha256Of(Uuid::ParseOrNil(record.id()).bytes()).bytes()[0])] += sum;
    }
    last = page.last;
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const BucketSums digest, snapshot->Digest(all));
  EXPECT_EQ(digest, naive);
  EXPECT_EQ(announced, records);
}

// An import that is refused whole is abandoned, and what the writer knew with it.
void Forget(TestRegister& reg) {
  std::vector<registry::Incoming> unreadable(1);
  unreadable.front().bytes = "no operation";
  bool refused = false;
  reg.target().SubmitAll(reg.importer.author, unreadable,
                         [&](const absl::StatusOr<registry::Register::Outcomes>& outcomes) {
                           refused = outcomes->front().verdict() == v1::VERDICT_REFUSED;
                         });
  reg.executor().RunUntilIdle();
  ASSERT_TRUE(refused);
}

TEST(WriterCacheTest, TheLedgerFollowsWhatGoesBackToWhatItWas) {
  TestRegister reg;
  const std::string hazard = reg.ConfirmedHazard(rules::ToDate(absl::CivilDay(2017, 6, 30)));
  Actor office = reg.Clerk(v1::ROLE_SAFETY_OFFICE, reg.bureau);
  bool forgot = false;
  for (const char* text : {"a crack", "two cracks", "a crack", "two cracks"}) {
    EXPECT_EQ(reg.Submit(office, EditDescription(reg, office, hazard, text)).verdict(),
              v1::VERDICT_APPLIED);
    if (!forgot) Forget(reg);
    forgot = true;
    VIGIL_ASSERT_OK_AND_ASSIGN(auto snapshot, reg.store().Read());
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto row,
                               snapshot->FindHazardProjection(*Uuid::Parse(hazard)));
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->description, text);
  }
}

TEST(WriterCacheTest, TheListOfRiskSourcesFollowsWhatGoesBackToWhatItWas) {
  TestRegister reg;
  Actor clerk = reg.Clerk(v1::ROLE_INDUSTRY_DEPARTMENT, reg.bureau);
  bool forgot = false;
  for (const char* name : {"north slope", "south slope", "north slope", "south slope"}) {
    v1::Operation edit = reg.Begin(clerk);
    reg.See(edit, {reg.risk_source});
    edit.mutable_edit_record()->set_record(reg.risk_source);
    edit.mutable_edit_record()->mutable_entity()->mutable_risk_source()->set_name(name);
    edit.mutable_edit_record()->mutable_update_mask()->add_paths("name");
    EXPECT_EQ(reg.Submit(clerk, edit).verdict(), v1::VERDICT_APPLIED);
    if (!forgot) Forget(reg);
    forgot = true;
    VIGIL_ASSERT_OK_AND_ASSIGN(auto snapshot, reg.store().Read());
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto row,
                               snapshot->FindRiskSourceProjection(*Uuid::Parse(reg.risk_source)));
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->name, name);
  }
}

}  // namespace
}  // namespace vigil::testing
