#include "server/service/guard.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"
#include "server/service/peer_address.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/methods.h"
#include "sync/rules/reason.h"
#include "vigil/v1/policy.pb.h"

namespace vigil::service {

namespace {

constexpr char kAuthorization[] = "authorization";
constexpr char kProof[] = "vigil-proof-bin";
constexpr double kBurstSeconds = 10;

// Exactly one of the ways by which somebody is let in; an open call has nobody to name a channel
// of.
bool IsComplete(const v1::RpcRules& rules) {
  const int ways =
      (rules.roles().empty() ? 0 : 1) + (rules.anybody() ? 1 : 0) + (rules.open() ? 1 : 0);
  return ways == 1 && rules.open() == rules.channels().empty();
}

access::RateLimiter::Options PerSecond(std::uint32_t calls) {
  return {.per_second = static_cast<double>(calls), .burst = kBurstSeconds * calls};
}

// Empty unless it stands there once.
std::string_view Metadata(const grpc::ServerContextBase& context, const char* key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(key);
  if (found == metadata.end() || metadata.count(key) != 1) return {};
  return {found->second.data(), found->second.size()};
}

}  // namespace

Guard::Guard(const Parts& parts, const Limits& limits)
    : parts_(parts),
      by_address_(PerSecond(limits.calls_per_address_s)),
      by_person_(PerSecond(limits.calls_per_person_s)),
      by_device_(PerSecond(limits.calls_per_device_s)),
      pending_(limits.call_max) {
  for (const google::protobuf::MethodDescriptor* method : rules::Methods()) {
    const v1::RpcRules& rules = method->options().GetExtension(v1::rpc);
    methods_[absl::StrCat(method->service()->name(), ".", method->name())] = {
        .descriptor = method,
        .path = rules::PathOf(*method),
        .open = rules.open(),
        .signed_request = rules.signed_request(),
        .everywhere = rules.everywhere()};
  }
}

absl::Status Guard::CheckContract() {
  std::string faults;
  for (const google::protobuf::MethodDescriptor* method : rules::Methods()) {
    if (!IsComplete(method->options().GetExtension(v1::rpc))) {
      absl::StrAppend(&faults, faults.empty() ? "" : ", ", method->full_name());
    }
  }
  if (faults.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kInternal,
               absl::StrCat("methods without a rule of who may call them: ", faults));
}

const Guard::Method& Guard::Find(std::string_view method) const {
  const auto found = methods_.find(ToAbsl(method));
  VIGIL_CHECK(found != methods_.end()) << method;
  return found->second;
}

absl::Status Guard::CheckRate(access::RateLimiter& limiter, std::string_view key) const {
  const absl::Duration wait = limiter.Take(key, parts_.clock.Now());
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return rules::TooSoon("too many calls; come back in a moment", wait);
}

absl::StatusOr<std::string> Guard::AdmitOpen(const grpc::ServerContextBase& context,
                                             std::string_view method) {
  VIGIL_CHECK(Find(method).open) << method;
  std::string address = PeerOfCall(context.peer()).Household();
  VIGIL_RETURN_IF_ERROR(CheckRate(by_address_, address));
  return address;
}

absl::StatusOr<Guard::Caller> Guard::Admit(const grpc::ServerContextBase& context,
                                           std::string_view method) {
  const Method& called = Find(method);
  VIGIL_CHECK(!called.open) << method;
  const PeerAddress peer = PeerOfCall(context.peer());
  VIGIL_RETURN_IF_ERROR(CheckRate(by_address_, peer.Household()));
  const std::string_view token = access::BearerToken(Metadata(context, kAuthorization));
  const absl::Time now = parts_.clock.Now();
  VIGIL_ASSIGN_OR_RETURN(Caller caller, parts_.authenticator.Authenticate(token, now));
  if (!called.signed_request) {
    VIGIL_RETURN_IF_ERROR(parts_.authenticator.CheckProof(
        *caller, {.token = token, .method = called.path, .proof = Metadata(context, kProof)}, now));
  }
  // After the proof: whoever has only the token must not use up what is its owner's.
  VIGIL_RETURN_IF_ERROR(CheckRate(by_device_, caller->author.device));
  VIGIL_RETURN_IF_ERROR(CheckRate(by_person_, caller->author.person));
  VIGIL_RETURN_IF_ERROR(access::CheckRpc(*called.descriptor, caller->author));
  if (called.everywhere) {
    VIGIL_RETURN_IF_ERROR(parts_.authenticator.CheckReach(*called.descriptor, *caller));
  }
  parts_.first_calls.Came(peer);
  return caller;
}

}  // namespace vigil::service
