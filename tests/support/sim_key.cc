#include "tests/support/sim_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

#include <array>

#include "sync/base/check.h"
#include "sync/base/hash.h"

namespace vigil::testing {
namespace {

struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;

struct FreeContext {
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};

struct FreePoint {
  void operator()(EC_POINT* point) const { EC_POINT_free(point); }
};
using Point = std::unique_ptr<EC_POINT, FreePoint>;

const EC_GROUP* Curve() {
  static const EC_GROUP* const curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return curve;
}

BN_CTX* Scratch() {
  static const std::unique_ptr<BN_CTX, FreeContext> context(BN_CTX_new());
  return context.get();
}

// Between 1 and the curve's order.
Number NumberOf(std::string_view bytes) {
  Number number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                          static_cast<int>(bytes.size()), nullptr));
  VIGIL_CHECK(BN_mod(number.get(), number.get(), EC_GROUP_get0_order(Curve()), Scratch()) == 1);
  VIGIL_CHECK(BN_is_zero(number.get()) == 0);
  return number;
}

Point TimesBase(const BIGNUM* factor) {
  Point point(EC_POINT_new(Curve()));
  VIGIL_CHECK(EC_POINT_mul(Curve(), point.get(), factor, nullptr, nullptr, Scratch()) == 1);
  return point;
}

}  // namespace

SimKey::SimKey(std::string_view name) : secret_(Sha256Of({"vigil/sim/key", name}).bytes()) {
  // SubjectPublicKeyInfo up to the point: ecPublicKey, prime256v1, a bit string of 65 bytes.
  constexpr std::string_view kDerPrefix(
      "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01"
      "\x07\x03\x42\x00",
      26);
  const Point point = TimesBase(NumberOf(secret_).get());
  std::array<unsigned char, 65> encoded{};
  VIGIL_CHECK(EC_POINT_point2oct(Curve(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                                 encoded.data(), encoded.size(), Scratch()) == encoded.size());
  std::string der(kDerPrefix);
  der.append(reinterpret_cast<const char*>(encoded.data()), encoded.size());
  auto key = P256PublicKey::FromDer(der);
  VIGIL_CHECK(key.ok()) << key.status().ToString();
  public_key_ = std::make_unique<P256PublicKey>(*std::move(key));
}

// ECDSA with a nonce that follows from key and message, as in RFC 6979 though not by its formula.
absl::StatusOr<std::string> SimKey::Sign(std::string_view message) {
  const BIGNUM* const order = EC_GROUP_get0_order(Curve());
  const Sha256 digest = Sha256Of(message);
  const Number nonce = NumberOf(Sha256Of({"nonce", secret_, digest.bytes()}).bytes());
  const Number x(BN_new());
  VIGIL_CHECK(EC_POINT_get_affine_coordinates(Curve(), TimesBase(nonce.get()).get(), x.get(),
                                              nullptr, Scratch()) == 1);
  Number r(BN_new());
  VIGIL_CHECK(BN_nnmod(r.get(), x.get(), order, Scratch()) == 1);
  // s = (hash + r * secret) / nonce
  Number s(BN_new());
  const Number hash = NumberOf(digest.bytes());
  const Number inverse(BN_mod_inverse(nullptr, nonce.get(), order, Scratch()));
  VIGIL_CHECK(BN_mod_mul(s.get(), r.get(), NumberOf(secret_).get(), order, Scratch()) == 1 &&
              BN_mod_add(s.get(), s.get(), hash.get(), order, Scratch()) == 1 &&
              BN_mod_mul(s.get(), s.get(), inverse.get(), order, Scratch()) == 1);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(ECDSA_SIG_new(),
                                                                        &ECDSA_SIG_free);
  VIGIL_CHECK(ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1);
  unsigned char* encoded = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &encoded);
  VIGIL_CHECK(length > 0);
  std::string der(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length));
  OPENSSL_free(encoded);
  return der;
}

}  // namespace vigil::testing
