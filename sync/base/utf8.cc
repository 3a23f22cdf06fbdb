#include "sync/base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace vigil {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Unicode 15: East Asian Width W or F, emoji among them. Sorted; small gaps of unassigned code
// points inside a block are filled, since nothing else will be put there.
constexpr Range kWide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},
    {0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
    {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27b0, 0x27b0},   {0x27bf, 0x27bf},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x3247},   {0x3250, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6b},
    {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x16ff1}, {0x17000, 0x18cd5},
    {0x18d00, 0x18d08}, {0x1aff0, 0x1b2fb}, {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf},
    {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a}, {0x1f200, 0x1f265}, {0x1f300, 0x1f320},
    {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca},
    {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4}, {0x1f3f8, 0x1f43e},
    {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e},
    {0x1f550, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4},
    {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d2},
    {0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7f0},
    {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faf8},
    {0x20000, 0x2fffd}, {0x30000, 0x3fffd},
};

// Controls, and the marks and format characters that turn up in Chinese and English text.
constexpr Range kZero[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad}, {0x0300, 0x036f}, {0x0483, 0x0489},
    {0x0591, 0x05bd},   {0x0610, 0x061a},   {0x064b, 0x065f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
    {0x200b, 0x200f},   {0x202a, 0x202e},   {0x2060, 0x2064}, {0x20d0, 0x20ff}, {0x302a, 0x302d},
    {0x3099, 0x309a},   {0xfe00, 0xfe0f},   {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0x1f3fb, 0x1f3ff},
    {0xe0001, 0xe007f}, {0xe0100, 0xe01ef},
};

template <std::size_t kCount>
bool IsIn(const Range (&ranges)[kCount], char32_t code_point) {
  const Range* const after =
      std::upper_bound(std::begin(ranges), std::end(ranges), code_point,
                       [](char32_t value, const Range& range) { return value < range.first; });
  return after != std::begin(ranges) && code_point <= std::prev(after)->last;
}

std::size_t WidthOf(char32_t code_point) {
  if (IsIn(kZero, code_point)) return 0;
  return IsIn(kWide, code_point) ? 2 : 1;
}

struct Lead {
  int continuation_count;
  char32_t bits;
  char32_t least;  // a smaller value has a shorter form
};

std::optional<Lead> ReadLead(std::uint8_t byte) {
  if (byte < 0x80) return Lead{0, byte, 0};
  if (byte >= 0xc2 && byte < 0xe0) return Lead{1, byte & 0x1fU, 0x80};
  if (byte >= 0xe0 && byte < 0xf0) return Lead{2, byte & 0x0fU, 0x800};
  if (byte >= 0xf0 && byte < 0xf5) return Lead{3, byte & 0x07U, 0x10000};
  return std::nullopt;
}

bool IsContinuation(char byte) { return (static_cast<std::uint8_t>(byte) & 0xc0U) == 0x80U; }

// Three bytes that no other byte can make wrong: neither a longer form than needed nor surrogates.
bool StartsWithPlainThree(std::string_view text) {
  if (text.size() < 3) return false;
  const auto lead = static_cast<std::uint8_t>(text[0]);
  return lead > 0xe0 && lead < 0xed && IsContinuation(text[1]) && IsContinuation(text[2]);
}

// As TakeCodePoint, but takes one byte for U+FFFD where that refuses.
char32_t TakeAny(std::string_view& text) {
  if (const std::optional<char32_t> code_point = TakeCodePoint(text)) return *code_point;
  text.remove_prefix(1);
  return 0xfffd;
}

}  // namespace

std::optional<char32_t> TakeCodePoint(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const std::optional<Lead> lead = ReadLead(static_cast<std::uint8_t>(text[0]));
  if (!lead) return std::nullopt;
  const auto size = static_cast<std::size_t>(lead->continuation_count) + 1;
  if (text.size() < size) return std::nullopt;
  char32_t code_point = lead->bits;
  for (std::size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return std::nullopt;
    code_point = (code_point << 6U) | (static_cast<std::uint8_t>(text[i]) & 0x3fU);
  }
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < lead->least || code_point > 0x10ffff || surrogate) return std::nullopt;
  text.remove_prefix(size);
  return code_point;
}

// Most texts are ASCII or Chinese: eight bytes of the one are passed over at a time, three of the
// other.
bool IsValidUtf8(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  while (!text.empty()) {
    std::uint64_t word = 0;
    if (text.size() >= sizeof(word)) {
      std::memcpy(&word, text.data(), sizeof(word));
      if ((word & kHighBits) == 0) {
        text.remove_prefix(sizeof(word));
        continue;
      }
    }
    if (StartsWithPlainThree(text)) {
      text.remove_prefix(3);
    } else if (!TakeCodePoint(text)) {
      return false;
    }
  }
  return true;
}

bool IsValidText(std::string_view text) {
  return text.find('\0') == std::string_view::npos && IsValidUtf8(text);
}

std::size_t CodePointCount(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) TakeAny(text);
  return count;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) columns += WidthOf(TakeAny(text));
  return columns;
}

std::string_view TruncateToWidth(std::string_view text, std::size_t columns) {
  std::string_view rest = text;
  std::size_t used = 0;
  std::size_t size = 0;
  while (!rest.empty()) {
    used += WidthOf(TakeAny(rest));
    if (used > columns) break;
    size = text.size() - rest.size();
  }
  return text.substr(0, size);
}

}  // namespace vigil
