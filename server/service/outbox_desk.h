#ifndef VIGIL_SERVER_SERVICE_OUTBOX_DESK_H_
#define VIGIL_SERVER_SERVICE_OUTBOX_DESK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/outbox/sender.h"
#include "server/register/register.h"
#include "sync/base/executor.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/notification_config.pb.h"

namespace vigil::service {

// The outbox of a server: its sender, and the calls that are about it. What goes wrong stands in
// the log, without texts, names and secrets.
class OutboxDesk {
 public:
  struct Parts {
    registry::Register& target;
    // The register's.
    Executor& executor;
    Random& random;
    const Clock& clock;
  };

  // INVALID_CONFIGURATION: a file with a secret is missing, or is not what it should be.
  static absl::Status CheckFiles(const v1::NotificationOptions& options);

  // The options have no fault; the parts must outlive the desk.
  OutboxDesk(const Parts& parts, const v1::NotificationOptions& options);

  // On the executor. After Stop nothing leaves any more, nothing is waited for, and whoever waits
  // for a test is told that the register is shutting down.
  void Start();
  void Stop();

  // Any thread.
  absl::StatusOr<v1::ListNotificationsResponse> List(const v1::ListNotificationsRequest& request);
  using RetryDone = std::function<void(absl::StatusOr<v1::RetryNotificationsResponse>)>;
  void Retry(const v1::RetryNotificationsRequest& request, RetryDone done);
  void Test(const v1::TestNotificationChannelRequest& request, outbox::Sender::TestDone done);

 private:
  const Parts parts_;
  // Of the executor; nothing after Stop.
  std::optional<outbox::Sender> sender_;
  std::map<std::uint64_t, outbox::Sender::TestDone> tests_;
  std::uint64_t last_test_ = 0;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_OUTBOX_DESK_H_
