#include "server/register/register.h"

#include <algorithm>
#include <set>
#include <utility>

#include "server/register/group.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "sync/rules/workdays.h"

namespace vigil::registry {
namespace {

// Idle housekeeping may take this long before the next group gets its turn.
constexpr absl::Duration kMaintenanceBudget = absl::Milliseconds(20);

bool AllApplied(const Register::Outcomes& outcomes) {
  return std::all_of(outcomes.begin(), outcomes.end(), [](const v1::Outcome& outcome) {
    return outcome.verdict() == v1::VERDICT_APPLIED || outcome.verdict() == v1::VERDICT_MERGED;
  });
}

bool IsEmpty(const store::WriteSet& writes) {
  return writes.log.empty() && writes.credentials.empty();
}

}  // namespace

Register::Register(store::RegisterStore& store, Executor& executor, RegisterOptions options)
    : store_(store), executor_(executor), options_(std::move(options)) {}

v1::Date Register::Today() const { return rules::DateAt(Now(), options_.zone); }

void Register::Submit(rules::Author author, std::vector<Incoming> operations, Done done) {
  Enqueue({.author = std::move(author),
           .operations = std::move(operations),
           .all_or_nothing = false,
           .credentials = {},
           .done = std::move(done)});
}

void Register::SubmitAll(rules::Author author, std::vector<Incoming> operations, Done done) {
  Enqueue({.author = std::move(author),
           .operations = std::move(operations),
           .all_or_nothing = true,
           .credentials = {},
           .done = std::move(done)});
}

void Register::AddCredential(store::Credential credential, std::function<void(absl::Status)> done) {
  Enqueue({.author = {},
           .operations = {},
           .all_or_nothing = false,
           .credentials = {std::move(credential)},
           .done = [done = std::move(done)](const absl::StatusOr<Outcomes>& outcomes) {
             done(outcomes.status());
           }});
}

void Register::Enqueue(Request request) {
  absl::Status status;
  {
    const MutexLock lock(mutex_);
    if (broken_) {
      status = rules::Refuse(v1::REASON_STORAGE_UNAVAILABLE,
                             "the register cannot write; it is being restarted");
    } else if (!queue_.empty() &&
               queued_operations_ + request.operations.size() > options_.queue_operations_max) {
      status = rules::Refuse(v1::REASON_QUOTA_EXCEEDED,
                             "the register has too much to do; send this again in a moment");
    } else {
      queued_operations_ += request.operations.size();
      queue_.push_back(std::move(request));
      if (!std::exchange(scheduled_, true)) {
        executor_.Post([this] { RunGroup(); });
      }
      return;
    }
  }
  request.done(status);
}

// Takes what has queued up: as much as a group may have, and an all-or-nothing request alone.
std::vector<Register::Request> Register::TakeGroup() {
  std::vector<Request> group;
  std::size_t operations = 0;
  const MutexLock lock(mutex_);
  while (!queue_.empty()) {
    const Request& next = queue_.front();
    const bool alone = next.all_or_nothing;
    if (!group.empty() &&
        (alone || operations + next.operations.size() > options_.group_operations_max)) {
      break;
    }
    operations += next.operations.size();
    queued_operations_ -= next.operations.size();
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (alone) break;
  }
  return group;
}

void Register::RunGroup() {
  std::vector<Request> group = TakeGroup();
  if (!group.empty()) CommitGroup(std::move(group));
  bool more = false;
  {
    const MutexLock lock(mutex_);
    more = !queue_.empty();
    scheduled_ = more;
    if (broken_) return;
  }
  if (more) {
    executor_.Post([this] { RunGroup(); });
    return;
  }
  if (const absl::Status status = store_.Maintain(kMaintenanceBudget); !status.ok()) {
    Break(status);
  }
}

absl::StatusOr<std::vector<Register::Outcomes>> Register::JudgeGroup(
    const std::vector<Request>& group, Committed& committed) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<store::Snapshot> snapshot, store_.Read());
  GroupContext context;
  VIGIL_ASSIGN_OR_RETURN(context.head, snapshot->GetHead());
  VIGIL_ASSIGN_OR_RETURN(context.epochs, snapshot->Epochs());
  context.now = Now();
  context.zone = options_.zone;
  context.operation_bytes_max = options_.operation_bytes_max;
  const Seq expected = context.head.seq;
  const absl::Time now = context.now;
  VIGIL_ASSIGN_OR_RETURN(Group judged, Group::Begin(*snapshot, std::move(context)));
  std::vector<Outcomes> answers;
  std::vector<store::Credential> credentials;
  for (const Request& request : group) {
    Outcomes& outcomes = answers.emplace_back();
    std::set<std::string> waiting;
    for (const Incoming& incoming : request.operations) {
      VIGIL_ASSIGN_OR_RETURN(v1::Outcome outcome, judged.Judge(incoming, request.author, waiting));
      outcomes.push_back(std::move(outcome));
    }
    // Alone in its group: nothing else is abandoned with it.
    if (request.all_or_nothing && !AllApplied(outcomes)) return answers;
    credentials.insert(credentials.end(), request.credentials.begin(), request.credentials.end());
  }
  VIGIL_ASSIGN_OR_RETURN(store::WriteSet writes, judged.Finish());
  writes.credentials = std::move(credentials);
  committed.head = Seq(expected.value() + writes.log.size());
  committed.units = judged.changed_units();
  if (IsEmpty(writes)) return answers;
  VIGIL_RETURN_IF_ERROR(store_.Commit(expected, writes, now));
  return answers;
}

void Register::CommitGroup(std::vector<Request> group) {
  Committed committed;
  absl::StatusOr<std::vector<Outcomes>> answers = JudgeGroup(group, committed);
  if (!answers.ok()) {
    // Whether it was written is unknown; nobody is told that anything was applied or refused.
    const absl::Status unknown = rules::Refuse(
        v1::REASON_STORAGE_UNAVAILABLE, "the register could not be written; send this again");
    for (Request& request : group) request.done(unknown);
    Break(answers.status());
    return;
  }
  for (std::size_t i = 0; i < group.size(); ++i) group[i].done(std::move((*answers)[i]));
  if (options_.on_committed && !committed.units.empty()) options_.on_committed(committed);
}

void Register::Break(const absl::Status& status) {
  std::deque<Request> left;
  {
    const MutexLock lock(mutex_);
    if (std::exchange(broken_, true)) return;
    left.swap(queue_);
    queued_operations_ = 0;
  }
  for (Request& request : left) {
    request.done(rules::Refuse(v1::REASON_STORAGE_UNAVAILABLE,
                               "the register cannot write; send this again"));
  }
  if (options_.on_fatal) options_.on_fatal(status);
}

}  // namespace vigil::registry
