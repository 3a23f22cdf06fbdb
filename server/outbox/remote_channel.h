#ifndef VIGIL_SERVER_OUTBOX_REMOTE_CHANNEL_H_
#define VIGIL_SERVER_OUTBOX_REMOTE_CHANNEL_H_

#include <functional>
#include <memory>
#include <utility>

#include "server/outbox/channel.h"
#include "server/outbox/protocol.h"
#include "server/outbox/transfer.h"
#include "sync/base/time.h"

namespace vigil::outbox {

// Tells a receiver in its protocol. Errors name where it is, and show no secret.
class RemoteChannel final : public Channel {
 public:
  // The clock must outlive it.
  RemoteChannel(std::unique_ptr<Protocol> protocol, std::unique_ptr<Transport> transport,
                const Clock& clock)
      : protocol_(std::move(protocol)), transport_(std::move(transport)), clock_(clock) {}

  void Send(const Message& message, Done done) override;

 private:
  // Shared with the answers that are still to come.
  const std::shared_ptr<const Protocol> protocol_;
  const std::unique_ptr<Transport> transport_;
  const Clock& clock_;
};

// A channel that is a function, called at once.
class DirectChannel final : public Channel {
 public:
  explicit DirectChannel(std::function<Attempt(const Message&)> send) : send_(std::move(send)) {}

  void Send(const Message& message, Done done) override { done(send_(message)); }

 private:
  const std::function<Attempt(const Message&)> send_;
};

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_REMOTE_CHANNEL_H_
