#include <optional>
#include <vector>

#include "server/store/rows.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"

namespace vigil::store {
namespace {

using sqlite::Statement;

constexpr char kFindCode[] = R"sql(
SELECT person, kind, inviter_person, inviter_device, expires_at, used_at, device
FROM one_time_code WHERE code_hash = ?1
)sql";

constexpr char kFindToken[] = R"sql(
SELECT sign_in.id, sign_in.device, sign_in.person, sign_in.channel, sign_in.refresh_hash,
       sign_in.previous_hash, sign_in.expires_at, sign_in.public_key, access_token.expires_at
FROM access_token JOIN sign_in ON sign_in.id = access_token.sign_in
WHERE access_token.token_hash = ?1
)sql";
constexpr int kTokenExpires = 8;

constexpr char kSignInsOfDevice[] = R"sql(
SELECT id, device, person, channel, refresh_hash, previous_hash, expires_at, public_key
FROM sign_in WHERE device = ?1 ORDER BY id
)sql";

constexpr char kSignInsOfPerson[] = R"sql(
SELECT id, device, person, channel, refresh_hash, previous_hash, expires_at, public_key
FROM sign_in WHERE person = ?1 ORDER BY id
)sql";

constexpr char kFindPassword[] = "SELECT device, hash FROM password WHERE person = ?1";

absl::StatusOr<SignIn> ReadSignIn(const Statement& row) {
  SignIn sign_in;
  VIGIL_ASSIGN_OR_RETURN(sign_in.id, row.ColumnUuid(0));
  VIGIL_ASSIGN_OR_RETURN(sign_in.device, row.ColumnUuid(1));
  VIGIL_ASSIGN_OR_RETURN(sign_in.person, row.ColumnUuid(2));
  sign_in.channel = static_cast<v1::Channel>(row.ColumnInt64(3));
  VIGIL_ASSIGN_OR_RETURN(sign_in.refresh_hash, ReadHash(row, 4));
  VIGIL_ASSIGN_OR_RETURN(sign_in.previous_hash, ReadHash(row, 5));
  sign_in.expires_at = row.ColumnTime(6);
  sign_in.public_key = row.ColumnBlob(7);
  return sign_in;
}

absl::StatusOr<std::vector<SignIn>> ReadSignIns(Statement rows) {
  std::vector<SignIn> sign_ins;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, rows.Step());
    if (!found) return sign_ins;
    VIGIL_ASSIGN_OR_RETURN(sign_ins.emplace_back(), ReadSignIn(rows));
  }
}

}  // namespace

absl::StatusOr<std::optional<OneTimeCode>> SqliteSnapshot::FindOneTimeCode(
    const Sha256& code_hash) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kFindCode));
  BindHash(find, 1, code_hash);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<OneTimeCode>();
  OneTimeCode code;
  code.code_hash = code_hash;
  VIGIL_ASSIGN_OR_RETURN(code.person, find.ColumnUuid(0));
  code.kind = static_cast<v1::DeviceKind>(find.ColumnInt64(1));
  VIGIL_ASSIGN_OR_RETURN(code.inviter_person, ReadReference(find, 2));
  VIGIL_ASSIGN_OR_RETURN(code.inviter_device, ReadReference(find, 3));
  code.expires_at = find.ColumnTime(4);
  if (!find.ColumnIsNull(5)) code.used_at = find.ColumnTime(5);
  VIGIL_ASSIGN_OR_RETURN(code.device, ReadReference(find, 6));
  return std::optional<OneTimeCode>(code);
}

absl::StatusOr<std::optional<IssuedToken>> SqliteSnapshot::FindAccessToken(
    const Sha256& token_hash) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kFindToken));
  BindHash(find, 1, token_hash);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<IssuedToken>();
  IssuedToken issued;
  VIGIL_ASSIGN_OR_RETURN(issued.sign_in, ReadSignIn(find));
  issued.expires_at = find.ColumnTime(kTokenExpires);
  return std::optional<IssuedToken>(std::move(issued));
}

absl::StatusOr<std::vector<SignIn>> SqliteSnapshot::SignInsOfDevice(const Uuid& device) {
  VIGIL_ASSIGN_OR_RETURN(Statement rows, database_->Query(kSignInsOfDevice));
  rows.BindUuid(1, device);
  return ReadSignIns(std::move(rows));
}

absl::StatusOr<std::vector<SignIn>> SqliteSnapshot::SignInsOfPerson(const Uuid& person) {
  VIGIL_ASSIGN_OR_RETURN(Statement rows, database_->Query(kSignInsOfPerson));
  rows.BindUuid(1, person);
  return ReadSignIns(std::move(rows));
}

absl::StatusOr<std::optional<Password>> SqliteSnapshot::FindPassword(const Uuid& person) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kFindPassword));
  find.BindUuid(1, person);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<Password>();
  Password password{.person = person, .device = {}, .hash = std::string(find.ColumnText(1))};
  VIGIL_ASSIGN_OR_RETURN(password.device, find.ColumnUuid(0));
  return std::optional<Password>(std::move(password));
}

}  // namespace vigil::store
