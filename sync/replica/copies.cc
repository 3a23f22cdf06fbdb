#include <string>

#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/meta.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"

// Copies of records that a restored register may have lost.

namespace vigil::replica {

using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr char kList[] = "SELECT epoch, bytes FROM witness ORDER BY record, epoch LIMIT ?1";
constexpr char kDrop[] = "DELETE FROM witness WHERE record = ?1 AND epoch = ?2";

}  // namespace

absl::StatusOr<v1::ReturnCopiesRequest> Replica::NextCopies(const CopyLimits& limits) {
  VIGIL_ASSIGN_OR_RETURN(const Meta meta, LoadMeta(storage_->database));
  v1::ReturnCopiesRequest request;
  request.set_epoch(meta.epoch);
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kList));
  row.BindInt64(1, limits.copies_max);
  std::int64_t bytes = 0;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return request;
    bytes += static_cast<std::int64_t>(row.ColumnBlob(1).size());
    if (bytes > limits.bytes_max && request.copies_size() > 0) return request;
    v1::WitnessCopy& copy = *request.add_copies();
    copy.set_epoch(std::string(row.ColumnText(0)));
    copy.set_record(std::string(row.ColumnBlob(1)));
  }
}

absl::Status Replica::DropCopies(const v1::ReturnCopiesRequest& taken) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  for (const v1::WitnessCopy& copy : taken.copies()) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(copy.record()));
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(record.id()));
    VIGIL_ASSIGN_OR_RETURN(Statement drop, transaction.Prepare(kDrop));
    drop.BindUuid(1, id).BindText(2, copy.epoch());
    VIGIL_RETURN_IF_ERROR(drop.Run());
  }
  return storage_->Commit(transaction);
}

}  // namespace vigil::replica
