#ifndef VIGIL_TESTS_UNIT_SYNC_TRANSPORT_SCRIPTED_REGISTER_H_
#define VIGIL_TESTS_UNIT_SYNC_TRANSPORT_SCRIPTED_REGISTER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "sync/base/mutex.h"
#include "sync/base/p256.h"
#include "tests/support/test_authority.h"
#include "vigil/v1/access_service.grpc.pb.h"
#include "vigil/v1/register_service.grpc.pb.h"
#include "vigil/v1/sync_service.grpc.pb.h"

namespace vigil::transport {

// A register over real TLS that knows one program. It checks what calls carry as the real one does,
// written from the document alone, and does as it is told otherwise.
class ScriptedRegister {
 public:
  struct Options {
    bool plain_text = false;
    // Asks clients for a certificate of this authority.
    bool mutual = false;
    absl::Duration clock_ahead;
  };
  ScriptedRegister(const P256PublicKey& key, const std::string& refresh_token, Options options);
  explicit ScriptedRegister(const P256PublicKey& key, const std::string& refresh_token)
      : ScriptedRegister(key, refresh_token, Options()) {}
  ~ScriptedRegister();

  std::string server() const;
  const testing::TestAuthority& authority() const { return authority_; }

  // Every access token given so far has expired, or is not known any more.
  void ExpireTokens() ABSL_LOCKS_EXCLUDED(mutex_);
  void ForgetTokens() ABSL_LOCKS_EXCLUDED(mutex_);
  void Revoke() ABSL_LOCKS_EXCLUDED(mutex_);
  // The next exchange happens, and its answer is lost.
  void LoseNextAnswer() ABSL_LOCKS_EXCLUDED(mutex_);

  int exchanges() ABSL_LOCKS_EXCLUDED(mutex_);
  // Calls that were let in, in order.
  std::vector<std::string> admitted() ABSL_LOCKS_EXCLUDED(mutex_);
  // How often each reason was the answer.
  std::map<std::string, int> refusals() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Access;
  class Sync;
  class Office;

  absl::Status Admit(const grpc::ServerContext& context, const std::string& method)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Judge(const grpc::ServerContext& context, const std::string& method)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckProof(const std::string& token, const std::string& method,
                          const std::string& bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<v1::RefreshTokenResponse> Exchange(const v1::RefreshTokenRequest& request)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Time Now() const;

  const P256PublicKey key_;
  const Options options_;
  const testing::TestAuthority authority_;

  Mutex mutex_;
  std::set<std::string> good_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> expired_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> nonces_ ABSL_GUARDED_BY(mutex_);
  std::string refresh_hash_ ABSL_GUARDED_BY(mutex_);
  std::string previous_hash_ ABSL_GUARDED_BY(mutex_);
  bool revoked_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool lose_next_ ABSL_GUARDED_BY(mutex_) = false;
  int exchanges_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> admitted_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> refusals_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<Access> access_;
  std::unique_ptr<Sync> sync_;
  std::unique_ptr<Office> office_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace vigil::transport

#endif  // VIGIL_TESTS_UNIT_SYNC_TRANSPORT_SCRIPTED_REGISTER_H_
