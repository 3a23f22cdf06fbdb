#ifndef VIGIL_SYNC_SQLITE_STATEMENT_H_
#define VIGIL_SYNC_SQLITE_STATEMENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/ids.h"

struct sqlite3_stmt;

namespace vigil::sqlite {

class Connection;  // internal: database_internal.h

// SQL that is known when the program is compiled. Its address is the key of the statement cache.
class Sql {
 public:
  // Stands where a literal would.
  template <std::size_t kSize>
  consteval Sql(const char (&text)[kSize])  // NOLINT(google-explicit-constructor)
      : text_(text), size_(kSize - 1) {}

  constexpr std::string_view text() const { return {text_, size_}; }

 private:
  const char* text_;
  std::size_t size_;
};

// A prepared statement, borrowed from its database's cache: the destructor resets it and gives it
// back. Bind, Step until false, read columns in between; Reset to run it again. Two statements of
// the same SQL may be in use at a time. Must not outlive its database.
//
// Parameters count from 1, columns from 0. A bind that is refused makes the next Step fail, so
// binds can be chained without a check after each:
//   VIGIL_ASSIGN_OR_RETURN(Statement find, database.Query(kFindHazard));
//   find.BindBlob(1, id.bytes()).BindInt64(2, seq.signed_value());
//   VIGIL_ASSIGN_OR_RETURN(bool found, find.Step());
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  Statement& BindNull(int parameter);
  Statement& BindBool(int parameter, bool value);
  Statement& BindInt64(int parameter, std::int64_t value);
  // Refuses NaN, which SQLite would store as NULL (INVALID_ARGUMENT).
  Statement& BindDouble(int parameter, double value);
  // Refuses malformed UTF-8 and NUL, which SQLite would take (INVALID_ARGUMENT). Copies the text.
  Statement& BindText(int parameter, std::string_view value);
  // Copies the bytes. An empty blob is not NULL.
  Statement& BindBlob(int parameter, std::string_view value);
  // The same without a copy: the bytes must live until the statement has been run.
  Statement& BindBorrowed(int parameter, std::string_view value);
  // 16 bytes; the nil id is refused (INTERNAL), as nothing is named by it.
  Statement& BindUuid(int parameter, const Uuid& value);
  template <typename Tag>
  Statement& BindId(int parameter, const TypedId<Tag>& id) {
    return BindUuid(parameter, id.uuid());
  }
  template <typename Tag>
  Statement& BindNumber(int parameter, StrongInt<Tag> number) {
    return BindInt64(parameter, number.signed_value());
  }
  // Microseconds since 1970.
  Statement& BindTime(int parameter, absl::Time value);

  // nullopt is bound as NULL.
  Statement& BindOptionalInt64(int parameter, std::optional<std::int64_t> value);
  Statement& BindOptionalText(int parameter, std::optional<std::string_view> value);
  Statement& BindOptionalBlob(int parameter, std::optional<std::string_view> value);
  Statement& BindOptionalTime(int parameter, std::optional<absl::Time> value);

  // Moves to the next row; false: there is none, and the statement is reset (its binds stay).
  [[nodiscard]] absl::StatusOr<bool> Step();
  // Runs a statement that gives no rows (INTERNAL if it gives one) and resets it.
  [[nodiscard]] absl::Status Run();
  // Ends the current run and clears the binds.
  void Reset();

  // Of the current row. Views are valid until the next Step or Reset. NULL reads as 0 or empty.
  int column_count() const;
  bool ColumnIsNull(int column) const;
  bool ColumnBool(int column) const { return ColumnInt64(column) != 0; }
  std::int64_t ColumnInt64(int column) const;
  double ColumnDouble(int column) const;
  std::string_view ColumnText(int column) const;
  std::string_view ColumnBlob(int column) const;
  absl::Time ColumnTime(int column) const;
  // DATA_LOSS if the value is no blob of 16 bytes.
  [[nodiscard]] absl::StatusOr<Uuid> ColumnUuid(int column) const;
  template <typename Id>
  [[nodiscard]] absl::StatusOr<Id> ColumnId(int column) const {
    absl::StatusOr<Uuid> uuid = ColumnUuid(column);
    if (!uuid.ok()) return std::move(uuid).status();
    return Id(*uuid);
  }
  template <typename Number>
  Number ColumnNumber(int column) const {
    return Number(static_cast<std::uint64_t>(ColumnInt64(column)));
  }

 private:
  friend class Connection;
  using Idle = std::vector<sqlite3_stmt*>;
  Statement(Connection* connection, sqlite3_stmt* handle, Idle* idle);
  Statement& Note(int parameter, int code);
  void Release();
  void EndRun();

  Connection* connection_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
  Idle* idle_ = nullptr;  // where it goes back to; null: not cached, finalised when released
  bool is_running_ = false;
  absl::Status bind_error_;
};

}  // namespace vigil::sqlite

#endif  // VIGIL_SYNC_SQLITE_STATEMENT_H_
