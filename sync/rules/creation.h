#ifndef VIGIL_SYNC_RULES_CREATION_H_
#define VIGIL_SYNC_RULES_CREATION_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "vigil/v1/operation.pb.h"

// A record's first version says all of the write that made it, so that this need not be kept beside
// it.

namespace vigil::rules {

// The write follows from the record that it makes: it holds nothing that a record does not.
bool IsPlainCreation(const v1::RecordWrite& write);

// Of a record as a plain creation made it, serialised: that write and its stamp, serialised too.
// DATA_LOSS where that is no record.
struct Creation {
  std::string write_bytes;
  std::string stamp_bytes;
};
absl::StatusOr<Creation> CreationOf(std::string_view first);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_CREATION_H_
