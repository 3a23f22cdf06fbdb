// Passwords of the office, and sign-ins with them.

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"
#include "server/access/access_desk.h"
#include "server/access/desk_internal.h"
#include "server/access/one_time_code.h"
#include "server/access/register_id.h"
#include "sync/base/one_time_code.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"

namespace vigil::access {

using registry::Register;
using rules::Refuse;

namespace {

// Longer than any code of a person.
constexpr std::size_t kPersonCodeMax = 64;
// In bytes; refused before anybody is looked for, so that nobody learns who is there.
constexpr std::size_t kPasswordMax = 1024;
// Each takes about a tenth of a second.
constexpr int kPasswordsWaitingMax = 50;
constexpr absl::Duration kPasswordsWaitingPause = absl::Seconds(5);
// Programs of one person at the office.
constexpr std::size_t kOfficeSignInsMax = 20;

absl::Status WrongPassword() {
  return Refuse(v1::REASON_WRONG_PASSWORD, "no such person, or another password");
}

absl::StatusOr<std::optional<store::Password>> FindPassword(store::Snapshot& snapshot,
                                                            const std::string& person_code) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> person,
                         snapshot.FindByKey(v1::Entity::kPerson, person_code));
  if (!person) return std::optional<store::Password>();
  return snapshot.FindPassword(*person);
}

// Costs the same whether there is such a person or not.
absl::StatusOr<store::Password> CheckPassword(registry::Register& target,
                                              const std::string& person_code,
                                              const std::string& password, const PasswordCost& cost,
                                              Random& random) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, target.store().Read());
  VIGIL_ASSIGN_OR_RETURN(std::optional<store::Password> found,
                         FindPassword(*snapshot, person_code));
  if (!found) {
    VIGIL_RETURN_IF_ERROR(HashPassword("nobody's password", cost, random));
    return WrongPassword();
  }
  if (!PasswordMatches(password, found->hash)) return WrongPassword();
  return *std::move(found);
}

// The password may have been changed while it was checked.
absl::Status CheckInForce(store::Snapshot& snapshot, const store::Password& checked) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::Password> in_force,
                         snapshot.FindPassword(checked.person));
  if (!in_force || in_force->hash != checked.hash) return WrongPassword();
  return absl::OkStatus();
}

// So that there is a place for one more: ends those that were used least lately.
absl::Status MakePlace(store::Snapshot& snapshot, const Uuid& person, store::AccessWrites& writes) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<store::SignIn> sign_ins, snapshot.SignInsOfPerson(person));
  std::erase_if(sign_ins,
                [](const store::SignIn& each) { return each.channel != v1::CHANNEL_OFFICE; });
  // Each use moves the end.
  std::sort(sign_ins.begin(), sign_ins.end(), [](const store::SignIn& a, const store::SignIn& b) {
    return a.expires_at < b.expires_at;
  });
  for (std::size_t i = 0; i + kOfficeSignInsMax <= sign_ins.size(); ++i) {
    writes.ended_sign_ins.push_back(sign_ins[i].id);
  }
  return absl::OkStatus();
}

v1::Entity OfficeDevice(const Uuid& person) {
  v1::Entity entity;
  entity.mutable_device()->set_person(person.ToString());
  entity.mutable_device()->set_kind(v1::DEVICE_KIND_OFFICE);
  return entity;
}

}  // namespace

absl::Status AccessDesk::CheckAttempt(std::string_view person_code, std::string_view address) {
  if (person_code.empty() || person_code.size() > kPersonCodeMax) return WrongPassword();
  const absl::Time now = parts_.target.Now();
  absl::Duration wait = address_attempts_.Take(address, now);
  if (wait == absl::ZeroDuration()) {
    // Of one address: nobody can lock out somebody else from elsewhere.
    wait = person_attempts_.Take(absl::StrCat(ToAbsl(address), "\n", ToAbsl(person_code)), now);
  }
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return rules::TooSoon("too many attempts; wait a moment", wait);
}

void AccessDesk::PostPassword(std::function<void(const absl::Status&)> task) {
  if (++passwords_waiting_ > kPasswordsWaitingMax) {
    --passwords_waiting_;
    return task(
        rules::TooSoon("many are signing in; come back in a moment", kPasswordsWaitingPause));
  }
  parts_.worker.Post([this, task = std::move(task)] {
    --passwords_waiting_;
    task(absl::OkStatus());
  });
}

