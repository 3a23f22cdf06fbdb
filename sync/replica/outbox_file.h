#ifndef VIGIL_SYNC_REPLICA_OUTBOX_FILE_H_
#define VIGIL_SYNC_REPLICA_OUTBOX_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "vigil/v1/sync_service.pb.h"

// A file of unsent work, byte by byte:
//   0   8  "VGLOUTBX"
//   8   1  version of this format: 1
//   9  32  SHA-256 of the rest
//  41   …  serialised vigil.v1.PushRequest: the entries as they would be pushed
// The operations hold their author; nobody else can send them. It is not encrypted.

namespace vigil::replica {

std::string EncodeOutboxFile(const v1::PushRequest& request);

// INVALID_ARGUMENT with FOREIGN_FILE, CORRUPT_FILE or CLIENT_TOO_OLD.
absl::StatusOr<v1::PushRequest> DecodeOutboxFile(std::string_view bytes);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_OUTBOX_FILE_H_
