#ifndef VIGIL_SERVER_REGISTER_GROUP_H_
#define VIGIL_SERVER_REGISTER_GROUP_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/register/group_world.h"
#include "server/register/notify.h"
#include "server/register/register.h"
#include "server/register/working_set.h"
#include "server/register/writer_cache.h"
#include "server/store/register_store.h"
#include "sync/base/time.h"
#include "sync/rules/judge.h"
#include "sync/rules/ladder.h"
#include "sync/rules/record.h"
#include "vigil/v1/operation.pb.h"

// A group of operations on its way into one transaction: judged one after the other in memory, each
// over what those before it decided, then written as one set. Nothing outlives an abandoned group.

namespace vigil::registry {

struct GroupContext {
  absl::Time now;
  absl::TimeZone zone;
  std::shared_ptr<const rules::Deadlines> deadlines;
  std::size_t operation_bytes_max = 0;
  // Nothing can be written: what was judged gets its outcome, all else is deferred.
  bool no_room = false;
};

class Group {
 public:
  // The snapshot must be at the cache's head, and outlive the group. Null: nothing is known yet.
  static absl::StatusOr<Group> Begin(store::Snapshot& snapshot, GroupContext context,
                                     std::unique_ptr<WriterCache> cache);
  Group(Group&&) = default;

  // Judges one operation and takes its effects into the group. The outcome says what became of it;
  // an error is storage's, and the whole group must be abandoned. `waiting` are the records of
  // deferred operations earlier in the same request, which later ones wait for; it grows. The
  // operation's content is taken.
  absl::StatusOr<v1::Outcome> Judge(Incoming& incoming, const rules::Author& author,
                                    std::set<std::string>& waiting);

  // Which entries of a phone's push, whose hashes are set, continue its chain and are spoken for by
  // its head. An entry whose place in the chain is another operation's is, so that it is refused
  // and recorded; what follows it is not.
  absl::StatusOr<std::vector<bool>> CheckChain(const std::vector<Incoming>& entries,
                                               const PushHead& head, const rules::Author& author);
  // The answer to an entry that does not: nothing of it is stored. `waiting` as with Judge.
  v1::Outcome OutOfChain(const Incoming& incoming, const rules::Author& author,
                         std::set<std::string>& waiting) const;
  // The answer to an operation that is known by its hash alone.
  v1::Outcome Withheld(const Incoming& incoming, const rules::Author& author) const;
  // After the push's entries were judged: keeps the links of those that were put off, and the
  // signature.
  absl::Status KeepChain(const std::vector<Incoming>& entries, const PushHead& head,
                         const rules::Author& author, const std::vector<bool>& in_chain);

  // Copies that phones return after a restore: keeps those that the register has not had yet, and
  // takes from them what raises vigilance.
  absl::Status TakeCopies(const std::vector<ReturnedCopy>& copies, const rules::Author& returner);

  // Works out anew what these hazards and risk sources wait for; with a fingerprint, they were the
  // last of all (store::WriteSet.deadlines).
  void LookAgain(const std::vector<Uuid>& items, const std::optional<Sha256>& deadlines);

  // Everything to be written. Nothing may be judged afterwards. An empty log means that nothing
  // changed.
  absl::StatusOr<store::WriteSet> Finish();

  // What is known once that is written, or where nothing is. The last call.
  std::unique_ptr<WriterCache> Settle();

  bool no_room() const { return context_.no_room; }
  // What the group stands on.
  Seq head() const { return cache_->head; }

  // Units whose feeds the group changed; nil: everybody's. After Finish.
  const std::vector<Uuid>& changed_units() const { return changed_units_; }

 private:
  // What one operation is, apart from its effects.
  struct Envelope {
    Uuid operation;
    Uuid device;
    std::uint64_t device_seq = 0;
    Sha256 hash;
    // The identity is taken by other content: recorded beside it.
    bool reused = false;
  };

  Group(store::Snapshot& snapshot, GroupContext context, std::unique_ptr<WriterCache> cache);

