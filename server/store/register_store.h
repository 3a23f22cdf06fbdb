#ifndef VIGIL_SERVER_STORE_REGISTER_STORE_H_
#define VIGIL_SERVER_STORE_REGISTER_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/feed_reading.h"
#include "server/store/outbox.h"
#include "server/store/record_scope.h"
#include "server/store/write_set.h"
#include "sync/base/ids.h"
#include "vigil/v1/register_service.pb.h"

// Everything that the register keeps, behind one narrow interface: all SQL is below it, all rules
// are above it. One writer commits whole groups; any number of snapshots read.

namespace vigil::store {

// Where the register stands.
struct Head {
  v1::Epoch epoch;
  Seq seq;
  // Of no operations: SHA-256 of nothing (RFC 6962).
  Sha256 audit_root;
  absl::Time committed_at;
};

struct StoredRecord {
  Uuid id;
  int kind = 0;
  Seq version;
  Uuid parent;
  Uuid root;
  Uuid unit;
  // Serialised v1::Record.
  std::string bytes;
};

struct StoredOutcome {
  Seq seq;
  Uuid operation;
  Uuid device;
  DeviceSeq device_seq;
  Sha256 operation_hash;
  std::string outcome_bytes;
};

// A write of one device to one record, with its stamp.
struct OwnWrite {
  Seq seq;
  std::string write_bytes;
  std::string stamp_bytes;
};

struct DeviceState {
  DeviceSeq last_judged;
  // SHA-256 of the last judged operation.
  Sha256 last_hash;
  // Of the last link of its chain, judged or not.
  DeviceSeq last_link;
};

// A device's operations before this one.
struct OwnBefore {
  Uuid device;
  DeviceSeq device_seq;
};

struct IssuedToken {
  SignIn sign_in;
  // Of the access token.
  absl::Time expires_at;
};

// Of one seq come first the records that its operation changed, all in one page; then what has left
// the units; then what a move has brought along, in as many pages as it needs.
struct FeedPage {
  // A field `records` of PullResponse for each, one after the other, so that they are sent without
  // another copy: bytes as stored, in the order of their place in the feed, which is their version
  // or a later move.
  std::string record_fields;
  std::uint64_t record_count = 0;
  // Not of records that live in one of the units asked for; where a device has other units too,
  // the caller leaves out what lives in those.
  std::vector<v1::Departure> departures;
  // Read up to here. On the last page: the head.
  FeedPlace cursor;
  bool last = false;
  // Records still to come, if asked for.
  std::uint64_t remaining = 0;
};

struct FeedBounds {
  // Of records in a page, about; at least one, and all that its operation changed.
  std::size_t bytes = 0;
  // Whether to say what remains. It is counted once for a reading that does not begin at the very
  // beginning, which costs as much as remains.
  bool count = true;
};

struct VersionRow {
  Seq version;
  std::string write_bytes;
  std::string stamp_bytes;
  // Of the log.
  std::string operation_bytes;
  std::string outcome_bytes;
  absl::Time received_at;
};

// A record as it once stood.
struct PastRecord {
  // As of then; its unit is the one in which it lives now.
  StoredRecord record;
  // In the order in which records were made.
  std::int64_t ordinal = 0;
  bool office_only = false;
  // The record's own key for people as of then. Not read from a store: what stands in the bytes.
  std::string key;
};

struct LedgerPage {
  std::vector<v1::HazardRow> rows;
  std::string next_page_token;
  std::int64_t total = 0;
};

struct OrderPage {
  std::vector<v1::OrderRow> rows;
  std::string next_page_token;
  std::int64_t total = 0;
};

struct InspectionPage {
  std::vector<v1::InspectionDueRow> rows;
  std::string next_page_token;
  std::int64_t total = 0;
};

// A hazard or risk source whose next step of the ladder is known; the default is before every
// other.
struct Waiting {
  absl::Time next_step_at = absl::InfinitePast();
  Uuid item;
};

struct RecordPage {
  std::vector<StoredRecord> records;
  std::string next_page_token;
};

// A consistent view of one moment. Cheap to make; not for use by several threads at once. NOT_FOUND
// is never an error here: what is absent is nullopt or empty.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

