#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/replica/replica.h"
#include "sync/replica/schema.h"
#include "sync/sqlite/database.h"
#include "tests/support/manual_clock.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"

namespace vigil::replica {
namespace {

using ::testing::ElementsAre;
using testing::ReasonIs;
using ::testing::SizeIs;
using testing::StatusIs;

class OpenTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Replica>> Open(bool must_exist = false) {
    return Replica::Open("phone.db", {.vfs = disk_.name(), .must_exist = must_exist}, clock_,
                         random_);
  }

  static constexpr char kDevice[] = "018f0000-0000-7000-8000-000000000001";
  static constexpr char kOtherDevice[] = "018f0000-0000-7000-8000-000000000002";
  static constexpr char kPerson[] = "018f0000-0000-7000-8000-000000000003";
  static constexpr char kOtherPerson[] = "018f0000-0000-7000-8000-000000000004";

  testing::SimVfs disk_;
  testing::ManualClock clock_;
  SeededRandom random_{1};
};

TEST_F(OpenTest, MakesTheFileUnlessItMustExist) {
  EXPECT_THAT(Open(true), StatusIs(absl::StatusCode::kNotFound));
  VIGIL_ASSERT_OK(Open());
  VIGIL_ASSERT_OK(Open(true));
}

TEST_F(OpenTest, RefusesWhatIsNoPhonesDatabase) {
  disk_.SetContent("phone.db", std::string(4096, 'x'));
  EXPECT_THAT(Open(), ReasonIs("REASON_CORRUPT_FILE"));
  disk_.Remove("phone.db");
  {
    auto other = sqlite::Database::Open("phone.db", {.vfs = disk_.name()});
    VIGIL_ASSERT_OK(other);
    auto transaction = other->BeginWrite();
    VIGIL_ASSERT_OK(transaction);
    VIGIL_ASSERT_OK(transaction->ExecuteScript("CREATE TABLE t (x INTEGER) STRICT"));
    VIGIL_ASSERT_OK(transaction->Commit());
  }
  EXPECT_THAT(Open(), ReasonIs("REASON_FOREIGN_FILE"));
}

TEST_F(OpenTest, RefusesANewerProgramsFile) {
  VIGIL_ASSERT_OK(Open());
  {
    auto newer = sqlite::Database::Open(
        "phone.db", {.vfs = disk_.name(), .application_id = kReplicaApplicationId});
    VIGIL_ASSERT_OK(newer);
    auto transaction = newer->BeginWrite();
    VIGIL_ASSERT_OK(transaction);
    VIGIL_ASSERT_OK(transaction->SetUserVersion(ReplicaSchema().version() + 1));
    VIGIL_ASSERT_OK(transaction->Commit());
  }
  EXPECT_THAT(Open(), ReasonIs("REASON_SCHEMA_TOO_NEW"));
}

TEST_F(OpenTest, BelongsToOnePerson) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto replica, Open());
  EXPECT_EQ(*replica->GetIdentity(), std::nullopt);
  EXPECT_THAT(replica->PutDraft("a", "b"), ReasonIs("REASON_NOT_INITIALISED"));
  EXPECT_THAT(replica->Make({}), ReasonIs("REASON_NOT_INITIALISED"));
  VIGIL_EXPECT_OK(replica->Initialise({kDevice, kPerson}));
  VIGIL_EXPECT_OK(replica->Initialise({kDevice, kPerson}));
  EXPECT_THAT(replica->Initialise({kOtherDevice, kOtherPerson}),
              ReasonIs("REASON_ALREADY_INITIALISED"));
  EXPECT_EQ(*replica->GetIdentity(), (Identity{kDevice, kPerson}));
}

TEST_F(OpenTest, DraftsSurviveADeadPhone) {
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto replica, Open());
    VIGIL_ASSERT_OK(replica->Initialise({kDevice, kPerson}));
    VIGIL_ASSERT_OK(replica->PutDraft("inspection/1", "half"));
    VIGIL_ASSERT_OK(replica->PutDraft("inspection/1", std::string("half\0 and", 9)));
    VIGIL_ASSERT_OK(replica->PutDraft("inspection/2", ""));
    VIGIL_ASSERT_OK(replica->PutDraft("other", "x"));
    disk_.Crash();
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto replica, Open());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto draft, replica->FindDraft("inspection/1"));
  ASSERT_TRUE(draft.has_value());
  EXPECT_EQ(draft->bytes, std::string("half\0 and", 9));
  EXPECT_EQ(draft->saved_at, clock_.Now());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto drafts, replica->Drafts("inspection/"));
  ASSERT_THAT(drafts, SizeIs(2));
  EXPECT_EQ(drafts[1].key, "inspection/2");
  VIGIL_EXPECT_OK(replica->DeleteDraft("inspection/1"));
  VIGIL_EXPECT_OK(replica->DeleteDraft("inspection/1"));
  EXPECT_EQ(replica->Counts()->drafts, 2);
}

TEST_F(OpenTest, HandedOverTheNextUserSeesNothingOfIt) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto replica, Open());
  VIGIL_ASSERT_OK(replica->Initialise({kDevice, kPerson}));
  VIGIL_ASSERT_OK(replica->PutDraft("inspection/1", "half"));
  VIGIL_EXPECT_OK(replica->HandOver({kOtherDevice, kOtherPerson}));
  EXPECT_EQ(*replica->GetIdentity(), (Identity{kOtherDevice, kOtherPerson}));
  EXPECT_EQ(replica->Counts()->drafts, 0);
  VIGIL_EXPECT_OK(replica->HandOver({kDevice, kPerson}));
  EXPECT_EQ(replica->Counts()->drafts, 1);
  // A device is one person's.
  EXPECT_THAT(replica->HandOver({kDevice, kOtherPerson}), ReasonIs("REASON_WRONG_AUTHOR"));
  EXPECT_EQ(*replica->GetIdentity(), (Identity{kDevice, kPerson}));
}

}  // namespace
}  // namespace vigil::replica
