#ifndef VIGIL_SERVER_STORE_OUTBOX_H_
#define VIGIL_SERVER_STORE_OUTBOX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "vigil/v1/admin_service.pb.h"

namespace vigil::store {

// By which channel, and where a channel has several addresses to which.
struct DeliveryTarget {
  std::string channel;
  std::string address = {};
};

struct DeliveryRoute {
  std::int64_t notification = 0;
  std::vector<DeliveryTarget> targets;
};

// What became of one attempt.
struct DeliveryMark {
  std::int64_t notification = 0;
  DeliveryTarget target;
  v1::NotificationState state = v1::NOTIFICATION_STATE_UNSPECIFIED;
  // For what is pending; nullopt: at once.
  std::optional<absl::Time> next_attempt_at = {};
  // Empty for what was sent.
  std::string error = {};
  absl::Time at;
};

struct RetryQuery {
  // Empty: all that are dead.
  std::vector<std::int64_t> notifications = {};
  // Empty: by all channels.
  std::string channel = {};
  // The channels that there are. What was to leave by another one is routed anew.
  std::vector<std::string> channels;
  absl::Time now;
};

struct NotificationFilter {
  // UNSPECIFIED: all.
  v1::NotificationState state = v1::NOTIFICATION_STATE_UNSPECIFIED;
  // Empty: all.
  std::string channel = {};
};

// The messages that commits have left, on their way out. A message is routed once: by which
// channels it leaves; then each of these deliveries has a life of its own. Everything is durable
// when it returns. The writer's thread.
class Outbox {
 public:
  virtual ~Outbox() = default;

  // Messages that are not routed, oldest first.
  virtual absl::StatusOr<std::vector<v1::Notification>> Unrouted(int limit) = 0;
  // In one transaction. A delivery that is there already stays as it is; a message without targets
  // stays unrouted (INVALID_ARGUMENT).
  virtual absl::Status Route(const std::vector<DeliveryRoute>& routes) = 0;
  // The oldest message that may be tried by the channel at `now`, with this one delivery; nullopt:
  // none.
  virtual absl::StatusOr<std::optional<v1::Notification>> Next(const std::string& channel,
                                                               absl::Time now) = 0;
  // Counts an attempt. NOT_FOUND: no such delivery. One that is not pending stays as it is.
  virtual absl::Status Mark(const DeliveryMark& mark) = 0;
  // What is pending by a channel that is not among these is dead, for the reason `error`. How many.
  virtual absl::StatusOr<std::int64_t> EndAllBut(const std::vector<std::string>& channels,
                                                 const std::string& error, absl::Time now) = 0;
  // Dead ones become pending, without attempts; pending ones lose their pause. How many deliveries
  // are tried again. NOT_FOUND, and nothing is done: one of the messages is unknown.
  virtual absl::StatusOr<std::int64_t> Retry(const RetryQuery& query) = 0;
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_OUTBOX_H_
