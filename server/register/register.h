#ifndef VIGIL_SERVER_REGISTER_REGISTER_H_
#define VIGIL_SERVER_REGISTER_REGISTER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/register_store.h"
#include "sync/base/executor.h"
#include "sync/base/hash.h"
#include "sync/base/mutex.h"
#include "sync/base/p256.h"
#include "sync/rules/judge.h"
#include "sync/rules/ladder.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/sync_service.pb.h"

// The register: one writer, one write path. Whatever changes it, a phone, the office, the
// escalation clock or an import, is an Operation that comes through here.

namespace vigil::registry {

// An operation as it came in: bytes as sent, and what stood outside them.
struct Incoming {
  std::string bytes;
  // What they say, or why that is no operation; absent: the register reads them.
  std::optional<absl::StatusOr<v1::Operation>> content = std::nullopt;
  // Of the push entry; empty for operations that did not come by a push. Must agree with the
  // content: a content that says otherwise is refused.
  std::string operation_id;
  std::uint64_t device_seq = 0;
  Sha256 previous_hash;
  // SHA-256 of the bytes; zero: the register hashes them. Of a withheld operation, whose bytes are
  // empty, what stands for it.
  Sha256 hash;
  bool withheld = false;
};

// A phone's signature over the last of the operations that it sends, verified by the caller: the
// chain of hashes makes it speak for all before.
struct PushHead {
  DeviceSeq device_seq;
  Sha256 operation_hash;
  // DER.
  std::string signature;
};

// A phone's copy of a record from an epoch that a restore ended.
struct ReturnedCopy {
  std::string epoch;
  // Serialised v1::Record.
  std::string bytes;
};

// What a commit changed, for those who watch.
struct Committed {
  Seq head;
  // Units whose feeds have something new; nil: everybody's.
  std::vector<Uuid> units;
  // Persons, devices, org units or sign-ins: who may do what may have changed.
  bool access_changed = false;
};

struct RegisterOptions {
  // Operations that one group takes at most.
  std::size_t group_operations_max = 2000;
  // Beyond this many waiting operations, requests are told to come back (QUOTA_EXCEEDED).
  std::size_t queue_operations_max = 10000;
  std::size_t operation_bytes_max = 256 * 1024;
  // Register's time zone: deadlines are dates in it.
  absl::TimeZone zone;
  // Its ladder and working days at first; never null.
  std::shared_ptr<const rules::Deadlines> deadlines = std::make_shared<const rules::Deadlines>();
  // Called after each commit on the writer's executor, after the answers.
  std::function<void(const Committed&)> on_committed;
  // Who may do what may have changed. Called on the writer's executor before the answers: whoever
  // is told of a change finds it in force.
  std::function<void()> on_access_changed;
  // Where the disk has less than this left, nothing is taken in (STORAGE_UNAVAILABLE); half of it
  // is kept for letting people in. 0: whatever the disk takes.
  std::int64_t storage_reserve_bytes = 0;
  // Told when that begins, and when it is over. The writer's executor.
  std::function<void(bool has_room, std::int64_t free_bytes)> on_room;
  // Signs the register's heads; null: they are not signed. Must outlive the register.
  Signer* head_signer = nullptr;
  // The store's answer is unknown or the head moved: nothing may be trusted any more. Ends the
  // process in production. Called once; afterwards every request gets UNAVAILABLE.
  std::function<void(const absl::Status&)> on_fatal;
};

class Group;
struct WriterCache;

class Register {
 public:
  using Outcomes = std::vector<v1::Outcome>;
  using Done = std::function<void(absl::StatusOr<Outcomes>)>;

  // All judging and writing happens on `executor`, one task at a time. Both must outlive the
  // register, and the executor must have run out before it is destroyed.
  Register(store::RegisterStore& store, Executor& executor, RegisterOptions options);
  ~Register();

  // Judges the operations in their order, as part of the next group; `done` gets one outcome for
  // each, after they are durable. An error means "unknown": ask again. STORAGE_UNAVAILABLE: it
  // cannot be written now. Any thread.
  void Submit(rules::Author author, std::vector<Incoming> operations, Done done);

  // The same in a group of its own, and all or nothing: if one is not applied, nothing is written
  // and the outcomes say why. For imports.
  void SubmitAll(rules::Author author, std::vector<Incoming> operations, Done done);

  // The same for a phone's push: nothing is judged before its links and its signature are stored.
  // An entry that does not continue the device's chain, or that the signature does not speak for,
  // is DEFERRED with CHAIN_BROKEN; with STORAGE_UNAVAILABLE what was not judged before, as long as
  // the disk has no room: nothing of it is stored.
  void SubmitPush(rules::Author author, std::vector<Incoming> operations, PushHead head, Done done);

