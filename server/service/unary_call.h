#ifndef VIGIL_SERVER_SERVICE_UNARY_CALL_H_
#define VIGIL_SERVER_SERVICE_UNARY_CALL_H_

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/service/grpc_status.h"
#include "server/service/guard.h"
#include "sync/rules/judge.h"

namespace vigil::service {

// Unary calls are all alike: admit, do, encode.

inline grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                        const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status, *context));
  return reactor;
}

// `action(author)` gives the response, or an error.
template <typename Response, typename Action>
grpc::ServerUnaryReactor* AnswerNow(const Guard& guard, grpc::CallbackServerContext* context,
                                    std::string_view method, Response* response,
                                    const Action& action) {
  const absl::StatusOr<rules::Author> author = guard.Admit(*context, method);
  if (!author.ok()) return Finish(context, author.status());
  absl::StatusOr<Response> result = action(*author);
  if (result.ok()) *response = *std::move(result);
  return Finish(context, result.status());
}

// `action(author, done)` calls `done` with the response or an error, on any thread.
template <typename Response, typename Action>
grpc::ServerUnaryReactor* AnswerLater(const Guard& guard, grpc::CallbackServerContext* context,
                                      std::string_view method, Response* response,
                                      const Action& action) {
  const absl::StatusOr<rules::Author> author = guard.Admit(*context, method);
  if (!author.ok()) return Finish(context, author.status());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  // Both live until the call is finished.
  action(*author, [context, reactor, response](absl::StatusOr<Response> result) {
    if (result.ok()) *response = *std::move(result);
    reactor->Finish(ToGrpc(result.status(), *context));
  });
  return reactor;
}

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_UNARY_CALL_H_