  absl::StatusOr<v1::Operation> Open(Incoming& incoming, const rules::Author& author,
                                     Envelope& envelope) const;
  // Numbers an operation of the office; caps what it claims to have seen.
  absl::StatusOr<rules::Decision> Decide(const rules::Author& author,
                                         const std::set<std::string>& waiting, Envelope& envelope,
                                         v1::Operation& operation);
  absl::StatusOr<std::optional<v1::Outcome>> FindRepeat(
      Envelope& envelope, const absl::StatusOr<v1::Operation>& operation);
  // A device that was enrolled anew says again what one of its copies, or it itself under its
  // former identity, has said: the same operation apart from device and device sequence.
  absl::StatusOr<bool> IsMadeAgain(const store::StoredOutcome& stored, const Envelope& envelope,
                                   const v1::Operation& operation);
  // The first of the devices that this one says that it formerly was.
  absl::StatusOr<std::string> OriginOf(const Uuid& device);
  absl::StatusOr<std::string> StoredBytes(const store::StoredOutcome& stored);
  absl::StatusOr<std::optional<store::StoredOutcome>> Stored(const Uuid& operation);
  absl::StatusOr<std::optional<store::StoredOutcome>> Stored(const Uuid& device,
                                                             std::uint64_t device_seq);
  // How the device stood before the group.
  absl::StatusOr<WriterCache::Device> DeviceBefore(const Uuid& device);
  absl::StatusOr<std::uint64_t> LastDeviceSeq(const Uuid& device);
  // What stands at this place of the device's chain; zero: nothing yet.
  absl::StatusOr<Sha256> HashInChain(const Uuid& device, std::uint64_t device_seq);
  // Of what lies beyond what is shared: as it was named.
  absl::StatusOr<std::vector<v1::Seen>> CapKnowledge(v1::Operation& operation) const;
  absl::Status CheckCurrent(const v1::Operation& operation);
  absl::StatusOr<bool> JudgeCopy(const store::WitnessCopy& copy);
  absl::Status JudgeCopiesUnder(const Uuid& parent);
  // Readable, and not of an escalation that the clock has to fire again.
  absl::StatusOr<bool> MayTake(const store::WitnessCopy& copy);
  absl::StatusOr<rules::Decision> JudgeOnCopies(const rules::Author& author,
                                                const std::vector<v1::Seen>& beyond,
                                                v1::Operation& operation,
                                                const absl::Status& refusal);
  absl::StatusOr<std::optional<v1::Record>> FindCopy(const v1::Seen& seen,
                                                     const std::string& epoch);
  absl::Status KeepNumbers(const store::WitnessCopy& copy, rules::Decision& decision);
  absl::StatusOr<std::int64_t*> CounterOf(const std::string& series);
  absl::Status GiveNumber(rules::Decision& decision, v1::Outcome& outcome);
  void NoteInSet(Entry& entry, const store::RecordChange& change, const std::string& key_before);
  absl::Status Apply(const v1::Operation& operation, const rules::Author& author,
                     const rules::Decision& decision, v1::Outcome& outcome);
  // Writes down whom an escalation is told to.
  absl::Status Tell(const v1::FireEscalation& fired);
  absl::Status Place(Entry& entry, Seq seq);
  absl::Status Move(Entry& root, const Uuid& to_unit, Seq seq);
  // Hazards without a unit of their own, to where their risk source lives now.
  absl::Status MoveFollowers(const Uuid& risk_source, Seq seq);
  void MoveOne(Entry& entry, store::Move& move);
  absl::Status MoveChildren(Entry& parent, store::Move& move);
  v1::Outcome Record(Incoming& incoming, const Envelope& envelope,
                     const std::vector<std::string>& refused_records, v1::Outcome outcome);
  v1::Outcome Refused(Incoming& incoming, const Envelope& envelope, const absl::Status& why,
                      const std::vector<std::string>& records);
  v1::Outcome Deferred(const Envelope& envelope, const absl::Status& why) const;
  void NoteDeadlines();
  absl::Status FinishDigests();

  GroupWorld::Calendar calendar() const {
    return {context_.now, context_.zone, context_.deadlines->working_days};
  }
  rules::LadderRules ladder_rules() const {
    return {context_.deadlines, context_.zone, DayAt(context_.now, context_.zone)};
  }

  store::Snapshot& snapshot_;
  GroupContext context_;
  std::unique_ptr<WriterCache> cache_;
  WorkingSet* records_;
  Seq last_seq_;
  store::WriteSet writes_;
  absl::flat_hash_map<Uuid, std::size_t> by_operation_;
  absl::flat_hash_map<std::pair<Uuid, std::uint64_t>, std::size_t> by_device_seq_;
  // Links that the group keeps.
  absl::flat_hash_map<std::pair<Uuid, std::uint64_t>, Sha256> links_;
  // The greatest device sequence that the group has recorded, with its operation's hash.
  struct Recorded {
    std::uint64_t device_seq = 0;
    Sha256 hash;
  };
  absl::flat_hash_map<Uuid, Recorded> device_seqs_;
  absl::flat_hash_map<std::string, std::int64_t> counters_;
  // Copies that the group keeps.
  std::set<std::string> copies_;
  NoticeBook notices_;
  std::vector<Uuid> again_;
  std::vector<Uuid> changed_units_;
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_GROUP_H_
