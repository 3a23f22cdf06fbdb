#include "sync/base/one_time_code.h"

#include <cstddef>

namespace vigil {
namespace {

constexpr std::size_t kDigits = 16;
constexpr std::size_t kGroup = 4;
// Somebody may have put blanks between all of them.
constexpr std::size_t kTypedMax = 64;

char Forgive(char typed) {
  if (typed >= 'a' && typed <= 'z') typed = static_cast<char>(typed - 'a' + 'A');
  if (typed == 'I' || typed == 'L') return '1';
  if (typed == 'O') return '0';
  return typed;
}

}  // namespace

std::string MakeOneTimeCode(Random& random) {
  std::string code;
  for (std::size_t i = 0; i < kDigits; ++i) {
    if (i > 0 && i % kGroup == 0) code.push_back('-');
    code.push_back(kCrockfordDigits[random.Below(kCrockfordDigits.size())]);
  }
  return code;
}

std::optional<std::string> CanonicalCode(std::string_view typed) {
  if (typed.size() > kTypedMax) return std::nullopt;
  std::string code;
  std::size_t digits = 0;
  for (const char each : typed) {
    if (each == '-' || each == ' ' || each == '\t') continue;
    const char digit = Forgive(each);
    if (kCrockfordDigits.find(digit) == std::string_view::npos) return std::nullopt;
    if (digits > 0 && digits % kGroup == 0) code.push_back('-');
    code.push_back(digit);
    ++digits;
  }
  if (digits != kDigits) return std::nullopt;
  return code;
}

}  // namespace vigil
