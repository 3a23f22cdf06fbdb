#include "server/escalation/notification_sender.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "sync/base/status.h"

namespace vigil::escalation {

struct NotificationSender::State {
  State(registry::Register& the_register, Executor& the_executor, Channel the_channel,
        Options the_options)
      : target(the_register),
        executor(the_executor),
        channel(std::move(the_channel)),
        options(std::move(the_options)) {}

  registry::Register& target;
  Executor& executor;
  const Channel channel;
  const Options options;
};

NotificationSender::NotificationSender(registry::Register& target, Executor& executor,
                                       Channel channel, Options options)
    : state_(std::make_shared<State>(target, executor, std::move(channel), std::move(options))) {}

void NotificationSender::Start() { Schedule(state_, absl::ZeroDuration()); }

absl::Status NotificationSender::Poll() { return PollOnce(*state_); }

void NotificationSender::Schedule(const std::shared_ptr<State>& state, absl::Duration delay) {
  const std::weak_ptr<State> weak = state;
  state->executor.PostAfter(delay, [weak] {
    const std::shared_ptr<State> alive = weak.lock();
    if (!alive) return;
    const absl::Status status = PollOnce(*alive);
    if (!status.ok() && alive->options.on_error) alive->options.on_error(status);
    Schedule(alive, alive->options.poll);
  });
}

absl::Status NotificationSender::PollOnce(const State& state) {
  // What cannot be marked as sent would be sent again and again.
  if (!state.target.HasRoom()) return absl::OkStatus();
  const Options& options = state.options;
  const absl::Time now = state.executor.Now();
  store::RegisterStore& store = state.target.store();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Notification> pending,
                         store.PendingNotifications(now, options.batch));
  for (const v1::Notification& notification : pending) {
    if (state.channel(notification).ok()) {
      VIGIL_RETURN_IF_ERROR(
          store.MarkNotification(notification.id(), v1::NOTIFICATION_STATE_SENT, std::nullopt));
    } else if (notification.attempts() + 1 >= options.attempts_max) {
      VIGIL_RETURN_IF_ERROR(
          store.MarkNotification(notification.id(), v1::NOTIFICATION_STATE_DEAD, std::nullopt));
    } else {
      const int doublings = std::min(notification.attempts(), 20);
      const absl::Duration delay =
          std::min(options.first_retry * (1 << doublings), options.longest_retry);
      VIGIL_RETURN_IF_ERROR(
          store.MarkNotification(notification.id(), v1::NOTIFICATION_STATE_PENDING, now + delay));
    }
  }
  return absl::OkStatus();
}

}  // namespace vigil::escalation
