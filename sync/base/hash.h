#ifndef VIGIL_SYNC_BASE_HASH_H_
#define VIGIL_SYNC_BASE_HASH_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace vigil {

// A SHA-256 value: 32 bytes. The default value is all zeros, which stands for "none".
class Sha256 {
 public:
  static constexpr std::size_t kSize = 32;

  constexpr Sha256() = default;
  constexpr explicit Sha256(const std::array<std::uint8_t, kSize>& bytes) : bytes_(bytes) {}

  // Accepts exactly 32 bytes.
  static std::optional<Sha256> FromBytes(std::string_view bytes);
  // Accepts exactly 64 lower-case hexadecimal digits.
  static std::optional<Sha256> FromHex(std::string_view hex);

  // Valid while this object lives.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  std::string ToHex() const;
  bool is_zero() const { return bytes_ == std::array<std::uint8_t, kSize>{}; }

  friend constexpr auto operator<=>(const Sha256&, const Sha256&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const Sha256& hash) {
    return H::combine(std::move(state), hash.bytes_);
  }
  friend std::ostream& operator<<(std::ostream& out, const Sha256& hash) {
    return out << hash.ToHex();
  }

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

Sha256 Sha256Of(std::string_view bytes);
// The hash of the pieces put together; where one piece ends is not part of it, so callers that
// need that put lengths between.
Sha256 Sha256Of(std::initializer_list<std::string_view> pieces);

// Hashes what arrives in pieces. Not thread-safe.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;

  void Update(std::string_view bytes);
  // The hash of all that was given since the last Finish; begins anew.
  Sha256 Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Merkle tree hashing of RFC 6962, section 2.1: a leaf can never pass for a node.
Sha256 LeafHash(std::string_view leaf);                           // SHA-256(0x00 || leaf)
Sha256 LeafHash(std::initializer_list<std::string_view> pieces);  // the same, leaf in pieces
struct MerklePair {
  Sha256 left;
  Sha256 right;
};
Sha256 NodeHash(const MerklePair& children);  // SHA-256(0x01 || left || right)

// Lower-case. Decoding accepts lower-case digits only, in pairs.
std::string HexEncode(std::string_view bytes);
std::optional<std::string> HexDecode(std::string_view hex);

// Compares secrets: the time taken depends on the lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_HASH_H_
