#include "absl/strings/str_cat.h"
#include "server/store/commit.h"
#include "server/store/rows.h"
#include "sync/base/status.h"

namespace vigil::store {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

constexpr char kPutForeignEpoch[] = R"sql(
INSERT INTO foreign_epoch (id, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING
)sql";

constexpr char kPutBackup[] = R"sql(
INSERT INTO backup (id, seq, bytes) VALUES (?1, ?2, ?3)
ON CONFLICT (id) DO UPDATE SET bytes = excluded.bytes
)sql";

constexpr char kForgetBackup[] = "DELETE FROM backup WHERE id = ?1";

constexpr char kInsertCopy[] = R"sql(
INSERT INTO witness_copy (epoch, record, version, hash, parent, device, person, returned_at,
                          settled, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)
ON CONFLICT DO NOTHING
)sql";

constexpr char kSettleCopy[] = "UPDATE witness_copy SET settled = 1 WHERE id = ?1";

absl::StatusOr<Uuid> IdOf(const std::string& text) {
  const std::optional<Uuid> id = Uuid::Parse(text);
  if (id) return *id;
  return absl::InternalError(absl::StrCat("'", text, "' is no id"));
}

absl::Status InsertCopy(Transaction& transaction, const WitnessCopy& copy) {
  VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertCopy));
  BindRawUuid(insert, 1, copy.epoch);
  BindRawUuid(insert, 2, copy.record);
  insert.BindNumber(3, copy.version);
  BindHash(insert, 4, copy.hash);
  BindReference(insert, 5, copy.parent);
  BindRawUuid(insert, 6, copy.device);
  BindRawUuid(insert, 7, copy.person);
  insert.BindTime(8, copy.returned_at).BindBlob(9, copy.bytes);
  return insert.Run();
}

}  // namespace

absl::Status WriteRestore(Transaction& transaction, const RestoreWrites& writes) {
  for (const v1::Epoch& epoch : writes.foreign_epochs) {
    VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutForeignEpoch));
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, IdOf(epoch.id()));
    const std::string bytes = epoch.SerializeAsString();
    put.BindUuid(1, id).BindBlob(2, bytes);
    VIGIL_RETURN_IF_ERROR(put.Run());
  }
  for (const v1::Backup& backup : writes.backups) {
    VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutBackup));
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, IdOf(backup.id()));
    const std::string bytes = backup.SerializeAsString();
    put.BindUuid(1, id).BindNumber(2, Seq(backup.seq())).BindBlob(3, bytes);
    VIGIL_RETURN_IF_ERROR(put.Run());
  }
  for (const Uuid& id : writes.forgotten_backups) {
    VIGIL_ASSIGN_OR_RETURN(Statement forget, transaction.Prepare(kForgetBackup));
    forget.BindUuid(1, id);
    VIGIL_RETURN_IF_ERROR(forget.Run());
  }
  for (const WitnessCopy& copy : writes.copies) {
    VIGIL_RETURN_IF_ERROR(InsertCopy(transaction, copy));
  }
  for (const std::int64_t id : writes.settled_copies) {
    VIGIL_ASSIGN_OR_RETURN(Statement settle, transaction.Prepare(kSettleCopy));
    settle.BindInt64(1, id);
    VIGIL_RETURN_IF_ERROR(settle.Run());
  }
  return absl::OkStatus();
}

}  // namespace vigil::store
