#ifndef VIGIL_SERVER_ACCESS_AUTHENTICATOR_H_
#define VIGIL_SERVER_ACCESS_AUTHENTICATOR_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "server/access/principal.h"
#include "server/access/register_id.h"
#include "server/access/seen_proofs.h"
#include "server/store/register_store.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/mutex.h"

namespace vigil::access {

// Who calls: by his access token, and by the proof that he has the key to which it is bound.
// Thread-safe.
class Authenticator {
 public:
  struct Options {
    // The register's zone: roles end with a day.
    absl::TimeZone zone;
    // Proofs made before are not taken: they may have been used in a former life of the process.
    absl::Time started_at;
    absl::Duration proof_window = absl::Minutes(1);
  };

  // The store must outlive this.
  Authenticator(store::RegisterStore& store, const Options& options);

  // Whose token it is, with his roles as they are now. UNAUTHENTICATED for an unknown token and for
  // a person who has left, TOKEN_EXPIRED, DEVICE_REVOKED.
  absl::StatusOr<std::shared_ptr<const Principal>> Authenticate(std::string_view token,
                                                                absl::Time now)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether a principal that was let in earlier still would be; for streams that stay open. Gives
  // him with the roles that he has now. An access token that has expired meanwhile ends no stream.
  absl::StatusOr<std::shared_ptr<const Principal>> LookAgain(const Principal& principal,
                                                             absl::Time now);

  // Whether his role reaches as far as the method asks for.
  absl::Status CheckReach(const google::protobuf::MethodDescriptor& method,
                          const Principal& principal);

  struct Call {
    std::string_view token;
    // "vigil.v1.SyncService/Pull"
    std::string_view method;
    // Serialised v1::CallProof; empty: there was none.
    std::string_view proof;
  };
  // PROOF_INVALID with the register's time, so that a caller whose clock is off can try again.
  absl::Status CheckProof(const Principal& principal, const Call& call, absl::Time now);

  // After a change of persons, devices, org units or sign-ins: what was known is looked up again.
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Known {
    std::shared_ptr<const Principal> principal;
    // Looked up again from then on: a token expires, or a day ends with which a role may end.
    absl::Time until;
  };

  absl::StatusOr<Known> LookUp(const Sha256& token_hash, absl::Time now);

  store::RegisterStore& store_;
  const Options options_;
  RegisterId register_id_;
  SeenProofs seen_;

  Mutex mutex_;
  // Counts what was forgotten: a look-up that began before must not be kept.
  std::uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<Sha256, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_AUTHENTICATOR_H_
