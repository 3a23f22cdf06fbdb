#include "sync/transport/program_access.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/hash.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/rules/methods.h"
#include "sync/rules/reason.h"

namespace vigil::transport {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kRefreshTokenBytes = 32;
// A token that ends sooner is exchanged before it is used: the call takes its time too.
constexpr absl::Duration kGoodForAtLeast = absl::Seconds(30);

// The contract says which requests are signed themselves.
bool IsSignedRequest(std::string_view method) {
  const v1::RpcRules* rules = rules::FindRpcRules(method);
  VIGIL_CHECK(rules != nullptr) << method;
  return rules->signed_request();
}

absl::Time FromTimestamp(const google::protobuf::Timestamp& time) {
  return FromMicros(TimeUtil::TimestampToMicroseconds(time));
}

// A chosen token that follows another one is sent until the register has answered.
v1::RefreshTokenRequest MakeRequest(const AccessState& state) {
  v1::RefreshTokenRequest request;
  request.set_device(state.device);
  request.set_refresh_token(state.refresh_token);
  request.set_next_hash(std::string(Sha256Of(state.next_refresh_token).bytes()));
  return request;
}

}  // namespace

absl::StatusOr<std::shared_ptr<ProgramAccess>> ProgramAccess::Open(const AccessParts& parts,
                                                                   const std::string& directory) {
  VIGIL_ASSIGN_OR_RETURN(std::optional<AccessState> state, LoadAccessState(parts.files, directory));
  if (!state || !state->is_known()) {
    return rules::Refuse(v1::REASON_NOT_INITIALISED,
                         "this program is not known to the register: enrol or sign in")
        .With("directory", directory);
  }
  VIGIL_ASSIGN_OR_RETURN(P256PrivateKey key, LoadProgramKey(parts.files, directory));
  return std::shared_ptr<ProgramAccess>(
      new ProgramAccess(parts, directory, std::move(key), *std::move(state)));
}

ProgramAccess::ProgramAccess(const AccessParts& parts, std::string directory, P256PrivateKey key,
                             AccessState state)
    : parts_(parts),
      directory_(std::move(directory)),
      key_(std::move(key)),
      device_(state.device),
      person_(state.person),
      register_id_(state.register_id),
      register_key_(state.register_key),
      state_(std::move(state)) {}

absl::StatusOr<ProgramAccess::Headers> ProgramAccess::MakeHeaders(std::string_view method) {
  Headers headers;
  CallToSign call;
  {
    const MutexLock lock(mutex_);
    headers.token = state_.token;
    call.register_id = state_.register_id;
    // Whole microseconds, as they are sent.
    call.issued_at = FromMicros(ToMicros(parts_.clock.Now() + state_.clock_offset));
  }
  headers.authorization = absl::StrCat("Bearer ", headers.token);
  if (IsSignedRequest(method)) return headers;
  const std::string nonce = parts_.random.Bytes(kNonceBytes);
  call.token_hash = Sha256Of(headers.token);
  call.method = method;
  call.nonce = nonce;
  v1::CallProof proof;
  *proof.mutable_issued_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(call.issued_at));
  proof.set_nonce(nonce);
  VIGIL_ASSIGN_OR_RETURN(*proof.mutable_signature(), key_.Sign(BytesToSign(call)));
  headers.proof = proof.SerializeAsString();
  return headers;
}

bool ProgramAccess::IsGood(const AccessState& state) const {
  return !state.token.empty() &&
         parts_.clock.Now() + state.clock_offset + kGoodForAtLeast < state.expires_at;
}

bool ProgramAccess::HasGoodToken() {
  const MutexLock lock(mutex_);
  return IsGood(state_);
}

absl::StatusOr<std::unique_ptr<ProgramAccess::Exchange>> ProgramAccess::BeginExchange(
    std::string_view stale) {
  VIGIL_ASSIGN_OR_RETURN(FileLock lock, FileLock::Wait(AccessLockPath(directory_)));
  return Begin(std::move(lock), stale);
}

