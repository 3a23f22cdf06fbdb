#ifndef VIGIL_SERVER_ACCESS_ACCESS_DESK_H_
#define VIGIL_SERVER_ACCESS_ACCESS_DESK_H_

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/password.h"
#include "server/access/principal.h"
#include "server/access/rate_limiter.h"
#include "server/register/register.h"
#include "sync/base/executor.h"
#include "sync/base/ids.h"
#include "sync/base/random.h"
#include "vigil/v1/access_service.pb.h"
#include "vigil/v1/admin_service.pb.h"

// How persons get phones and passwords, and programs get tokens. What is decided here is decided on
// the writer's thread: a code is exchanged once, a refresh token followed once, whatever comes at
// the same time.

namespace vigil::access {

// Code of the person whom the first start makes, so that somebody may invite the others.
inline constexpr char kFirstAdministratorCode[] = "admin";

class AccessDesk {
 public:
  struct Options {
    absl::Duration access_token = absl::Minutes(15);
    // Without a sign of life.
    absl::Duration phone = absl::Hours(180 * 24);
    absl::Duration office = absl::Hours(7 * 24);
    PasswordCost password_cost;
    // SubjectPublicKeyInfo (DER) of the key that signs the register's heads.
    std::string register_key;
    // Attempts with a password: of one person from one address, and of one address.
    RateLimiter::Options person_attempts = {.per_second = 1.0 / 30, .burst = 10};
    RateLimiter::Options address_attempts = {.per_second = 1.0 / 3, .burst = 30};
    // Exchanges of refresh tokens, of one device.
    RateLimiter::Options refreshes = {.per_second = 1.0 / 5, .burst = 30};
  };
  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  // Passwords are hashed on `worker`, one at a time. All of them must outlive this object and the
  // calls that it has under way.
  struct Parts {
    registry::Register& target;
    Random& random;
    Executor& worker;
  };
  AccessDesk(const Parts& parts, Options options);

  // `done` is called once, on any thread. NOT_FOUND: there is no such person.
  void Invite(const Principal& principal, const v1::InviteRequest& request,
              Done<v1::InviteResponse> done);

  // CODE_INVALID for a code that is unknown, used, too old, of another kind, or whose maker is no
  // administrator any more; SIGNATURE_INVALID.
  void Enrol(const v1::EnrolRequest& request, Done<v1::EnrolResponse> done);

  // WRONG_PASSWORD for an unknown person, too; RATE_LIMITED after some attempts. `address` is the
  // caller's.
  void SignIn(const v1::SignInRequest& request, std::string_view address,
              Done<v1::SignInResponse> done);
  // CODE_INVALID, WRONG_PASSWORD, PASSWORD_TOO_WEAK.
  void SetPassword(const v1::SetPasswordRequest& request, std::string_view address,
                   Done<v1::SetPasswordResponse> done);

  // UNAUTHENTICATED for whatever is not the next token of a program that is known; the sign-in ends
  // where its own key vouches for a token that was exchanged for another one before.
  void Refresh(const v1::RefreshTokenRequest& request, Done<v1::RefreshTokenResponse> done);
  void SignOut(const Principal& principal, Done<v1::SignOutResponse> done);

  // Makes the first administrator if there is none, with the roles of an administrator and of the
  // safety office everywhere, and a code for his password that is good for a week. Gives the code.
  // Whoever is called `admin` and is no administrator everywhere any more, or has left: with
  // `reinstate` he is one again, since the machine's owner cannot lock himself out; else there is
  // no code, since somebody has taken that from him.
  void InviteFirstAdministrator(bool reinstate, Done<std::optional<std::string>> done);

 private:
  absl::StatusOr<store::Password> TakeCode(store::Snapshot& snapshot, const std::string& code,
                                           const v1::SetPasswordRequest& request, absl::Time now,
                                           registry::Register::AccessChange& change);
  // Runs it on the worker, or at once with an error where too many wait already.
  void PostPassword(std::function<void(const absl::Status&)> task);
  absl::Status CheckAttempt(std::string_view person_code, std::string_view address);
  v1::AccessToken IssueToken(const Uuid& sign_in, absl::Time now, store::AccessWrites& writes);
  v1::Access MakeAccess(const store::SignIn& sign_in, const Uuid& register_id,
                        v1::AccessToken token, absl::Time now) const;

  const Parts parts_;
  const Options options_;
  RateLimiter person_attempts_;
  RateLimiter address_attempts_;
  RateLimiter refreshes_;
  std::atomic<int> passwords_waiting_ = 0;
};

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_ACCESS_DESK_H_
