#ifndef VIGIL_SYNC_BASE_P256_H_
#define VIGIL_SYNC_BASE_P256_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct evp_pkey_st;

// Keys of phones, of office programs and of the register: ECDSA over P-256 with SHA-256, which the
// secure hardware of phones knows. Signatures are DER (RFC 3279), public keys SubjectPublicKeyInfo
// in DER (RFC 5480).

namespace vigil {

struct SignedMessage {
  std::string_view message;
  std::string_view signature;
};

// Safe to use from several threads; copies share the key.
class P256PublicKey {
 public:
  // Accepts the one canonical form: the curve by name, the point uncompressed, nothing after it.
  // INVALID_ARGUMENT otherwise.
  static absl::StatusOr<P256PublicKey> FromDer(std::string_view der);

  const std::string& der() const { return der_; }
  // A signature in another encoding than strict DER does not count.
  bool Verifies(const SignedMessage& signed_message) const;

 private:
  friend class P256PrivateKey;
  P256PublicKey(std::shared_ptr<evp_pkey_st> key, std::string der)
      : key_(std::move(key)), der_(std::move(der)) {}

  std::shared_ptr<evp_pkey_st> key_;
  std::string der_;
};

// What signs for a device. On a phone this is the secure hardware, and the key never leaves it.
class Signer {
 public:
  virtual ~Signer() = default;

  virtual const P256PublicKey& public_key() const = 0;
  // Error: the hardware refused or failed.
  virtual absl::StatusOr<std::string> Sign(std::string_view message) = 0;
};

// A key in memory. Safe to use from several threads.
class P256PrivateKey final : public Signer {
 public:
  // With the operating system's randomness; aborts when there is none to be had.
  static P256PrivateKey Generate();
  // PKCS #8, not encrypted. INVALID_ARGUMENT for anything else.
  static absl::StatusOr<P256PrivateKey> FromPem(std::string_view pem);

  std::string ToPem() const;
  const P256PublicKey& public_key() const override { return public_key_; }
  absl::StatusOr<std::string> Sign(std::string_view message) override;

 private:
  explicit P256PrivateKey(const std::shared_ptr<evp_pkey_st>& key);

  P256PublicKey public_key_;
};

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_P256_H_
