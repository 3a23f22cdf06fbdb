#ifndef VIGIL_SERVER_OUTBOX_TRANSFER_H_
#define VIGIL_SERVER_OUTBOX_TRANSFER_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/outbox/url.h"

namespace vigil::outbox {

// A POST, or a mail; which, the scheme of the URL says: "https", "http", "smtps" or "smtp".
struct Transfer {
  Url url;
  // PEM: who vouches for the receiver; empty: the system's.
  std::string authorities_file = {};
  // Without encryption; to loopback addresses only.
  bool plain_text = false;
  // Of a POST: the body. Of a mail: the message, lines ending with CRLF.
  std::string body = {};

  // Of a POST: "Name: value".
  std::vector<std::string> headers = {};

  // Of a mail.
  std::string mail_from = {};
  std::string mail_to = {};
  // Empty: no sign-in.
  std::string user = {};
  std::string password = {};

  // What no error may show, whoever brings it up.
  std::vector<std::string> secrets = {};
};

struct Answer {
  // Not OK: there was no answer that can be relied on. For people, without secrets.
  absl::Status status;
  // HTTP's status or the last reply of SMTP; 0: there was none.
  int code = 0;
  // Its beginning, at most 64 KiB.
  std::string body = {};
  std::optional<absl::Duration> retry_after = {};
};

// Carries out transfers, any number at a time.
class Transport {
 public:
  using Done = std::function<void(Answer)>;

  virtual ~Transport() = default;

  // Any thread. `done` is called once, on any thread, or never if the transport ends before.
  virtual void Start(Transfer transfer, Done done) = 0;
};

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_TRANSFER_H_
