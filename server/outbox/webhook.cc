#include <array>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "server/outbox/protocol.h"
#include "server/outbox/secret_file.h"
#include "server/outbox/signature.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

namespace vigil::outbox {

namespace {

// The standard asks for bodies below 20 KiB.
constexpr std::size_t kTextBytesMax = 6 * 1024;

constexpr int kTimeout = 408;
constexpr int kGone = 410;
constexpr int kTooEarly = 425;
constexpr int kTooMany = 429;

std::string TextsOf(const Message& message, const Languages& languages) {
  std::string texts;
  for (const v1::NoticeLanguage language : languages) {
    const bool english = language == v1::NOTICE_LANGUAGE_EN;
    const std::string& text = english ? message.text_en : message.text_zh;
    absl::StrAppend(&texts, texts.empty() ? "" : ",", english ? "\"en\":" : "\"zh\":",
                    Quoted(Shorten(text, kTextBytesMax, language)));
  }
  return absl::StrCat("{", texts, "}");
}

std::string BodyOf(const Message& message, const Languages& languages) {
  return absl::StrCat(
      "{\"type\":", Quoted(absl::StrCat("notification.", message.topic)),
      ",\"timestamp\":", Quoted(FormatInstant(message.created_at)),
      ",\"data\":{\"notification\":", Quoted(absl::StrCat(message.number)),
      ",\"recipient\":{\"id\":", Quoted(message.recipient),
      ",\"code\":", Quoted(message.recipient_code), ",\"name\":", Quoted(message.recipient_name),
      "},\"record\":", Quoted(message.record), ",\"heading\":", Quoted(Heading(message, languages)),
      ",\"text\":", TextsOf(message, languages), "}}");
}

class Webhook final : public Protocol {
 public:
  Webhook(v1::WebhookChannel config, Languages languages)
      : config_(std::move(config)),
        languages_(std::move(languages)),
        url_(CheckedUrl(config_.url())) {}

  absl::StatusOr<Transfer> Frame(const Message& message, absl::Time now) const override {
    VIGIL_ASSIGN_OR_RETURN(const std::string file, ReadSecretFile(config_.keys_file()));
    const absl::StatusOr<std::vector<std::string>> keys = ParseWebhookKeys(file);
    if (!keys.ok()) return Annotate(keys.status(), config_.keys_file());
    const std::int64_t seconds = absl::ToUnixSeconds(now);
    Transfer transfer;
    transfer.url = url_;
    transfer.authorities_file = config_.authorities_file();
    transfer.plain_text = config_.plain_text();
    transfer.body = BodyOf(message, languages_);
    transfer.headers = {
        "Content-Type: application/json",
        "User-Agent: vigild",
        "Expect:",
        absl::StrCat("webhook-id: ", message.id),
        absl::StrCat("webhook-timestamp: ", seconds),
        absl::StrCat("webhook-signature: ",
                     WebhookSignature({message.id, seconds, transfer.body}, *keys))};
    if (url_.path.size() > 1) transfer.secrets = {url_.path};
    return transfer;
  }

  Attempt Judge(const Answer& answer) const override { return JudgeHttp(answer); }

 private:
  const v1::WebhookChannel config_;
  const Languages languages_;
  const Url url_;
};

}  // namespace

Attempt JudgeHttp(const Answer& answer) {
  if (answer.code >= 200 && answer.code < 300) return {};
  const std::string error = absl::StrCat("the receiver answered ", answer.code);
  if (answer.code == kGone) return {Attempt::End::kGone, absl::StrCat(error, " (gone)"), {}};
  const bool passes = answer.code >= 500 || answer.code < 200 || answer.code == kTimeout ||
                      answer.code == kTooEarly || answer.code == kTooMany;
  if (passes) return {Attempt::End::kFailed, error, answer.retry_after};
  if (answer.code < 400) return Refused(absl::StrCat(error, ": redirects are not followed"));
  return {Attempt::End::kRefused, error, answer.retry_after};
}

std::string Quoted(std::string_view text) {
  google::protobuf::Value value;
  value.set_string_value(std::string(text));
  std::string json;
  VIGIL_CHECK(google::protobuf::util::MessageToJsonString(value, &json).ok());
  return json;
}

Url CheckedUrl(std::string_view text, std::string_view usual) {
  absl::StatusOr<Url> url = ParseUrl(text.empty() ? usual : text);
  VIGIL_CHECK(url.ok());
  return *std::move(url);
}

std::unique_ptr<Protocol> MakeWebhook(const v1::WebhookChannel& config, Languages languages) {
  return std::make_unique<Webhook>(config, std::move(languages));
}

}  // namespace vigil::outbox
