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
  for (bool last = false; !last;) {
    VIGIL_ASSERT_OK_AND_ASSIGN(const store::FeedPage page,
                               snapshot->ReadFeed(reading, {.bytes = 4096}));
    for (const std::string& bytes : page.records) {
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
}

}  // namespace
}  // namespace vigil::testing
