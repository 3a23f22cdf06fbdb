#include "server/outbox/url.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vigil::outbox {

namespace {

constexpr std::size_t kHostCharactersMax = 253;

absl::Status Bad(std::string_view why) { return absl::InvalidArgumentError(ToAbsl(why)); }

bool IsHostCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

bool IsV6Character(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.';
}

bool IsPathCharacter(char c) {
  return c > ' ' && c < 127 && c != '"' && c != '<' && c != '>' && c != '\\' && c != '#' &&
         c != '^' && c != '`' && c != '{' && c != '|' && c != '}';
}

absl::StatusOr<std::uint16_t> ParsePort(std::string_view text) {
  std::uint32_t port = 0;
  const bool digits =
      !text.empty() && text.size() <= 5 &&
      std::all_of(text.begin(), text.end(), [](char c) { return '0' <= c && c <= '9'; });
  if (!digits || !absl::SimpleAtoi(ToAbsl(text), &port) || port == 0 || port > 65535) {
    return Bad("its port is no number between 1 and 65535");
  }
  return static_cast<std::uint16_t>(port);
}

absl::Status TakeHost(std::string_view authority, Url& url) {
  std::string_view rest = authority;
  const bool is_v6 = !authority.empty() && authority[0] == '[';
  if (is_v6) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return Bad("its host has no closing bracket");
    url.host = std::string(authority.substr(1, end - 1));
    rest = authority.substr(end + 1);
  } else {
    const std::size_t end = std::min(authority.find(':'), authority.size());
    url.host = std::string(authority.substr(0, end));
    rest = authority.substr(end);
  }
  absl::AsciiStrToLower(&url.host);
  const bool fits =
      std::all_of(url.host.begin(), url.host.end(), is_v6 ? IsV6Character : IsHostCharacter);
  if (url.host.empty() || url.host.size() > kHostCharactersMax || !fits) {
    return Bad("its host is neither a name nor an address");
  }
  if (rest.empty()) return absl::OkStatus();
  if (rest[0] != ':') return Bad("its host is followed by something that is no port");
  VIGIL_ASSIGN_OR_RETURN(url.port, ParsePort(rest.substr(1)));
  return absl::OkStatus();
}

}  // namespace

std::string Url::Origin() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string origin = absl::StrCat(scheme, "://", is_v6 ? "[" : "", host, is_v6 ? "]" : "");
  if (port != 0) absl::StrAppend(&origin, ":", port);
  return origin;
}

absl::StatusOr<Url> ParseUrl(std::string_view text) {
  constexpr std::string_view kMark = "://";
  const std::size_t mark = text.find(kMark);
  if (mark == std::string_view::npos || mark == 0) return Bad("it does not begin with a scheme");
  Url url;
  url.scheme = absl::AsciiStrToLower(ToAbsl(text.substr(0, mark)));
  const std::string_view rest = text.substr(mark + kMark.size());
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos) {
    return Bad("a user or password does not belong into it");
  }
  VIGIL_RETURN_IF_ERROR(TakeHost(authority, url));
  url.path = std::string(rest.substr(end));
  if (!std::all_of(url.path.begin(), url.path.end(), IsPathCharacter)) {
    return Bad("its path has a character that must be written as %XX");
  }
  return url;
}

std::string UrlEncode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

}  // namespace vigil::outbox
