#include "server/outbox/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sync/base/status.h"

namespace vigil::outbox {

namespace {

constexpr std::string_view kKeyPrefix = "whsec_";
constexpr std::size_t kKeyBytesMin = 24;
constexpr std::size_t kKeyBytesMax = 64;
constexpr std::size_t kKeysMax = 8;

}  // namespace

std::string HmacBase64(const SignedText& what) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int size = 0;
  const auto* text = reinterpret_cast<const unsigned char*>(what.text.data());
  VIGIL_CHECK(HMAC(EVP_sha256(), what.key.data(), static_cast<int>(what.key.size()), text,
                   what.text.size(), sum.data(), &size) != nullptr);
  return absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(sum.data()), size));
}

absl::StatusOr<std::vector<std::string>> ParseWebhookKeys(std::string_view file) {
  std::vector<std::string> keys;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(ToAbsl(file), '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    std::string key;
    if (!absl::ConsumePrefix(&line, ToAbsl(kKeyPrefix)) || !absl::Base64Unescape(line, &key) ||
        key.size() < kKeyBytesMin || key.size() > kKeyBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, " is no key: \"whsec_\" and base64 of ", kKeyBytesMin,
                       " to ", kKeyBytesMax, " bytes is expected"));
    }
    keys.push_back(std::move(key));
  }
  if (keys.empty()) return absl::InvalidArgumentError("there is no key in it");
  if (keys.size() > kKeysMax) {
    return absl::InvalidArgumentError(absl::StrCat("it has more than ", kKeysMax, " keys"));
  }
  return keys;
}

std::string WebhookSignature(const WebhookContent& content, const std::vector<std::string>& keys) {
  const std::string text =
      absl::StrCat(ToAbsl(content.id), ".", content.seconds, ".", ToAbsl(content.body));
  std::string header;
  for (const std::string& key : keys) {
    absl::StrAppend(&header, header.empty() ? "" : " ", "v1,", HmacBase64({key, text}));
  }
  return header;
}

std::string DingtalkSignature(std::int64_t milliseconds, std::string_view secret) {
  return HmacBase64({secret, absl::StrCat(milliseconds, "\n", ToAbsl(secret))});
}

}  // namespace vigil::outbox
