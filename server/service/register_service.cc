#include "server/service/register_service.h"

#include <utility>

#include "server/service/unary_call.h"

namespace vigil::service {

grpc::ServerUnaryReactor* RegisterService::Submit(grpc::CallbackServerContext* context,
                                                  const v1::SubmitRequest* request,
                                                  v1::SubmitResponse* response) {
  return AnswerLater(guard_, context, "RegisterService.Submit", response,
                     [&](const rules::Author& author, RegisterCore::SubmitDone done) {
                       core_.Submit(author, *request, std::move(done));
                     });
}

grpc::ServerUnaryReactor* RegisterService::GetRecord(grpc::CallbackServerContext* context,
                                                     const v1::GetRecordRequest* request,
                                                     v1::GetRecordResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.GetRecord", response,
                   [&](const rules::Author&) { return core_.GetRecord(*request); });
}

grpc::ServerUnaryReactor* RegisterService::ListRecords(grpc::CallbackServerContext* context,
                                                       const v1::ListRecordsRequest* request,
                                                       v1::ListRecordsResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.ListRecords", response,
                   [&](const rules::Author&) { return core_.ListRecords(*request); });
}

grpc::ServerUnaryReactor* RegisterService::ListHazards(grpc::CallbackServerContext* context,
                                                       const v1::ListHazardsRequest* request,
                                                       v1::ListHazardsResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.ListHazards", response,
                   [&](const rules::Author&) { return core_.ListHazards(*request); });
}

grpc::ServerUnaryReactor* RegisterService::ListOrders(grpc::CallbackServerContext* context,
                                                      const v1::ListOrdersRequest* request,
                                                      v1::ListOrdersResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.ListOrders", response,
                   [&](const rules::Author&) { return core_.ListOrders(*request); });
}

grpc::ServerUnaryReactor* RegisterService::ListConflicts(grpc::CallbackServerContext* context,
                                                         const v1::ListConflictsRequest* request,
                                                         v1::ListConflictsResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.ListConflicts", response,
                   [&](const rules::Author&) { return core_.ListConflicts(*request); });
}

grpc::ServerUnaryReactor* RegisterService::ListEscalations(
    grpc::CallbackServerContext* context, const v1::ListEscalationsRequest* request,
    v1::ListEscalationsResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.ListEscalations", response,
                   [&](const rules::Author&) { return core_.ListEscalations(*request); });
}

grpc::ServerUnaryReactor* RegisterService::ListHistory(grpc::CallbackServerContext* context,
                                                       const v1::ListHistoryRequest* request,
                                                       v1::ListHistoryResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.ListHistory", response,
                   [&](const rules::Author&) { return core_.ListHistory(*request); });
}

grpc::ServerUnaryReactor* RegisterService::GetStats(grpc::CallbackServerContext* context,
                                                    const v1::GetStatsRequest* request,
                                                    v1::GetStatsResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.GetStats", response,
                   [&](const rules::Author&) { return core_.GetStats(*request); });
}

grpc::ServerUnaryReactor* RegisterService::GetSession(grpc::CallbackServerContext* context,
                                                      const v1::GetSessionRequest*,
                                                      v1::GetSessionResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.GetSession", response,
                   [&](const rules::Author& author) { return core_.GetSession(author); });
}

grpc::ServerUnaryReactor* RegisterService::GetDigest(grpc::CallbackServerContext* context,
                                                     const v1::GetDigestRequest* request,
                                                     v1::GetDigestResponse* response) {
  return AnswerNow(guard_, context, "RegisterService.GetDigest", response,
                   [&](const rules::Author&) { return core_.GetDigest(*request); });
}

}  // namespace vigil::service
