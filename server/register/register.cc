#include "server/register/register.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "server/register/group.h"
#include "server/register/writer_cache.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/rules/lineage.h"
#include "sync/rules/reason.h"
#include "sync/rules/work_calendar.h"
#include "vigil/v1/entity.pb.h"

namespace vigil::registry {
namespace {

// Idle housekeeping may take this long before the next group gets its turn.
constexpr absl::Duration kMaintenanceBudget = absl::Milliseconds(20);

bool IsApplied(const v1::Outcome& outcome) {
  return outcome.verdict() == v1::VERDICT_APPLIED || outcome.verdict() == v1::VERDICT_MERGED;
}

bool AllApplied(const Register::Outcomes& outcomes) {
  return std::all_of(outcomes.begin(), outcomes.end(), IsApplied);
}

// Of operations that go together.
absl::Status FirstRefusal(const absl::StatusOr<Register::Outcomes>& outcomes) {
  if (!outcomes.ok()) return outcomes.status();
  for (const v1::Outcome& outcome : *outcomes) {
    if (!IsApplied(outcome)) return rules::FromDetail(outcome.error());
  }
  return absl::OkStatus();
}

absl::Status NoRoom() {
  return rules::Refuse(v1::REASON_STORAGE_UNAVAILABLE,
                       "the register's disk is nearly full; nothing is taken in until it has room");
}

bool IsEmpty(const store::WriteSet& writes) {
  return writes.log.empty() && writes.links.empty() && writes.signatures.empty() &&
         writes.access.empty() && writes.restore.empty() && writes.hazards.empty() &&
         writes.risk_sources.empty() && !writes.deadlines;
}

// New codes, passwords and tokens take nothing from anybody.
bool ChangesAccess(const store::WriteSet& writes) {
  return !writes.access.ended_sign_ins.empty() ||
         std::any_of(
             writes.records.begin(), writes.records.end(), [](const store::RecordChange& change) {
               return change.kind == v1::Entity::kPerson || change.kind == v1::Entity::kDevice ||
                      change.kind == v1::Entity::kOrgUnit;
             });
}

}  // namespace

Register::Register(store::RegisterStore& store, Executor& executor, RegisterOptions options)
    : store_(store),
      executor_(executor),
      options_(std::move(options)),
      deadlines_(options_.deadlines) {}

Register::~Register() = default;

std::shared_ptr<const rules::Deadlines> Register::deadlines() const {
  const MutexLock lock(deadlines_mutex_);
  return deadlines_;
}

void Register::UseDeadlines(std::shared_ptr<const rules::Deadlines> deadlines) {
  const MutexLock lock(deadlines_mutex_);
  deadlines_ = std::move(deadlines);
}

rules::LadderRules Register::ladder_rules() const {
  return {deadlines(), options_.zone, DayAt(Now(), options_.zone)};
}

v1::Date Register::Today() const { return rules::DateAt(Now(), options_.zone); }

void Register::Submit(rules::Author author, std::vector<Incoming> operations, Done done) {
  Request request;
  request.author = std::move(author);
  request.operations = std::move(operations);
  request.done = std::move(done);
  Enqueue(std::move(request));
}

void Register::SubmitAll(rules::Author author, std::vector<Incoming> operations, Done done) {
  Request request;
  request.author = std::move(author);
  request.operations = std::move(operations);
  request.all_or_nothing = true;
  request.done = std::move(done);
  Enqueue(std::move(request));
}

void Register::SubmitPush(rules::Author author, std::vector<Incoming> operations, PushHead head,
                          Done done) {
  Request request;
  request.author = std::move(author);
  request.operations = std::move(operations);
  request.push_head = std::move(head);
  request.done = std::move(done);
  Enqueue(std::move(request));
}

void Register::ChangeAccess(DecideAccess decide, std::function<void(absl::Status)> done) {
  Request request;
  request.all_or_nothing = true;
  request.decide_access = std::move(decide);
  request.done = [done = std::move(done)](const absl::StatusOr<Outcomes>& outcomes) {
    done(FirstRefusal(outcomes));
  };
  Enqueue(std::move(request));
}

void Register::ReturnCopies(rules::Author returner, std::vector<ReturnedCopy> copies,
                            std::function<void(absl::Status)> done) {
  Request request;
  request.author = std::move(returner);
  request.copies = std::move(copies);
  request.done = [done = std::move(done)](const absl::StatusOr<Outcomes>& outcomes) {
    done(outcomes.status());
  };
  Enqueue(std::move(request));
}

void Register::LookAgain(Again again, std::function<void(absl::Status)> done) {
  Request request;
  request.again = std::move(again);
  request.done = [done = std::move(done)](const absl::StatusOr<Outcomes>& outcomes) {
    done(outcomes.status());
  };
  Enqueue(std::move(request));
}

// Of one that waits. A change of access counts, too, before it has decided on its operations.
std::size_t Register::WeightOf(const Request& request) {
  return std::max<std::size_t>(
      1, request.operations.size() + request.copies.size() + request.again.items.size());
}

void Register::Enqueue(Request request) {
  absl::Status status;
  {
    const MutexLock lock(mutex_);
    if (broken_) {
      status = rules::Refuse(v1::REASON_STORAGE_UNAVAILABLE,
                             "the register cannot write; it is being restarted");
    } else if (!queue_.empty() &&
               queued_operations_ + WeightOf(request) > options_.queue_operations_max) {
      status = rules::Refuse(v1::REASON_QUOTA_EXCEEDED,
                             "the register has too much to do; send this again in a moment");
    } else {
      queued_operations_ += WeightOf(request);
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
    if (!group.empty() && (alone || operations + WeightOf(next) > options_.group_operations_max)) {
      break;
    }
    operations += WeightOf(next);
    queued_operations_ -= WeightOf(next);
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
  // Bringing the log into the file may make the file grow. The group has just looked.
  if (!has_room_) return;
  if (const absl::Status status = store_.Maintain(kMaintenanceBudget); !status.ok()) {
    Break(status);
  }
}

std::optional<std::int64_t> Register::ShortOfRoom() {
  if (options_.storage_reserve_bytes <= 0) return std::nullopt;
  const absl::StatusOr<std::int64_t> free = store_.FreeBytes();
  // Where nobody knows, the write will say it.
  const bool has_room = !free.ok() || *free >= options_.storage_reserve_bytes;
  if (has_room != has_room_ && options_.on_room) options_.on_room(has_room, free.value_or(0));
  has_room_ = has_room;
  return has_room ? std::nullopt : std::optional<std::int64_t>(*free);
}

bool Register::HasRoom() { return !ShortOfRoom(); }

absl::StatusOr<Register::Answers> Register::JudgeGroup(std::vector<Request>& group,
                                                       Committed& committed) {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<store::Snapshot> snapshot, store_.ReadToCommit());
  GroupContext context;
  context.now = Now();
  context.zone = options_.zone;
  context.deadlines = deadlines();
  context.operation_bytes_max = options_.operation_bytes_max;
  const std::optional<std::int64_t> left = ShortOfRoom();
  context.no_room = left.has_value();
  const absl::Time now = context.now;
  VIGIL_ASSIGN_OR_RETURN(Group judged,
                         Group::Begin(*snapshot, std::move(context), std::move(cache_)));
  const Seq expected = judged.head();
  Answers answers;
  store::AccessWrites access;
  store::RestoreWrites restore;
  for (Request& request : group) {
    if (request.decide_access) {
      absl::StatusOr<AccessChange> change = request.decide_access(*snapshot, now);
      if (!change.ok()) {
        cache_ = judged.Settle();
        return Answers{change.status()};
      }
      request.author = std::move(change->author);
      request.operations = std::move(change->operations);
      access = std::move(change->access);
      restore = std::move(change->restore);
      const bool lets_in = request.operations.empty();
      if (left && (!lets_in || *left < options_.storage_reserve_bytes / 2)) {
        return Answers{NoRoom()};
      }
    } else if (left && !request.push_head) {
      answers.emplace_back(NoRoom());
      continue;
    }
    VIGIL_ASSIGN_OR_RETURN(Outcomes outcomes, JudgeRequest(request, judged));
    const bool goes_on = !request.all_or_nothing || AllApplied(outcomes);
    answers.emplace_back(std::move(outcomes));
    // Alone in its group: nothing else is abandoned with it.
    if (!goes_on) return answers;
  }
  VIGIL_ASSIGN_OR_RETURN(store::WriteSet writes, judged.Finish());
  writes.access = std::move(access);
  if (!restore.empty()) writes.restore = std::move(restore);
  committed.head = Seq(expected.value() + writes.log.size());
  committed.units = judged.changed_units();
  committed.access_changed = ChangesAccess(writes);
  snapshot.reset();
  if (!IsEmpty(writes)) VIGIL_RETURN_IF_ERROR(store_.Commit(expected, writes, now));
  cache_ = judged.Settle();
  return answers;
}

absl::StatusOr<Register::Outcomes> Register::JudgeRequest(Request& request, Group& group) {
  Outcomes outcomes;
  VIGIL_RETURN_IF_ERROR(group.TakeCopies(request.copies, request.author));
  group.LookAgain(request.again.items, request.again.deadlines);
  std::set<std::string> waiting;
  std::vector<bool> in_chain(request.operations.size(), true);
  if (request.push_head) {
    VIGIL_ASSIGN_OR_RETURN(
        in_chain, group.CheckChain(request.operations, *request.push_head, request.author));
  }
  for (std::size_t i = 0; i < request.operations.size(); ++i) {
    Incoming& incoming = request.operations[i];
    if (!in_chain[i]) {
      outcomes.push_back(group.OutOfChain(incoming, request.author, waiting));
    } else if (incoming.withheld) {
      outcomes.push_back(group.Withheld(incoming, request.author));
    } else {
      VIGIL_ASSIGN_OR_RETURN(outcomes.emplace_back(),
                             group.Judge(incoming, request.author, waiting));
    }
  }
  if (request.push_head && !group.no_room()) {
    VIGIL_RETURN_IF_ERROR(
        group.KeepChain(request.operations, *request.push_head, request.author, in_chain));
  }
  return outcomes;
}

void Register::CommitGroup(std::vector<Request> group) {
  Committed committed;
  absl::StatusOr<Answers> answers = JudgeGroup(group, committed);
  if (!answers.ok()) {
    // Whether it was written is unknown; nobody is told that anything was applied or refused.
    const absl::Status unknown = rules::Refuse(
        v1::REASON_STORAGE_UNAVAILABLE, "the register could not be written; send this again");
    for (Request& request : group) request.done(unknown);
    Break(answers.status());
    return;
  }
  if (committed.access_changed && options_.on_access_changed) options_.on_access_changed();
  for (std::size_t i = 0; i < group.size(); ++i) group[i].done(std::move((*answers)[i]));
  if (options_.on_committed && (!committed.units.empty() || committed.access_changed)) {
    options_.on_committed(committed);
  }
}

bool Register::HasSigned(const v1::Epoch& epoch) const {
  return options_.head_signer != nullptr &&
         rules::IsSignedBy(epoch, options_.head_signer->public_key());
}

v1::RegisterHead Register::ShowHead(const store::Head& head) {
  v1::RegisterHead shown;
  shown.set_epoch(head.epoch.id());
  shown.set_seq(head.seq.value());
  shown.set_root(std::string(head.audit_root.bytes()));
  SignHead(shown);
  return shown;
}

void Register::SignHead(v1::RegisterHead& head) {
  const std::optional<Uuid> epoch = Uuid::Parse(head.epoch());
  const std::optional<Sha256> root = Sha256::FromBytes(head.root());
  if (options_.head_signer == nullptr || !epoch || !root) return;
  {
    const MutexLock lock(head_mutex_);
    if (signed_head_.seq() == head.seq() && signed_head_.epoch() == head.epoch() &&
        signed_head_.root() == head.root()) {
      head = signed_head_;
      return;
    }
  }
  absl::StatusOr<std::string> signature = options_.head_signer->Sign(
      BytesToSign(HeadToSign{.epoch = *epoch, .seq = Seq(head.seq()), .root = *root}));
  // Without one it is shown all the same, and nobody vouches for it.
  if (!signature.ok()) return;
  head.set_signature(*std::move(signature));
  const MutexLock lock(head_mutex_);
  signed_head_ = head;
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