  virtual absl::StatusOr<Head> GetHead() = 0;
  // The epoch in force first, then its ancestors.
  virtual absl::StatusOr<std::vector<v1::Epoch>> Epochs() = 0;

  virtual absl::StatusOr<std::optional<StoredRecord>> FindRecord(const Uuid& id) = 0;
  // The newest version that is not newer than `version`.
  virtual absl::StatusOr<std::optional<StoredRecord>> FindRecordAt(const Uuid& id, Seq version) = 0;
  // `kind` is the number in v1::Entity, `key` the record's own key for people. Where several
  // records have the key (concurrent writes may do that), the one that was made first.
  virtual absl::StatusOr<std::optional<Uuid>> FindByKey(int kind, std::string_view key) = 0;
  // The same among the records of `scope`.
  virtual absl::StatusOr<std::optional<Uuid>> FindByKey(int kind, std::string_view key,
                                                        const RecordScope& scope) = 0;
  // In the order of their ids; kind 0: all kinds.
  virtual absl::StatusOr<std::vector<StoredRecord>> Children(const Uuid& parent, int kind) = 0;
  // Hazards whose field merged_into names this one.
  virtual absl::StatusOr<std::vector<Uuid>> DuplicatesOf(const Uuid& hazard) = 0;
  // Hazards that may live where this risk source does, having no unit of their own.
  virtual absl::StatusOr<std::vector<Uuid>> HazardsFollowing(const Uuid& risk_source) = 0;
  // What `device` wrote to `record` after `after`, in order.
  virtual absl::StatusOr<std::vector<OwnWrite>> OwnWrites(const Uuid& record, const Uuid& device,
                                                          Seq after) = 0;
  // Anybody else has written to `record` after `after`, or something else than `own` has.
  virtual absl::StatusOr<bool> OthersWrote(const Uuid& record, const OwnBefore& own, Seq after) = 0;
  virtual absl::StatusOr<std::vector<VersionRow>> History(const Uuid& record, Seq after,
                                                          int limit) = 0;

  // Refused operations that named the record; of such a row there is no write and no stamp.
  virtual absl::StatusOr<std::vector<VersionRow>> Refusals(const Uuid& record, Seq after,
                                                           int limit) = 0;

  // The last operation that was received before `time`, by the server's clock; 0 for none. Where
  // that clock was once put back, one of the seqs at which it passed `time`, always the same one.
  virtual absl::StatusOr<Seq> LastSeqBefore(absl::Time time) = 0;
  // Records as they stood at `seq`, without those that were made later, in the order of their
  // ordinals, after `after`.
  virtual absl::StatusOr<std::vector<PastRecord>> RecordsAt(Seq seq, std::int64_t after,
                                                            int limit) = 0;
  // Something moved to another unit after `seq`.
  virtual absl::StatusOr<bool> MovedSince(Seq seq) = 0;

  virtual absl::StatusOr<std::optional<StoredOutcome>> FindOutcome(const Uuid& operation) = 0;
  virtual absl::StatusOr<std::optional<StoredOutcome>> FindOutcome(const Uuid& device,
                                                                   DeviceSeq device_seq) = 0;
  virtual absl::StatusOr<DeviceState> GetDevice(const Uuid& device) = 0;
  // An operation of `device` that named `record` was refused, at a seq after `after`.
  virtual absl::StatusOr<bool> OwnRefused(const Uuid& device, const Uuid& record, Seq after) = 0;
  // The link of an operation that was not judged.
  virtual absl::StatusOr<std::optional<ChainLink>> FindUnjudgedLink(const Uuid& device,
                                                                    DeviceSeq device_seq) = 0;
  // Of links whose operations were not judged up to `head`, those after this place, in the order of
  // device and device sequence.
  struct LinkPlace {
    Seq head;
    Uuid device;
    DeviceSeq device_seq;
  };
  virtual absl::StatusOr<std::vector<ChainLink>> UnjudgedLinks(const LinkPlace& after,
                                                               int limit) = 0;
  // Of the push that ended with this operation; empty if none did.
  virtual absl::StatusOr<std::optional<PushSignature>> FindPushSignature(const Uuid& device,
                                                                         DeviceSeq device_seq) = 0;

