#include "server/service/report_service.h"

#include <utility>

#include "server/service/entered.h"
#include "server/service/log.h"
#include "sync/base/status.h"

namespace vigil::service {

ReportService::ReportService(const Parts& parts, ReportDesk::Options options)
    : guard_(parts.guard),
      streams_(parts.streams),
      thread_(parts.clock),
      desk_({parts.target, parts.files, thread_.executor(), parts.random}, std::move(options)) {
  if (const absl::Status status = desk_.RemoveLeftovers(); !status.ok()) {
    Log(v1::LOG_LEVEL_ERROR, "what an interrupted report left stays",
        {{"error", ToStd(status.message())}});
  }
}

grpc::ServerWriteReactor<v1::ExportReportResponse>* ReportService::ExportReport(
    grpc::CallbackServerContext* context, const v1::ExportReportRequest* request) {
  auto reactor = StreamReactor<v1::ExportReportResponse>::Make(context);
  absl::StatusOr<Entered> entered =
      Enter(guard_, streams_, {context, "ReportService.ExportReport", request}, reactor);
  if (!entered.ok()) {
    reactor->Finish(entered.status());
    return reactor.get();
  }
  reactor->Keep(std::move(entered->ticket));
  desk_.Export(entered->caller->author, *request, reactor);
  return reactor.get();
}

}  // namespace vigil::service