absl::StatusOr<std::unique_ptr<ProgramAccess::Exchange>> ProgramAccess::TryBeginExchange(
    std::string_view stale) {
  VIGIL_ASSIGN_OR_RETURN(std::optional<FileLock> lock, FileLock::Try(AccessLockPath(directory_)));
  if (!lock) return std::unique_ptr<Exchange>();
  return Begin(*std::move(lock), stale);
}

absl::StatusOr<std::unique_ptr<ProgramAccess::Exchange>> ProgramAccess::Begin(
    FileLock lock, std::string_view stale) {
  std::unique_ptr<Exchange> exchange(new Exchange(std::move(lock)));
  const MutexLock held(mutex_);
  // Another process may have exchanged the token that this one knows.
  VIGIL_ASSIGN_OR_RETURN(std::optional<AccessState> stored,
                         LoadAccessState(parts_.files, directory_));
  if (!stored || stored->device != device_) {
    return rules::Refuse(v1::REASON_NOT_INITIALISED,
                         "this program was signed out, or signed in anew")
        .With("directory", directory_);
  }
  // What the register said last is in memory alone.
  stored->clock_offset = state_.clock_offset;
  state_ = *std::move(stored);
  if (state_.token != stale && IsGood(state_)) return exchange;
  if (state_.next_refresh_token.empty()) {
    state_.next_refresh_token = parts_.random.Bytes(kRefreshTokenBytes);
    // Sent before it is stored, it could be lost, and the next one that is chosen would look like a
    // thief's.
    absl::Status saved = SaveAccessState(parts_.files, directory_, state_);
    if (!saved.ok()) {
      state_.next_refresh_token.clear();
      return saved;
    }
  }
  v1::RefreshTokenRequest request = MakeRequest(state_);
  VIGIL_ASSIGN_OR_RETURN(
      *request.mutable_signature(),
      key_.Sign(BytesToSign(RefreshToSign{.refresh_hash = Sha256Of(state_.refresh_token),
                                          .next_hash = Sha256Of(state_.next_refresh_token)})));
  exchange->request_ = std::move(request);
  return exchange;
}

absl::Status ProgramAccess::EndExchange(std::unique_ptr<Exchange> exchange,
                                        const absl::StatusOr<v1::RefreshTokenResponse>& response) {
  VIGIL_RETURN_IF_ERROR(response);
  VIGIL_CHECK(exchange->request_.has_value());
  if (response->token().token().empty()) {
    return Error(absl::StatusCode::kInternal, "the register has given no access token");
  }
  const MutexLock lock(mutex_);
  state_.refresh_token = std::exchange(state_.next_refresh_token, "");
  state_.token = response->token().token();
  state_.expires_at = FromTimestamp(response->token().expires_at());
  state_.clock_offset = FromTimestamp(response->server_time()) - parts_.clock.Now();
  return SaveAccessState(parts_.files, directory_, state_);
}

void ProgramAccess::CorrectClock(absl::Time register_now) {
  const MutexLock lock(mutex_);
  // Stored with the next exchange: only its holder of the lock may write.
  state_.clock_offset = register_now - parts_.clock.Now();
}

CallRemedies::Remedy CallRemedies::After(const absl::Status& status) {
  switch (rules::ReasonOf(status)) {
    case v1::REASON_TOKEN_EXPIRED:
    // The register forgets a token some time after its end.
    case v1::REASON_UNAUTHENTICATED:
      if (std::exchange(exchanged_, true)) return Remedy::kNone;
      return Remedy::kExchange;
    case v1::REASON_PROOF_INVALID: {
      std::int64_t server_time = 0;
      const auto said = MetadataValueOf(status, "server_time_us");
      if (!said || !absl::SimpleAtoi(*said, &server_time)) return Remedy::kNone;
      if (std::exchange(corrected_, true)) return Remedy::kNone;
      access_.CorrectClock(FromMicros(server_time));
      return Remedy::kRepeat;
    }
    default:
      return Remedy::kNone;
  }
}

}  // namespace vigil::transport