  // What persons and programs are known by; what has expired may still be found.
  virtual absl::StatusOr<std::optional<OneTimeCode>> FindOneTimeCode(const Sha256& code_hash) = 0;
  virtual absl::StatusOr<std::optional<IssuedToken>> FindAccessToken(const Sha256& token_hash) = 0;
  virtual absl::StatusOr<std::vector<SignIn>> SignInsOfDevice(const Uuid& device) = 0;
  virtual absl::StatusOr<std::vector<SignIn>> SignInsOfPerson(const Uuid& person) = 0;
  virtual absl::StatusOr<std::optional<Password>> FindPassword(const Uuid& person) = 0;

  // An epoch of another branch, as this register's key signed it.
  virtual absl::StatusOr<std::optional<v1::Epoch>> FindForeignEpoch(const Uuid& id) = 0;
  virtual absl::StatusOr<std::int64_t> CountForeignEpochs() = 0;
  // Those that are kept, by their seq.
  virtual absl::StatusOr<std::vector<v1::Backup>> Backups() = 0;
  // The same copy (epoch, record, version and hash) is there already.
  virtual absl::StatusOr<bool> HasWitnessCopy(const WitnessCopy& copy) = 0;
  virtual absl::StatusOr<std::optional<WitnessCopy>> FindWitnessCopy(std::int64_t id) = 0;
  // Of one record, and of the records that live under one, in the order in which they came.
  virtual absl::StatusOr<std::vector<WitnessCopy>> WitnessCopiesOf(const Uuid& record) = 0;
  virtual absl::StatusOr<std::vector<WitnessCopy>> WitnessCopiesUnder(const Uuid& parent) = 0;
  // In the order of their ids, after `after`.
  virtual absl::StatusOr<std::vector<WitnessCopy>> WitnessCopies(std::int64_t after,
                                                                 bool settled_too, int limit) = 0;

  // The next page of what has changed in the reading's units. A place that a page gave for some
  // units holds for fewer or more of them, as far as it says.
  virtual absl::StatusOr<FeedPage> ReadFeed(FeedReading& reading, const FeedBounds& bounds) = 0;
  // `units` and everything below them in the tree of org units.
  virtual absl::StatusOr<std::vector<Uuid>> UnitsBelow(const std::vector<Uuid>& units) = 0;
  // Sum of the digests of these units; `all` ignores `units`.
  virtual absl::StatusOr<BucketSums> Digest(const std::vector<Uuid>& units) = 0;
  virtual absl::StatusOr<BucketSums> DigestOfAll() = 0;
  // Digest of exactly one unit, as stored.
  virtual absl::StatusOr<BucketSums> DigestOf(const Uuid& unit) = 0;
  // Records of these units, as their digests count them.
  virtual absl::StatusOr<std::uint64_t> CountRecords(const std::vector<Uuid>& units) = 0;
  virtual absl::StatusOr<std::uint64_t> CountAllRecords() = 0;
  // Records of these units whose id falls into the bucket, in the order of ids, after `after`,
  // about `bytes` of them. The page token is the text of the last id; empty: there are no more.
  virtual absl::StatusOr<RecordPage> Bucket(const std::vector<Uuid>& units, int bucket,
                                            const Uuid& after, std::size_t bytes) = 0;

