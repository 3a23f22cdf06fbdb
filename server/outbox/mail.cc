#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/outbox/protocol.h"
#include "server/outbox/secret_file.h"
#include "sync/base/status.h"

// Mail after RFC 5322, 2045 and 2047.

namespace vigil::outbox {

namespace {

// An encoded word has at most 75 characters, 12 of them around the text; base64 makes 4 of 3.
constexpr std::size_t kWordBytesMax = (75 - 12) / 4 * 3;
constexpr std::size_t kLineCharacters = 76;
constexpr std::size_t kTextBytesMax = 64 * 1024;
constexpr int kPassing = 400;
constexpr int kFinal = 500;

// Each word is whole characters.
std::string EncodedWords(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    std::size_t size = std::min(text.size(), kWordBytesMax);
    while (size > 0 && size < text.size() &&
           (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
      --size;
    }
    absl::StrAppend(&words, words.empty() ? "" : "\r\n ", "=?UTF-8?B?",
                    absl::Base64Escape(ToAbsl(text.substr(0, size))), "?=");
    text.remove_prefix(size);
  }
  return words;
}

std::string Base64Lines(std::string_view text) {
  const std::string encoded = absl::Base64Escape(ToAbsl(text));
  std::string lines;
  for (std::size_t at = 0; at < encoded.size(); at += kLineCharacters) {
    absl::StrAppend(&lines, encoded.substr(at, kLineCharacters), "\r\n");
  }
  return lines;
}

// Of a mail, line breaks are CRLF before they are encoded, too.
std::string WithCrlf(std::string_view text) {
  std::string lines;
  for (const char c : text) {
    if (c == '\r') continue;
    if (c == '\n') lines += '\r';
    lines += c;
  }
  return lines;
}

class Mail final : public Protocol {
 public:
  Mail(v1::SmtpServer config, Languages languages, absl::TimeZone zone)
      : config_(std::move(config)),
        languages_(std::move(languages)),
        zone_(zone),
        url_(CheckedUrl(config_.url())) {}

  absl::StatusOr<Transfer> Frame(const Message& message, absl::Time) const override {
    Transfer transfer;
    transfer.url = url_;
    transfer.authorities_file = config_.authorities_file();
    transfer.plain_text = config_.plain_text();
    transfer.mail_from = config_.from();
    transfer.mail_to = message.address;
    transfer.body = MailOf(message);
    if (!config_.user().empty()) {
      transfer.user = config_.user();
      VIGIL_ASSIGN_OR_RETURN(transfer.password, ReadSecretWord(config_.password_file()));
      transfer.secrets = {transfer.password, absl::Base64Escape(transfer.password)};
    }
    return transfer;
  }

  Attempt Judge(const Answer& answer) const override {
    const std::string error = absl::StrCat("the mail server answered ", answer.code);
    if (answer.code >= kFinal) return Refused(error);
    if (answer.code >= kPassing) return Failed(error);
    return {};
  }

 private:
  std::string MailOf(const Message& message) const {
    const std::string domain = config_.from().substr(config_.from().find('@') + 1);
    return absl::StrCat(
        "From: ", config_.from(), "\r\nTo: ", message.address,
        "\r\nSubject: ", EncodedWords(Heading(message, languages_)),
        "\r\nDate: ", absl::FormatTime("%a, %d %b %Y %H:%M:%S %z", message.created_at, zone_),
        "\r\nMessage-ID: <", message.id, "@", domain,
        ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        Base64Lines(WithCrlf(Body(message, languages_, kTextBytesMax))));
  }

  const v1::SmtpServer config_;
  const Languages languages_;
  const absl::TimeZone zone_;
  const Url url_;
};

}  // namespace

std::unique_ptr<Protocol> MakeMail(const v1::SmtpServer& config, Languages languages,
                                   absl::TimeZone zone) {
  return std::make_unique<Mail>(config, std::move(languages), zone);
}

}  // namespace vigil::outbox
