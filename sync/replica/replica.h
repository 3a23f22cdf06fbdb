#ifndef VIGIL_SYNC_REPLICA_REPLICA_H_
#define VIGIL_SYNC_REPLICA_REPLICA_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "sync/replica/types.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/error.pb.h"
#include "vigil/v1/evidence_service.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/sync_service.pb.h"
#include "vigil/v1/view.pb.h"

// A phone's copy of the register within its scopes, and what its user did that the register has
// not judged yet: one SQLite file. Whatever a call changes is durable when it returns; nothing
// here needs a network, starts a thread or waits. One thread at a time.

namespace vigil::replica {

class Storage;

class Replica {
 public:
  struct Options {
    // SQLite's VFS; empty: the default one.
    std::string vfs = {};
    // NOT_FOUND when there is no such file.
    bool must_exist = false;
  };

  // Opens or makes the file and brings its schema up to date. FOREIGN_FILE, SCHEMA_TOO_NEW,
  // CORRUPT_FILE (reasons) for a file that is not ours, too new, or damaged. `clock` and `random`
  // must outlive the replica.
  static absl::StatusOr<std::unique_ptr<Replica>> Open(const std::string& path,
                                                       const Options& options, const Clock& clock,
                                                       Random& random);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // --- Whose phone it is -------------------------------------------------------------------------

  // Nullopt before Initialise.
  absl::StatusOr<std::optional<Identity>> GetIdentity();
  // Makes the phone this person's. The same identity again is OK; another one:
  // ALREADY_INITIALISED (use HandOver).
  absl::Status Initialise(const Identity& identity);
  // The phone goes to another person. Unsent work, attention list, journal and drafts stay their
  // author's: the next user neither sees nor sends them; handing the phone back shows them again.
  absl::Status HandOver(const Identity& identity);
  // Two copies of this database are in use, or an old one was put back: its user goes on as another
  // device of his. What has no outcome here is made again under its old ids, as part of the new
  // device's chain; attention list, journal and drafts stay his. WRONG_AUTHOR: another person. Done
  // before: OK.
  absl::Status EnrolAnew(const Identity& identity);
  // Those that hold today, as the register has confirmed them; empty before the first sync.
  absl::StatusOr<std::vector<v1::RoleGrant>> Roles();

  // --- Making operations -------------------------------------------------------------------------

  struct MakeOptions {
    // What the author was shown when he opened a form, where that was earlier than now: the
    // operation is judged on these views and claims their versions. All other records that the
    // operation names count as shown now.
    std::vector<RecordView> shown = {};
    // This draft is done with: removed in the same transaction.
    std::string draft = {};
    // Queues it even where the rules on the phone refuse it, unless its content is malformed: what
    // a hostile client does. For showing that the register does not rely on phones.
    bool unchecked = false;
  };
  struct Made {
    v1::Operation operation;
    // Records that it changes, as far as the phone can tell.
    std::vector<std::string> changed;
    // Short number of a hazard that it reports ("P-7K2M"); empty if none.
    std::string provisional_number;
  };
  // Queues an operation of which the caller has filled in the command alone. Fills in id, device,
  // sequence, person, time, epoch and `seen`; checks and judges it as the register would. A refusal
  // is returned with its reason and nothing is queued. A fact (a report, a reading, an inspection)
  // is queued even where the rules say no to it, unless its content is malformed. must_be_current:
  // INVALID_VALUE, since a phone does not know what is current.
  absl::StatusOr<Made> Make(v1::Operation operation, const MakeOptions& options);
  absl::StatusOr<Made> Make(v1::Operation operation) {
    return Make(std::move(operation), MakeOptions());
  }

  // --- Reading -----------------------------------------------------------------------------------

