#ifndef VIGIL_SERVER_OUTBOX_CHANNEL_H_
#define VIGIL_SERVER_OUTBOX_CHANNEL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/outbox/message.h"

namespace vigil::outbox {

// What became of one attempt to tell somebody.
struct Attempt {
  enum class End : std::uint8_t {
    kSent,
    // The receiver could not be reached, did not answer in time or is busy: it may be tried again,
    // and there is no point in trying another message now.
    kFailed,
    // The receiver answered, and does not want this message as it is. It is tried again a few times
    // only.
    kRefused,
    // The receiver wants nothing any longer, or the message can be told to nobody.
    kGone,
  };

  End end = End::kSent;
  // For people; no secrets, no text of the message. Empty: sent.
  std::string error = {};
  // The receiver asked not to be tried before this has passed.
  std::optional<absl::Duration> retry_after = {};
};

inline Attempt Failed(std::string error) { return {Attempt::End::kFailed, std::move(error), {}}; }
inline Attempt Refused(std::string error) { return {Attempt::End::kRefused, std::move(error), {}}; }

// One way by which messages leave.
class Channel {
 public:
  using Done = std::function<void(Attempt)>;

  virtual ~Channel() = default;

  // Tries once. `done` is called once, at any time from within this call on, on any thread; or
  // never, if the channel is destroyed before.
  virtual void Send(const Message& message, Done done) = 0;
};

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_CHANNEL_H_
