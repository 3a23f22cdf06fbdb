#include "sync/replica/rows.h"

#include <optional>

#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::replica {

absl::StatusOr<Uuid> ParseId(std::string_view text) {
  const std::optional<Uuid> id = Uuid::Parse(text);
  if (id) return *id;
  return rules::Refuse(v1::REASON_INVALID_ID, "this is no id").With("id", text);
}

void BindRaw(sqlite::Statement& statement, int parameter, const Uuid& id) {
  statement.BindBlob(parameter, id.bytes());
}

void BindReference(sqlite::Statement& statement, int parameter, const Uuid& id) {
  if (id.is_nil()) {
    statement.BindNull(parameter);
  } else {
    statement.BindUuid(parameter, id);
  }
}

absl::StatusOr<std::vector<Uuid>> ReadIds(sqlite::Statement row) {
  std::vector<Uuid> ids;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return ids;
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, row.ColumnUuid(0));
    ids.push_back(id);
  }
}

absl::StatusOr<Sha256> ReadHash(const sqlite::Statement& statement, int column) {
  const std::optional<Sha256> hash = Sha256::FromBytes(statement.ColumnBlob(column));
  if (!hash) return absl::DataLossError("a stored hash has not 32 bytes");
  return *hash;
}

}  // namespace vigil::replica
