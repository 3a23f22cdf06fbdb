#include "sync/sqlite/migrations.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "sync/sqlite/database.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"

namespace vigil::sqlite {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using ::vigil::testing::IsOkAndHolds;
using ::vigil::testing::StatusIs;

constexpr std::uint32_t kId = 0x56474c31;

constexpr Migration kSteps[] = {
    {1, "first-schema", "Where it begins.", "CREATE TABLE a (n INTEGER PRIMARY KEY) STRICT;"},
    {2, "add-b", "For the test.",
     "CREATE TABLE b (n INTEGER REFERENCES a (n) DEFERRABLE INITIALLY DEFERRED) STRICT;\n"
     "INSERT INTO a VALUES (1); -- a remark\n"},
};
constexpr Schema kNew{"Vigil test", kId, kSteps};
constexpr Schema kOld{"Vigil test", kId, {kSteps, 1}};

class MigrationsTest : public ::testing::Test {
 protected:
  Database Open() {
    absl::StatusOr<Database> database = Database::Open("m.db", {.vfs = disk_.name()});
    VIGIL_CHECK(database.ok()) << database.status();
    return *std::move(database);
  }

  static absl::StatusOr<std::int64_t> Tables(Database& database) {
    VIGIL_ASSIGN_OR_RETURN(Statement count, database.Query("SELECT count(*) FROM sqlite_schema"));
    VIGIL_RETURN_IF_ERROR(count.Step());
    return count.ColumnInt64(0);
  }

  testing::SimVfs disk_;
};

TEST_F(MigrationsTest, ANewFileGetsEverything) {
  Database database = Open();
  EXPECT_THAT(CheckSchema(database, kNew), StatusIs(absl::StatusCode::kFailedPrecondition));
  VIGIL_ASSERT_OK(Migrate(database, kNew));
  EXPECT_THAT(database.UserVersion(), IsOkAndHolds(2));
  EXPECT_THAT(database.ApplicationId(), IsOkAndHolds(kId));
  VIGIL_EXPECT_OK(CheckSchema(database, kNew));
}

TEST_F(MigrationsTest, AnOldFileGetsWhatIsMissingOnce) {
  {
    Database database = Open();
    VIGIL_ASSERT_OK(Migrate(database, kOld));
    EXPECT_THAT(database.UserVersion(), IsOkAndHolds(1));
    EXPECT_THAT(CheckSchema(database, kNew),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("needs 2")));
  }
  Database database = Open();
  VIGIL_ASSERT_OK(Migrate(database, kNew));
  VIGIL_ASSERT_OK(Migrate(database, kNew));
  EXPECT_THAT(Tables(database), IsOkAndHolds(2));
}

TEST_F(MigrationsTest, ANewerFileIsRefusedAndUnchanged) {
  Database database = Open();
  VIGIL_ASSERT_OK(Migrate(database, kNew));
  const absl::Status status = Migrate(database, kOld);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("newer program")));
  EXPECT_THAT(MetadataValueOf(status, "schema_version"), Optional(std::string("2")));
  EXPECT_THAT(CheckSchema(database, kOld), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(database.UserVersion(), IsOkAndHolds(2));
}

TEST_F(MigrationsTest, AForeignFileIsRefusedAndUnchanged) {
  Database database = Open();
  {
    absl::StatusOr<Transaction> transaction = database.BeginWrite();
    VIGIL_ASSERT_OK(transaction);
    VIGIL_ASSERT_OK(transaction->Execute("CREATE TABLE browser_history (url TEXT)"));
    VIGIL_ASSERT_OK(transaction->Commit());
  }
  EXPECT_THAT(Migrate(database, kNew),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no Vigil test")));
  EXPECT_THAT(Tables(database), IsOkAndHolds(1));
  constexpr Schema kPhone{"Vigil phone", kId + 1, kSteps};
  EXPECT_THAT(CheckSchema(database, kPhone), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(MigrationsTest, AStepThatFailsLeavesTheVersionBeforeIt) {
  constexpr Migration kBroken[] = {
      kSteps[0],
      {2, "broken", "For the test.", "CREATE TABLE c (n INTEGER) STRICT; CREATE TABLE a (n);"},
  };
  Database database = Open();
  EXPECT_THAT(Migrate(database, {"Vigil test", kId, kBroken}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("schema step broken")));
  EXPECT_THAT(database.UserVersion(), IsOkAndHolds(1));
  EXPECT_THAT(Tables(database), IsOkAndHolds(1));
}

TEST_F(MigrationsTest, AStepMayNotLeaveDanglingReferences) {
  constexpr Migration kDangling[] = {
      kSteps[0], kSteps[1], {3, "dangling", "For the test.", "INSERT INTO b VALUES (99);"}};
  Database database = Open();
  EXPECT_THAT(Migrate(database, {"Vigil test", kId, kDangling}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("missing row of a")));
  EXPECT_THAT(database.UserVersion(), IsOkAndHolds(2));
}

TEST_F(MigrationsTest, ACrashInBetweenIsTakenUpAgain) {
  for (int fault = 0; fault < 40; ++fault) {
    testing::SimVfs disk({.seed = static_cast<std::uint64_t>(fault)});
    const auto run = [&disk]() -> absl::Status {
      VIGIL_ASSIGN_OR_RETURN(Database database, Database::Open("m.db", {.vfs = disk.name()}));
      VIGIL_RETURN_IF_ERROR(Migrate(database, kNew));
      return database.IntegrityCheck();
    };
    disk.SetFault({.after = fault, .sticky = true});
    if (run().ok()) continue;
    disk.Crash();
    VIGIL_EXPECT_OK(run()) << "after " << fault << " calls";
  }
}

using MigrationsDeathTest = MigrationsTest;

TEST_F(MigrationsDeathTest, AGapInTheListIsOurBug) {
  constexpr Migration kGap[] = {{1, "a", "", ""}, {3, "b", "", ""}};
  Database database = Open();
  EXPECT_DEATH(Migrate(database, {"Vigil test", kId, kGap}).IgnoreError(), "step b");
}

}  // namespace
}  // namespace vigil::sqlite
