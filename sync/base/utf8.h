#ifndef VIGIL_SYNC_BASE_UTF8_H_
#define VIGIL_SYNC_BASE_UTF8_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace vigil {

// Takes the first code point off `text`; nullopt (and `text` unchanged) when it is empty or does
// not begin with well-formed UTF-8 (shortest form, no surrogates, at most U+10FFFF).
std::optional<char32_t> TakeCodePoint(std::string_view& text);

bool IsValidUtf8(std::string_view text);
// Well-formed UTF-8 without NUL: what the register accepts and a SQLite text column keeps whole.
bool IsValidText(std::string_view text);

// In malformed text each byte that begins no code point counts as one (shown as U+FFFD).
std::size_t CodePointCount(std::string_view text);

// The columns that `text` takes on a terminal: 2 for East Asian wide and full-width characters and
// emoji, 0 for combining marks and control characters, else 1.
std::size_t DisplayWidth(std::string_view text);
// The longest beginning of `text` that takes at most `columns`; never splits a code point.
std::string_view TruncateToWidth(std::string_view text, std::size_t columns);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_UTF8_H_
