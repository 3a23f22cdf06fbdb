#include "sync/base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "sync/base/check.h"

namespace vigil {
namespace {

constexpr std::string_view kLeafPrefix("\x00", 1);
constexpr std::string_view kNodePrefix("\x01", 1);
constexpr char kHexDigits[] = "0123456789abcdef";

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

// Fetched once: OpenSSL 3 looks an algorithm up anew each time otherwise.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = [] {
    EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    VIGIL_CHECK(fetched != nullptr) << "libcrypto has no SHA-256";
    return fetched;
  }();
  return algorithm;
}

// Making a context costs more than hashing a leaf.
Sha256Hasher& ThreadHasher() {
  thread_local Sha256Hasher hasher;
  return hasher;
}

}  // namespace

std::optional<Sha256> Sha256::FromBytes(std::string_view bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  std::array<std::uint8_t, kSize> copy{};
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  return Sha256(copy);
}

std::optional<Sha256> Sha256::FromHex(std::string_view hex) {
  const std::optional<std::string> bytes = HexDecode(hex);
  return bytes ? FromBytes(*bytes) : std::nullopt;
}

std::string Sha256::ToHex() const { return HexEncode(bytes()); }

Sha256 Sha256Of(std::string_view bytes) { return Sha256Of({bytes}); }

Sha256 Sha256Of(std::initializer_list<std::string_view> pieces) {
  Sha256Hasher& hasher = ThreadHasher();
  for (const std::string_view piece : pieces) hasher.Update(piece);
  return hasher.Finish();
}

struct Sha256Hasher::Context {
  Context() : state(EVP_MD_CTX_new()) { VIGIL_CHECK(state != nullptr); }
  ~Context() { EVP_MD_CTX_free(state); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void Begin() { VIGIL_CHECK(EVP_DigestInit_ex2(state, Algorithm(), nullptr) == 1); }

  EVP_MD_CTX* state;
};

Sha256Hasher::Sha256Hasher() : context_(std::make_unique<Context>()) { context_->Begin(); }
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::Update(std::string_view bytes) {
  VIGIL_CHECK(EVP_DigestUpdate(context_->state, bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Hasher::Finish() {
  std::array<std::uint8_t, Sha256::kSize> bytes{};
  VIGIL_CHECK(EVP_DigestFinal_ex(context_->state, bytes.data(), nullptr) == 1);
  context_->Begin();
  return Sha256(bytes);
}

Sha256 LeafHash(std::string_view leaf) { return Sha256Of({kLeafPrefix, leaf}); }

Sha256 LeafHash(std::initializer_list<std::string_view> pieces) {
  Sha256Hasher& hasher = ThreadHasher();
  hasher.Update(kLeafPrefix);
  for (const std::string_view piece : pieces) hasher.Update(piece);
  return hasher.Finish();
}

Sha256 NodeHash(const MerklePair& children) {
  return Sha256Of({kNodePrefix, children.left.bytes(), children.right.bytes()});
}

std::string HexEncode(std::string_view bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    hex += kHexDigits[byte >> 4U];
    hex += kHexDigits[byte & 0x0fU];
  }
  return hex;
}

std::optional<std::string> HexDecode(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = HexValue(hex[i]);
    const int low = HexValue(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace vigil
