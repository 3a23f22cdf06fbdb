#ifndef VIGIL_SYNC_BASE_SIGNING_H_
#define VIGIL_SYNC_BASE_SIGNING_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"

// What is signed, byte by byte: by programs for the register, and by the register for everybody.
// Each kind begins with "vigil/", its name, "/1" and a zero byte, so that a signature over one
// never passes for another. Then the fields follow in the order in which they stand here: ids as 16
// bytes, hashes as 32, numbers as 8, big-endian; text and bytes with their length in 4 bytes before
// them.

namespace vigil {

// One call, made with an access token: "call". `register_id` is the id of the register's first
// epoch: what was signed for one register is worth nothing for another.
struct CallToSign {
  Uuid register_id;
  // SHA-256 of the access token.
  Sha256 token_hash;
  // "vigil.v1.SyncService/Pull"
  std::string_view method;
  // The register's time in microseconds since 1970.
  absl::Time issued_at;
  std::string_view nonce;
};
std::string BytesToSign(const CallToSign& call);

// A push, by the last of its entries: the chain of hashes makes it speak for all before: "push".
struct PushToSign {
  Uuid register_id;
  Uuid device;
  DeviceSeq device_seq;
  // SHA-256 of that operation.
  Sha256 operation_hash;
};
std::string BytesToSign(const PushToSign& push);

// The exchange of a one-time code for a device: "enrol".
struct EnrolToSign {
  // In its canonical form.
  std::string_view code;
  Sha256 refresh_hash;
};
std::string BytesToSign(const EnrolToSign& enrol);

// A sign-in with a password, which is not part of it: "sign-in".
struct SignInToSign {
  std::string_view person_code;
  Sha256 refresh_hash;
};
std::string BytesToSign(const SignInToSign& sign_in);

// The exchange of a refresh token: "refresh".
struct RefreshToSign {
  Sha256 refresh_hash;
  Sha256 next_hash;
};
std::string BytesToSign(const RefreshToSign& refresh);

// The register's head, by its own key: "head".
struct HeadToSign {
  Uuid epoch;
  Seq seq;
  // Root of the audit tree.
  Sha256 root;
};
std::string BytesToSign(const HeadToSign& head);

// An epoch that a restore began, by the register's key: "epoch".
struct EpochToSign {
  Uuid id;
  Uuid parent;
  Seq back_to_seq;
  std::string_view why;
  // Who declared it.
  Uuid person;
  // In microseconds since 1970.
  absl::Time began_at;
};
std::string BytesToSign(const EpochToSign& epoch);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_SIGNING_H_