void AccessDesk::SignIn(const v1::SignInRequest& request, std::string_view address,
                        Done<v1::SignInResponse> done) {
  if (absl::Status status = CheckAttempt(request.person_code(), address); !status.ok()) {
    return done(status);
  }
  if (request.password().size() > kPasswordMax) return done(WrongPassword());
  absl::StatusOr<internal::Program> program =
      internal::ReadProgram(request.key(), [&](const Sha256& refresh_hash) {
        return BytesToSign(
            SignInToSign{.person_code = request.person_code(), .refresh_hash = refresh_hash});
      });
  if (!program.ok()) return done(program.status());
  PostPassword([this, request, program = *std::move(program),
                done = std::move(done)](const absl::Status& taken) {
    if (!taken.ok()) return done(taken);
    const absl::StatusOr<store::Password> checked =
        CheckPassword(parts_.target, request.person_code(), request.password(),
                      options_.password_cost, parts_.random);
    if (!checked.ok()) return done(checked.status());
    auto response = std::make_shared<v1::SignInResponse>();
    parts_.target.ChangeAccess(
        [this, checked = *checked, program, response](
            store::Snapshot& snapshot, absl::Time now) -> absl::StatusOr<Register::AccessChange> {
          VIGIL_RETURN_IF_ERROR(CheckInForce(snapshot, checked));
          store::SignIn sign_in{.id = MakeUuidV7(now, parts_.random),
                                .device = checked.device,
                                .person = checked.person,
                                .channel = v1::CHANNEL_OFFICE,
                                .public_key = program.key.der(),
                                .refresh_hash = program.refresh_hash,
                                .previous_hash = {},
                                .expires_at = now + options_.office};
          VIGIL_RETURN_IF_ERROR(AuthorOf(snapshot, sign_in, now, parts_.target.zone()));
          VIGIL_ASSIGN_OR_RETURN(const Uuid register_id, RegisterIdOf(snapshot));
          Register::AccessChange change;
          VIGIL_RETURN_IF_ERROR(MakePlace(snapshot, checked.person, change.access));
          v1::AccessToken token = IssueToken(sign_in.id, now, change.access);
          *response->mutable_access() = MakeAccess(sign_in, register_id, std::move(token), now);
          change.access.sign_ins.push_back(std::move(sign_in));
          return change;
        },
        internal::Answer(response, done));
  });
}

void AccessDesk::SetPassword(const v1::SetPasswordRequest& request, std::string_view address,
                             Done<v1::SetPasswordResponse> done) {
  absl::Status status = CheckAttempt(request.person_code(), address);
  // Before anybody is looked for, as above.
  if (status.ok() && request.old_password().size() > kPasswordMax) status = WrongPassword();
  if (status.ok()) status = CheckNewPassword(request.new_password(), request.person_code());
  std::optional<std::string> code;
  if (status.ok() && request.has_code()) {
    code = CanonicalCode(request.code());
    if (!code) status = internal::InvalidCode();
  }
  if (!status.ok()) return done(status);
  PostPassword([this, request, code, done = std::move(done)](const absl::Status& taken) {
    if (!taken.ok()) return done(taken);
    absl::StatusOr<store::Password> checked = store::Password();
    if (!code) {
      checked = CheckPassword(parts_.target, request.person_code(), request.old_password(),
                              options_.password_cost, parts_.random);
    }
    if (!checked.ok()) return done(checked.status());
    absl::StatusOr<std::string> hash =
        HashPassword(request.new_password(), options_.password_cost, parts_.random);
    if (!hash.ok()) return done(hash.status());
    parts_.target.ChangeAccess(
        [this, request, code, old = *checked, hash = *hash](
            store::Snapshot& snapshot, absl::Time now) -> absl::StatusOr<Register::AccessChange> {
          Register::AccessChange change;
          store::Password password = old;
          if (code) {
            VIGIL_ASSIGN_OR_RETURN(password, TakeCode(snapshot, *code, request, now, change));
          } else {
            VIGIL_RETURN_IF_ERROR(CheckInForce(snapshot, old));
          }
          password.hash = hash;
          change.access.passwords.push_back(password);
          VIGIL_ASSIGN_OR_RETURN(const std::vector<store::SignIn> sign_ins,
                                 snapshot.SignInsOfPerson(password.person));
          for (const store::SignIn& sign_in : sign_ins) {
            if (sign_in.channel != v1::CHANNEL_OFFICE) continue;
            change.access.ended_sign_ins.push_back(sign_in.id);
          }
          return change;
        },
        internal::Answer(std::make_shared<v1::SetPasswordResponse>(), done));
  });
}

// The code is used up, and its person has a device at the office that was not revoked.
absl::StatusOr<store::Password> AccessDesk::TakeCode(store::Snapshot& snapshot,
                                                     const std::string& code,
                                                     const v1::SetPasswordRequest& request,
                                                     absl::Time now,
                                                     Register::AccessChange& change) {
  VIGIL_ASSIGN_OR_RETURN(store::OneTimeCode kept,
                         internal::FindCode(snapshot, code, v1::DEVICE_KIND_OFFICE, now));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record person,
                         internal::FindPerson(snapshot, kept.person.ToString()));
  if (kept.used_at || person.entity().person().code() != request.person_code() ||
      person.entity().person().departed()) {
    return internal::InvalidCode();
  }
  VIGIL_ASSIGN_OR_RETURN(const rules::Author inviter,
                         internal::InviterOf(snapshot, kept, now, parts_.target.zone()));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::Password> before,
                         snapshot.FindPassword(kept.person));
  store::Password password{.person = kept.person, .device = {}, .hash = {}};
  if (before) {
    const Identity at_office{before->device, kept.person, v1::CHANNEL_OFFICE};
    const absl::Status usable = AuthorOf(snapshot, at_office, now, parts_.target.zone()).status();
    if (usable.ok()) password.device = before->device;
    if (!usable.ok() && rules::ReasonOf(usable) == v1::REASON_UNSPECIFIED) return usable;
  }
  if (password.device.is_nil()) {
    password.device = MakeUuidV7(now, parts_.random);
    change.author = inviter;
    change.operations.push_back(internal::Create(
        {.id = MakeUuidV7(now, parts_.random), .record = password.device, .now = now}, inviter,
        OfficeDevice(kept.person)));
  }
  kept.used_at = now;
  change.access.codes.push_back(kept);
  return password;
}

}  // namespace vigil::access
