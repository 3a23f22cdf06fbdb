#ifndef VIGIL_SYNC_RULES_JUDGE_H_
#define VIGIL_SYNC_RULES_JUDGE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/policy.pb.h"
#include "vigil/v1/record.pb.h"

// Judging an operation: pure, and the same on the phone (before it is queued) and in the register.
// A command is judged on what its author saw; the decision is a set of field writes, which merge
// like any others. Nothing here depends on what arrived in between.

namespace vigil::rules {

// An operation changes at most this many records.
inline constexpr int kRecordsPerOperationMax = 64;

// Who acts, as the register knows him. Never taken from the operation.
struct Author {
  std::string device;
  std::string person;
  v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
  std::vector<v1::RoleGrant> roles;
};

// What a judgement may look at. Pointers stay valid as long as the world.
class World {
 public:
  virtual ~World() = default;

  // The record as the author saw it: the version named in the operation's `seen`, and what his own
  // phone has written since. Null: he did not know it.
  virtual absl::StatusOr<const v1::Record*> Seen(std::string_view record) = 0;
  // The record as it stands: for references, kinds and the tree of org units only, never for
  // guards. Null: there is none.
  virtual absl::StatusOr<const v1::Record*> Current(std::string_view record) = 0;
  // An earlier operation of the author's device on this record was refused after the version that
  // he names as seen.
  virtual absl::StatusOr<bool> OwnRefused(std::string_view record) = 0;
  // Of a copy's write of this field: the register has it, or has had it. Only judgements of copies
  // ask, which no phone makes.
  virtual absl::StatusOr<bool> Had(std::string_view record, int field, const v1::Write& write) {
    static_cast<void>(record);
    static_cast<void>(field);
    static_cast<void>(write);
    return false;
  }
  // The record of this kind that people know by this key; empty: none, or the world does not know.
  virtual absl::StatusOr<std::string> FindByKey(int kind, std::string_view key) {
    static_cast<void>(kind);
    static_cast<void>(key);
    return std::string();
  }
  // Today in the register's zone, of the author's corrected time; and that time.
  virtual v1::Date Today() = 0;
  virtual absl::Time ObservedAt() = 0;
  // The day on which the register takes the operation in, by its own clock; on a phone: today.
  virtual v1::Date ReceivedOn() = 0;
  // The date `days` working days after `date` (before it, where negative), by the lists that the
  // register has announced. The start is not counted, the result is.
  virtual absl::StatusOr<v1::Date> AddWorkingDays(const v1::Date& date, int days) = 0;
};

struct Decision {
  // In the order of the command's parts; at most kRecordsPerOperationMax.
  std::vector<v1::RecordWrite> writes;
  // A fact from outside the author's scope.
  bool outside_scope = false;
  // The new record (a hazard) that the register must number; empty if none.
  std::string needs_number;
};

// The decision, or a refusal with its reason, or a deferral (IsDeferral(ReasonOf(status))). A
// status without a reason is an error of the world's (storage): no judgement was made.
absl::StatusOr<Decision> Judge(const v1::Operation& operation, const Author& author, World& world);

// The stamp that the operation's writes of `record` carry. `seq` is 0 on a phone.
struct StampContext {
  std::uint64_t seq = 0;
  // Receipt by the register; on a phone: now.
  absl::Time received_at;
};
v1::Stamp StampFor(const v1::Operation& operation, const Author& author, std::string_view record,
                   const StampContext& context);

// The author's time: the device's clock, corrected by its measured offset and never later than
// receipt; receipt itself where the operation has none.
absl::Time ObservedAt(const v1::Operation& operation, absl::Time received_at);

// Records that the operation writes or relies on, as far as its content says: what `seen` must
// hold.
std::vector<std::string> RecordsNamed(const v1::Operation& operation);

// Those of them that it changes or makes, as far as its content says: what later operations that
// name them must wait for while this one is deferred.
std::vector<std::string> RecordsWritten(const v1::Operation& operation);

// The org unit in whose scope a root lives: the unit field's value in force, else (a hazard
// without a unit) that of the record it is about. `find` gives current records, null for none.
using FindRecord = std::function<absl::StatusOr<const v1::Record*>(std::string_view)>;
absl::StatusOr<std::string> UnitOf(const v1::Record& record, const FindRecord& find);

// `unit` is `ancestor` or below it. Cycles end at 32 levels.
absl::StatusOr<bool> IsWithin(std::string unit, std::string_view ancestor, const FindRecord& find);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_JUDGE_H_
