#include "server/service/register_service.h"

#include <utility>

#include "server/service/unary_call.h"

namespace vigil::service {

grpc::ServerUnaryReactor* RegisterService::Submit(grpc::CallbackServerContext* context,
                                                  const v1::SubmitRequest* request,
                                                  v1::SubmitResponse* response) {
  return AnswerLater(guard_, {context, "RegisterService.Submit", request}, response,
                     [&](const access::Principal& caller, RegisterCore::SubmitDone done) {
                       core_.Submit(caller.author, *request, std::move(done));
                     });
}

grpc::ServerUnaryReactor* RegisterService::GetRecord(grpc::CallbackServerContext* context,
                                                     const v1::GetRecordRequest* request,
                                                     v1::GetRecordResponse* response) {
  return AnswerNow(
      guard_, {context, "RegisterService.GetRecord", request}, response,
      [&](const access::Principal& caller) { return core_.GetRecord(caller.author, *request); });
}

grpc::ServerUnaryReactor* RegisterService::ListRecords(grpc::CallbackServerContext* context,
                                                       const v1::ListRecordsRequest* request,
                                                       v1::ListRecordsResponse* response) {
  return AnswerNow(
      guard_, {context, "RegisterService.ListRecords", request}, response,
      [&](const access::Principal& caller) { return core_.ListRecords(caller.author, *request); });
}

grpc::ServerUnaryReactor* RegisterService::ListHazards(grpc::CallbackServerContext* context,
                                                       const v1::ListHazardsRequest* request,
                                                       v1::ListHazardsResponse* response) {
  return AnswerNow(
      guard_, {context, "RegisterService.ListHazards", request}, response,
      [&](const access::Principal& caller) { return core_.ListHazards(caller.author, *request); });
}

grpc::ServerUnaryReactor* RegisterService::ListOrders(grpc::CallbackServerContext* context,
                                                      const v1::ListOrdersRequest* request,
                                                      v1::ListOrdersResponse* response) {
  return AnswerNow(
      guard_, {context, "RegisterService.ListOrders", request}, response,
      [&](const access::Principal& caller) { return core_.ListOrders(caller.author, *request); });
}

grpc::ServerUnaryReactor* RegisterService::ListConflicts(grpc::CallbackServerContext* context,
                                                         const v1::ListConflictsRequest* request,
                                                         v1::ListConflictsResponse* response) {
  return AnswerNow(guard_, {context, "RegisterService.ListConflicts", request}, response,
                   [&](const access::Principal& caller) {
                     return core_.ListConflicts(caller.author, *request);
                   });
}

grpc::ServerUnaryReactor* RegisterService::ListEscalations(
    grpc::CallbackServerContext* context, const v1::ListEscalationsRequest* request,
    v1::ListEscalationsResponse* response) {
  return AnswerNow(guard_, {context, "RegisterService.ListEscalations", request}, response,
                   [&](const access::Principal& caller) {
                     return core_.ListEscalations(caller.author, *request);
                   });
}

grpc::ServerUnaryReactor* RegisterService::ListHistory(grpc::CallbackServerContext* context,
                                                       const v1::ListHistoryRequest* request,
                                                       v1::ListHistoryResponse* response) {
  return AnswerNow(
      guard_, {context, "RegisterService.ListHistory", request}, response,
      [&](const access::Principal& caller) { return core_.ListHistory(caller.author, *request); });
}

grpc::ServerUnaryReactor* RegisterService::GetStats(grpc::CallbackServerContext* context,
                                                    const v1::GetStatsRequest* request,
                                                    v1::GetStatsResponse* response) {
  return AnswerNow(
      guard_, {context, "RegisterService.GetStats", request}, response,
      [&](const access::Principal& caller) { return core_.GetStats(caller.author, *request); });
}

grpc::ServerUnaryReactor* RegisterService::GetSession(grpc::CallbackServerContext* context,
                                                      const v1::GetSessionRequest* request,
                                                      v1::GetSessionResponse* response) {
  return AnswerNow(
      guard_, {context, "RegisterService.GetSession", request}, response,
      [&](const access::Principal& caller) { return core_.GetSession(caller.author); });
}

grpc::ServerUnaryReactor* RegisterService::ListEscalationSteps(
    grpc::CallbackServerContext* context, const v1::ListEscalationStepsRequest* request,
    v1::ListEscalationStepsResponse* response) {
  return AnswerNow(guard_, {context, "RegisterService.ListEscalationSteps", request}, response,
                   [&](const access::Principal& caller) {
                     return core_.ListEscalationSteps(caller.author, *request);
                   });
}

grpc::ServerUnaryReactor* RegisterService::ListInspectionsDue(
    grpc::CallbackServerContext* context, const v1::ListInspectionsDueRequest* request,
    v1::ListInspectionsDueResponse* response) {
  return AnswerNow(guard_, {context, "RegisterService.ListInspectionsDue", request}, response,
                   [&](const access::Principal& caller) {
                     return core_.ListInspectionsDue(caller.author, *request);
                   });
}

grpc::ServerUnaryReactor* RegisterService::AddWorkingDays(grpc::CallbackServerContext* context,
                                                          const v1::AddWorkingDaysRequest* request,
                                                          v1::AddWorkingDaysResponse* response) {
  return AnswerNow(guard_, {context, "RegisterService.AddWorkingDays", request}, response,
                   [&](const access::Principal&) { return core_.AddWorkingDays(*request); });
}

grpc::ServerUnaryReactor* RegisterService::GetDigest(grpc::CallbackServerContext* context,
                                                     const v1::GetDigestRequest* request,
                                                     v1::GetDigestResponse* response) {
  return AnswerNow(
      guard_, {context, "RegisterService.GetDigest", request}, response,
      [&](const access::Principal& caller) { return core_.GetDigest(caller.author, *request); });
}

}  // namespace vigil::service
