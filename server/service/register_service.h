#ifndef VIGIL_SERVER_SERVICE_REGISTER_SERVICE_H_
#define VIGIL_SERVER_SERVICE_REGISTER_SERVICE_H_

#include "server/service/guard.h"
#include "server/service/register_core.h"
#include "vigil/v1/register_service.grpc.pb.h"

namespace vigil::service {

// Adapts RegisterCore to gRPC.
class RegisterService final : public v1::RegisterService::CallbackService {
 public:
  // Both must outlive the server.
  RegisterService(Guard& guard, RegisterCore& core) : guard_(guard), core_(core) {}

  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context,
                                   const v1::SubmitRequest* request,
                                   v1::SubmitResponse* response) override;
  grpc::ServerUnaryReactor* GetRecord(grpc::CallbackServerContext* context,
                                      const v1::GetRecordRequest* request,
                                      v1::GetRecordResponse* response) override;
  grpc::ServerUnaryReactor* ListRecords(grpc::CallbackServerContext* context,
                                        const v1::ListRecordsRequest* request,
                                        v1::ListRecordsResponse* response) override;
  grpc::ServerUnaryReactor* ListHazards(grpc::CallbackServerContext* context,
                                        const v1::ListHazardsRequest* request,
                                        v1::ListHazardsResponse* response) override;
  grpc::ServerUnaryReactor* ListOrders(grpc::CallbackServerContext* context,
                                       const v1::ListOrdersRequest* request,
                                       v1::ListOrdersResponse* response) override;
  grpc::ServerUnaryReactor* ListConflicts(grpc::CallbackServerContext* context,
                                          const v1::ListConflictsRequest* request,
                                          v1::ListConflictsResponse* response) override;
  grpc::ServerUnaryReactor* ListEscalations(grpc::CallbackServerContext* context,
                                            const v1::ListEscalationsRequest* request,
                                            v1::ListEscalationsResponse* response) override;
  grpc::ServerUnaryReactor* ListHistory(grpc::CallbackServerContext* context,
                                        const v1::ListHistoryRequest* request,
                                        v1::ListHistoryResponse* response) override;
  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context,
                                     const v1::GetStatsRequest* request,
                                     v1::GetStatsResponse* response) override;
  grpc::ServerUnaryReactor* GetSession(grpc::CallbackServerContext* context,
                                       const v1::GetSessionRequest* request,
                                       v1::GetSessionResponse* response) override;
  grpc::ServerUnaryReactor* ListEscalationSteps(grpc::CallbackServerContext* context,
                                                const v1::ListEscalationStepsRequest* request,
                                                v1::ListEscalationStepsResponse* response) override;
  grpc::ServerUnaryReactor* ListInspectionsDue(grpc::CallbackServerContext* context,
                                               const v1::ListInspectionsDueRequest* request,
                                               v1::ListInspectionsDueResponse* response) override;
  grpc::ServerUnaryReactor* AddWorkingDays(grpc::CallbackServerContext* context,
                                           const v1::AddWorkingDaysRequest* request,
                                           v1::AddWorkingDaysResponse* response) override;
  grpc::ServerUnaryReactor* GetDigest(grpc::CallbackServerContext* context,
                                      const v1::GetDigestRequest* request,
                                      v1::GetDigestResponse* response) override;

 private:
  Guard& guard_;
  RegisterCore& core_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_REGISTER_SERVICE_H_
