#ifndef VIGIL_SERVER_OUTBOX_URL_H_
#define VIGIL_SERVER_OUTBOX_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace vigil::outbox {

// Where requests go, as a configuration says it. Stricter than the standard of URLs, so that nobody
// reads it another way: no user, no fragment, no escapes in the host.
struct Url {
  // Lower-case.
  std::string scheme;
  // A name or an address, lower-case; an IPv6 address without its brackets.
  std::string host;
  // 0: the scheme's.
  std::uint16_t port = 0;
  // From the first "/" or "?" on; may be empty.
  std::string path;

  // "https://HOST:PORT": what may be shown to people.
  std::string Origin() const;
  std::string ToString() const { return Origin() + path; }
};

// INVALID_ARGUMENT says what is wrong and shows nothing of the path.
absl::StatusOr<Url> ParseUrl(std::string_view text);

// `text` with all but letters, digits and "-._~" as "%XX".
std::string UrlEncode(std::string_view text);

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_URL_H_