  // Nullopt: no such record here. Cost depends on the record's own pending writes alone.
  absl::StatusOr<std::optional<RecordView>> Find(std::string_view id);
  // In the order of ids; records that exist only in the outbox are among them.
  absl::StatusOr<std::vector<RecordView>> List(const RecordQuery& query);
  // By the record's own key (a risk source's code, a unit's code, a hazard's number).
  absl::StatusOr<std::optional<RecordView>> FindByKey(std::string_view kind, std::string_view key);
  // By the register's number or the provisional one, in either case of letters; or by id.
  absl::StatusOr<std::optional<RecordView>> FindHazard(std::string_view number);
  // NOT_FOUND: no such hazard.
  absl::StatusOr<v1::HazardState> HazardState(std::string_view id);
  // The register's number; while it has none, the provisional one; for a hazard that is neither
  // numbered nor this phone's, its id.
  absl::StatusOr<std::string> DisplayNumber(const v1::Record& hazard);
  // Records with a field in conflict, in the order of ids.
  absl::StatusOr<std::vector<RecordView>> Conflicts();
  // Today in the register's zone, by this phone's clock corrected by the measured offset.
  absl::StatusOr<v1::Date> Today();
  // The phone's own clock, uncorrected.
  absl::Time Now() const { return clock_.Now(); }

  // In the order in which they were made.
  absl::StatusOr<std::vector<OutboxItem>> Outbox();
  // What its author should look at: refused operations, then quarantined ones.
  absl::StatusOr<std::vector<AttentionItem>> Attention();
  // The author has dealt with it. NOT_FOUND: no such refused operation.
  absl::Status SettleAttention(std::string_view operation);
  // A quarantined operation is sent all the same, with what it rests on: the register judges.
  // NOT_FOUND: nothing is quarantined under this id. DEPENDENCY_MISSING: it rests on one that was
  // given up.
  absl::Status Release(std::string_view operation);
  // A quarantined operation is given up: it is never sent, and stays readable. NOT_FOUND as above.
  absl::Status Discard(std::string_view operation);
  absl::StatusOr<std::vector<JournalItem>> Journal();
  // The register's answer to an operation; nullopt: none yet, or no longer kept.
  absl::StatusOr<std::optional<v1::Outcome>> FindOutcome(std::string_view operation);

  absl::StatusOr<StatusCounts> Counts();
  absl::StatusOr<SyncState> GetSyncState();
  // Restores of the register that this phone has met, the last one first.
  absl::StatusOr<std::vector<Restore>> Restores();

  // --- Drafts: what is under way; the content is the caller's own --------------------------------

  absl::Status PutDraft(std::string_view key, std::string_view bytes);
  absl::StatusOr<std::optional<Draft>> FindDraft(std::string_view key);
  // Keys beginning with `prefix`, in order.
  absl::StatusOr<std::vector<Draft>> Drafts(std::string_view prefix);
  absl::Status DeleteDraft(std::string_view key);

  // --- Photos and documents: their bytes are in EvidenceFiles ------------------------------------

  // To be sent; comes before the operation that names it. Again: one that was refused is offered
  // once more.
  absl::Status KeepEvidence(const v1::Evidence& evidence);
  // The user's own, in the order in which they were kept.
  absl::StatusOr<std::vector<EvidenceItem>> Evidence();
  absl::StatusOr<std::optional<EvidenceItem>> FindEvidence(std::string_view sha256);
  // Complete, and every operation that names it has left outbox and journal, and attention unless
  // settled (one that none has named: after 90 days): this phone need not keep it, if the register
  // says once more that it has it.
  absl::StatusOr<std::vector<EvidenceItem>> SpareEvidence();
  // What the register said of one; of what is not kept here it changes nothing.
  absl::Status NoteEvidence(const v1::EvidenceStatus& status);
  absl::Status NoteEvidenceRefused(std::string_view sha256, const v1::ErrorDetail& error);
  // True: nobody else who uses this phone keeps it, and its file may go.
  absl::StatusOr<bool> ForgetEvidence(std::string_view sha256);

  // --- Sync: what a session calls ----------------------------------------------------------------

  // What the phone knows of the register's history, to greet it with: epochs and heads.
  absl::StatusOr<v1::HelloRequest> BeginHello();

  struct Greeting {
    // As BeginHello gave it.
    v1::HelloRequest asked;
    // The caller has checked its signatures.
    v1::HelloResponse hello;
    absl::Duration clock_offset = absl::ZeroDuration();
  };
  // The register's greeting: clock offset, zone, scopes, epoch. A gained unit gets a cursor at
  // zero; what lies in lost units leaves, also from the file, and unsent decisions on it are
  // quarantined. A new epoch that the register declares takes back what lies beyond what both
  // share: cursors, confirmed records, which are kept as copies to return, and acknowledged
  // operations, which go back to the outbox. HISTORY_CHANGED: the register's log does not continue
  // what was seen of it; nothing was taken. EPOCH_CHANGED: it is another register. WRONG_AUTHOR:
  // the token is another device's or person's. ABORTED: this phone was synchronised meanwhile.
  absl::Status ApplyHello(const Greeting& greeting);

