#include "sync/rules/wire.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace vigil::rules {
namespace {

// Of the encoding of protocol buffers.
constexpr int kTypeBits = 3;
constexpr std::uint64_t kTypeMask = 7;

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

// Returns where it ends.
char* WriteVarint(std::uint64_t value, char* at) {
  for (; value > 0x7f; value >>= 7) *at++ = static_cast<char>(0x80U | (value & 0x7fU));
  *at++ = static_cast<char>(value);
  return at;
}

bool Skip(std::uint64_t bytes, std::string_view& rest) {
  if (bytes > rest.size()) return false;
  rest.remove_prefix(static_cast<std::size_t>(bytes));
  return true;
}

bool TakeValue(std::string_view& rest, WireField& field) {
  switch (field.type) {
    case WireType::kVarint: {
      const std::optional<std::uint64_t> value = TakeVarint(rest);
      field.varint = value.value_or(0);
      return value.has_value();
    }
    case WireType::kFixed64:
      return Skip(8, rest);
    case WireType::kFixed32:
      return Skip(4, rest);
    case WireType::kDelimited: {
      const std::optional<std::uint64_t> length = TakeVarint(rest);
      if (!length || *length > rest.size()) return false;
      field.content = rest.substr(0, static_cast<std::size_t>(*length));
      return Skip(*length, rest);
    }
  }
  return false;
}

}  // namespace

std::optional<WireField> TakeField(std::string_view& rest) {
  const std::string_view before = rest;
  const std::optional<std::uint64_t> tag = TakeVarint(rest);
  if (!tag || *tag > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  WireField field;
  field.number = static_cast<int>(*tag >> kTypeBits);
  field.type = static_cast<WireType>(*tag & kTypeMask);
  if (!TakeValue(rest, field)) return std::nullopt;
  field.bytes = before.substr(0, before.size() - rest.size());
  return field;
}

void AppendField(int number, std::string_view value, std::string& message) {
  const auto tag = static_cast<std::uint64_t>(number) << kTypeBits;
  std::array<char, kFieldHeadBytesMax> head;
  char* end = WriteVarint(tag | static_cast<std::uint64_t>(WireType::kDelimited), head.data());
  end = WriteVarint(value.size(), end);
  message.append(head.data(), end).append(value);
}

}  // namespace vigil::rules
