#include "server/service/admin_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "server/access/enrolment.h"
#include "server/service/import_job.h"
#include "server/service/import_reactor.h"
#include "server/service/unary_call.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

namespace {

constexpr int kPageSizeDefault = 100;
constexpr int kPageSizeMax = 1000;

absl::StatusOr<v1::ListNotificationsResponse> ListNotificationsOf(
    store::RegisterStore& store, const v1::ListNotificationsRequest& request) {
  std::int64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return rules::Refuse(v1::REASON_INVALID_PAGE_TOKEN, "this page token is not of this list");
  }
  const int page_size =
      request.page_size() <= 0 ? kPageSizeDefault : std::min(request.page_size(), kPageSizeMax);
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store.Read());
  VIGIL_ASSIGN_OR_RETURN(std::vector<v1::Notification> notifications,
                         snapshot->Notifications(after, page_size));
  v1::ListNotificationsResponse response;
  if (static_cast<int>(notifications.size()) == page_size) {
    response.set_next_page_token(std::to_string(notifications.back().id()));
  }
  for (v1::Notification& notification : notifications) {
    *response.add_notifications() = std::move(notification);
  }
  return response;
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::AddDevice(grpc::CallbackServerContext* context,
                                                  const v1::AddDeviceRequest* request,
                                                  v1::AddDeviceResponse* response) {
  return AnswerLater(parts_.guard, context, "AdminService.AddDevice", response,
                     [&](const rules::Author& author,
                         std::function<void(absl::StatusOr<v1::AddDeviceResponse>)> done) {
                       access::AddDevice(parts_.target, parts_.random, author, *request,
                                         std::move(done));
                     });
}

grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse>* AdminService::Import(
    grpc::CallbackServerContext* context) {
  const absl::StatusOr<rules::Author> author = parts_.guard.Admit(*context, "AdminService.Import");
  if (!author.ok()) return ImportReactor::Refuse(context, author.status());
  return ImportReactor::Start(context, parts_.worker,
                              [&](ImportJob::Sink sink) {
                                return std::make_shared<ImportJob>(parts_.target, parts_.random,
                                                                   *author, std::move(sink));
                              })
      .get();
}

grpc::ServerUnaryReactor* AdminService::ListNotifications(
    grpc::CallbackServerContext* context, const v1::ListNotificationsRequest* request,
    v1::ListNotificationsResponse* response) {
  return AnswerNow(
      parts_.guard, context, "AdminService.ListNotifications", response,
      [&](const rules::Author&) { return ListNotificationsOf(parts_.target.store(), *request); });
}

grpc::ServerUnaryReactor* AdminService::TickEscalation(grpc::CallbackServerContext* context,
                                                       const v1::TickEscalationRequest*,
                                                       v1::TickEscalationResponse* response) {
  return AnswerLater(
      parts_.guard, context, "AdminService.TickEscalation", response,
      [&](const rules::Author&,
          const std::function<void(absl::StatusOr<v1::TickEscalationResponse>)>& done) {
        parts_.clock.Tick([done](absl::StatusOr<std::int64_t> fired) {
          if (!fired.ok()) return done(fired.status());
          v1::TickEscalationResponse answer;
          answer.set_fired(*fired);
          done(answer);
        });
      });
}

}  // namespace vigil::service
