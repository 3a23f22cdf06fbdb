#ifndef VIGIL_SERVER_OUTBOX_LANES_H_
#define VIGIL_SERVER_OUTBOX_LANES_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/outbox/message.h"
#include "server/outbox/sender.h"
#include "sync/base/time.h"
#include "vigil/v1/notification_config.pb.h"

namespace vigil::outbox {

// A fault of a configuration: the way to the field (with an index where it is repeated, else -1),
// and what is wrong with it.
struct OptionsFault {
  std::vector<std::pair<std::string, int>> path;
  std::string reason;
};

// Looks at everything but the files that it names; numbers are not looked at. nullopt: none.
std::optional<OptionsFault> FindOptionsFault(const v1::NotificationOptions& options);

// Every file with a secret can be read and holds what it should. FAILED_PRECONDITION and others
// name the channel and the file.
absl::Status CheckSecrets(const v1::NotificationOptions& options);

struct LaneParts {
  // In which mails are dated.
  absl::TimeZone zone;
  const Clock& clock;
  // Writes the line of a log channel. Any thread.
  std::function<void(const Message&)> log;
};

// The channels of a configuration without faults, and the log's.
std::vector<Lane> MakeLanes(const v1::NotificationOptions& options, const LaneParts& parts);

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_LANES_H_
