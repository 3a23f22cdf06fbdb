#ifndef VIGIL_SERVER_REGISTER_WORKING_SOURCE_H_
#define VIGIL_SERVER_REGISTER_WORKING_SOURCE_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/register/working_set.h"
#include "sync/rules/derive.h"

namespace vigil::registry {

// A hazard's records as a group leaves them. The set must outlive this.
class WorkingSource final : public rules::RecordSource {
 public:
  explicit WorkingSource(WorkingSet& records) : records_(records) {}

  absl::StatusOr<const v1::Record*> Find(std::string_view id) override { return records_.Find(id); }
  absl::StatusOr<std::vector<const v1::Record*>> Children(std::string_view parent,
                                                          int kind) override;
  absl::StatusOr<std::vector<const v1::Record*>> DuplicatesOf(std::string_view hazard) override;

 private:
  WorkingSet& records_;
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_WORKING_SOURCE_H_
