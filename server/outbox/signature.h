#ifndef VIGIL_SERVER_OUTBOX_SIGNATURE_H_
#define VIGIL_SERVER_OUTBOX_SIGNATURE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace vigil::outbox {

struct SignedText {
  std::string_view key;
  std::string_view text;
};

// HMAC-SHA256 (RFC 2104), in base64 with padding.
std::string HmacBase64(const SignedText& what);

// The keys of a file: "whsec_" and base64 of 24 to 64 bytes each on a line; lines that are empty or
// begin with "#" are passed over. INVALID_ARGUMENT names the line, and nothing of what it holds.
absl::StatusOr<std::vector<std::string>> ParseWebhookKeys(std::string_view file);

// The header webhook-signature of Standard Webhooks: one signature for each key, with a space
// between. `seconds` since 1970.
struct WebhookContent {
  std::string_view id;
  std::int64_t seconds = 0;
  std::string_view body;
};
std::string WebhookSignature(const WebhookContent& content, const std::vector<std::string>& keys);

// DingTalk's: of "MILLISECONDS\nSECRET", by the secret; base64, not yet encoded for a URL.
std::string DingtalkSignature(std::int64_t milliseconds, std::string_view secret);

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_SIGNATURE_H_
