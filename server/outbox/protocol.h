#ifndef VIGIL_SERVER_OUTBOX_PROTOCOL_H_
#define VIGIL_SERVER_OUTBOX_PROTOCOL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/outbox/channel.h"
#include "server/outbox/message.h"
#include "server/outbox/transfer.h"
#include "vigil/v1/notification_config.pb.h"

namespace vigil::outbox {

// How a kind of receiver is told, and what its answers mean.
class Protocol {
 public:
  virtual ~Protocol() = default;

  // Reads the secrets anew. An error is for people: what is wrong on our side.
  virtual absl::StatusOr<Transfer> Frame(const Message& message, absl::Time now) const = 0;
  // What an answer means that did come (its status is OK).
  virtual Attempt Judge(const Answer& answer) const = 0;
};

// By the status of HTTP alone: 2xx is sent, 410 is gone; 408, 425, 429 and 5xx may pass; all others
// are refusals, redirects among them.
Attempt JudgeHttp(const Answer& answer);

// JSON of a text, with its quotes.
std::string Quoted(std::string_view text);

// A URL of a configuration that was checked.
Url CheckedUrl(std::string_view text, std::string_view usual = {});

// Standard Webhooks, version 1. The body is {"type": "notification.TOPIC", "timestamp": …, "data":
// {…}}, as server/outbox/README.md says.
std::unique_ptr<Protocol> MakeWebhook(const v1::WebhookChannel& config, Languages languages);

// Texts, not Markdown: what people wrote about a hazard must not become a link.
std::unique_ptr<Protocol> MakeWecom(const v1::WecomRobot& config, Languages languages);
std::unique_ptr<Protocol> MakeDingtalk(const v1::DingtalkRobot& config, Languages languages);

// `zone`: of the mail's date.
std::unique_ptr<Protocol> MakeMail(const v1::SmtpServer& config, Languages languages,
                                   absl::TimeZone zone);

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_PROTOCOL_H_
