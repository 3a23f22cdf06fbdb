#include "sync/sqlite/error.h"

#include <sqlite3.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace vigil::sqlite {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using ::vigil::testing::StatusIs;

struct Case {
  int code;
  absl::StatusCode expected;
};

TEST(ErrorTest, EachResultHasItsStatus) {
  constexpr Case kCases[] = {
      {SQLITE_BUSY, absl::StatusCode::kUnavailable},
      {SQLITE_BUSY_RECOVERY, absl::StatusCode::kUnavailable},
      {SQLITE_BUSY_SNAPSHOT, absl::StatusCode::kAborted},
      {SQLITE_LOCKED, absl::StatusCode::kUnavailable},
      {SQLITE_PROTOCOL, absl::StatusCode::kUnavailable},
      {SQLITE_IOERR, absl::StatusCode::kUnavailable},
      {SQLITE_IOERR_FSYNC, absl::StatusCode::kUnavailable},
      {SQLITE_IOERR_NOMEM, absl::StatusCode::kResourceExhausted},
      {SQLITE_IOERR_SHORT_READ, absl::StatusCode::kDataLoss},
      {SQLITE_IOERR_CORRUPTFS, absl::StatusCode::kDataLoss},
      {SQLITE_ABORT_ROLLBACK, absl::StatusCode::kAborted},
      {SQLITE_FULL, absl::StatusCode::kResourceExhausted},
      {SQLITE_NOMEM, absl::StatusCode::kResourceExhausted},
      {SQLITE_CORRUPT, absl::StatusCode::kDataLoss},
      {SQLITE_CORRUPT_INDEX, absl::StatusCode::kDataLoss},
      {SQLITE_NOTADB, absl::StatusCode::kDataLoss},
      {SQLITE_CONSTRAINT_UNIQUE, absl::StatusCode::kAlreadyExists},
      {SQLITE_CONSTRAINT_PRIMARYKEY, absl::StatusCode::kAlreadyExists},
      {SQLITE_CONSTRAINT_ROWID, absl::StatusCode::kAlreadyExists},
      {SQLITE_CONSTRAINT_CHECK, absl::StatusCode::kFailedPrecondition},
      {SQLITE_CONSTRAINT_FOREIGNKEY, absl::StatusCode::kFailedPrecondition},
      {SQLITE_READONLY, absl::StatusCode::kFailedPrecondition},
      {SQLITE_CANTOPEN, absl::StatusCode::kPermissionDenied},
      {SQLITE_PERM, absl::StatusCode::kPermissionDenied},
      {SQLITE_AUTH, absl::StatusCode::kPermissionDenied},
      {SQLITE_TOOBIG, absl::StatusCode::kInvalidArgument},
      {SQLITE_INTERRUPT, absl::StatusCode::kCancelled},
      {SQLITE_ERROR, absl::StatusCode::kInternal},
      {SQLITE_MISUSE, absl::StatusCode::kInternal},
      {SQLITE_RANGE, absl::StatusCode::kInternal},
  };
  for (const Case& one : kCases) {
    const absl::Status status = FromResultCode(one.code, "writing", "");
    EXPECT_THAT(status, StatusIs(one.expected)) << one.code;
    EXPECT_THAT(ResultCodeOf(status), Optional(one.code));
  }
}

TEST(ErrorTest, TheMessageNamesDoingDetailAndCode) {
  EXPECT_THAT(
      FromResultCode(SQLITE_CONSTRAINT_UNIQUE, "writing", "UNIQUE failed: t.n"),
      StatusIs(absl::StatusCode::kAlreadyExists, "writing: UNIQUE failed: t.n (SQLite 2067)"));
  EXPECT_THAT(FromResultCode(SQLITE_FULL, "writing", ""),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("disk is full")));
  EXPECT_EQ(ResultCodeOf(absl::AbortedError("x")), std::nullopt);
}

}  // namespace
}  // namespace vigil::sqlite
