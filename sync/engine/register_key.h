#ifndef VIGIL_SYNC_ENGINE_REGISTER_KEY_H_
#define VIGIL_SYNC_ENGINE_REGISTER_KEY_H_

#include "absl/status/status.h"
#include "sync/base/p256.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::engine {

// SIGNATURE_INVALID unless the register's key has signed the head, or the greeting's head and every
// epoch but the register's first.
absl::Status CheckSigned(const v1::RegisterHead& head, const P256PublicKey& key);
absl::Status CheckSigned(const v1::HelloResponse& hello, const P256PublicKey& key);

}  // namespace vigil::engine

#endif  // VIGIL_SYNC_ENGINE_REGISTER_KEY_H_