  // The office's queries, over the part of the register that `scope` says. INVALID_ARGUMENT with a
  // reason for a bad filter, order or page token; which tokens are taken does not depend on the
  // scope. A page's size that is not positive stands for 50 rows or 100 records; 1,000 is the most.
  virtual absl::StatusOr<LedgerPage> Hazards(const v1::ListHazardsRequest& request,
                                             const v1::Date& today, const RecordScope& scope) = 0;
  virtual absl::StatusOr<OrderPage> Orders(const v1::ListOrdersRequest& request,
                                           const RecordScope& scope) = 0;
  // Of one kind, in the order of their keys; with a parent: its children (kind 0: of all kinds), in
  // the order of their ids.
  virtual absl::StatusOr<RecordPage> Records(int kind, const Uuid& parent, int page_size,
                                             std::string_view page_token,
                                             const RecordScope& scope) = 0;
  // In the order of the days on which they are due.
  virtual absl::StatusOr<InspectionPage> InspectionsDue(
      const v1::ListInspectionsDueRequest& request, const v1::Date& today,
      const RecordScope& scope) = 0;
  // Records in conflict.
  virtual absl::StatusOr<RecordPage> Conflicts(int page_size, std::string_view page_token,
                                               const RecordScope& scope) = 0;
  // Figures that say something of the whole register only are left out unless the scope holds
  // everywhere.
  virtual absl::StatusOr<std::vector<v1::Figure>> Stats(const v1::HazardFilter& filter,
                                                        const v1::Date& today,
                                                        const RecordScope& scope) = 0;
  // The projection as stored; nullopt: there is none yet.
  virtual absl::StatusOr<std::optional<HazardProjection>> FindHazardProjection(const Uuid& id) = 0;

  virtual absl::StatusOr<std::optional<RiskSourceProjection>> FindRiskSourceProjection(
      const Uuid& id) = 0;

  // Hazards and risk sources whose next step of the ladder falls due by `until`, earliest first,
  // after a place in that order.
  virtual absl::StatusOr<std::vector<Waiting>> DueForEscalation(absl::Time until,
                                                                const Waiting& after,
                                                                int limit) = 0;
  absl::StatusOr<std::vector<Waiting>> DueForEscalation(absl::Time until, int limit) {
    return DueForEscalation(until, Waiting(), limit);
  }

  // See WriteSet.deadlines; zero: there are none yet.
  virtual absl::StatusOr<Sha256> DeadlinesInForce() = 0;

  virtual absl::StatusOr<std::int64_t> Counter(std::string_view series) = 0;
  // Hash of an audit node that is stored; level 0 are the leaves (index = seq - 1).
  virtual absl::StatusOr<std::optional<Sha256>> FindAuditNode(int level, std::uint64_t index) = 0;
  // Log rows after `after`, for verification of the audit tree; without `refused_records`.
  virtual absl::StatusOr<std::vector<LogRow>> Log(Seq after, int limit) = 0;

  // Of the outbox, after `after`, by their ids.
  virtual absl::StatusOr<std::vector<v1::Notification>> Notifications(
      std::int64_t after, int limit, const NotificationFilter& filter) = 0;
  absl::StatusOr<std::vector<v1::Notification>> Notifications(std::int64_t after, int limit) {
    return Notifications(after, limit, NotificationFilter());
  }
};

class RegisterStore {
 public:
  virtual ~RegisterStore() = default;

  // A snapshot of what is committed now. Thread-safe.
  virtual absl::StatusOr<std::unique_ptr<Snapshot>> Read() = 0;
  // The same for whoever is going to commit, who reads from what his last commit has left in
  // memory. On the thread that commits; one at a time, and gone before Commit.
  virtual absl::StatusOr<std::unique_ptr<Snapshot>> ReadToCommit() = 0;

  // Writes the whole group and syncs it to disk. OK: durable. ABORTED: the head is not
  // `expected_head`, nothing was written: decide again. Anything else: unknown whether it was
  // written; leave the process (INTERNAL: the write set contradicts itself, a bug of ours). One
  // thread at a time.
  virtual absl::Status Commit(Seq expected_head, const WriteSet& writes, absl::Time now) = 0;

  // Housekeeping while nobody waits (checkpoints): at most about `budget`. The writer's thread.
  virtual absl::Status Maintain(absl::Duration budget) = 0;

  // What the disk under it can still take, in bytes. Any thread.
  virtual absl::StatusOr<std::int64_t> FreeBytes() = 0;

  // A verified copy of the whole register, synced to disk. Any thread.
  virtual absl::Status Backup(std::string_view path) = 0;

  // What commits have left to be sent. The writer's thread.
  virtual Outbox& outbox() = 0;
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_REGISTER_STORE_H_
