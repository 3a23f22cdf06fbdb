#include "server/access/password.h"

#include <argon2.h>

#include <algorithm>
#include <cctype>
#include <iterator>
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

struct Range {
  char32_t first;
  char32_t last;
};

// What nobody sees: it comes along with what is pasted, and cannot be typed again.
constexpr Range kUnseen[] = {
    {0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD},   {0x034F, 0x034F}, {0x061C, 0x061C},
    {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F},   {0x200B, 0x200F}, {0x2028, 0x202E},
    {0x2060, 0x206F}, {0x3164, 0x3164}, {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFF}, {0xE0000, 0xE0FFF},
};

bool IsUnseen(char32_t code_point) {
  // The last two of every plane are no characters.
  if ((code_point & 0xFFFEU) == 0xFFFEU) return true;
  return std::any_of(std::begin(kUnseen), std::end(kUnseen), [&](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

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
    if (IsUnseen(next)) {
      return TooWeak("a password holds no control characters, and nothing that cannot be seen");
    }
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
