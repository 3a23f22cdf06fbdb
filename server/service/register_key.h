#ifndef VIGIL_SERVER_SERVICE_REGISTER_KEY_H_
#define VIGIL_SERVER_SERVICE_REGISTER_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/store/register_store.h"
#include "sync/base/file.h"
#include "sync/base/p256.h"

namespace vigil::service {

// The key by which the register signs its heads and epochs: PEM in a file that its owner alone may
// read, made with the register. FAILED_PRECONDITION, with what to do, where a register in use lacks
// it: phones trust the one that they were told when they enrolled, and what it has signed.
absl::StatusOr<P256PrivateKey> LoadRegisterKey(FileSystem& files, const std::string& path,
                                               store::RegisterStore& store);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_REGISTER_KEY_H_
