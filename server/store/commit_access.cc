#include "server/store/commit.h"
#include "server/store/rows.h"
#include "sync/base/status.h"

namespace vigil::store {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

constexpr char kPutCode[] = R"sql(
INSERT INTO one_time_code (code_hash, person, kind, inviter_person, inviter_device, expires_at,
                           used_at, device)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (code_hash) DO UPDATE SET used_at = excluded.used_at, device = excluded.device
)sql";

constexpr char kPutSignIn[] = R"sql(
INSERT INTO sign_in (id, device, person, channel, refresh_hash, previous_hash, expires_at,
                     public_key)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO UPDATE SET
  refresh_hash = excluded.refresh_hash, previous_hash = excluded.previous_hash,
  expires_at = excluded.expires_at
)sql";

constexpr char kEndTokens[] = "DELETE FROM access_token WHERE sign_in = ?1";
constexpr char kEndSignIn[] = "DELETE FROM sign_in WHERE id = ?1";

constexpr char kPutToken[] = R"sql(
INSERT INTO access_token (token_hash, sign_in, expires_at) VALUES (?1, ?2, ?3)
)sql";

constexpr char kPutPassword[] = R"sql(
INSERT INTO password (person, device, hash) VALUES (?1, ?2, ?3)
ON CONFLICT (person) DO UPDATE SET device = excluded.device, hash = excluded.hash
)sql";

constexpr char kForgetTokens[] = R"sql(
DELETE FROM access_token WHERE expires_at < ?1
  OR sign_in IN (SELECT id FROM sign_in WHERE sign_in.expires_at < ?1)
)sql";
constexpr char kForgetSignIns[] = "DELETE FROM sign_in WHERE expires_at < ?1";
constexpr char kForgetCodes[] = "DELETE FROM one_time_code WHERE expires_at < ?1";

absl::Status PutCode(Transaction& transaction, const OneTimeCode& code) {
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutCode));
  BindHash(put, 1, code.code_hash);
  put.BindUuid(2, code.person).BindInt64(3, code.kind);
  BindReference(put, 4, code.inviter_person);
  BindReference(put, 5, code.inviter_device);
  put.BindTime(6, code.expires_at).BindOptionalTime(7, code.used_at);
  BindReference(put, 8, code.device);
  return put.Run();
}

absl::Status PutSignIn(Transaction& transaction, const SignIn& sign_in) {
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutSignIn));
  put.BindUuid(1, sign_in.id)
      .BindUuid(2, sign_in.device)
      .BindUuid(3, sign_in.person)
      .BindInt64(4, sign_in.channel);
  BindHash(put, 5, sign_in.refresh_hash);
  BindHash(put, 6, sign_in.previous_hash);
  put.BindTime(7, sign_in.expires_at).BindBlob(8, sign_in.public_key);
  return put.Run();
}

absl::Status EndSignIn(Transaction& transaction, const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(Statement tokens, transaction.Prepare(kEndTokens));
  tokens.BindUuid(1, id);
  VIGIL_RETURN_IF_ERROR(tokens.Run());
  VIGIL_ASSIGN_OR_RETURN(Statement end, transaction.Prepare(kEndSignIn));
  end.BindUuid(1, id);
  return end.Run();
}

absl::Status Forget(Transaction& transaction, absl::Time before) {
  // Tokens first: they point at their sign-in.
  VIGIL_ASSIGN_OR_RETURN(Statement tokens, transaction.Prepare(kForgetTokens));
  tokens.BindTime(1, before);
  VIGIL_RETURN_IF_ERROR(tokens.Run());
  VIGIL_ASSIGN_OR_RETURN(Statement sign_ins, transaction.Prepare(kForgetSignIns));
  sign_ins.BindTime(1, before);
  VIGIL_RETURN_IF_ERROR(sign_ins.Run());
  VIGIL_ASSIGN_OR_RETURN(Statement codes, transaction.Prepare(kForgetCodes));
  codes.BindTime(1, before);
  return codes.Run();
}

}  // namespace

absl::Status WriteAccess(Transaction& transaction, const AccessWrites& writes) {
  for (const Uuid& id : writes.ended_sign_ins) VIGIL_RETURN_IF_ERROR(EndSignIn(transaction, id));
  for (const OneTimeCode& code : writes.codes) VIGIL_RETURN_IF_ERROR(PutCode(transaction, code));
  for (const SignIn& sign_in : writes.sign_ins) {
    VIGIL_RETURN_IF_ERROR(PutSignIn(transaction, sign_in));
  }
  for (const AccessToken& token : writes.tokens) {
    VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutToken));
    BindHash(put, 1, token.token_hash);
    put.BindUuid(2, token.sign_in).BindTime(3, token.expires_at);
    VIGIL_RETURN_IF_ERROR(put.Run());
  }
  for (const Password& password : writes.passwords) {
    VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutPassword));
    put.BindUuid(1, password.person).BindUuid(2, password.device).BindText(3, password.hash);
    VIGIL_RETURN_IF_ERROR(put.Run());
  }
  if (writes.forget_before == absl::InfinitePast()) return absl::OkStatus();
  return Forget(transaction, writes.forget_before);
}

}  // namespace vigil::store
