#ifndef VIGIL_SYNC_RULES_DERIVE_H_
#define VIGIL_SYNC_RULES_DERIVE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/view.pb.h"

// Facts merge, states derive: what a hazard's records say now. What contradicts a decision keeps
// the hazard open.

namespace vigil::rules {

// Where a hazard's records are found: on a phone, in the register, in what a group has changed so
// far. Records stay valid while a state is derived from them.
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  // Null for none.
  virtual absl::StatusOr<const v1::Record*> Find(std::string_view id) = 0;
  // What lives directly under a record, of one kind (its number in Entity).
  virtual absl::StatusOr<std::vector<const v1::Record*>> Children(std::string_view parent,
                                                                  int kind) = 0;
  // Hazards that name this one as the one they duplicate.
  virtual absl::StatusOr<std::vector<const v1::Record*>> DuplicatesOf(std::string_view hazard) = 0;
};

// What a hazard's state follows from.
struct HazardRecords {
  const v1::Record* hazard = nullptr;
  // Its supervision orders.
  std::vector<const v1::Record*> orders;
  // The extensions of those orders.
  std::vector<const v1::Record*> extensions;
  // Hazards that name this one as the one they duplicate, directly or through others, whether or
  // not that holds.
  std::vector<const v1::Record*> duplicates;
};

absl::StatusOr<HazardRecords> GatherHazard(const v1::Record& hazard, RecordSource& source);
absl::StatusOr<v1::HazardState> DeriveHazard(const HazardRecords& records, RecordSource& source);
absl::StatusOr<v1::HazardState> DeriveHazard(const v1::Record& hazard, RecordSource& source);

// "2017-06-30@<device>:<device_seq>": a date, and the write that set it.
std::string DueVersion(const v1::Date& date, const v1::Stamp& stamp);

// Its hazard is under tagged supervision by this order.
bool IsTagging(const v1::Record& order, const v1::Record& hazard);

// A tagged hazard's order was lifted while a more open status was concurrent with the lift.
bool LiftInDoubt(const v1::Record& order, const v1::Record& hazard);

// Overdue is derived: the due date's day is over (in the register's zone) and work is left.
bool IsOverdue(const v1::HazardState& state, const v1::Date& today);

// -1, 0, 1; an unset date (year 0) is later than every date.
int CompareDates(const v1::Date& a, const v1::Date& b);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_DERIVE_H_
