#include "server/outbox/remote_channel.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sync/base/status.h"

namespace vigil::outbox {

namespace {

// Receivers like to repeat what they were sent.
std::string Without(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (!secret.empty()) absl::StrReplaceAll({{secret, "***"}}, &text);
  }
  return text;
}

}  // namespace

void RemoteChannel::Send(const Message& message, Done done) {
  absl::StatusOr<Transfer> transfer = protocol_->Frame(message, clock_.Now());
  if (!transfer.ok()) return done(Failed(std::string(transfer.status().message())));
  transport_->Start(
      *transfer, [protocol = protocol_, origin = transfer->url.Origin(),
                  secrets = transfer->secrets, done = std::move(done)](const Answer& answer) {
        Attempt attempt = answer.status.ok() ? protocol->Judge(answer)
                                             : Failed(std::string(answer.status.message()));
        if (!attempt.error.empty()) {
          attempt.error = Without(absl::StrCat(origin, ": ", attempt.error), secrets);
        }
        done(std::move(attempt));
      });
}

}  // namespace vigil::outbox
