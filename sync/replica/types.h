#ifndef VIGIL_SYNC_REPLICA_TYPES_H_
#define VIGIL_SYNC_REPLICA_TYPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "vigil/v1/error.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/sync_service.pb.h"

// What a replica hands out, as plain values. Ids are text, as in the contract.

namespace vigil::replica {

// Whose phone this is, as the register said.
struct Identity {
  std::string device;
  std::string person;

  friend bool operator==(const Identity&, const Identity&) = default;
};

// A record as its user sees it: the confirmed state with this phone's pending writes over it.
struct RecordView {
  v1::Record record;
  // What `seen` says of somebody who was shown this: the confirmed version, 0 while the record is
  // only on this phone.
  std::uint64_t version = 0;
  // The register's epoch in which that version counts; empty before the first greeting.
  std::string epoch;
  // Last operation of this phone that is merged in; 0 for none.
  std::uint64_t own_device_seq = 0;
  // Some of it is not confirmed yet.
  bool pending = false;
  // Names of fields in conflict, in the order of their numbers.
  std::vector<std::string> conflicts;
};

struct RecordQuery {
  // Name of the kind in Entity, such as "hazard". Empty: every kind.
  std::string kind = {};
  // Children of this record; empty: wherever they live.
  std::string parent = {};
  // Records after this id: the last one of the page before.
  std::string after = {};
  // At most this many; 0: all.
  int limit = 0;
};

// The numbers are stored.
enum class OutboxState {
  // Made, nothing of it has left the phone.
  kPending = 0,
  // Offered to the register; content is frozen. Whether it was judged is not known yet.
  kSent = 1,
  // The register could not judge it yet (see `error`); offered again with the next session. Later
  // operations on the same records wait behind it.
  kDeferred = 2,
  // A decision that nobody was offered, and what it decides on has left the phone: it waits for
  // its author, or for what has left to come back. It travels as its hash.
  kQuarantined = 3,
  // It was quarantined, and its author has released it: like kPending, whatever leaves.
  kReleased = 4,
  // It was quarantined, and its author has given it up; kept to be read. It travels as its hash.
  kDiscarded = 5,
};

struct OutboxItem {
  v1::Operation operation;
  OutboxState state = OutboxState::kPending;
  // Why it was deferred.
  v1::ErrorDetail error;
};

// A refused operation, with reason and content; or a quarantined one, whose outcome has no verdict
// and no seq.
struct AttentionItem {
  v1::Operation operation;
  v1::Outcome outcome;
  // Or quarantined.
  absl::Time refused_at;
  // Its author has dealt with it (a quarantined one: given it up); it stays readable.
  bool settled = false;
  bool quarantined = false;
};

struct JournalItem {
  v1::Operation operation;
  v1::Outcome outcome;
};

struct Draft {
  std::string key;
  std::string bytes;
  absl::Time saved_at;
};

// A photo or document that this phone keeps for the register.
struct EvidenceItem {
  // 64 lower-case hexadecimal digits.
  std::string sha256;
  std::string media_type;
  std::int64_t size_bytes = 0;
  absl::Time kept_at;
  // As the register said last; 0 where that was not asked.
  std::int64_t sent_bytes = 0;
  // The register has said in today's epoch that it has all of it.
  bool complete = false;
  // The register does not take it, or it is damaged; it is not offered again. REASON_UNSPECIFIED:
  // nothing of that.
  v1::ErrorDetail error;
};

// A restore of the register that this phone has met.
struct Restore {
  // Who declared it, when and why.
  v1::Epoch epoch;
  absl::Time noticed_at;
  // Operations that then became unsent again, and records that were taken back.
  std::int64_t operations_back = 0;
  std::int64_t records_back = 0;
};

struct StatusCounts {
  // In the outbox and to be sent; of these, how many were deferred.
  std::int64_t pending = 0;
  std::int64_t deferred = 0;
  // Unsent decisions that wait for their author, since their records have left the phone.
  std::int64_t quarantined = 0;
  // Refused operations that their author has not dealt with.
  std::int64_t refused = 0;
  // Records with a field in conflict.
  std::int64_t in_conflict = 0;
  // Records that the register has confirmed.
  std::int64_t records = 0;
  std::int64_t drafts = 0;
  // Digests that differed and were repaired, ever.
  std::int64_t faults = 0;
  // Copies of records that wait to be returned to a restored register.
  std::int64_t copies = 0;
  // The register does not follow this device's chain: its database was copied, or is an old copy.
  // Nothing more is taken from it until it is enrolled anew.
  bool forked = false;
  // Everything within the device's scopes has been read at least once.
  bool complete = false;
};

// What the phone knows of the register.
struct SyncState {
  // The epoch of the confirmed records; empty before the first session.
  std::string epoch;
  // The last head that came with a page.
  v1::RegisterHead head;
  // Org units in which the person has roles.
  std::vector<std::string> units;
  std::vector<v1::ScopeCursor> cursors;
  bool complete = false;
  absl::Duration clock_offset = absl::ZeroDuration();
  // End of the last session that went through; InfinitePast: none did.
  absl::Time last_sync_at = absl::InfinitePast();
  // IANA name; deadlines are dates in this zone.
  std::string time_zone = "Asia/Shanghai";
  std::string server;
  // As the register confirmed it last.
  std::uint64_t archived_seq = 0;
};

// What a page or an answer changed.
struct Applied {
  std::int64_t pages = 0;
  std::int64_t records = 0;
  std::int64_t departures = 0;
  // Something has come into the scopes that no cursor of this pull reads: pull again.
  bool pull_again = false;
  // Cursors went back, since a unit has left: the pages of this pull that follow must not be
  // applied; pull again at once.
  bool pull_anew = false;
  // Quarantined operations may be sent again, since their records are back.
  bool push_again = false;
};

struct OutcomeCounts {
  std::int64_t applied = 0;
  std::int64_t merged = 0;
  std::int64_t refused = 0;
  std::int64_t deferred = 0;
};

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_TYPES_H_
