#include "sync/rules/wire.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace vigil::rules {
namespace {

// Of the encoding of protocol buffers.
constexpr int kTypeBits = 3;
constexpr std::uint64_t kTypeMask = 7;
constexpr std::size_t kVarintBytesMax = 10;

bool TakeVarint(std::string_view& rest, std::uint64_t& value) {
  value = 0;
  const std::size_t size = std::min(rest.size(), kVarintBytesMax);
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<std::uint8_t>(rest[i]);
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    rest.remove_prefix(i + 1);
    return true;
  }
  return false;
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
    case WireType::kVarint:
      return TakeVarint(rest, field.varint);
    case WireType::kFixed64:
      return Skip(8, rest);
    case WireType::kFixed32:
      return Skip(4, rest);
    case WireType::kDelimited: {
      std::uint64_t length = 0;
      if (!TakeVarint(rest, length) || length > rest.size()) return false;
      field.content = rest.substr(0, static_cast<std::size_t>(length));
      return Skip(length, rest);
    }
  }
  return false;
}

bool Take(std::string_view& rest, WireField& field) {
  const std::string_view before = rest;
  std::uint64_t tag = 0;
  if (!TakeVarint(rest, tag) || tag > std::numeric_limits<std::uint32_t>::max()) return false;
  field.number = static_cast<int>(tag >> kTypeBits);
  field.type = static_cast<WireType>(tag & kTypeMask);
  if (!TakeValue(rest, field)) return false;
  field.bytes = before.substr(0, before.size() - rest.size());
  return true;
}

}  // namespace

std::optional<WireField> TakeField(std::string_view& rest) {
  // Made where the caller has it: records have dozens of fields.
  std::optional<WireField> field(std::in_place);
  if (!Take(rest, *field)) field.reset();
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
