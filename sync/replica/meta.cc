#include "sync/replica/meta.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sync/base/status.h"
#include "sync/replica/rows.h"
#include "sync/rules/reason.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kLoadMeta[] = R"sql(
  SELECT epoch, head, complete, clock_offset_ms, last_sync_at, time_zone, server, archived_seq,
    faults, complete_seq
  FROM meta WHERE one = 1)sql";

constexpr char kSaveMeta[] = R"sql(
  UPDATE meta SET epoch = ?1, head = ?2, complete = ?3, clock_offset_ms = ?4, last_sync_at = ?5,
    time_zone = ?6, server = ?7, archived_seq = ?8, faults = ?9, complete_seq = ?10
  WHERE one = 1)sql";

constexpr char kLoadWorkingDays[] = "SELECT working_days FROM meta WHERE one = 1";

constexpr char kSaveWorkingDays[] = "UPDATE meta SET working_days = ?1 WHERE one = 1";

constexpr char kFindUser[] = R"sql(
  SELECT device, person, number, judged_device_seq, continued_by, active
  FROM identity WHERE active = 1)sql";

constexpr char kLoadUsers[] = R"sql(
  SELECT device, person, number, judged_device_seq, continued_by, active
  FROM identity ORDER BY device)sql";

constexpr char kSaveUser[] = R"sql(
  UPDATE identity SET judged_device_seq = ?2 WHERE device = ?1)sql";

constexpr char kDeactivate[] = "UPDATE identity SET active = 0 WHERE active = 1";

constexpr char kActivate[] = R"sql(
  INSERT INTO identity (device, person, number, active, last_device_seq, last_hash,
    judged_device_seq)
  VALUES (?1, ?2, (SELECT coalesce(max(number), 0) + 1 FROM identity), 1, 0, zeroblob(32), 0)
  ON CONFLICT (device) DO UPDATE SET active = 1)sql";

constexpr char kLoadScopes[] = "SELECT unit, seq, within, granted FROM scope ORDER BY unit";

constexpr char kSaveScope[] = R"sql(
  INSERT INTO scope (unit, seq, within, granted) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (unit) DO UPDATE SET seq = excluded.seq, within = excluded.within,
    granted = excluded.granted)sql";

constexpr char kDeleteScope[] = "DELETE FROM scope WHERE unit = ?1";

absl::StatusOr<User> ReadUser(const Statement& row) {
  User user;
  VIGIL_ASSIGN_OR_RETURN(user.device, row.ColumnUuid(0));
  VIGIL_ASSIGN_OR_RETURN(user.person, row.ColumnUuid(1));
  user.number = row.ColumnInt64(2);
  user.judged_device_seq = row.ColumnNumber<DeviceSeq>(3);
  if (!row.ColumnIsNull(4)) {
    VIGIL_ASSIGN_OR_RETURN(user.continued_by, row.ColumnUuid(4));
  }
  user.active = row.ColumnBool(5);
  return user;
}

}  // namespace

absl::StatusOr<Meta> LoadMeta(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadMeta));
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return absl::DataLossError("the phone's database lacks its first row");
  Meta meta;
  meta.epoch = std::string(row.ColumnText(0));
  VIGIL_RETURN_IF_ERROR(ReadMessage(row, 1, meta.head));
  meta.complete = row.ColumnBool(2);
  meta.clock_offset_ms = row.ColumnInt64(3);
  if (!row.ColumnIsNull(4)) meta.last_sync_at = row.ColumnTime(4);
  meta.time_zone = std::string(row.ColumnText(5));
  meta.server = std::string(row.ColumnText(6));
  meta.archived_seq = static_cast<std::uint64_t>(row.ColumnInt64(7));
  meta.faults = row.ColumnInt64(8);
  meta.complete_at = row.ColumnNumber<Seq>(9);
  return meta;
}

absl::Status SaveMeta(Transaction& transaction, const Meta& meta) {
  VIGIL_ASSIGN_OR_RETURN(Statement save, transaction.Prepare(kSaveMeta));
  save.BindText(1, meta.epoch)
      .BindBlob(2, meta.head.SerializeAsString())
      .BindBool(3, meta.complete)
      .BindInt64(4, meta.clock_offset_ms)
      .BindOptionalTime(5, meta.last_sync_at)
      .BindText(6, meta.time_zone)
      .BindText(7, meta.server)
      .BindInt64(8, static_cast<std::int64_t>(meta.archived_seq))
      .BindInt64(9, meta.faults)
      .BindNumber(10, meta.complete_at);
  return save.Run();
}

