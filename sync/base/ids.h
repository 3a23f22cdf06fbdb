#ifndef VIGIL_SYNC_BASE_IDS_H_
#define VIGIL_SYNC_BASE_IDS_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"

namespace vigil {

class Random;

// A UUID: 16 bytes, a value. Ordered by its bytes, which is also the order of its text. The
// default value is the nil UUID, which names nothing.
class Uuid {
 public:
  static constexpr std::size_t kSize = 16;
  static constexpr std::size_t kTextSize = 36;

  constexpr Uuid() = default;
  constexpr explicit Uuid(const std::array<std::uint8_t, kSize>& bytes) : bytes_(bytes) {}

  // Accepts the canonical text only: 36 characters, hyphens at their places, lower-case digits.
  // One id has one text, so that bytes that hold an id can be compared and hashed.
  static std::optional<Uuid> Parse(std::string_view text);
  // The same; nil for any other text.
  static Uuid ParseOrNil(std::string_view text) { return Parse(text).value_or(Uuid()); }
  // Accepts exactly 16 bytes.
  static std::optional<Uuid> FromBytes(std::string_view bytes);

  std::string ToString() const;
  // The 16 bytes, as stored in databases; valid while this object lives.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  bool is_nil() const { return bytes_ == std::array<std::uint8_t, kSize>{}; }
  int version() const { return bytes_[6] >> 4; }

  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const Uuid& id) {
    return H::combine(std::move(state), id.bytes_);
  }
  friend std::ostream& operator<<(std::ostream& out, const Uuid& id) {
    return out << id.ToString();
  }

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

// A version 7 UUID (RFC 9562): 48 bits of Unix milliseconds, the rest random. A time before 1970
// counts as 1970.
Uuid MakeUuidV7(absl::Time now, Random& random);

struct DerivedFrom {
  std::string_view name_space;
  std::string_view name;
};
// A version 8 UUID that depends on its arguments alone: the first 128 bits of
// SHA-256(uint64 length of name_space, name_space, name), lengths big-endian, with version and
// variant set. The formula never changes: ids made with it are stored.
Uuid DerivedUuid(const DerivedFrom& from);

// An id of one kind of thing; it neither converts to nor compares with another kind's.
template <typename Tag>
class TypedId {
 public:
  constexpr TypedId() = default;
  constexpr explicit TypedId(const Uuid& uuid) : uuid_(uuid) {}

  // As Uuid::Parse and Uuid::FromBytes.
  static std::optional<TypedId> Parse(std::string_view text) { return Wrap(Uuid::Parse(text)); }
  static std::optional<TypedId> FromBytes(std::string_view bytes) {
    return Wrap(Uuid::FromBytes(bytes));
  }

  const Uuid& uuid() const { return uuid_; }
  std::string ToString() const { return uuid_.ToString(); }
  std::string_view bytes() const { return uuid_.bytes(); }
  bool is_nil() const { return uuid_.is_nil(); }

  friend constexpr auto operator<=>(const TypedId&, const TypedId&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const TypedId& id) {
    return H::combine(std::move(state), id.uuid_);
  }
  friend std::ostream& operator<<(std::ostream& out, const TypedId& id) { return out << id.uuid_; }

 private:
  static std::optional<TypedId> Wrap(const std::optional<Uuid>& uuid) {
    return uuid ? std::optional<TypedId>(TypedId(*uuid)) : std::nullopt;
  }

  Uuid uuid_;
};

using RecordId = TypedId<struct RecordIdTag>;
using HazardId = TypedId<struct HazardIdTag>;
using OperationId = TypedId<struct OperationIdTag>;
using DeviceId = TypedId<struct DeviceIdTag>;
using PersonId = TypedId<struct PersonIdTag>;
using OrgUnitId = TypedId<struct OrgUnitIdTag>;
using EpochId = TypedId<struct EpochIdTag>;

// A counting number of one kind: explicit to make, comparable within its kind, never added to
// another. Values stay below 2^63, so that they fit SQLite's and protobuf's signed integers.
template <typename Tag>
class StrongInt {
 public:
  constexpr StrongInt() = default;
  constexpr explicit StrongInt(std::uint64_t value) : value_(value) {}

  constexpr std::uint64_t value() const { return value_; }
  constexpr std::int64_t signed_value() const { return static_cast<std::int64_t>(value_); }
  constexpr StrongInt Next() const { return StrongInt(value_ + 1); }

  friend constexpr auto operator<=>(StrongInt, StrongInt) = default;

  template <typename H>
  friend H AbslHashValue(H state, StrongInt number) {
    return H::combine(std::move(state), number.value_);
  }
  friend std::ostream& operator<<(std::ostream& out, StrongInt number) {
    return out << number.value_;
  }

 private:
  std::uint64_t value_ = 0;
};

// The register's number of a judged operation: 1, 2, 3, ... in commit order; 0: before the first.
using Seq = StrongInt<struct SeqTag>;
// A device's own number of its operations: 1, 2, 3, ...; 0: before the first.
using DeviceSeq = StrongInt<struct DeviceSeqTag>;

}  // namespace vigil

template <>
struct std::hash<vigil::Uuid> {
  std::size_t operator()(const vigil::Uuid& id) const noexcept {
    return std::hash<std::string_view>{}(id.bytes());
  }
};
template <typename Tag>
struct std::hash<vigil::TypedId<Tag>> {
  std::size_t operator()(const vigil::TypedId<Tag>& id) const noexcept {
    return std::hash<vigil::Uuid>{}(id.uuid());
  }
};
template <typename Tag>
struct std::hash<vigil::StrongInt<Tag>> {
  std::size_t operator()(vigil::StrongInt<Tag> number) const noexcept {
    return std::hash<std::uint64_t>{}(number.value());
  }
};

#endif  // VIGIL_SYNC_BASE_IDS_H_
