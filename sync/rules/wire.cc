#include "sync/rules/wire.h"

#include <cstddef>
#include <cstdint>
#include <limits>

namespace vigil::rules {
namespace {

// Of the encoding of protocol buffers.
constexpr int kTypeBits = 3;
constexpr std::uint64_t kTypeMask = 7;
enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

std::optional<std::uint64_t> TakeVarint(std::string_view& rest) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

void AppendVarint(std::uint64_t value, std::string& message) {
  for (; value > 0x7f; value >>= 7) message.push_back(static_cast<char>(0x80U | (value & 0x7fU)));
  message.push_back(static_cast<char>(value));
}

bool Skip(std::uint64_t bytes, std::string_view& rest) {
  if (bytes > rest.size()) return false;
  rest.remove_prefix(static_cast<std::size_t>(bytes));
  return true;
}

bool SkipValue(WireType type, std::string_view& rest) {
  switch (type) {
    case WireType::kVarint:
      return TakeVarint(rest).has_value();
    case WireType::kFixed64:
      return Skip(8, rest);
    case WireType::kFixed32:
      return Skip(4, rest);
    case WireType::kDelimited: {
      const std::optional<std::uint64_t> length = TakeVarint(rest);
      return length && Skip(*length, rest);
    }
  }
  return false;
}

}  // namespace

std::optional<WireField> TakeField(std::string_view& rest) {
  const std::string_view before = rest;
  const std::optional<std::uint64_t> tag = TakeVarint(rest);
  if (!tag || *tag > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  if (!SkipValue(static_cast<WireType>(*tag & kTypeMask), rest)) return std::nullopt;
  return WireField{.number = static_cast<int>(*tag >> kTypeBits),
                   .bytes = before.substr(0, before.size() - rest.size())};
}

void AppendField(int number, std::string_view value, std::string& message) {
  const auto tag = static_cast<std::uint64_t>(number) << kTypeBits;
  AppendVarint(tag | static_cast<std::uint64_t>(WireType::kDelimited), message);
  AppendVarint(value.size(), message);
  message.append(value);
}

}  // namespace vigil::rules
