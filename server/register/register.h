#ifndef VIGIL_SERVER_REGISTER_REGISTER_H_
#define VIGIL_SERVER_REGISTER_REGISTER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/register_store.h"
#include "sync/base/executor.h"
#include "sync/base/hash.h"
#include "sync/base/mutex.h"
#include "sync/rules/judge.h"
#include "vigil/v1/operation.pb.h"

// The register: one writer, one write path. Whatever changes it, a phone, the office, the
// escalation clock or an import, is an Operation that comes through here.

namespace vigil::registry {

// An operation as it came in: bytes as sent, and what stood outside them.
struct Incoming {
  std::string bytes;
  // Of the push entry; empty for operations that did not come by a push. Must agree with the
  // content: a content that says otherwise is refused.
  std::string operation_id;
  std::uint64_t device_seq = 0;
  Sha256 previous_hash;
};

// What a commit changed, for those who watch.
struct Committed {
  Seq head;
  // Units whose feeds have something new; nil: everybody's.
  std::vector<Uuid> units;
};

struct RegisterOptions {
  // Operations that one group takes at most.
  std::size_t group_operations_max = 2000;
  // Beyond this many waiting operations, requests are told to come back (QUOTA_EXCEEDED).
  std::size_t queue_operations_max = 10000;
  std::size_t operation_bytes_max = 256 * 1024;
  // Register's time zone: deadlines are dates in it.
  absl::TimeZone zone;
  // Called after each commit on the writer's executor, after the answers.
  std::function<void(const Committed&)> on_committed;
  // The store's answer is unknown or the head moved: nothing may be trusted any more. Ends the
  // process in production. Called once; afterwards every request gets UNAVAILABLE.
  std::function<void(const absl::Status&)> on_fatal;
};

class Register {
 public:
  using Outcomes = std::vector<v1::Outcome>;
  using Done = std::function<void(absl::StatusOr<Outcomes>)>;

  // All judging and writing happens on `executor`, one task at a time. Both must outlive the
  // register, and the executor must have run out before it is destroyed.
  Register(store::RegisterStore& store, Executor& executor, RegisterOptions options);

  // Judges the operations in their order, as part of the next group; `done` gets one outcome for
  // each, after they are durable. An error means "unknown": ask again. Any thread.
  void Submit(rules::Author author, std::vector<Incoming> operations, Done done);

  // The same in a group of its own, and all or nothing: if one is not applied, nothing is written
  // and the outcomes say why. For imports.
  void SubmitAll(rules::Author author, std::vector<Incoming> operations, Done done);

  // Keeps a credential (its token's hash only). Any thread.
  void AddCredential(store::Credential credential, std::function<void(absl::Status)> done);

  store::RegisterStore& store() { return store_; }
  absl::TimeZone zone() const { return options_.zone; }
  absl::Time Now() const { return executor_.Now(); }
  // Today in the register's zone.
  v1::Date Today() const;

 private:
  struct Request {
    rules::Author author;
    std::vector<Incoming> operations;
    bool all_or_nothing = false;
    std::vector<store::Credential> credentials;
    Done done;
  };

  void Enqueue(Request request);
  std::vector<Request> TakeGroup();
  void RunGroup();
  // One list of outcomes for each request, after they are durable; `committed` says what changed.
  absl::StatusOr<std::vector<Outcomes>> JudgeGroup(const std::vector<Request>& group,
                                                   Committed& committed);
  void CommitGroup(std::vector<Request> group);
  void Break(const absl::Status& status);

  store::RegisterStore& store_;
  Executor& executor_;
  const RegisterOptions options_;

  Mutex mutex_;
  std::deque<Request> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t queued_operations_ ABSL_GUARDED_BY(mutex_) = 0;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_REGISTER_H_
