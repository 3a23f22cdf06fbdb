#ifndef VIGIL_SERVER_OUTBOX_SENDER_H_
#define VIGIL_SERVER_OUTBOX_SENDER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/outbox/channel.h"
#include "server/store/register_store.h"
#include "sync/base/executor.h"
#include "sync/base/random.h"
#include "vigil/v1/admin_service.pb.h"

namespace vigil::outbox {

// The server's own channel, which takes what no other one serves.
inline constexpr char kLogChannel[] = "log";

// A channel and whom it serves.
struct Lane {
  struct Address {
    std::string address;
    // Codes; empty: everybody.
    std::vector<std::string> recipients;
  };

  std::string name;
  std::vector<std::string> recipients = {};
  // Empty: the channel has but one receiver.
  std::vector<Address> addresses = {};
  std::unique_ptr<Channel> channel;
  // Between the starts of two messages.
  absl::Duration pace = absl::ZeroDuration();
};

// Takes messages out of the outbox and sends each by all channels that serve its recipient; what
// none serves goes to the log channel. Channels know nothing of each other: each has one message
// under way, the oldest that may be tried, and one that fails holds up itself alone.
//
// A message that is not taken is tried again after a pause that doubles; of each pause between half
// and all is waited. After so many attempts it is DEAD, sooner if the receiver refuses it. Where a
// receiver cannot be reached its other messages wait, too, for five minutes at most. At least once:
// a crash between sending and marking sends it again, under the same id.
class Sender {
 public:
  // Of one attempt that did not succeed.
  struct Failure {
    std::int64_t notification = 0;
    std::string channel;
    int attempts = 0;
    std::string error;
    // It is not tried again.
    bool dead = false;
  };
  struct Options {
    absl::Duration poll = absl::Seconds(5);
    // Messages that one poll routes.
    int batch = 100;
    absl::Duration first_retry = absl::Minutes(1);
    absl::Duration longest_retry = absl::Hours(6);
    int attempts_max = 20;
    // Told of storage errors.
    std::function<void(const absl::Status&)> on_error = {};
    std::function<void(const Failure&)> on_failure = {};
    // Told of messages that no channel serves but the log.
    std::function<void(const v1::Notification&)> on_unserved = {};
    // Told how many messages died with channels that are gone.
    std::function<void(std::int64_t)> on_ended = {};
  };
  struct Parts {
    store::RegisterStore& store;
    // The writer's.
    Executor& executor;
    // Whether the disk takes another mark. Called on the executor.
    std::function<bool()> has_room;
    // For the pauses. Used on the executor.
    Random& random;
  };

  // The parts must outlive this object, which lives on the executor. One lane is kLogChannel's.
  Sender(const Parts& parts, std::vector<Lane> lanes, Options options);
  // Breaks off what is under way; it is tried again by the next sender.
  ~Sender();

  // Polls now and then again and again, until this object is destroyed.
  void Start();
  // Routes what is new, and starts what may be tried now.
  absl::Status Poll();

  // As the service says. MALFORMED: neither or both of ids and `dead`; NOT_FOUND: an unknown
  // message; STORAGE_UNAVAILABLE.
  absl::StatusOr<v1::RetryNotificationsResponse> Retry(
      const v1::RetryNotificationsRequest& request);
  // Sends a message that tells of nothing, whatever else is under way. `done` is called on the
  // executor; NOT_FOUND: an unknown channel or address.
  using TestDone = std::function<void(absl::StatusOr<v1::TestNotificationChannelResponse>)>;
  void Test(const v1::TestNotificationChannelRequest& request, TestDone done);

 private:
  struct State;

  const std::shared_ptr<State> state_;
};

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_SENDER_H_
