#include "sync/sqlite/statement.h"

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/ids.h"
#include "sync/base/time.h"
#include "tests/support/sqlite_memory.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sync/sqlite/fixture.h"

namespace vigil::sqlite {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::vigil::testing::IsOk;
using ::vigil::testing::IsOkAndHolds;
using ::vigil::testing::StatusIs;

class StatementTest : public SqliteTest {};

constexpr Sql kEcho = "SELECT ?1, typeof(?1)";
constexpr Sql kInsert = "INSERT INTO t (n, text, bytes, real) VALUES (?, ?, ?, ?)";

// The name of the type that SQLite sees for what `bind` binds.
template <typename Bind>
std::string TypeOf(Database& database, Bind bind) {
  Statement echo = *database.Query(kEcho);
  bind(echo);
  EXPECT_THAT(echo.Step(), IsOkAndHolds(true));
  return std::string(echo.ColumnText(1));
}

TEST_F(StatementTest, EachTypeRoundTrips) {
  Statement echo = *database_.Query(kEcho);
  echo.BindInt64(1, std::numeric_limits<std::int64_t>::min());
  ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_EQ(echo.ColumnInt64(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_THAT(echo.Step(), IsOkAndHolds(false));

  echo.BindDouble(1, -0.25);
  ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_EQ(echo.ColumnDouble(0), -0.25);
  echo.Reset();

  echo.BindText(1, "挂牌督办");
  ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_EQ(echo.ColumnText(0), "挂牌督办");
  EXPECT_FALSE(echo.ColumnIsNull(0));
  echo.Reset();

  const std::string bytes("\0\xff\0", 3);
  echo.BindBlob(1, bytes);
  ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_EQ(echo.ColumnBlob(0), bytes);
  echo.Reset();

  const absl::Time instant = absl::FromUnixMicros(1501488005123456);
  echo.BindTime(1, instant);
  ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_EQ(echo.ColumnTime(0), instant);
  echo.Reset();

  echo.BindBool(1, true);
  ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_TRUE(echo.ColumnBool(0));
  EXPECT_EQ(echo.column_count(), 2);
}

TEST_F(StatementTest, IdsAndNumbersKeepTheirKind) {
  const auto id = *HazardId::Parse("0189f7e0-1b2c-7def-8a5b-00112233aaff");
  Statement echo = *database_.Query(kEcho);
  echo.BindId(1, id);
  ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_THAT(echo.ColumnId<HazardId>(0), IsOkAndHolds(id));
  EXPECT_EQ(echo.ColumnText(1), "blob");
  EXPECT_THAT(echo.ColumnUuid(1), StatusIs(absl::StatusCode::kDataLoss));
  echo.Reset();
  echo.BindNumber(1, Seq(41));
  ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_EQ(echo.ColumnNumber<Seq>(0), Seq(41));
  echo.Reset();
  echo.BindId(1, HazardId());
  EXPECT_THAT(echo.Step(), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(StatementTest, EmptyIsNotNull) {
  EXPECT_EQ(TypeOf(database_, [](Statement& s) { s.BindText(1, std::string_view()); }), "text");
  EXPECT_EQ(TypeOf(database_, [](Statement& s) { s.BindBlob(1, std::string_view()); }), "blob");
  EXPECT_EQ(TypeOf(database_, [](Statement& s) { s.BindOptionalText(1, ""); }), "text");
  EXPECT_EQ(TypeOf(database_, [](Statement& s) { s.BindNull(1); }), "null");
  EXPECT_EQ(TypeOf(database_, [](Statement& s) { s.BindOptionalText(1, std::nullopt); }), "null");
  EXPECT_EQ(TypeOf(database_, [](Statement& s) { s.BindOptionalBlob(1, std::nullopt); }), "null");
  EXPECT_EQ(TypeOf(database_, [](Statement& s) { s.BindOptionalInt64(1, std::nullopt); }), "null");
  EXPECT_EQ(TypeOf(database_, [](Statement& s) { s.BindOptionalTime(1, std::nullopt); }), "null");
  EXPECT_EQ(TypeOf(database_, [](Statement& s) { s.BindOptionalInt64(1, 0); }), "integer");
}

TEST_F(StatementTest, WhatSqliteWouldSpoilIsRefused) {
  Statement echo = *database_.Query(kEcho);
  echo.BindDouble(1, std::nan(""));
  EXPECT_THAT(echo.Step(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("parameter 1")));
  echo.Reset();
  echo.BindText(1, "\xc3\x28");
  EXPECT_THAT(echo.Step(), StatusIs(absl::StatusCode::kInvalidArgument));
  echo.Reset();
  echo.BindText(1, std::string_view("a\0b", 3));
  EXPECT_THAT(echo.Run(), StatusIs(absl::StatusCode::kInvalidArgument));
  echo.Reset();
  echo.BindText(1, "fine again");
  EXPECT_THAT(echo.Step(), IsOkAndHolds(true));
  echo.Reset();
  echo.BindDouble(1, std::numeric_limits<double>::infinity());
  EXPECT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_TRUE(std::isinf(echo.ColumnDouble(0)));
}

TEST_F(StatementTest, AWrongParameterFailsTheStep) {
  Statement echo = *database_.Query(kEcho);
  echo.BindInt64(2, 1).BindInt64(1, 1);
  EXPECT_THAT(echo.Step(), StatusIs(absl::StatusCode::kInternal, HasSubstr("parameter 2")));
}

TEST_F(StatementTest, TextIsCopiedWhenBound) {
  Statement echo = *database_.Query(kEcho);
  {
    std::string text = "a text that is too long to live inside of its string";
    echo.BindText(1, text);
    text.assign(text.size(), 'x');
  }
  ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  EXPECT_THAT(std::string(echo.ColumnText(0)), HasSubstr("too long"));
}

TEST_F(StatementTest, ReadingAColumnNeedsNoMemory) {
  const std::string text(500, 't');
  Transaction transaction = Begin();
  Statement insert = *transaction.Prepare(kInsert);
  insert.BindInt64(1, 1).BindText(2, text).BindBlob(3, text).BindInt64(4, 0);
  ASSERT_THAT(insert.Run(), IsOk());
  ASSERT_THAT(transaction.Commit(), IsOk());
  Statement row = *database_.Query("SELECT text, bytes FROM t");
  ASSERT_THAT(row.Step(), IsOkAndHolds(true));
  testing::SetMemoryFault({.after = 0, .sticky = true});
  const std::string read_text(row.ColumnText(0));
  const std::string read_bytes(row.ColumnBlob(1));
  testing::ClearMemoryFault();
  EXPECT_EQ(read_text, text);
  EXPECT_EQ(read_bytes, text);
}

TEST_F(StatementTest, ABorrowedStatementComesBackClean) {
  {
    Statement echo = *database_.Query(kEcho);
    echo.BindText(1, "left behind");
    ASSERT_THAT(echo.Step(), IsOkAndHolds(true));
  }
  Statement again = *database_.Query(kEcho);
  ASSERT_THAT(again.Step(), IsOkAndHolds(true));
  EXPECT_TRUE(again.ColumnIsNull(0));
}

TEST_F(StatementTest, TheSameSqlMayBeInUseManyTimes) {
  for (int i = 1; i <= 3; ++i) VIGIL_ASSERT_OK(Insert(i));
  constexpr Sql kAll = "SELECT n FROM t ORDER BY n";
  std::vector<Statement> open;
  for (int depth = 0; depth < 9; ++depth) {
    open.push_back(*database_.Query(kAll));
    EXPECT_THAT(open.back().Step(), IsOkAndHolds(true));
  }
  EXPECT_THAT(open.front().Step(), IsOkAndHolds(true));
  EXPECT_EQ(open.front().ColumnInt64(0), 2);
  EXPECT_EQ(open.back().ColumnInt64(0), 1);
}

TEST_F(StatementTest, AMovedStatementGoesOn) {
  Statement first = *database_.Query(kEcho);
  first.BindInt64(1, 7);
  Statement second = std::move(first);
  Statement third;
  third = std::move(second);
  ASSERT_THAT(third.Step(), IsOkAndHolds(true));
  EXPECT_EQ(third.ColumnInt64(0), 7);
}

TEST_F(StatementTest, RunRefusesRows) {
  EXPECT_THAT(database_.Query("SELECT 1")->Run(), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(StatementTest, ConstraintsHaveTheirCodes) {
  Transaction transaction = Begin();
  VIGIL_ASSERT_OK(InsertInto(transaction, 1));
  EXPECT_THAT(InsertInto(transaction, 1), StatusIs(absl::StatusCode::kAlreadyExists));
  Statement insert = *transaction.Prepare(kInsert);
  insert.BindInt64(1, 2).BindBlob(2, "a blob in a text column of a strict table");
  EXPECT_THAT(insert.Run(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(StatementTest, AQueryThatWritesIsRefused) {
  EXPECT_THAT(database_.Query("DELETE FROM t"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(database_.QueryText("DELETE FROM t"), StatusIs(absl::StatusCode::kInternal));
  constexpr Sql kDelete = "DELETE FROM t";
  {
    Transaction transaction = Begin();
    VIGIL_EXPECT_OK(transaction.Execute(kDelete));
  }
  // The cache does not let it through either.
  EXPECT_THAT(database_.Query(kDelete), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(StatementTest, TextWithMoreThanOneStatementIsRefused) {
  EXPECT_THAT(database_.QueryText("SELECT 1; SELECT 2"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(database_.QueryText(""), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(database_.QueryText("SELECT 1; "), IsOk());
  EXPECT_THAT(database_.QueryText("SELEC 1"), StatusIs(absl::StatusCode::kInternal));
  // A name in double quotes that does not exist is no text.
  EXPECT_THAT(database_.QueryText("SELECT \"nothing\""), Not(IsOk()));
}

TEST_F(StatementTest, AnInterruptedQueryIsCancelled) {
  Statement endless = *database_.Query(
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c");
  ASSERT_THAT(endless.Step(), IsOkAndHolds(true));
  database_.Interrupt();
  EXPECT_THAT(endless.Step(), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace vigil::sqlite
