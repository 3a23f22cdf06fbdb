#ifndef VIGIL_SERVER_SERVICE_UNARY_CALL_H_
#define VIGIL_SERVER_SERVICE_UNARY_CALL_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/access/principal.h"
#include "server/service/grpc_status.h"
#include "server/service/guard.h"
#include "server/service/request_texts.h"
#include "sync/base/status.h"

namespace vigil::service {

// Unary calls are all alike: admit, check the texts, do, encode.

inline grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                        const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status, *context));
  return reactor;
}

// A call: its name, as "SyncService.Hello", and what came with it, whose texts are checked; null
// where its parts are judged one by one.
struct Call {
  grpc::CallbackServerContext* context;
  std::string_view method;
  const google::protobuf::Message* request;
};

// Lets a call in.
inline absl::StatusOr<Guard::Caller> Admit(Guard& guard, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(Guard::Caller caller, guard.Admit(*call.context, call.method));
  if (call.request != nullptr) VIGIL_RETURN_IF_ERROR(CheckTexts(*call.request));
  return caller;
}

inline absl::StatusOr<std::string> AdmitOpen(Guard& guard, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(std::string address, guard.AdmitOpen(*call.context, call.method));
  VIGIL_RETURN_IF_ERROR(CheckTexts(*call.request));
  return address;
}

// `action(caller)` gives the response, or an error.
template <typename Response, typename Action>
grpc::ServerUnaryReactor* AnswerNow(Guard& guard, const Call& call, Response* response,
                                    const Action& action) {
  const absl::StatusOr<Guard::Caller> caller = Admit(guard, call);
  if (!caller.ok()) return Finish(call.context, caller.status());
  absl::StatusOr<Response> result = action(**caller);
  if (!result.ok()) return Finish(call.context, result.status());
  *response = *std::move(result);
  return Finish(call.context, absl::OkStatus());
}

// `start(done)` calls `done` with the response or an error, on any thread.
template <typename Response, typename Start>
grpc::ServerUnaryReactor* Begin(Guard& guard, grpc::CallbackServerContext* context,
                                Response* response, const Start& start) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  // Context, reactor and response live until the call is finished, by one of the two.
  PendingCalls::Claim claim =
      guard.pending().Add(guard.Now(), [context, reactor](const absl::Status& status) {
        reactor->Finish(ToGrpc(status, *context));
      });
  start([claim = std::move(claim), context, reactor, response](absl::StatusOr<Response> result) {
    if (!claim()) return;
    const absl::Status status = result.status();
    if (status.ok()) *response = *std::move(result);
    reactor->Finish(ToGrpc(status, *context));
  });
  return reactor;
}

// `action(caller, done)` as above.
template <typename Response, typename Action>
grpc::ServerUnaryReactor* AnswerLater(Guard& guard, const Call& call, Response* response,
                                      const Action& action) {
  const absl::StatusOr<Guard::Caller> caller = Admit(guard, call);
  if (!caller.ok()) return Finish(call.context, caller.status());
  return Begin(guard, call.context, response,
               [&](auto done) { action(**caller, std::move(done)); });
}

// A call that needs neither token nor proof; `action(address, done)`.
template <typename Response, typename Action>
grpc::ServerUnaryReactor* AnswerAnybody(Guard& guard, const Call& call, Response* response,
                                        const Action& action) {
  const absl::StatusOr<std::string> address = AdmitOpen(guard, call);
  if (!address.ok()) return Finish(call.context, address.status());
  return Begin(guard, call.context, response,
               [&](auto done) { action(*address, std::move(done)); });
}

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_UNARY_CALL_H_
