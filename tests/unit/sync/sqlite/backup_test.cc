#include "sync/sqlite/backup.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sync/sqlite/fixture.h"

namespace vigil::sqlite {
namespace {

using ::testing::Each;
using ::testing::StartsWith;
using ::vigil::testing::IsOkAndHolds;
using ::vigil::testing::StatusIs;

class BackupTest : public SqliteTest {
 protected:
  // Enough pages for several steps.
  void Fill() {
    Transaction transaction = Begin();
    VIGIL_ASSERT_OK(transaction.ExecuteScript(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100)"
        "INSERT INTO t (n, bytes) SELECT n, zeroblob(3000) FROM c"));
    VIGIL_ASSERT_OK(transaction.SetApplicationId(77));
    VIGIL_ASSERT_OK(transaction.Commit());
  }

  PosixFileSystem files_;
  std::string target_ = directory_.File("backup.db");
};

TEST_F(BackupTest, TheCopyIsWhole) {
  Fill();
  Database source = Open(database_.path(), {.mode = OpenOptions::Mode::kReadOnly});
  VIGIL_ASSERT_OK(BackupTo(source, files_, target_, {}));
  EXPECT_THAT(files_.List(directory_.path()), IsOkAndHolds(::testing::Contains("backup.db")));
  EXPECT_FALSE(files_.Exists(target_ + "-wal"));
  Database copy = Open(target_);
  EXPECT_THAT(Count(copy), IsOkAndHolds(100));
  EXPECT_THAT(copy.ApplicationId(), IsOkAndHolds(77U));
  EXPECT_THAT(BackupTo(source, files_, target_, {}), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(BackupTest, TheWriterGoesOnAndTheCopyIsOfOneMoment) {
  Fill();
  Database source = Open(database_.path(), {.mode = OpenOptions::Mode::kReadOnly});
  std::int64_t next = 1000;
  int steps = 0;
  const auto write = [&]() -> absl::Status {
    // If each write made the copy begin anew, this would never end.
    if (++steps > 1000) return absl::DeadlineExceededError("the copy does not come to an end");
    return Insert(next++);
  };
  VIGIL_ASSERT_OK(BackupTo(source, files_, target_, {.pages_per_step = 5, .after_step = write}));
  EXPECT_GT(steps, 10);
  Database copy = Open(target_);
  EXPECT_THAT(Count(copy), IsOkAndHolds(100));
  EXPECT_THAT(Count(database_), IsOkAndHolds(100 + steps));
}

TEST_F(BackupTest, AnErrorLeavesNoFile) {
  Fill();
  Database source = Open(database_.path(), {.mode = OpenOptions::Mode::kReadOnly});
  const auto fail = [] { return absl::CancelledError("shutting down"); };
  EXPECT_THAT(BackupTo(source, files_, target_, {.pages_per_step = 1, .after_step = fail}),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(files_.List(directory_.path()), IsOkAndHolds(Each(StartsWith("test.db"))));
  EXPECT_THAT(BackupTo(source, files_, directory_.File("no/backup.db"), {}),
              StatusIs(absl::StatusCode::kPermissionDenied));
  // The source can be used again.
  VIGIL_EXPECT_OK(BackupTo(source, files_, target_, {}));
}

}  // namespace
}  // namespace vigil::sqlite
