#ifndef VIGIL_SYNC_TRANSPORT_PROGRAM_ACCESS_H_
#define VIGIL_SYNC_TRANSPORT_PROGRAM_ACCESS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/file.h"
#include "sync/base/file_lock.h"
#include "sync/base/ids.h"
#include "sync/base/mutex.h"
#include "sync/base/p256.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "sync/transport/access_state.h"
#include "vigil/v1/access_service.pb.h"

namespace vigil::transport {

struct AccessParts {
  FileSystem& files;
  const Clock& clock;
  Random& random;
};

// The access of a program that the register knows: what each call carries, and how it is renewed.
// sync/docs/access.md describes both. Makes no calls itself. Thread-safe; several processes may use
// one directory.
class ProgramAccess {
 public:
  // NOT_INITIALISED where nobody has enrolled or signed in; CORRUPT_FILE. The parts must outlive
  // this object.
  static absl::StatusOr<std::shared_ptr<ProgramAccess>> Open(const AccessParts& parts,
                                                             const std::string& directory);

  const std::string& device() const { return device_; }
  const std::string& person() const { return person_; }
  const Uuid& register_id() const { return register_id_; }
  const std::string& register_key() const { return register_key_; }
  // Thread-safe.
  Signer& signer() { return key_; }

  struct Headers {
    // The access token itself.
    std::string token;
    // "Bearer …"
    std::string authorization;
    // Of `vigil-proof-bin`; empty where the request is signed itself.
    std::string proof;
  };
  // What one call of `method` ("vigil.v1.SyncService/Pull") carries; a call that is made again
  // needs new ones.
  absl::StatusOr<Headers> MakeHeaders(std::string_view method) ABSL_LOCKS_EXCLUDED(mutex_);

  // As far as this program's clock tells.
  bool HasGoodToken() ABSL_LOCKS_EXCLUDED(mutex_);

  // An exchange of the refresh token. Nobody else exchanges it while this object lives.
  class Exchange {
   public:
    // Absent: somebody else has just done it, and calls may go on.
    const std::optional<v1::RefreshTokenRequest>& request() const { return request_; }

   private:
    friend class ProgramAccess;
    explicit Exchange(FileLock lock) : lock_(std::move(lock)) {}

    FileLock lock_;
    std::optional<v1::RefreshTokenRequest> request_;
  };
  // `stale`: the access token that is no good. What follows the refresh token is durable before
  // this returns, and the same as the last time where that had no answer.
  absl::StatusOr<std::unique_ptr<Exchange>> BeginExchange(std::string_view stale)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Null: somebody else is at it; ask again in a moment.
  absl::StatusOr<std::unique_ptr<Exchange>> TryBeginExchange(std::string_view stale)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Gives the error of `response`, or of storing it.
  absl::Status EndExchange(std::unique_ptr<Exchange> exchange,
                           const absl::StatusOr<v1::RefreshTokenResponse>& response)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The register has said what time it is.
  void CorrectClock(absl::Time register_now) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  ProgramAccess(const AccessParts& parts, std::string directory, P256PrivateKey key,
                AccessState state);
  absl::StatusOr<std::unique_ptr<Exchange>> Begin(FileLock lock, std::string_view stale)
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsGood(const AccessState& state) const;

  const AccessParts parts_;
  const std::string directory_;
  P256PrivateKey key_;
  const std::string device_;
  const std::string person_;
  const Uuid register_id_;
  const std::string register_key_;

  Mutex mutex_;
  AccessState state_ ABSL_GUARDED_BY(mutex_);
};

// What to do about one call that failed. Each remedy is tried once: a call cannot go round in
// circles.
class CallRemedies {
 public:
  enum class Remedy {
    kNone,
    // Exchange the refresh token, then make the call again.
    kExchange,
    // Make it again, with a new proof.
    kRepeat,
  };

  explicit CallRemedies(ProgramAccess& access) : access_(access) {}

  Remedy After(const absl::Status& status);

 private:
  ProgramAccess& access_;
  bool exchanged_ = false;
  bool corrected_ = false;
};

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_PROGRAM_ACCESS_H_
