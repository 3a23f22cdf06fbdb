#include "server/service/outbox_desk.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "server/outbox/lanes.h"
#include "server/service/log.h"
#include "server/store/page_token.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

namespace {

constexpr int kPageSizeDefault = 100;

// Texts may name places and people: they stay out of the log.
void LogMessage(const outbox::Message& message) {
  Log(v1::LOG_LEVEL_INFO, "notification",
      {{"id", message.number},
       {"topic", message.topic},
       {"recipient", message.recipient},
       {"record", message.record}});
}

void LogFailedDelivery(const outbox::Sender::Failure& failure) {
  Log(failure.dead ? v1::LOG_LEVEL_ERROR : v1::LOG_LEVEL_WARNING,
      failure.dead ? "a notification is dead: vigilctl outbox list --state dead"
                   : "a notification was not sent",
      {{"id", failure.notification},
       {"channel", failure.channel},
       {"attempts", std::int64_t{failure.attempts}},
       {"error", failure.error}});
}

outbox::Sender::Options OptionsOf(const v1::NotificationOptions& config) {
  outbox::Sender::Options options;
  options.first_retry = absl::Seconds(config.first_retry_s());
  options.longest_retry = absl::Seconds(config.longest_retry_s());
  options.attempts_max = static_cast<int>(config.attempts_max());
  options.on_error = [](const absl::Status& status) {
    Log(v1::LOG_LEVEL_ERROR, "the outbox failed", {{"error", ToStd(status.message())}});
  };
  options.on_failure = LogFailedDelivery;
  options.on_unserved = [](const v1::Notification& message) {
    Log(v1::LOG_LEVEL_WARNING, "no channel serves the recipient of a notification",
        {{"id", message.id()}, {"recipient", message.recipient()}});
  };
  options.on_ended = [](std::int64_t count) {
    Log(v1::LOG_LEVEL_ERROR, "notifications are dead: their channels are not configured any longer",
        {{"count", count}});
  };
  return options;
}

absl::Status ShuttingDown() {
  return rules::Refuse(v1::REASON_SHUTTING_DOWN, "the register is shutting down");
}

}  // namespace

absl::Status OutboxDesk::CheckFiles(const v1::NotificationOptions& options) {
  const absl::Status status = outbox::CheckSecrets(options);
  if (status.ok()) return status;
  return rules::Refuse(v1::REASON_INVALID_CONFIGURATION, ToStd(status.message()));
}

OutboxDesk::OutboxDesk(const Parts& parts, const v1::NotificationOptions& options) : parts_(parts) {
  sender_.emplace(
      outbox::Sender::Parts{parts.target.store(), parts.executor,
                            [&target = parts.target] { return target.HasRoom(); }, parts.random},
      outbox::MakeLanes(options,
                        {.zone = parts.target.zone(), .clock = parts.clock, .log = LogMessage}),
      OptionsOf(options));
}

void OutboxDesk::Start() { sender_->Start(); }

void OutboxDesk::Stop() {
  sender_.reset();
  for (auto& [number, done] : std::exchange(tests_, {})) done(ShuttingDown());
}

absl::StatusOr<v1::ListNotificationsResponse> OutboxDesk::List(
    const v1::ListNotificationsRequest& request) {
  std::int64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return rules::Refuse(v1::REASON_INVALID_PAGE_TOKEN, "this page token is not of this list");
  }
  const int page_size = store::ClampPageSize(request.page_size(), kPageSizeDefault);
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, parts_.target.store().Read());
  VIGIL_ASSIGN_OR_RETURN(
      std::vector<v1::Notification> notifications,
      snapshot->Notifications(after, page_size, {request.state(), request.channel()}));
  v1::ListNotificationsResponse response;
  if (static_cast<int>(notifications.size()) == page_size) {
    response.set_next_page_token(std::to_string(notifications.back().id()));
  }
  for (v1::Notification& notification : notifications) {
    *response.add_notifications() = std::move(notification);
  }
  return response;
}

void OutboxDesk::Retry(const v1::RetryNotificationsRequest& request, RetryDone done) {
  parts_.executor.Post([this, request, done = std::move(done)] {
    done(sender_ ? sender_->Retry(request) : ShuttingDown());
  });
}

void OutboxDesk::Test(const v1::TestNotificationChannelRequest& request,
                      outbox::Sender::TestDone done) {
  parts_.executor.Post([this, request, done = std::move(done)] {
    if (!sender_) return done(ShuttingDown());
    // A channel that is broken off says nothing any more.
    const std::uint64_t number = ++last_test_;
    tests_[number] = done;
    sender_->Test(
        request, [this, number](const absl::StatusOr<v1::TestNotificationChannelResponse>& answer) {
          const auto found = tests_.find(number);
          if (found == tests_.end()) return;
          const outbox::Sender::TestDone waiting = std::move(found->second);
          tests_.erase(found);
          waiting(answer);
        });
  });
}

}  // namespace vigil::service