  struct CopyLimits {
    int copies_max = 0;
    std::int64_t bytes_max = 0;
  };
  // Copies to return to a restored register, the next ones; none: nothing is left. They go before
  // the push, whoever uses the phone now.
  absl::StatusOr<v1::ReturnCopiesRequest> NextCopies(const CopyLimits& limits);
  // The register has taken them. They are kept until a backup holds them (PruneJournal).
  absl::Status NoteCopiesTaken(const v1::ReturnCopiesRequest& taken);

  struct PushBatch {
    v1::PushRequest request;
    // Device sequence of the last entry; where the next batch goes on.
    std::uint64_t last = 0;
  };
  struct PushLimits {
    std::uint64_t after = 0;
    int operations_max = 0;
    std::int64_t bytes_max = 0;
  };
  // The next operations to offer, in their order, after `limits.after`; they are frozen from now
  // on. What waits behind a deferred operation travels together with it; a link of the chain that
  // the register may lack, and whose content is withheld, as its hash. No entries: nothing left.
  absl::StatusOr<PushBatch> NextPush(const PushLimits& limits);

  // The register's answers. A refused operation goes to the attention list, a deferred one stays.
  // Answers to operations that are not waited for change nothing.
  absl::StatusOr<OutcomeCounts> ApplyOutcomes(const v1::PushResponse& response);

  // Stores pages that follow one another, each with its cursor, in one transaction. A record older
  // than the one here is left out. What departs, or lies in org units that do, leaves as with
  // ApplyHello. After a page that asks to pull anew the others are left out. The caller has checked
  // the signatures of their heads. DATA_LOSS: one cannot be read, nothing of any is stored.
  absl::StatusOr<Applied> ApplyPages(std::span<const v1::PullResponse> pages);
  absl::StatusOr<Applied> ApplyPage(const v1::PullResponse& page) { return ApplyPages({&page, 1}); }

  // Buckets whose sum differs from these 256, in order. Compare with the last page applied.
  absl::StatusOr<std::vector<int>> DifferingBuckets(const std::vector<std::uint64_t>& digest);
  absl::StatusOr<std::vector<std::uint64_t>> Digest();
  // Whether this is the hash of the phone's digest (HashOfSums), 32 bytes.
  absl::StatusOr<bool> HasDigest(std::string_view hash);
  struct Repair {
    int bucket = 0;
    // All of the bucket's records, serialised, as of `seq` or later.
    std::vector<std::string> records;
    std::uint64_t seq = 0;
  };
  // Puts one bucket right and counts a fault.
  absl::StatusOr<Applied> ApplyRepair(const Repair& repair);

  // A session went through.
  absl::Status MarkSynced();
  // Where records have left since the last time: writes the file anew, so that nothing of them
  // stays in unused parts of it. An error leaves it to the next call; opening the file is one.
  absl::Status CleanFile();
  // Acknowledged operations that a backup holds leave the journal, and taken copies go; without
  // backups (0), those older than 90 days. The operations' hashes stay: the chain needs them.
  absl::Status PruneJournal(std::uint64_t archived_seq);

  // --- Unsent work by file -----------------------------------------------------------------------

  // The outbox as bytes of a file (see outbox_file.h). The operations count as sent from now on:
  // their content is frozen.
  absl::StatusOr<std::string> ExportOutbox();
  struct Imported {
    std::int64_t added = 0;
    // Already here: in the outbox or judged.
    std::int64_t known = 0;
  };
  // Takes back what ExportOutbox of the same device wrote. INVALID_ARGUMENT: not such a file, or a
  // damaged one. WRONG_AUTHOR: another device's or person's work, which only he may send.
  // CHAIN_BROKEN: it contradicts what is here (the device's database was forked).
  absl::StatusOr<Imported> ImportOutbox(std::string_view bytes);

 private:
  Replica(std::unique_ptr<Storage> storage, const Clock& clock, Random& random);

  std::unique_ptr<Storage> storage_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_REPLICA_H_
