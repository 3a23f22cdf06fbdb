#ifndef VIGIL_SERVER_STORE_WRITE_SET_H_
#define VIGIL_SERVER_STORE_WRITE_SET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/store/access_set.h"
#include "server/store/restore_set.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/sync_service.pb.h"
#include "vigil/v1/view.pb.h"

// All that a group of operations changes, as plain values: what a store writes in one transaction.
// Ids are 16-byte values here and in the store; text in the contract.

namespace vigil::store {

// One judged operation: operation, outcome and audit leaf in one row.
struct LogRow {
  Seq seq;
  // Nil where the row must not own the identity that it names: an identity reused with other
  // content is recorded, and refused, beside the first.
  Uuid operation;
  Uuid device;
  // 0: the row takes no place in the device's sequence. Otherwise unique for the device.
  DeviceSeq device_seq;
  // Exactly what was sent, and its SHA-256.
  std::string operation_bytes;
  Sha256 operation_hash;
  // What the device said of the one before; zero for office, clock and import.
  Sha256 previous_hash;
  // Serialised v1::Outcome, without the repeat flag.
  std::string outcome_bytes;
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
  absl::Time received_at;
  // Merkle leaf over (operation bytes, outcome bytes).
  Sha256 leaf;
  // For a refused operation: the records that it named, so that what rests on it is known.
  std::vector<Uuid> refused_records;
};

// A record's new state and how it came about.
struct RecordChange {
  Uuid id;
  // Number of the kind in v1::Entity.
  int kind = 0;
  Seq version;
  // Nil for a root.
  Uuid parent;
  // The root under which it lives (itself for a root).
  Uuid root;
  // Org unit of the root; nil: everybody's.
  Uuid unit;
  // Not sent to phones.
  bool office_only = false;
  // The record's own key for people; empty if none.
  std::string key;
  // Serialised v1::Record, as sent to everybody.
  std::string bytes;
  // The first version; exactly one per record, ever.
  bool created = false;
  // False: it lives where the snapshot has it, for the same people and under the same key.
  bool placed = true;
  // How the record came to this version: the write (serialised v1::RecordWrite) and its stamp
  // (serialised v1::Stamp), and the device that wrote. Both empty: they made the record and follow
  // from it (rules::CreationOf).
  std::string write_bytes;
  std::string stamp_bytes;
  Uuid device;
  DeviceSeq device_seq;
};

// What a move makes of a record that keeps its version.
struct MovedRecord {
  Uuid id;
  // Serialised v1::Record with its new unit.
  std::string bytes;
};

// A root and its children changed their org unit: every one of them enters the new unit's feed at
// `seq` and leaves the old unit's.
struct Move {
  Uuid root;
  Uuid from_unit;
  Uuid to_unit;
  Seq seq;
  // The new bytes of what keeps its version: the children, and a root that moves without being
  // changed; ignored for what this group changed after `seq`.
  std::vector<MovedRecord> children = {};
};

// Columns by which the office finds hazards. Written only where one of them changed.
struct HazardProjection {
  Uuid id;
  std::string number;
  Uuid risk_source;
  // Where it lives.
  Uuid responsible_unit;
  // It has no unit of its own.
  bool follows_source = false;
  v1::HazardState state;
  v1::HazardOrigin origin = v1::HAZARD_ORIGIN_UNSPECIFIED;
  absl::Time found_at;
  std::string description;
  // Nil unless the hazard says that it duplicates another one.
  Uuid merged_into;
  bool imported = false;
  // Start of the day on which the next step of escalation falls due; none: nothing can.
  std::optional<absl::Time> next_step_at;
};

struct OrderProjection {
  Uuid id;
  Uuid hazard;
  std::string number;
  v1::OrderStatus status = v1::ORDER_STATUS_UNSPECIFIED;
  v1::SupervisionLevel level = v1::SUPERVISION_LEVEL_UNSPECIFIED;
  v1::Date due_date;
  std::string ledger;
  bool tag_in_doubt = false;
};

struct RiskSourceProjection {
  Uuid id;
  std::string code;
  std::string name;
  v1::SiteType site_type = v1::SITE_TYPE_UNSPECIFIED;
  v1::RiskLevel level = v1::RISK_LEVEL_UNSPECIFIED;
  Uuid industry_department;
  Uuid district;
  Uuid responsible_unit;
  bool retired = false;
  // Day of the last inspection that stands, in the register's zone; unset: there is none.
  v1::Date inspected_on = {};
  // The last day on which the next one is in time; unset: none is due.
  v1::Date inspection_due = {};
  // As with hazards.
  std::optional<absl::Time> next_step_at = {};
};

// Names of records (of whatever kind) whose fields are in conflict; empty fields: none any more.
struct ConflictProjection {
  Uuid record;
  std::vector<std::string> fields;
};

// The tree of org units, by which scopes and filters find what is below a unit.
struct UnitProjection {
  Uuid id;
  Uuid parent;
  std::string code;
  std::string name;
};

// Over the records of one unit (nil: everybody's).
struct DigestChange {
  Uuid unit;
  BucketSums sums;
  // By how many records the unit has more than before; less than zero: fewer.
  std::int64_t growth = 0;
};

// Inner nodes of the audit tree that became complete: level 1 spans two leaves. Those of levels
// that are multiples of this are stored; what lies between follows from those below it.
inline constexpr int kAuditLevelsStored = 4;
struct AuditNode {
  int level = 0;
  std::uint64_t index = 0;
  Sha256 hash;
};

// A message that leaves later, made in the transaction of what it tells of.
struct NewNotification {
  // Org unit or person.
  Uuid recipient;
  std::string topic;
  Uuid record;
  std::string text_zh;
  std::string text_en;
  absl::Time created_at;
};

// A phone's operation, as its chain knows it.
struct ChainLink {
  Uuid device;
  DeviceSeq device_seq;
  Sha256 operation_hash;
  Sha256 previous_hash;
};

struct PushSignature {
  Uuid device;
  DeviceSeq device_seq;
  Sha256 operation_hash;
  // DER.
  std::string signature;
};

struct WriteSet {
  // In the order of seq, without gaps, beginning at the expected head's successor. May be empty
  // (what is not part of the history alone).
  std::vector<LogRow> log;
  // The last state of each record changed by the group, and every version on the way: in order of
  // version; the last one of a record is its current state.
  std::vector<RecordChange> records;
  std::vector<Move> moves;
  std::vector<HazardProjection> hazards;
  std::vector<OrderProjection> orders;
  std::vector<RiskSourceProjection> risk_sources;
  std::vector<ConflictProjection> conflicts;
  std::vector<UnitProjection> units;
  std::vector<DigestChange> digests;
  std::vector<AuditNode> audit_nodes;
  std::vector<NewNotification> notifications;
  // Fingerprint of the deadlines by which the next step of every hazard and risk source has been
  // worked out, once that is so; zero: it is so no longer.
  std::optional<Sha256> deadlines;
  // Links of operations that were not judged.
  std::vector<ChainLink> links;
  // Each stands in the row of its operation, if that is in `log`.
  std::vector<PushSignature> signatures;
  AccessWrites access;
  RestoreWrites restore;
  // Counters after the group: the last number given, by series ("hazard/2017").
  std::vector<std::pair<std::string, std::int64_t>> counters;
  // Root of the audit tree after the group.
  Sha256 audit_root;
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_WRITE_SET_H_