absl::StatusOr<std::string> LoadWorkingDays(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadWorkingDays));
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  return found ? std::string(row.ColumnBlob(0)) : std::string();
}

absl::Status SaveWorkingDays(Transaction& transaction, std::string_view lists) {
  VIGIL_ASSIGN_OR_RETURN(Statement save, transaction.Prepare(kSaveWorkingDays));
  return save.BindBlob(1, lists).Run();
}

absl::StatusOr<std::optional<User>> FindUser(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFindUser));
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<User>();
  VIGIL_ASSIGN_OR_RETURN(const User user, ReadUser(row));
  return std::optional<User>(user);
}

absl::StatusOr<std::vector<User>> LoadUsers(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadUsers));
  std::vector<User> users;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return users;
    VIGIL_ASSIGN_OR_RETURN(const User user, ReadUser(row));
    users.push_back(user);
  }
}

absl::StatusOr<User> LoadUser(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<User> user, FindUser(database));
  if (user) return *user;
  return rules::Refuse(v1::REASON_NOT_INITIALISED,
                       "this phone belongs to nobody yet; initialise it with a one-time code");
}

absl::Status SaveUser(Transaction& transaction, const User& user) {
  VIGIL_ASSIGN_OR_RETURN(Statement save, transaction.Prepare(kSaveUser));
  return save.BindUuid(1, user.device).BindNumber(2, user.judged_device_seq).Run();
}

absl::Status Activate(Transaction& transaction, const Uuid& device, const Uuid& person) {
  VIGIL_RETURN_IF_ERROR(transaction.Execute(kDeactivate));
  VIGIL_ASSIGN_OR_RETURN(Statement activate, transaction.Prepare(kActivate));
  activate.BindUuid(1, device).BindUuid(2, person);
  return activate.Run();
}

absl::StatusOr<std::vector<ScopeRow>> LoadScopes(Database& database) {
  std::vector<ScopeRow> rows;
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadScopes));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return rows;
    ScopeRow& scope = rows.emplace_back();
    VIGIL_ASSIGN_OR_RETURN(scope.unit, row.ColumnUuid(0));
    scope.read_to = {row.ColumnNumber<Seq>(1), static_cast<std::uint64_t>(row.ColumnInt64(2))};
    scope.granted = row.ColumnBool(3);
  }
}

absl::Status SaveScope(Transaction& transaction, const ScopeRow& row) {
  VIGIL_ASSIGN_OR_RETURN(Statement save, transaction.Prepare(kSaveScope));
  BindRaw(save, 1, row.unit);
  save.BindNumber(2, row.read_to.seq)
      .BindInt64(3, static_cast<std::int64_t>(row.read_to.within))
      .BindBool(4, row.granted);
  return save.Run();
}

absl::Status DeleteScope(Transaction& transaction, const Uuid& unit) {
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kDeleteScope));
  BindRaw(remove, 1, unit);
  return remove.Run();
}

std::vector<v1::ScopeCursor> ToCursors(const std::vector<ScopeRow>& rows, std::size_t cursors_max) {
  std::vector<v1::ScopeCursor> cursors;
  // Furthest first, so that what is merged at the end costs least.
  std::map<ReadTo, std::vector<std::string>, std::greater<>> groups;
  const auto set = [](const ReadTo& read_to, v1::ScopeCursor& cursor) {
    cursor.set_seq(read_to.seq.value());
    cursor.set_within(read_to.within);
  };
  for (const ScopeRow& row : rows) {
    if (row.unit.is_nil()) {
      set(row.read_to, cursors.emplace_back());
    } else {
      groups[row.read_to].push_back(row.unit.ToString());
    }
  }
  const std::size_t everybodys = cursors.size();
  for (const auto& [read_to, units] : groups) {
    const bool is_new = cursors.size() < cursors_max || cursors.size() == everybodys;
    v1::ScopeCursor& cursor = is_new ? cursors.emplace_back() : cursors.back();
    set(read_to, cursor);
    cursor.mutable_units()->Add(units.begin(), units.end());
  }
  return cursors;
}

}  // namespace vigil::replica
