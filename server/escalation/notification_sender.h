#ifndef VIGIL_SERVER_ESCALATION_NOTIFICATION_SENDER_H_
#define VIGIL_SERVER_ESCALATION_NOTIFICATION_SENDER_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/register/register.h"
#include "sync/base/executor.h"
#include "vigil/v1/admin_service.pb.h"

namespace vigil::escalation {

// Takes messages out of the outbox and hands them to a channel. A message that the channel took is
// SENT; one that it did not take is tried again, after twice the time, and after so many attempts
// is DEAD. At least once: a crash between the channel and the mark sends it again.
class NotificationSender {
 public:
  struct Options {
    absl::Duration poll = absl::Seconds(5);
    int batch = 100;
    absl::Duration first_retry = absl::Minutes(1);
    absl::Duration longest_retry = absl::Hours(6);
    int attempts_max = 20;
    // Told of storage errors.
    std::function<void(const absl::Status&)> on_error;
  };
  using Channel = std::function<absl::Status(const v1::Notification&)>;

  // Both must outlive this object. Everything is called on the executor, which is the register's.
  NotificationSender(registry::Register& target, Executor& executor, Channel channel,
                     Options options);

  // Polls now and then again and again, until this object is destroyed.
  void Start();
  // Sends what is pending now.
  absl::Status Poll();

 private:
  struct State;

  static void Schedule(const std::shared_ptr<State>& state, absl::Duration delay);
  static absl::Status PollOnce(const State& state);

  std::shared_ptr<State> state_;
};

}  // namespace vigil::escalation

#endif  // VIGIL_SERVER_ESCALATION_NOTIFICATION_SENDER_H_
