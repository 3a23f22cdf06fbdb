#ifndef VIGIL_SERVER_SERVICE_GUARD_H_
#define VIGIL_SERVER_SERVICE_GUARD_H_

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/server_context.h"
#include "server/store/register_store.h"
#include "sync/rules/judge.h"

namespace vigil::service {

// The one check before any call: who is it, and does the contract let him. Denies by default.
// Thread-safe.
class Guard {
 public:
  explicit Guard(store::RegisterStore& store);

  // A fault of the contract: a method of vigil.v1 whose option admits nobody or names no channel.
  static absl::Status CheckContract();

  // `method` as "SyncService.Hello". Errors: see access_control.h.
  absl::StatusOr<rules::Author> Admit(const grpc::ServerContextBase& context,
                                      std::string_view method) const;

 private:
  store::RegisterStore& store_;
  absl::flat_hash_map<std::string, const google::protobuf::MethodDescriptor*> methods_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_GUARD_H_
