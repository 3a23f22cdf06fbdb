#ifndef VIGIL_SERVER_STORE_ACCESS_SET_H_
#define VIGIL_SERVER_STORE_ACCESS_SET_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "vigil/v1/organization.pb.h"
#include "vigil/v1/policy.pb.h"

// What persons and programs are known by. None of it is part of the register's history: it holds no
// secret that could be used, and is gone when it has expired.

namespace vigil::store {

// A code that somebody may exchange once.
struct OneTimeCode {
  Sha256 code_hash;
  Uuid person;
  // A phone's, or for a password at the office.
  v1::DeviceKind kind = v1::DEVICE_KIND_UNSPECIFIED;
  // Who made it; nil for the first administrator's.
  Uuid inviter_person;
  Uuid inviter_device;
  absl::Time expires_at;
  // What it was exchanged for: the device; nil where it set a password.
  std::optional<absl::Time> used_at;
  Uuid device;
};

// A program that is known: a phone since its enrolment, or a person at one program of the office.
struct SignIn {
  Uuid id;
  Uuid device;
  Uuid person;
  v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
  // SubjectPublicKeyInfo (DER).
  std::string public_key;
  // SHA-256 of the refresh token that comes next, and of the one for which it was given. Zero: any
  // that the program has, after a restore.
  Sha256 refresh_hash;
  Sha256 previous_hash;
  // Unless the refresh token is exchanged before.
  absl::Time expires_at;
};

struct AccessToken {
  Sha256 token_hash;
  Uuid sign_in;
  absl::Time expires_at;
};

struct Password {
  Uuid person;
  // The person's at the office, of which each program signs in with a key of its own.
  Uuid device;
  // As access/password.h makes it.
  std::string hash;
};

// Changes of the above. A value replaces the one of the same key.
struct AccessWrites {
  std::vector<OneTimeCode> codes;
  std::vector<SignIn> sign_ins;
  // With their access tokens.
  std::vector<Uuid> ended_sign_ins;
  std::vector<AccessToken> tokens;
  std::vector<Password> passwords;
  // Forgets what has expired before; InfinitePast: nothing.
  absl::Time forget_before = absl::InfinitePast();

  bool empty() const {
    return codes.empty() && sign_ins.empty() && ended_sign_ins.empty() && tokens.empty() &&
           passwords.empty() && forget_before == absl::InfinitePast();
  }
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_ACCESS_SET_H_
