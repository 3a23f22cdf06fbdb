#ifndef VIGIL_SERVER_ACCESS_VISIBILITY_H_
#define VIGIL_SERVER_ACCESS_VISIBILITY_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/record_scope.h"
#include "server/store/register_store.h"
#include "sync/base/ids.h"
#include "sync/rules/judge.h"

namespace vigil::access {

// What somebody may see of the register at one moment: what is everybody's; what lives in a unit in
// which he has a role, or below it; and, with all that belongs to it, a hazard whose transfer to
// one of these units nobody has decided yet, so that the receiver knows what he is to accept. A
// role without a unit holds everywhere. Records of AUDIENCE_OFFICE are seen by administrators, the
// safety office and auditors only, whatever their units.
//
// A record is judged by the unit in which it lives now, whichever of its versions is asked for.
class Visibility {
 public:
  // The snapshot must outlive this.
  static absl::StatusOr<Visibility> Of(const rules::Author& author, store::Snapshot& snapshot);

  // Of every unit; not of what is the office's alone.
  bool everywhere() const { return everywhere_; }
  bool office() const { return office_; }
  bool SeesAll() const { return everywhere_ && office_; }
  // Unless `everywhere`: the units of the author's roles and all below them, sorted.
  const std::vector<Uuid>& units() const { return units_; }
  // nil: what is everybody's.
  bool SeesUnit(const Uuid& unit) const;

  // `record` as it stands now.
  absl::StatusOr<bool> Sees(const store::StoredRecord& record);
  // False for a record that does not exist.
  absl::StatusOr<bool> Sees(const Uuid& record);

  // The same for queries of many records.
  absl::StatusOr<store::RecordScope> Scope();

 private:
  explicit Visibility(store::Snapshot& snapshot) : snapshot_(snapshot) {}

  absl::StatusOr<bool> IsOffered(const store::StoredRecord& transfer) const;
  absl::Status FindOffered();

  store::Snapshot& snapshot_;
  bool everywhere_ = false;
  bool office_ = false;
  std::vector<Uuid> granted_;
  std::vector<Uuid> units_;
  // Hazards that wait for a decision of these units; looked for once.
  std::optional<std::vector<Uuid>> offered_;
};

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_VISIBILITY_H_
