#ifndef VIGIL_SERVER_SERVICE_REPORT_SERVICE_H_
#define VIGIL_SERVER_SERVICE_REPORT_SERVICE_H_

#include "server/service/guard.h"
#include "server/service/loop_thread.h"
#include "server/service/open_streams.h"
#include "server/service/report_desk.h"
#include "vigil/v1/report_service.grpc.pb.h"

namespace vigil::service {

// Reports over gRPC, with the thread on which they are made.
class ReportService final : public v1::ReportService::CallbackService {
 public:
  // All must outlive the server.
  struct Parts {
    Guard& guard;
    OpenStreams& streams;
    registry::Register& target;
    FileSystem& files;
    Random& random;
    const Clock& clock;
  };
  ReportService(const Parts& parts, ReportDesk::Options options);

  // After the last call: what is under way ends, and the thread.
  void Stop() { thread_.Stop(); }

  grpc::ServerWriteReactor<v1::ExportReportResponse>* ExportReport(
      grpc::CallbackServerContext* context, const v1::ExportReportRequest* request) override;

 private:
  Guard& guard_;
  OpenStreams& streams_;
  LoopThread thread_;
  ReportDesk desk_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_REPORT_SERVICE_H_
