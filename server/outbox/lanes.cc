#include "server/outbox/lanes.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "server/outbox/curl_transport.h"
#include "server/outbox/networks.h"
#include "server/outbox/protocol.h"
#include "server/outbox/remote_channel.h"
#include "server/outbox/secret_file.h"
#include "server/outbox/signature.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vigil::outbox {

namespace {

// Both robots take 20 messages a minute.
constexpr absl::Duration kRobotPace = absl::Milliseconds(3100);

Languages LanguagesOf(const v1::NotificationChannel& channel) {
  if (channel.languages().empty()) return {v1::NOTICE_LANGUAGE_ZH, v1::NOTICE_LANGUAGE_EN};
  Languages languages;
  for (const int language : channel.languages()) {
    languages.push_back(static_cast<v1::NoticeLanguage>(language));
  }
  return languages;
}

AllowedNetworks AllowedOf(const v1::NotificationOptions& options) {
  std::vector<Network> networks;
  for (const std::string& text : options.allowed_networks()) {
    absl::StatusOr<Network> network = Network::Parse(text);
    VIGIL_CHECK(network.ok()) << text;
    networks.push_back(*network);
  }
  return AllowedNetworks(std::move(networks));
}

std::unique_ptr<Channel> LogBy(const LaneParts& parts) {
  return std::make_unique<DirectChannel>([log = parts.log](const Message& message) {
    log(message);
    return Attempt{};
  });
}

std::unique_ptr<Protocol> ProtocolOf(const v1::NotificationChannel& channel,
                                     const LaneParts& parts) {
  Languages languages = LanguagesOf(channel);
  switch (channel.kind_case()) {
    case v1::NotificationChannel::kWebhook:
      return MakeWebhook(channel.webhook(), std::move(languages));
    case v1::NotificationChannel::kWecom:
      return MakeWecom(channel.wecom(), std::move(languages));
    case v1::NotificationChannel::kDingtalk:
      return MakeDingtalk(channel.dingtalk(), std::move(languages));
    case v1::NotificationChannel::kSmtp:
      return MakeMail(channel.smtp(), std::move(languages), parts.zone);
    default:
      return nullptr;
  }
}

absl::Status CheckSecretsOf(const v1::NotificationChannel& channel) {
  switch (channel.kind_case()) {
    case v1::NotificationChannel::kWebhook: {
      VIGIL_ASSIGN_OR_RETURN(const std::string keys, ReadSecretFile(channel.webhook().keys_file()));
      return Annotate(ParseWebhookKeys(keys).status(), channel.webhook().keys_file());
    }
    case v1::NotificationChannel::kWecom:
      return ReadSecretWord(channel.wecom().key_file()).status();
    case v1::NotificationChannel::kDingtalk:
      VIGIL_RETURN_IF_ERROR(ReadSecretWord(channel.dingtalk().token_file()));
      if (channel.dingtalk().secret_file().empty()) return absl::OkStatus();
      return ReadSecretWord(channel.dingtalk().secret_file()).status();
    case v1::NotificationChannel::kSmtp:
      if (channel.smtp().user().empty()) return absl::OkStatus();
      return ReadSecretWord(channel.smtp().password_file()).status();
    default:
      return absl::OkStatus();
  }
}

}  // namespace

absl::Status CheckSecrets(const v1::NotificationOptions& options) {
  for (const v1::NotificationChannel& channel : options.channels()) {
    VIGIL_RETURN_IF_ERROR(
        Annotate(CheckSecretsOf(channel), absl::StrCat("channel ", channel.name())));
  }
  return absl::OkStatus();
}

std::vector<Lane> MakeLanes(const v1::NotificationOptions& options, const LaneParts& parts) {
  CurlTransport::Options transport;
  transport.allowed = AllowedOf(options);
  transport.connect = absl::Seconds(options.connect_s());
  transport.whole = absl::Seconds(options.attempt_s());
  std::vector<Lane> lanes;
  lanes.push_back({.name = kLogChannel, .channel = LogBy(parts)});
  for (const v1::NotificationChannel& channel : options.channels()) {
    Lane& lane = lanes.emplace_back();
    lane.name = channel.name();
    lane.recipients = {channel.recipients().begin(), channel.recipients().end()};
    for (const v1::MailAddress& address : channel.smtp().addresses()) {
      lane.addresses.push_back(
          {address.address(), {address.recipients().begin(), address.recipients().end()}});
    }
    if (channel.has_wecom() || channel.has_dingtalk()) lane.pace = kRobotPace;
    std::unique_ptr<Protocol> protocol = ProtocolOf(channel, parts);
    lane.channel =
        protocol == nullptr
            ? LogBy(parts)
            : std::make_unique<RemoteChannel>(
                  std::move(protocol), std::make_unique<CurlTransport>(transport), parts.clock);
  }
  return lanes;
}

}  // namespace vigil::outbox
