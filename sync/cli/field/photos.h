#ifndef VIGIL_SYNC_CLI_FIELD_PHOTOS_H_
#define VIGIL_SYNC_CLI_FIELD_PHOTOS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/cli/field/phone.h"
#include "vigil/v1/record.pb.h"

// What commands say of photos and documents.

namespace vigil::field {

struct PhotoCounts {
  std::int64_t waiting = 0;
  // Of those that wait: what there is, and what the register has of it.
  std::int64_t bytes = 0;
  std::int64_t sent_bytes = 0;
  std::int64_t refused = 0;
};
absl::StatusOr<PhotoCounts> CountPhotos(Phone& phone);

// What waits and what the register does not take; nothing where there is neither.
absl::Status SayPhotos(Phone& phone);
// For each photo of the record: whether it is here, and whether it is sent.
absl::Status SayPhotosOf(Phone& phone, const v1::Record& record);

}  // namespace vigil::field

#endif  // VIGIL_SYNC_CLI_FIELD_PHOTOS_H_
