#include "sync/engine/register_key.h"

#include <optional>

#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/rules/lineage.h"
#include "sync/rules/reason.h"

namespace vigil::engine {

absl::Status CheckSigned(const v1::RegisterHead& head, const P256PublicKey& key) {
  const std::optional<Uuid> epoch = Uuid::Parse(head.epoch());
  const std::optional<Sha256> root = Sha256::FromBytes(head.root());
  if (epoch && root) {
    const std::string bytes =
        BytesToSign(HeadToSign{.epoch = *epoch, .seq = Seq(head.seq()), .root = *root});
    if (key.Verifies({.message = bytes, .signature = head.signature()})) return absl::OkStatus();
  }
  return rules::Refuse(v1::REASON_SIGNATURE_INVALID,
                       "the head of the register's log was not signed with the register's key")
      .With("seq", static_cast<std::int64_t>(head.seq()));
}

absl::Status CheckSigned(const v1::HelloResponse& hello, const P256PublicKey& key) {
  for (const v1::Epoch& epoch : hello.epochs()) {
    if (epoch.parent().empty() || rules::IsSignedBy(epoch, key)) continue;
    return rules::Refuse(v1::REASON_SIGNATURE_INVALID,
                         "a restore was declared, but not with the register's key")
        .With("epoch", epoch.id());
  }
  return CheckSigned(hello.head(), key);
}

}  // namespace vigil::engine
