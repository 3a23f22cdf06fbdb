#include "sync/transport/new_access.h"

#include <optional>
#include <utility>

#include "google/protobuf/util/time_util.h"
#include "sync/base/file_lock.h"
#include "sync/base/hash.h"
#include "sync/base/one_time_code.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::transport {
namespace {

using google::protobuf::util::TimeUtil;
using rules::Refuse;

constexpr unsigned kDirectoryMode = 0700;
constexpr std::size_t kRefreshTokenBytes = 32;

absl::StatusOr<std::string> Canonical(std::string_view typed) {
  const std::optional<std::string> code = CanonicalCode(typed);
  if (code) return *code;
  return Refuse(v1::REASON_CODE_INVALID,
                "a one-time code has 16 letters and digits, XXXX-XXXX-XXXX-XXXX");
}

std::string HashOf(const std::string& canonical) { return Sha256Of(canonical).ToHex(); }

absl::StatusOr<v1::ProgramKey> MakeKey(P256PrivateKey& key, const Sha256& refresh_hash,
                                       std::string_view to_sign) {
  v1::ProgramKey made;
  made.set_public_key(key.public_key().der());
  made.set_refresh_hash(std::string(refresh_hash.bytes()));
  VIGIL_ASSIGN_OR_RETURN(*made.mutable_signature(), key.Sign(to_sign));
  return made;
}

// What the register has answered becomes part of the state.
absl::Status Take(const v1::Access& access, const Clock& clock, AccessState& state) {
  const std::optional<Uuid> register_id = Uuid::Parse(access.register_());
  if (!register_id || !Uuid::Parse(access.device()) || !Uuid::Parse(access.person()) ||
      access.token().token().empty()) {
    return Error(absl::StatusCode::kInternal, "the register's answer names no device or register");
  }
  state.device = access.device();
  state.person = access.person();
  state.register_id = *register_id;
  state.register_key = access.register_key();
  state.token = access.token().token();
  state.expires_at = FromMicros(TimeUtil::TimestampToMicroseconds(access.token().expires_at()));
  state.clock_offset =
      FromMicros(TimeUtil::TimestampToMicroseconds(access.server_time())) - clock.Now();
  return absl::OkStatus();
}

// The key that is kept for this code, or a new one that is kept from now on.
absl::StatusOr<P256PrivateKey> KeyFor(const AccessParts& parts, const std::string& directory,
                                      const std::string& code_hash, AccessState& state) {
  VIGIL_ASSIGN_OR_RETURN(std::optional<AccessState> stored,
                         LoadAccessState(parts.files, directory));
  if (stored && stored->code_hash == code_hash) {
    state = *std::move(stored);
    return LoadProgramKey(parts.files, directory);
  }
  if (stored && stored->is_known()) {
    return Refuse(v1::REASON_ALREADY_INITIALISED, "another code was exchanged here before")
        .With("directory", directory);
  }
  P256PrivateKey key = P256PrivateKey::Generate();
  state.code_hash = code_hash;
  state.refresh_token = parts.random.Bytes(kRefreshTokenBytes);
  // In this order: a state is never without its key.
  VIGIL_RETURN_IF_ERROR(RemoveAccessState(parts.files, directory));
  VIGIL_RETURN_IF_ERROR(SaveProgramKey(parts.files, directory, key));
  VIGIL_RETURN_IF_ERROR(SaveAccessState(parts.files, directory, state));
  return key;
}

}  // namespace

absl::StatusOr<std::string> CodeHashOf(std::string_view typed) {
  VIGIL_ASSIGN_OR_RETURN(const std::string code, Canonical(typed));
  return HashOf(code);
}

absl::StatusOr<AccessState> EnrolPhone(const AccessParts& parts, const std::string& directory,
                                       const Enrolment& enrolment, AccessCalls& calls) {
  VIGIL_ASSIGN_OR_RETURN(const std::string code, Canonical(enrolment.code));
  VIGIL_RETURN_IF_ERROR(parts.files.MakeDirectories(directory, kDirectoryMode));
  VIGIL_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Wait(AccessLockPath(directory)));
  AccessState state;
  VIGIL_ASSIGN_OR_RETURN(P256PrivateKey key, KeyFor(parts, directory, HashOf(code), state));
  if (state.is_known()) return state;
  const Sha256 refresh_hash = Sha256Of(state.refresh_token);
  v1::EnrolRequest request;
  request.set_code(code);
  request.set_label(enrolment.label);
  request.set_formerly(enrolment.formerly);
  VIGIL_ASSIGN_OR_RETURN(
      *request.mutable_key(),
      MakeKey(key, refresh_hash,
              BytesToSign(EnrolToSign{.code = code, .refresh_hash = refresh_hash})));
  VIGIL_ASSIGN_OR_RETURN(const v1::EnrolResponse response, calls.Enrol(request));
  VIGIL_RETURN_IF_ERROR(Take(response.access(), parts.clock, state));
  VIGIL_RETURN_IF_ERROR(SaveAccessState(parts.files, directory, state));
  return state;
}

absl::StatusOr<AccessState> SignInAtOffice(const AccessParts& parts, const std::string& directory,
                                           const Password& password, AccessCalls& calls) {
  VIGIL_RETURN_IF_ERROR(parts.files.MakeDirectories(directory, kDirectoryMode));
  // A key of one sign-in alone: the register knows an exchange by its key.
  P256PrivateKey key = P256PrivateKey::Generate();
  AccessState state;
  state.refresh_token = parts.random.Bytes(kRefreshTokenBytes);
  const Sha256 refresh_hash = Sha256Of(state.refresh_token);
  v1::SignInRequest request;
  request.set_person_code(password.person_code);
  request.set_password(password.password);
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_key(),
                         MakeKey(key, refresh_hash,
                                 BytesToSign(SignInToSign{.person_code = password.person_code,
                                                          .refresh_hash = refresh_hash})));
  VIGIL_ASSIGN_OR_RETURN(const v1::SignInResponse response, calls.SignIn(request));
  VIGIL_RETURN_IF_ERROR(Take(response.access(), parts.clock, state));
  VIGIL_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Wait(AccessLockPath(directory)));
  // In this order: a state never stands beside another sign-in's key.
  VIGIL_RETURN_IF_ERROR(RemoveAccessState(parts.files, directory));
  VIGIL_RETURN_IF_ERROR(SaveProgramKey(parts.files, directory, key));
  VIGIL_RETURN_IF_ERROR(SaveAccessState(parts.files, directory, state));
  return state;
}

}  // namespace vigil::transport
