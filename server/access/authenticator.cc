#include "server/access/authenticator.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "server/access/access_control.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"
#include "vigil/v1/access_service.pb.h"

namespace vigil::access {

using rules::Refuse;

namespace {

// Longer than any token; keeps a caller from making us hash what he likes.
constexpr std::size_t kTokenTextMax = 256;
constexpr std::size_t kProofBytesMax = 512;
constexpr std::size_t kNonceBytes = 16;
// Tokens in use; the table is emptied beyond that.
constexpr std::size_t kKnownMax = 100'000;

absl::Status Unknown() {
  return Refuse(v1::REASON_UNAUTHENTICATED, "no valid access token was given; enrol or sign in");
}

absl::Status InvalidProof(std::string_view why, absl::Time now) {
  return Refuse(v1::REASON_PROOF_INVALID, why).With("server_time_us", ToMicros(now));
}

// What a caller says may be any number; beyond these years it does not fit into microseconds.
bool IsInRange(const google::protobuf::Timestamp& time) {
  using google::protobuf::util::TimeUtil;
  return time.seconds() >= TimeUtil::kTimestampMinSeconds &&
         time.seconds() <= TimeUtil::kTimestampMaxSeconds && time.nanos() >= 0 &&
         time.nanos() < 1'000'000'000;
}

absl::Time NextMidnight(absl::Time now, const absl::TimeZone& zone) {
  return StartOfDay(DayAt(now, zone) + 1, zone);
}

}  // namespace

Authenticator::Authenticator(store::RegisterStore& store, const Options& options)
    : store_(store),
      options_(options),
      register_id_(store),
      seen_({.window = options.proof_window}) {}

absl::StatusOr<Authenticator::Known> Authenticator::LookUp(const Sha256& token_hash,
                                                           absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_.Read());
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::IssuedToken> issued,
                         snapshot->FindAccessToken(token_hash));
  if (!issued) return Unknown();
  if (now >= issued->expires_at) {
    return Refuse(v1::REASON_TOKEN_EXPIRED, "the access token has expired; exchange the next one");
  }
  VIGIL_ASSIGN_OR_RETURN(rules::Author author,
                         AuthorOf(*snapshot, issued->sign_in, now, options_.zone));
  VIGIL_ASSIGN_OR_RETURN(P256PublicKey key, P256PublicKey::FromDer(issued->sign_in.public_key));
  Known known;
  known.principal = std::make_shared<const Principal>(
      Principal{std::move(author), issued->sign_in.id, std::move(key)});
  known.until = std::min(issued->expires_at, NextMidnight(now, options_.zone));
  return known;
}

absl::StatusOr<std::shared_ptr<const Principal>> Authenticator::Authenticate(std::string_view token,
                                                                             absl::Time now) {
  if (token.empty() || token.size() > kTokenTextMax) return Unknown();
  const Sha256 token_hash = TokenHash(token);
  std::uint64_t generation = 0;
  {
    const MutexLock lock(mutex_);
    const auto found = known_.find(token_hash);
    if (found != known_.end() && now < found->second.until) return found->second.principal;
    generation = generation_;
  }
  VIGIL_ASSIGN_OR_RETURN(Known known, LookUp(token_hash, now));
  const std::shared_ptr<const Principal> principal = known.principal;
  const MutexLock lock(mutex_);
  if (generation == generation_) {
    if (known_.size() >= kKnownMax) known_.clear();
    known_[token_hash] = std::move(known);
  }
  return principal;
}

absl::StatusOr<std::shared_ptr<const Principal>> Authenticator::LookAgain(
    const Principal& principal, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_.Read());
  const std::optional<Uuid> device = Uuid::Parse(principal.author.device);
  if (!device) return Unknown();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::SignIn> sign_ins,
                         snapshot->SignInsOfDevice(*device));
  const auto found =
      std::find_if(sign_ins.begin(), sign_ins.end(),
                   [&](const store::SignIn& sign_in) { return sign_in.id == principal.sign_in; });
  if (found == sign_ins.end() || now >= found->expires_at) return Unknown();
  VIGIL_ASSIGN_OR_RETURN(rules::Author author, AuthorOf(*snapshot, *found, now, options_.zone));
  return std::make_shared<const Principal>(
      Principal{std::move(author), principal.sign_in, principal.key});
}

absl::Status Authenticator::CheckReach(const google::protobuf::MethodDescriptor& method,
                                       const Principal& principal) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_.Read());
  return access::CheckReach(method, principal.author, *snapshot);
}

absl::Status Authenticator::CheckProof(const Principal& principal, const Call& call,
                                       absl::Time now) {
  v1::CallProof proof;
  if (call.proof.empty() || call.proof.size() > kProofBytesMax ||
      !proof.ParseFromArray(call.proof.data(), static_cast<int>(call.proof.size())) ||
      proof.nonce().size() != kNonceBytes || !IsInRange(proof.issued_at())) {
    return InvalidProof("the call does not prove that it comes from the program that signed in",
                        now);
  }
  const absl::Time issued_at =
      FromMicros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(proof.issued_at()));
  if (issued_at < options_.started_at || issued_at < now - options_.proof_window ||
      issued_at > now + options_.proof_window) {
    return InvalidProof("the proof's time is too far from the register's", now);
  }
  VIGIL_ASSIGN_OR_RETURN(const Uuid register_id, register_id_.Get());
  CallToSign signed_call{.register_id = register_id,
                         .token_hash = TokenHash(call.token),
                         .method = call.method,
                         .issued_at = issued_at,
                         .nonce = proof.nonce()};
  const std::string bytes = BytesToSign(signed_call);
  if (!principal.key.Verifies({.message = bytes, .signature = proof.signature()})) {
    return InvalidProof("the proof was not made with the key of the program that signed in", now);
  }
  // Only what is genuine is remembered.
  switch (seen_.Take(Sha256Of(bytes), now)) {
    case SeenProofs::Verdict::kFresh:
      return absl::OkStatus();
    case SeenProofs::Verdict::kUsed:
      return InvalidProof("the proof was used before", now);
    case SeenProofs::Verdict::kFull:
      break;
  }
  return rules::TooSoon("too many calls; come back in a minute", options_.proof_window);
}

void Authenticator::Forget() {
  const MutexLock lock(mutex_);
  ++generation_;
  known_.clear();
}

}  // namespace vigil::access
