#ifndef VIGIL_SERVER_OUTBOX_SECRET_FILE_H_
#define VIGIL_SERVER_OUTBOX_SECRET_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace vigil::outbox {

// The content of a file with a secret. FAILED_PRECONDITION: others than its owner may read or write
// it, it is no file, or has more than 64 KiB; NOT_FOUND, PERMISSION_DENIED. Messages name the path
// and nothing of what it holds.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// The same for a file that holds one word: what stands around it is cut off. FAILED_PRECONDITION,
// too: it is empty, or has several words.
absl::StatusOr<std::string> ReadSecretWord(const std::string& path);

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_SECRET_FILE_H_
