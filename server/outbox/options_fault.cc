#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "server/outbox/lanes.h"
#include "server/outbox/networks.h"
#include "server/outbox/url.h"
#include "server/outbox/usual_urls.h"
#include "sync/base/loopback.h"
#include "sync/base/status.h"

// What is wrong with a configuration of notifications.

namespace vigil::outbox {

namespace {

using Fault = std::optional<OptionsFault>;

constexpr int kChannelsMax = 64;
constexpr int kAddressesMax = 1000;
constexpr std::size_t kNameCharactersMax = 32;
constexpr std::size_t kMailCharactersMax = 254;

// Of a channel: the field of its kind, and one within it.
Fault In(std::string_view kind, std::string_view field, std::string reason) {
  return OptionsFault{{{std::string(kind), -1}, {std::string(field), -1}}, std::move(reason)};
}

bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= kNameCharactersMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return ('a' <= c && c <= 'z') || ('0' <= c && c <= '9') || c == '-' || c == '_';
         });
}

// "local@domain" in printable ASCII, without what has a meaning in a header.
bool IsMailAddress(std::string_view address) {
  const std::size_t at = address.find('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == address.size() ||
      address.size() > kMailCharactersMax || address.find('@', at + 1) != std::string_view::npos) {
    return false;
  }
  const auto is_domain = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.';
  };
  return std::all_of(address.begin(), address.end(),
                     [](char c) {
                       return c > ' ' && c < 127 &&
                              std::string_view("<>()[]\\,;:\"").find(c) == std::string_view::npos;
                     }) &&
         std::all_of(address.begin() + static_cast<std::ptrdiff_t>(at) + 1, address.end(),
                     is_domain);
}

// Where a channel sends to.
struct Endpoint {
  std::string_view kind;
  std::string url;
  bool plain_text;
  // Of what is encrypted, and of what is not.
  std::vector<std::string_view> secure;
  std::string_view plain;
};

// An address that stands there as it is can be looked at now.
Fault FindHostFault(const Endpoint& endpoint, const Url& url, const AllowedNetworks& allowed) {
  if (endpoint.plain_text && !IsLoopbackHost(url.host)) {
    return In(
        endpoint.kind, "url",
        absl::StrCat("without encryption only this machine is told, as 127.0.0.1; not ", url.host));
  }
  const std::optional<IpAddress> address =
      IpAddress::Parse(url.host == "localhost" ? "127.0.0.1" : url.host);
  if (!address || allowed.Allows(*address)) return std::nullopt;
  return In(endpoint.kind, "url",
            absl::StrCat(url.host, " is no public address: name its network in allowed_networks"));
}

Fault FindUrlFault(const Endpoint& endpoint, const AllowedNetworks& allowed) {
  if (endpoint.url.empty()) return In(endpoint.kind, "url", "url is missing");
  const absl::StatusOr<Url> url = ParseUrl(endpoint.url);
  if (!url.ok()) {
    return In(endpoint.kind, "url", absl::StrCat("url is not right: ", url.status().message()));
  }
  const bool secure = std::find(endpoint.secure.begin(), endpoint.secure.end(), url->scheme) !=
                      endpoint.secure.end();
  if (endpoint.plain_text ? url->scheme != endpoint.plain : !secure) {
    return In(endpoint.kind, "url",
              absl::StrCat("url begins with ", url->scheme, "://; ",
                           endpoint.plain_text ? "with plain_text it is " : "it must be ",
                           ToAbsl(endpoint.plain_text ? endpoint.plain : endpoint.secure.front()),
                           "://"));
  }
  return FindHostFault(endpoint, *url, allowed);
}

Fault FindHttpFault(std::string_view kind, std::string_view url, bool plain_text,
                    const AllowedNetworks& allowed) {
  return FindUrlFault({kind, std::string(url), plain_text, {"https"}, "http"}, allowed);
}

// The key of a robot stands in a file, not in its address.
Fault FindRobotFault(std::string_view kind, std::string_view url, bool plain_text,
                     const AllowedNetworks& allowed) {
  if (url.find('?') != std::string_view::npos) {
    return In(kind, "url", "what follows \"?\" is secret: it belongs into a file");
  }
  return FindHttpFault(kind, url, plain_text, allowed);
}

