#include "sync/base/p256.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <utility>

#include "sync/base/check.h"

namespace vigil {
namespace {

constexpr std::string_view kCurve = "prime256v1";
// SubjectPublicKeyInfo up to the coordinates: algorithm ecPublicKey, curve prime256v1, a bit string
// of 65 bytes, point not compressed.
constexpr std::string_view kDerPrefix(
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    "\x03"
    "\x42\x00\x04",
    27);
constexpr std::size_t kDerBytes = kDerPrefix.size() + 64;
// The octet that says so belongs to the encoded point.
constexpr std::size_t kPointAt = kDerPrefix.size() - 1;
// Such a key's file has about 241.
constexpr std::size_t kPemBytesMax = 4096;

using Key = std::shared_ptr<evp_pkey_st>;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Memory = std::unique_ptr<BIO, FreeBio>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Key Own(EVP_PKEY* key) {
  return {key, [](EVP_PKEY* held) { EVP_PKEY_free(held); }};
}

// The point alone: a general decoder of keys takes twice the time of a verification. Null: no point
// of the curve.
Key FromPoint(std::string_view point) {
  static const EVP_PKEY* const curve = EVP_EC_gen(kCurve.data());
  Key key = Own(EVP_PKEY_new());
  if (key == nullptr || EVP_PKEY_copy_parameters(key.get(), curve) != 1 ||
      EVP_PKEY_set1_encoded_public_key(key.get(), Bytes(point), point.size()) != 1) {
    return nullptr;
  }
  return key;
}

std::string ToDer(const EVP_PKEY* key) {
  unsigned char* encoded = nullptr;
  const int length = i2d_PUBKEY(key, &encoded);
  VIGIL_CHECK(length > 0) << "a public key cannot be encoded";
  std::string der(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length));
  OPENSSL_free(encoded);
  return der;
}

}  // namespace

absl::StatusOr<P256PublicKey> P256PublicKey::FromDer(std::string_view der) {
  Key key;
  if (der.size() == kDerBytes && der.substr(0, kDerPrefix.size()) == kDerPrefix) {
    key = FromPoint(der.substr(kPointAt));
  }
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "the public key is no SubjectPublicKeyInfo of a P-256 key in its canonical form");
  }
  return P256PublicKey(key, std::string(der));
}

bool P256PublicKey::Verifies(const SignedMessage& signed_message) const {
  const DigestContext context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(),
                                 nullptr) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signed_message.signature),
                          signed_message.signature.size(), Bytes(signed_message.message),
                          signed_message.message.size()) == 1;
}

P256PrivateKey::P256PrivateKey(const Key& key) : public_key_(key, ToDer(key.get())) {}

P256PrivateKey P256PrivateKey::Generate() {
  const Key key = Own(EVP_EC_gen(kCurve.data()));
  VIGIL_CHECK(key != nullptr) << "libcrypto cannot make a key";
  return P256PrivateKey(key);
}

absl::StatusOr<P256PrivateKey> P256PrivateKey::FromPem(std::string_view pem) {
  const absl::Status invalid =
      absl::InvalidArgumentError("this is no PEM file of a P-256 key (PKCS #8, not encrypted)");
  if (pem.empty() || pem.size() > kPemBytesMax) return invalid;
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // Without this callback OpenSSL would ask the terminal for a password.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  const Key key = Own(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_password, nullptr));
  // A file may hold its point compressed, and such a public key nobody takes.
  if (key == nullptr || !P256PublicKey::FromDer(ToDer(key.get())).ok()) return invalid;
  return P256PrivateKey(key);
}

std::string P256PrivateKey::ToPem() const {
  const Memory memory(BIO_new(BIO_s_secmem()));
  VIGIL_CHECK(memory != nullptr &&
              PEM_write_bio_PKCS8PrivateKey(memory.get(), public_key_.key_.get(), nullptr, nullptr,
                                            0, nullptr, nullptr) == 1)
      << "a private key cannot be encoded";
  char* text = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

absl::StatusOr<std::string> P256PrivateKey::Sign(std::string_view message) {
  const DigestContext context(EVP_MD_CTX_new());
  std::array<unsigned char, 80> signature{};
  std::size_t length = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr,
                            public_key_.key_.get(), nullptr) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &length, Bytes(message), message.size()) !=
          1) {
    return absl::InternalError("libcrypto could not sign");
  }
  return std::string(reinterpret_cast<const char*>(signature.data()), length);
}

}  // namespace vigil
