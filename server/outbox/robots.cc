#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "server/outbox/protocol.h"
#include "server/outbox/secret_file.h"
#include "server/outbox/signature.h"
#include "server/outbox/usual_urls.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"

// Group robots, after developer.work.weixin.qq.com/document/path/91770 and
// open.dingtalk.com/document/robots/custom-robot-access. The live services were not reached.

namespace vigil::outbox {

namespace {

// "text.content" of WeCom takes 2,048 bytes of UTF-8; a message of DingTalk 20,000 in all.
constexpr std::size_t kWecomBytesMax = 2048;
constexpr std::size_t kDingtalkBytesMax = 16'000;
constexpr std::size_t kErrorColumnsMax = 120;

constexpr int kBusy = -1;
constexpr int kWecomTooMany = 45009;
constexpr int kDingtalkTooMany = 130101;
constexpr int kDingtalkTooManyCalls = 410100;

std::optional<absl::Duration> WaitFor(int code) {
  switch (code) {
    case kBusy:
    case kWecomTooMany:
      return absl::Minutes(1);
    case kDingtalkTooMany:
    case kDingtalkTooManyCalls:
      // Whoever sent too much is shut out for so long.
      return absl::Minutes(10);
    default:
      return std::nullopt;
  }
}

// Both services answer 200 and say in the body what became of it.
Attempt JudgeRobot(const Answer& answer) {
  Attempt attempt = JudgeHttp(answer);
  if (attempt.end != Attempt::End::kSent) return attempt;
  google::protobuf::Struct body;
  const bool read = google::protobuf::util::JsonStringToMessage(answer.body, &body).ok();
  const auto code = body.fields().find("errcode");
  if (!read || code == body.fields().end() || !code->second.has_number_value()) {
    return Failed("the robot's answer is not what its documentation says: it has no errcode");
  }
  const int number = static_cast<int>(code->second.number_value());
  if (number == 0) return attempt;
  std::string error = absl::StrCat("the robot answered errcode ", number);
  const auto text = body.fields().find("errmsg");
  if (text != body.fields().end()) {
    const std::string line = OneLineOf(text->second.string_value());
    absl::StrAppend(&error, ": ", ToAbsl(TruncateToWidth(line, kErrorColumnsMax)));
  }
  const std::optional<absl::Duration> wait = WaitFor(number);
  return wait ? Attempt{Attempt::End::kFailed, error, wait} : Refused(error);
}

std::string TextOf(const Message& message, const Languages& languages, std::size_t bytes_max) {
  const std::string heading = Heading(message, languages);
  return absl::StrCat(heading, "\n", Body(message, languages, bytes_max - heading.size() - 1));
}

Transfer Post(Url url, std::string body) {
  Transfer transfer;
  transfer.url = std::move(url);
  transfer.body = std::move(body);
  transfer.headers = {"Content-Type: application/json; charset=utf-8", "User-Agent: vigild",
                      "Expect:"};
  return transfer;
}

class Wecom final : public Protocol {
 public:
  Wecom(v1::WecomRobot config, Languages languages)
      : config_(std::move(config)),
        languages_(std::move(languages)),
        url_(CheckedUrl(config_.url(), kWecomUrl)) {}

  absl::StatusOr<Transfer> Frame(const Message& message, absl::Time) const override {
    VIGIL_ASSIGN_OR_RETURN(const std::string key, ReadSecretWord(config_.key_file()));
    Url url = url_;
    absl::StrAppend(&url.path, "?key=", UrlEncode(key));
    // "<@somebody>" would call him; a space keeps it text, and makes it longer.
    std::string text = TextOf(message, languages_, kWecomBytesMax);
    if (absl::StrReplaceAll({{"<@", "< @"}}, &text) > 0) {
      text = Shorten(text, kWecomBytesMax, languages_.front());
    }
    Transfer transfer = Post(std::move(url), absl::StrCat("{\"msgtype\":\"text\",\"text\":"
                                                          "{\"content\":",
                                                          Quoted(text), "}}"));
    transfer.authorities_file = config_.authorities_file();
    transfer.plain_text = config_.plain_text();
    transfer.secrets = {key, UrlEncode(key)};
    return transfer;
  }

  Attempt Judge(const Answer& answer) const override { return JudgeRobot(answer); }

 private:
  const v1::WecomRobot config_;
  const Languages languages_;
  const Url url_;
};

class Dingtalk final : public Protocol {
 public:
  Dingtalk(v1::DingtalkRobot config, Languages languages)
      : config_(std::move(config)),
        languages_(std::move(languages)),
        url_(CheckedUrl(config_.url(), kDingtalkUrl)) {}

  absl::StatusOr<Transfer> Frame(const Message& message, absl::Time now) const override {
    VIGIL_ASSIGN_OR_RETURN(const std::string token, ReadSecretWord(config_.token_file()));
    Url url = url_;
    absl::StrAppend(&url.path, "?access_token=", UrlEncode(token));
    std::vector<std::string> secrets = {token, UrlEncode(token)};
    if (!config_.secret_file().empty()) {
      VIGIL_ASSIGN_OR_RETURN(const std::string secret, ReadSecretWord(config_.secret_file()));
      const std::int64_t now_ms = absl::ToUnixMillis(now);
      const std::string sign = DingtalkSignature(now_ms, secret);
      absl::StrAppend(&url.path, "&timestamp=", now_ms, "&sign=", UrlEncode(sign));
      secrets.insert(secrets.end(), {secret, sign, UrlEncode(sign)});
    }
    const std::string text = TextOf(message, languages_, kDingtalkBytesMax);
    Transfer transfer = Post(
        std::move(url), absl::StrCat("{\"msgtype\":\"text\",\"text\":{\"content\":", Quoted(text),
                                     "},\"at\":{\"isAtAll\":false}}"));
    transfer.authorities_file = config_.authorities_file();
    transfer.plain_text = config_.plain_text();
    transfer.secrets = std::move(secrets);
    return transfer;
  }

  Attempt Judge(const Answer& answer) const override { return JudgeRobot(answer); }

 private:
  const v1::DingtalkRobot config_;
  const Languages languages_;
  const Url url_;
};

}  // namespace

std::unique_ptr<Protocol> MakeWecom(const v1::WecomRobot& config, Languages languages) {
  return std::make_unique<Wecom>(config, std::move(languages));
}

std::unique_ptr<Protocol> MakeDingtalk(const v1::DingtalkRobot& config, Languages languages) {
  return std::make_unique<Dingtalk>(config, std::move(languages));
}

}  // namespace vigil::outbox
