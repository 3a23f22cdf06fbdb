#ifndef VIGIL_SYNC_REPLICA_OUTBOX_H_
#define VIGIL_SYNC_REPLICA_OUTBOX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/replica/meta.h"
#include "sync/replica/place.h"
#include "sync/replica/types.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/operation.pb.h"

// Rows of the outbox (no outcome yet), the journal (outcome known) and the attention list
// (refused). An operation is in the outbox, in the journal or withheld (withheld.h), never in two.

namespace vigil::replica {

struct OutboxRow {
  DeviceSeq device_seq;
  Uuid operation;
  OutboxState state = OutboxState::kPending;
  // Of the operation before it; zero for the first.
  Sha256 previous_hash;
  // Serialised v1::ErrorDetail of a deferral; empty: none.
  std::string error;
  // Serialised v1::Operation, exactly as it is or will be sent.
  std::string bytes;
  // Not zero: of an operation that is withheld; its hash travels, and `bytes` is empty.
  Sha256 withheld = {};
};

struct JournalRow {
  Uuid device;
  DeviceSeq device_seq;
  Uuid operation;
  Seq seq;
  Sha256 previous_hash;
  std::string outcome_bytes;
  std::string bytes;
};

// In the order of their sequence.
absl::StatusOr<std::vector<OutboxRow>> LoadOutbox(sqlite::Database& database, const Uuid& device);
// Operations of the device in the outbox by their ids: all of it is looked through.
using OutboxIds = absl::flat_hash_map<Uuid, DeviceSeq>;
absl::StatusOr<OutboxIds> LoadOutboxIds(sqlite::Database& database, const Uuid& device);
absl::StatusOr<std::optional<OutboxRow>> FindOutbox(sqlite::Database& database,
                                                    const OwnOperation& operation);
absl::Status AddOutbox(sqlite::Transaction& transaction, const User& user, const OutboxRow& row);
absl::Status SetState(sqlite::Transaction& transaction, const OwnOperation& operation,
                      OutboxState state, const std::string& error);
absl::Status DeleteOutbox(sqlite::Transaction& transaction, const User& user, const OutboxRow& row);

// The last operation of a user's chain: in the outbox, or else as the identity says, which is told
// when the last one leaves the outbox, or was never in it. So making an operation writes one row of
// the chain and no other.
struct ChainEnd {
  DeviceSeq device_seq;
  // Zero before the first.
  Sha256 hash;
};
absl::StatusOr<ChainEnd> LoadEnd(sqlite::Database& database, const User& user);
// Nothing, where the chain goes on after `end`.
absl::Status NoteEnd(sqlite::Transaction& transaction, const User& user, const ChainEnd& end);

absl::Status AddJournal(sqlite::Transaction& transaction, const JournalRow& row, absl::Time now);
// Of the device, after those that its user was before.
absl::StatusOr<std::vector<JournalRow>> LoadJournal(sqlite::Database& database, const Uuid& device);
// Of every user of the phone, judged after `seq`.
absl::StatusOr<std::vector<JournalRow>> LoadJournalAfter(sqlite::Database& database, Seq seq);
absl::StatusOr<std::optional<JournalRow>> FindJournal(sqlite::Database& database,
                                                      const Uuid& operation);
absl::Status DeleteJournal(sqlite::Transaction& transaction, const Uuid& operation);

struct Refused {
  OwnOperation operation;
  Uuid id;
  Seq seq;
  absl::Time at;
  std::string outcome_bytes;
  std::string bytes;
  // Records that it would have written.
  std::vector<Uuid> records;
};
absl::Status AddAttention(sqlite::Transaction& transaction, const Refused& refused);
absl::Status DeleteAttention(sqlite::Transaction& transaction, const Uuid& operation);
absl::StatusOr<std::vector<AttentionItem>> LoadAttention(sqlite::Database& database,
                                                         const Uuid& device);
// False: there is no such operation.
absl::StatusOr<bool> Settle(sqlite::Transaction& transaction, const Uuid& device,
                            const Uuid& operation);
// An operation of the device that wrote the record was refused after `seq`.
absl::StatusOr<bool> WasRefusedAfter(sqlite::Database& database, const Uuid& device,
                                     const Uuid& record, Seq seq);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_OUTBOX_H_