Fault FindMailFault(const v1::SmtpServer& smtp, const AllowedNetworks& allowed) {
  const Endpoint endpoint{"smtp", smtp.url(), smtp.plain_text(), {"smtps", "smtp"}, "smtp"};
  if (Fault fault = FindUrlFault(endpoint, allowed)) return fault;
  if (!ParseUrl(smtp.url())->path.empty()) {
    return In("smtp", "url", "url has more than a host and a port");
  }
  if (!IsMailAddress(smtp.from())) {
    return In("smtp", "from", absl::StrCat("from is '", smtp.from(), "', no mail address"));
  }
  if (smtp.user().empty() != smtp.password_file().empty()) {
    return In("smtp", smtp.user().empty() ? "password_file" : "user",
              "user and password_file come together");
  }
  if (smtp.addresses().empty() || smtp.addresses_size() > kAddressesMax) {
    return In("smtp", "addresses", absl::StrCat("1 to ", kAddressesMax, " addresses are needed"));
  }
  std::set<std::string> seen;
  for (int i = 0; i < smtp.addresses_size(); ++i) {
    const std::string& address = smtp.addresses(i).address();
    const bool known = !seen.insert(address).second;
    if (IsMailAddress(address) && !known) continue;
    return OptionsFault{{{"smtp", -1}, {"addresses", i}, {"address", -1}},
                        absl::StrCat("address is '", address,
                                     known ? "', for the second time" : "', no mail address")};
  }
  return std::nullopt;
}

Fault FindMissingFile(std::string_view kind, std::string_view field, const std::string& file) {
  if (!file.empty()) return std::nullopt;
  return In(kind, field, absl::StrCat(ToAbsl(field), " is missing"));
}

Fault FindKindFault(const v1::NotificationChannel& channel, const AllowedNetworks& allowed) {
  switch (channel.kind_case()) {
    case v1::NotificationChannel::kLog:
      return std::nullopt;
    case v1::NotificationChannel::kWebhook: {
      const v1::WebhookChannel& webhook = channel.webhook();
      if (Fault fault = FindMissingFile("webhook", "keys_file", webhook.keys_file())) return fault;
      return FindHttpFault("webhook", webhook.url(), webhook.plain_text(), allowed);
    }
    case v1::NotificationChannel::kWecom: {
      const v1::WecomRobot& robot = channel.wecom();
      if (Fault fault = FindMissingFile("wecom", "key_file", robot.key_file())) return fault;
      return FindRobotFault("wecom", robot.url().empty() ? kWecomUrl : robot.url(),
                            robot.plain_text(), allowed);
    }
    case v1::NotificationChannel::kDingtalk: {
      const v1::DingtalkRobot& robot = channel.dingtalk();
      if (Fault fault = FindMissingFile("dingtalk", "token_file", robot.token_file())) return fault;
      return FindRobotFault("dingtalk", robot.url().empty() ? kDingtalkUrl : robot.url(),
                            robot.plain_text(), allowed);
    }
    case v1::NotificationChannel::kSmtp:
      return FindMailFault(channel.smtp(), allowed);
    default:
      return OptionsFault{{}, "the channel has no kind: log, webhook, wecom, dingtalk or smtp"};
  }
}

Fault FindChannelFault(const v1::NotificationChannel& channel, const AllowedNetworks& allowed) {
  const std::string& name = channel.name();
  if (!IsName(name)) {
    return OptionsFault{{{"name", -1}},
                        absl::StrCat("name is '", name,
                                     "'; lower-case letters, digits, - and _ "
                                     "make a name, ",
                                     kNameCharactersMax, " at most")};
  }
  if (name == kLogChannel) {
    return OptionsFault{{{"name", -1}}, "name is 'log', which is the server's own"};
  }
  std::set<int> languages;
  for (int i = 0; i < channel.languages_size(); ++i) {
    const int language = channel.languages(i);
    if (language != v1::NOTICE_LANGUAGE_UNSPECIFIED && languages.insert(language).second) continue;
    return OptionsFault{{{"languages", i}}, "each language stands once, ZH or EN"};
  }
  return FindKindFault(channel, allowed);
}

}  // namespace

Fault FindOptionsFault(const v1::NotificationOptions& options) {
  std::vector<Network> networks;
  for (int i = 0; i < options.allowed_networks_size(); ++i) {
    const absl::StatusOr<Network> network = Network::Parse(options.allowed_networks(i));
    if (!network.ok()) {
      return OptionsFault{{{"allowed_networks", i}},
                          absl::StrCat("allowed_networks has '", options.allowed_networks(i),
                                       "': ", network.status().message())};
    }
    networks.push_back(*network);
  }
  if (options.longest_retry_s() < options.first_retry_s()) {
    return OptionsFault{{{"longest_retry_s", -1}}, "longest_retry_s is less than first_retry_s"};
  }
  if (options.channels_size() > kChannelsMax) {
    return OptionsFault{{{"channels", kChannelsMax}},
                        absl::StrCat("there are more than ", kChannelsMax, " channels")};
  }
  const AllowedNetworks allowed(std::move(networks));
  std::set<std::string> names;
  for (int i = 0; i < options.channels_size(); ++i) {
    const v1::NotificationChannel& channel = options.channels(i);
    Fault fault = FindChannelFault(channel, allowed);
    if (!fault && !names.insert(channel.name()).second) {
      fault = OptionsFault{{{"name", -1}},
                           absl::StrCat("two channels have the name '", channel.name(), "'")};
    }
    if (!fault) continue;
    fault->path.insert(fault->path.begin(), {"channels", i});
    return fault;
  }
  return std::nullopt;
}

}  // namespace vigil::outbox
