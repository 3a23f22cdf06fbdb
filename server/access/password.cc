#include "server/access/password.h"

#include <argon2.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "sync/base/status.h"
#include "sync/base/utf8.h"
#include "sync/rules/reason.h"

namespace vigil::access {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kCharactersMin = 12;
constexpr std::size_t kCharactersMax = 256;
constexpr std::size_t kDifferentMin = 6;
// No guess needs more; keeps a caller from making us hash what he likes.
constexpr std::size_t kBytesMax = 4 * kCharactersMax;

absl::Status TooWeak(std::string_view why) {
  return rules::Refuse(v1::REASON_PASSWORD_TOO_WEAK, why);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char each) { return static_cast<char>(std::tolower(each)); });
  return lower;
}

}  // namespace

absl::StatusOr<std::string> HashPassword(std::string_view password, const PasswordCost& cost,
                                         Random& random) {
  const std::string salt = random.Bytes(kSaltBytes);
  std::string encoded(
      argon2_encodedlen(cost.passes, cost.memory_kib, 1, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int error =
      argon2id_hash_encoded(cost.passes, cost.memory_kib, 1, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (error != ARGON2_OK) return absl::ResourceExhaustedError(argon2_error_message(error));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool PasswordMatches(std::string_view password, const std::string& hash) {
  return password.size() <= kBytesMax &&
         argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

absl::Status CheckNewPassword(std::string_view password, std::string_view person_code) {
  if (!IsValidText(password)) return TooWeak("the password is no UTF-8 text");
  const std::size_t characters = CodePointCount(password);
  if (characters < kCharactersMin) return TooWeak("a password has at least 12 characters");
  if (characters > kCharactersMax) return TooWeak("a password has at most 256 characters");
  std::set<char32_t> different;
  for (std::string_view rest = password; !rest.empty();) {
    const char32_t next = *TakeCodePoint(rest);
    if (next < 0x20 || next == 0x7F) return TooWeak("a password holds no control characters");
    different.insert(next);
  }
  if (different.size() < kDifferentMin) {
    return TooWeak("this password repeats too few characters; a few words make a good one");
  }
  if (!person_code.empty() && Lower(password).find(Lower(person_code)) != std::string::npos) {
    return TooWeak("the password must not hold the person's code");
  }
  return absl::OkStatus();
}

}  // namespace vigil::access
