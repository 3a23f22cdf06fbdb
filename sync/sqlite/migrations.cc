#include "sync/sqlite/migrations.h"

#include <string>

#include "sync/base/status.h"

namespace vigil::sqlite {
namespace {

// What the file is; refuses what is not ours or too new for us.
absl::StatusOr<std::int64_t> ReadVersion(Database& database, const Schema& schema) {
  VIGIL_ASSIGN_OR_RETURN(const bool empty, database.IsEmpty());
  VIGIL_ASSIGN_OR_RETURN(const std::uint32_t id, database.ApplicationId());
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t version, database.UserVersion());
  const bool is_new = empty && id == 0 && version == 0;
  if (!is_new && id != schema.application_id) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 database.path() + " is no " + std::string(schema.what))
        .With("application_id", id);
  }
  if (version > schema.version()) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 database.path() + " was written by a newer program: its schema is " +
                     std::to_string(version) + ", this program knows " +
                     std::to_string(schema.version()))
        .With("schema_version", version);
  }
  return version;
}

absl::Status Apply(Database& database, const Schema& schema, const Migration& migration) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_RETURN_IF_ERROR(transaction.ExecuteScript(migration.sql));
  VIGIL_RETURN_IF_ERROR(database.ForeignKeyCheck());
  VIGIL_RETURN_IF_ERROR(transaction.SetUserVersion(migration.version));
  VIGIL_RETURN_IF_ERROR(transaction.SetApplicationId(schema.application_id));
  return transaction.Commit();
}

void CheckList(const Schema& schema) {
  VIGIL_CHECK(schema.application_id != 0) << schema.what;
  std::int32_t expected = 1;
  for (const Migration& migration : schema.migrations) {
    VIGIL_CHECK(migration.version == expected) << schema.what << ", step " << migration.name;
    ++expected;
  }
}

}  // namespace

absl::Status Migrate(Database& database, const Schema& schema) {
  CheckList(schema);
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t version, ReadVersion(database, schema));
  for (const Migration& migration : schema.migrations) {
    if (migration.version <= version) continue;
    const absl::Status status = Apply(database, schema, migration);
    if (!status.ok()) return Annotate(status, "schema step " + std::string(migration.name));
  }
  return absl::OkStatus();
}

absl::Status CheckSchema(Database& database, const Schema& schema) {
  CheckList(schema);
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t version, ReadVersion(database, schema));
  if (version == schema.version()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition,
               database.path() + " has schema " + std::to_string(version) +
                   ", this program needs " + std::to_string(schema.version()))
      .With("schema_version", version);
}

}  // namespace vigil::sqlite
