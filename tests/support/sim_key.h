#ifndef VIGIL_TESTS_SUPPORT_SIM_KEY_H_
#define VIGIL_TESTS_SUPPORT_SIM_KEY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sync/base/p256.h"

namespace vigil::testing {

// A P-256 key that follows from a name, whose signatures follow from the message: libcrypto's own
// are random, and a run could not be repeated. They verify as any others do.
class SimKey final : public Signer {
 public:
  explicit SimKey(std::string_view name);

  const P256PublicKey& public_key() const override { return *public_key_; }
  absl::StatusOr<std::string> Sign(std::string_view message) override;

 private:
  // The private number, 32 bytes.
  std::string secret_;
  std::unique_ptr<P256PublicKey> public_key_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SIM_KEY_H_
