#ifndef VIGIL_SERVER_SERVICE_GUARD_H_
#define VIGIL_SERVER_SERVICE_GUARD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/server_context.h"
#include "server/access/authenticator.h"
#include "server/access/principal.h"
#include "server/access/rate_limiter.h"
#include "server/service/first_calls.h"
#include "server/service/pending_calls.h"
#include "sync/base/time.h"

namespace vigil::service {

// The one check before any call: who is it, has he the key of his token, does the contract let him,
// does he call too often. Denies by default. Thread-safe.
class Guard {
 public:
  using Caller = std::shared_ptr<const access::Principal>;

  struct Limits {
    // Calls in a second; ten times as many at once after a pause.
    std::uint32_t calls_per_address_s = 2000;
    std::uint32_t calls_per_person_s = 200;
    std::uint32_t calls_per_device_s = 100;
    // After which a call that waits for its answer is given up.
    absl::Duration call_max = absl::Seconds(60);
  };

  // They must outlive this.
  struct Parts {
    access::Authenticator& authenticator;
    const Clock& clock;
    FirstCalls& first_calls;
  };
  Guard(const Parts& parts, const Limits& limits);

  // A fault of the contract: a method of vigil.v1 whose option does not say who may call it.
  static absl::Status CheckContract();

  // `method` as "SyncService.Hello". Errors: see authenticator.h and access_control.h;
  // RATE_LIMITED.
  absl::StatusOr<Caller> Admit(const grpc::ServerContextBase& context, std::string_view method);
  // A call that needs neither token nor proof. Gives the caller's address, for counting.
  absl::StatusOr<std::string> AdmitOpen(const grpc::ServerContextBase& context,
                                        std::string_view method);

  PendingCalls& pending() { return pending_; }
  absl::Time Now() const { return parts_.clock.Now(); }

 private:
  struct Method {
    const google::protobuf::MethodDescriptor* descriptor = nullptr;
    // "vigil.v1.SyncService/Hello"
    std::string path;
    bool open = false;
    bool signed_request = false;
    bool everywhere = false;
  };

  const Method& Find(std::string_view method) const;
  absl::Status CheckRate(access::RateLimiter& limiter, std::string_view key) const;

  const Parts parts_;
  access::RateLimiter by_address_;
  access::RateLimiter by_person_;
  access::RateLimiter by_device_;
  PendingCalls pending_;
  absl::flat_hash_map<std::string, Method> methods_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_GUARD_H_
