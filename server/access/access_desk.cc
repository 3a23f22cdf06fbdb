#include "server/access/access_desk.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "server/access/access_control.h"
#include "server/access/authenticator.h"
#include "server/access/desk_internal.h"
#include "server/access/one_time_code.h"
#include "server/access/register_id.h"
#include "sync/base/one_time_code.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"

namespace vigil::access {

using registry::Register;
using rules::Refuse;

namespace {

constexpr int kCodeHoursDefault = 24;
constexpr int kCodeHoursMax = 168;
constexpr absl::Duration kFirstCode = absl::Hours(7 * 24);
constexpr std::size_t kRefreshTokenBytes = 32;
constexpr std::size_t kLabelBytesMax = 200;
// What has expired is told from what never was for so long.
constexpr absl::Duration kExpiredKept = absl::Hours(24);

absl::Status NoNextToken() {
  return Refuse(v1::REASON_UNAUTHENTICATED,
                "this program is not known here (any more); enrol or sign in anew");
}

v1::Entity PhoneEntity(const Uuid& person, const v1::EnrolRequest& request) {
  v1::Entity entity;
  v1::Device& device = *entity.mutable_device();
  device.set_person(person.ToString());
  device.set_kind(v1::DEVICE_KIND_PHONE);
  device.set_public_key(request.key().public_key());
  if (!request.label().empty()) device.set_label(request.label());
  if (!request.formerly().empty()) device.set_formerly(request.formerly());
  return entity;
}

}  // namespace

AccessDesk::AccessDesk(const Parts& parts, Options options)
    : parts_(parts),
      options_(std::move(options)),
      person_attempts_(options_.person_attempts),
      address_attempts_(options_.address_attempts),
      refreshes_(options_.refreshes) {}

v1::AccessToken AccessDesk::IssueToken(const Uuid& sign_in, absl::Time now,
                                       store::AccessWrites& writes) {
  v1::AccessToken token;
  token.set_token(MakeToken(parts_.random));
  const absl::Time expires_at = now + options_.access_token;
  *token.mutable_expires_at() = internal::ToTimestamp(expires_at);
  writes.tokens.push_back(
      {.token_hash = TokenHash(token.token()), .sign_in = sign_in, .expires_at = expires_at});
  writes.forget_before = now - kExpiredKept;
  return token;
}

v1::Access AccessDesk::MakeAccess(const store::SignIn& sign_in, const Uuid& register_id,
                                  v1::AccessToken token, absl::Time now) const {
  v1::Access access;
  access.set_device(sign_in.device.ToString());
  access.set_person(sign_in.person.ToString());
  *access.mutable_token() = std::move(token);
  access.set_register_(register_id.ToString());
  access.set_register_key(options_.register_key);
  *access.mutable_server_time() = internal::ToTimestamp(now);
  return access;
}

void AccessDesk::Invite(const Principal& principal, const v1::InviteRequest& request,
                        Done<v1::InviteResponse> done) {
  if (request.kind() != v1::DEVICE_KIND_PHONE && request.kind() != v1::DEVICE_KIND_OFFICE) {
    return done(Refuse(v1::REASON_INVALID_VALUE, "say whether it is for a phone or for the office")
                    .With("field", "kind"));
  }
  const int hours = request.valid_hours() == 0 ? kCodeHoursDefault : request.valid_hours();
  if (hours < 1 || hours > kCodeHoursMax) {
    return done(Refuse(v1::REASON_INVALID_VALUE, "a code is good for 1 to 168 hours")
                    .With("field", "valid_hours"));
  }
  auto response = std::make_shared<v1::InviteResponse>();
  parts_.target.ChangeAccess(
      [this, author = principal.author, request, hours, response](
          store::Snapshot& snapshot, absl::Time now) -> absl::StatusOr<Register::AccessChange> {
        VIGIL_ASSIGN_OR_RETURN(const v1::Record person,
                               internal::FindPerson(snapshot, request.person()));
        if (person.entity().person().departed()) {
          return Refuse(v1::REASON_NOT_FOUND, "this person has left").With("person", person.id());
        }
        const std::string code = MakeOneTimeCode(parts_.random);
        store::OneTimeCode kept;
        kept.code_hash = CodeHash(code);
        kept.person = *Uuid::Parse(person.id());
        kept.kind = request.kind();
        kept.inviter_person = *Uuid::Parse(author.person);
        kept.inviter_device = *Uuid::Parse(author.device);
        kept.expires_at = now + absl::Hours(hours);
        response->set_code(code);
        response->set_person(person.id());
        *response->mutable_expires_at() = internal::ToTimestamp(kept.expires_at);
        Register::AccessChange change;
        change.access.codes.push_back(kept);
        return change;
      },
      internal::Answer(response, std::move(done)));
}

void AccessDesk::Enrol(const v1::EnrolRequest& request, Done<v1::EnrolResponse> done) {
  const std::optional<std::string> code = CanonicalCode(request.code());
  if (!code) return done(internal::InvalidCode());
  const absl::StatusOr<internal::Program> program =
      internal::ReadProgram(request.key(), [&](const Sha256& refresh_hash) {
        return BytesToSign(EnrolToSign{.code = *code, .refresh_hash = refresh_hash});
      });
  if (!program.ok()) return done(program.status());
  if (request.label().size() > kLabelBytesMax || request.formerly().size() > kLabelBytesMax) {
    return done(Refuse(v1::REASON_TEXT_TOO_LONG, "a phone's label has at most 200 bytes")
                    .With("field", "label"));
  }
  {
    // Guesses are found out here, so that they cost the writer nothing.
    const auto snapshot = parts_.target.store().Read();
    if (!snapshot.ok()) return done(snapshot.status());
    const absl::Status known =
        internal::FindCode(**snapshot, *code, v1::DEVICE_KIND_PHONE, parts_.target.Now()).status();
    if (!known.ok()) return done(known);
  }
  auto response = std::make_shared<v1::EnrolResponse>();
  parts_.target.ChangeAccess(
      [this, code = *code, request, program = *program, response](
          store::Snapshot& snapshot, absl::Time now) -> absl::StatusOr<Register::AccessChange> {
        VIGIL_ASSIGN_OR_RETURN(store::OneTimeCode kept,
                               internal::FindCode(snapshot, code, v1::DEVICE_KIND_PHONE, now));
        Register::AccessChange change;
        store::SignIn sign_in;
        if (kept.used_at) {
          // The answer may have been lost; whoever has the same key is the same phone.
          VIGIL_ASSIGN_OR_RETURN(sign_in, internal::FindSignIn(snapshot, kept.device, program));
        } else {
          VIGIL_ASSIGN_OR_RETURN(change.author,
                                 internal::InviterOf(snapshot, kept, now, parts_.target.zone()));
          VIGIL_ASSIGN_OR_RETURN(const v1::Record person,
                                 internal::FindPerson(snapshot, kept.person.ToString()));
          if (person.entity().person().departed()) return internal::InvalidCode();
          const Uuid device = MakeUuidV7(now, parts_.random);
          change.operations.push_back(
              internal::Create({.id = MakeUuidV7(now, parts_.random), .record = device, .now = now},
                               change.author, PhoneEntity(kept.person, request)));
          sign_in = {.id = MakeUuidV7(now, parts_.random),
                     .device = device,
                     .person = kept.person,
                     .channel = v1::CHANNEL_PHONE,
                     .public_key = program.key.der(),
                     .refresh_hash = program.refresh_hash,
                     .previous_hash = {},
                     .expires_at = now + options_.phone};
          change.access.sign_ins.push_back(sign_in);
          kept.used_at = now;
          kept.device = device;
          change.access.codes.push_back(kept);
        }
        VIGIL_ASSIGN_OR_RETURN(const Uuid register_id, RegisterIdOf(snapshot));
        v1::AccessToken token = IssueToken(sign_in.id, now, change.access);
        *response->mutable_access() = MakeAccess(sign_in, register_id, std::move(token), now);
        return change;
      },
      internal::Answer(response, std::move(done)));
}

void AccessDesk::Refresh(const v1::RefreshTokenRequest& request,
                         Done<v1::RefreshTokenResponse> done) {
  const std::optional<Uuid> device = Uuid::Parse(request.device());
  const std::optional<Sha256> next = Sha256::FromBytes(request.next_hash());
  if (!device || !next || request.refresh_token().size() != kRefreshTokenBytes) {
    return done(NoNextToken());
  }
  const Sha256 presented = Sha256Of(request.refresh_token());
  const std::string signed_bytes =
      BytesToSign(RefreshToSign{.refresh_hash = presented, .next_hash = *next});
  absl::StatusOr<std::unique_ptr<store::Snapshot>> snapshot = parts_.target.store().Read();
  if (!snapshot.ok()) return done(snapshot.status());
  // Whose key it is is found here, so that guesses cost the writer nothing.
  const absl::StatusOr<std::optional<Uuid>> known = internal::FindSigner(
      **snapshot, *device, {.message = signed_bytes, .signature = request.signature()});
  if (!known.ok()) return done(known.status());
  if (!*known) return done(NoNextToken());
  const absl::Duration wait = refreshes_.Take(request.device(), parts_.target.Now());
  if (wait > absl::ZeroDuration()) {
    return done(rules::TooSoon("too many exchanges; come back in a moment", wait));
  }
  snapshot->reset();

  struct Result {
    v1::RefreshTokenResponse response;
    bool copied = false;
  };
  auto result = std::make_shared<Result>();
  parts_.target.ChangeAccess(
      [this, device = *device, id = **known, presented, next = *next, result](
          store::Snapshot& now_known, absl::Time now) -> absl::StatusOr<Register::AccessChange> {
        VIGIL_ASSIGN_OR_RETURN(const std::vector<store::SignIn> sign_ins,
                               now_known.SignInsOfDevice(device));
        const auto found = std::find_if(sign_ins.begin(), sign_ins.end(),
                                        [&](const store::SignIn& each) { return each.id == id; });
        if (found == sign_ins.end() || now >= found->expires_at) return NoNextToken();
        store::SignIn sign_in = *found;
        VIGIL_RETURN_IF_ERROR(AuthorOf(now_known, sign_in, now, parts_.target.zone()));
        Register::AccessChange change;
        const bool again = presented == sign_in.previous_hash && next == sign_in.refresh_hash;
        // After a restore: which token came next is lost, the key alone speaks for the program.
        const bool restored = sign_in.refresh_hash.is_zero();
        const bool follows = restored || presented == sign_in.refresh_hash;
        if (!again && (!follows || next == presented)) {
          // Two programs hold this key and do not know of each other.
          result->copied = true;
          change.access.ended_sign_ins.push_back(id);
          return change;
        }
        sign_in.previous_hash = presented;
        sign_in.refresh_hash = next;
        sign_in.expires_at =
            now + (sign_in.channel == v1::CHANNEL_PHONE ? options_.phone : options_.office);
        change.access.sign_ins.push_back(sign_in);
        *result->response.mutable_token() = IssueToken(id, now, change.access);
        *result->response.mutable_server_time() = internal::ToTimestamp(now);
        return change;
      },
      [result, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        if (result->copied) return done(NoNextToken());
        done(std::move(result->response));
      });
}

void AccessDesk::SignOut(const Principal& principal, Done<v1::SignOutResponse> done) {
  parts_.target.ChangeAccess(
      [id = principal.sign_in](store::Snapshot&,
                               absl::Time) -> absl::StatusOr<Register::AccessChange> {
        Register::AccessChange change;
        change.access.ended_sign_ins.push_back(id);
        return change;
      },
      internal::Answer(std::make_shared<v1::SignOutResponse>(), std::move(done)));
}

void AccessDesk::InviteFirstAdministrator(bool reinstate, Done<std::optional<std::string>> done) {
  auto code = std::make_shared<std::optional<std::string>>(MakeOneTimeCode(parts_.random));
  parts_.target.ChangeAccess(
      [this, code, reinstate](store::Snapshot& snapshot,
                              absl::Time now) -> absl::StatusOr<Register::AccessChange> {
        VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> found,
                               snapshot.FindByKey(v1::Entity::kPerson, kFirstAdministratorCode));
        const Uuid person = found.value_or(MakeUuidV7(now, parts_.random));
        Register::AccessChange change;
        change.author = internal::FirstAdministrator(person);
        const internal::OperationIds ids{
            .id = MakeUuidV7(now, parts_.random), .record = person, .now = now};
        if (found) {
          VIGIL_ASSIGN_OR_RETURN(
              std::optional<registry::Incoming> reinstated,
              internal::Reinstate(snapshot, ids, change.author, parts_.target.zone()));
          if (reinstated && !reinstate) {
            code->reset();
            return Register::AccessChange();
          }
          if (reinstated) change.operations.push_back(*std::move(reinstated));
        } else {
          v1::Entity entity = internal::AdministratorEntity();
          entity.mutable_person()->set_code(kFirstAdministratorCode);
          entity.mutable_person()->set_name("Administrator");
          change.operations.push_back(internal::Create(ids, change.author, std::move(entity)));
        }
        store::OneTimeCode kept;
        kept.code_hash = CodeHash(**code);
        kept.person = person;
        kept.kind = v1::DEVICE_KIND_OFFICE;
        kept.expires_at = now + kFirstCode;
        change.access.codes.push_back(kept);
        return change;
      },
      internal::Answer(code, std::move(done)));
}

}  // namespace vigil::access
