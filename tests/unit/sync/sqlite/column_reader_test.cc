#include "sync/sqlite/column_reader.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sync/sqlite/fixture.h"

namespace vigil::sqlite {
namespace {

using ::vigil::testing::IsOkAndHolds;
using ::vigil::testing::StatusIs;

constexpr ColumnReader::Column kBytes = {"t", "bytes"};

class ColumnReaderTest : public SqliteTest {
 protected:
  // Longer than a page, for some.
  static std::string BytesOf(std::int64_t number) {
    return std::string(static_cast<std::size_t>(number * number), static_cast<char>('a' + number));
  }

  void SetUp() override {
    SqliteTest::SetUp();
    Transaction transaction = Begin();
    for (const std::int64_t number : {1, 2, 3, 25, 90}) {
      Statement insert = *transaction.Prepare("INSERT INTO t (n, bytes) VALUES (?, ?)");
      insert.BindInt64(1, number).BindBlob(2, BytesOf(number));
      VIGIL_ASSERT_OK(insert.Run());
    }
    VIGIL_ASSERT_OK(transaction.Commit());
  }
};

TEST_F(ColumnReaderTest, ReadsRowsInAnyOrder) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const ReadSnapshot snapshot, database_.BeginRead());
  ColumnReader reader(database_, kBytes);
  for (const std::int64_t number : {3, 90, 1, 2, 25, 25}) {
    EXPECT_THAT(reader.Read(number), IsOkAndHolds(BytesOf(number)));
  }
}

TEST_F(ColumnReaderTest, ARowThatIsNotThereStopsNoOther) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const ReadSnapshot snapshot, database_.BeginRead());
  ColumnReader reader(database_, kBytes);
  EXPECT_THAT(reader.Read(4), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(reader.Read(3), IsOkAndHolds(BytesOf(3)));
  EXPECT_THAT(reader.Read(4), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(reader.Read(25), IsOkAndHolds(BytesOf(25)));
}

TEST_F(ColumnReaderTest, ReadsWhatTheSnapshotSees) {
  Database other = Open(directory_.File("test.db"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const ReadSnapshot snapshot, other.BeginRead());
  ColumnReader reader(other, kBytes);
  ASSERT_THAT(reader.Read(2), IsOkAndHolds(BytesOf(2)));
  Transaction transaction = Begin();
  VIGIL_ASSERT_OK(transaction.Execute("UPDATE t SET bytes = x'00'"));
  VIGIL_ASSERT_OK(transaction.Commit());
  EXPECT_THAT(reader.Read(3), IsOkAndHolds(BytesOf(3)));
}

}  // namespace
}  // namespace vigil::sqlite