  // Copies that a phone returns after a restore. OK: they are kept, and what they raise is in
  // force. Any thread.
  void ReturnCopies(rules::Author returner, std::vector<ReturnedCopy> copies,
                    std::function<void(absl::Status)> done);

  // Hazards and risk sources, and the deadlines by which all have been looked at once these have.
  struct Again {
    std::vector<Uuid> items;
    std::optional<Sha256> deadlines;
  };
  // Works out anew what they wait for, by the deadlines in force. Any thread.
  void LookAgain(Again again, std::function<void(absl::Status)> done);

  // A decision on what is no record: who is known by what, which backups and epochs there are; and
  // the operations that go with it.
  struct AccessChange {
    rules::Author author;
    std::vector<Incoming> operations;
    store::AccessWrites access;
    store::RestoreWrites restore = {};
  };
  // Decides over what is committed, on the writer's executor; nothing comes between what it read
  // and what it writes. An error is the answer, and nothing is written.
  using DecideAccess =
      std::function<absl::StatusOr<AccessChange>(store::Snapshot&, absl::Time now)>;
  // In a group of its own, all or nothing. `done` gets the error of the decision or of the first
  // operation that was not applied. Any thread.
  void ChangeAccess(DecideAccess decide, std::function<void(absl::Status)> done);

  // What everybody is shown of the register's state, signed by the register's key. Any thread.
  v1::RegisterHead ShowHead(const store::Head& head) ABSL_LOCKS_EXCLUDED(head_mutex_);
  // Puts the signature on a head that was this register's. Any thread.
  void SignHead(v1::RegisterHead& head) ABSL_LOCKS_EXCLUDED(head_mutex_);

  // Whether the disk has more than the reserve left. The writer's executor.
  bool HasRoom();

  store::RegisterStore& store() { return store_; }
  absl::TimeZone zone() const { return options_.zone; }
  // The ladder and the working days in force. Any thread.
  std::shared_ptr<const rules::Deadlines> deadlines() const ABSL_LOCKS_EXCLUDED(deadlines_mutex_);
  // Others are in force from the next group on; what waits already is to be looked at again.
  void UseDeadlines(std::shared_ptr<const rules::Deadlines> deadlines)
      ABSL_LOCKS_EXCLUDED(deadlines_mutex_);
  // By which a step of the ladder falls due, today.
  rules::LadderRules ladder_rules() const;
  absl::Time Now() const { return executor_.Now(); }
  // This register's key has signed the epoch.
  bool HasSigned(const v1::Epoch& epoch) const;
  // Today in the register's zone.
  v1::Date Today() const;

 private:
  struct Request {
    rules::Author author;
    std::vector<Incoming> operations;
    std::optional<PushHead> push_head;
    bool all_or_nothing = false;
    DecideAccess decide_access;
    std::vector<ReturnedCopy> copies;
    Again again;
    Done done;
  };

  // What the disk has left where that is below the reserve; nullopt: there is room, or nobody
  // knows.
  std::optional<std::int64_t> ShortOfRoom();
  static std::size_t WeightOf(const Request& request);
  void Enqueue(Request request);
  std::vector<Request> TakeGroup();
  void RunGroup();
  // One answer for each request, after they are durable; `committed` says what changed.
  using Answers = std::vector<absl::StatusOr<Outcomes>>;
  absl::StatusOr<Outcomes> JudgeRequest(Request& request, Group& group);
  absl::StatusOr<Answers> JudgeGroup(std::vector<Request>& group, Committed& committed);
  void CommitGroup(std::vector<Request> group);
  void Break(const absl::Status& status);

  store::RegisterStore& store_;
  Executor& executor_;
  const RegisterOptions options_;
  // Of the writer's executor: what was said last.
  bool has_room_ = true;
  // Of the writer's executor too, between groups: a group takes it; null: nothing is known.
  std::unique_ptr<WriterCache> cache_;

  Mutex mutex_;
  std::deque<Request> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t queued_operations_ ABSL_GUARDED_BY(mutex_) = 0;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;

  mutable Mutex deadlines_mutex_;
  std::shared_ptr<const rules::Deadlines> deadlines_ ABSL_GUARDED_BY(deadlines_mutex_);

  Mutex head_mutex_;
  // The one that was signed last: many ask for the same.
  v1::RegisterHead signed_head_ ABSL_GUARDED_BY(head_mutex_);
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_REGISTER_H_
