#include "server/service/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "vigil/v1/access_service.pb.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/evidence_service.pb.h"
#include "vigil/v1/policy.pb.h"
#include "vigil/v1/register_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::service {

namespace {

constexpr char kAuthorization[] = "authorization";
constexpr char kProof[] = "vigil-proof-bin";
constexpr double kBurstSeconds = 10;

std::array<const google::protobuf::FileDescriptor*, 5> ServiceFiles() {
  return {v1::HelloRequest::descriptor()->file(), v1::SubmitRequest::descriptor()->file(),
          v1::InviteRequest::descriptor()->file(), v1::EnrolRequest::descriptor()->file(),
          v1::EvidenceStatus::descriptor()->file()};
}

template <typename Visit>
void ForEachMethod(const Visit& visit) {
  for (const google::protobuf::FileDescriptor* file : ServiceFiles()) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        visit(*file->service(i)->method(j));
      }
    }
  }
}

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

std::string AddressOf(std::string_view peer) {
  const std::size_t kind = peer.find(':');
  const std::size_t port = peer.rfind(':');
  if (kind == std::string_view::npos || port <= kind) return std::string(peer);
  const std::string host(peer.substr(kind + 1, port - kind - 1));
  if (peer.substr(0, kind) != "ipv6") return host;
  // "%5B2001:db8::1%5D", perhaps with "%25" and a zone.
  std::string address = host;
  if (address.rfind("%5B", 0) == 0) address.erase(0, 3);
  address.erase(std::min(address.find('%'), address.size()));
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return host;
  const auto* bytes = reinterpret_cast<const char*>(&v6);
  const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&v6);
  return absl::BytesToHexString(is_v4 ? absl::string_view(bytes + 12, 4)
                                      : absl::string_view(bytes, 8));
}

Guard::Guard(access::Authenticator& authenticator, const Clock& clock, const Limits& limits)
    : authenticator_(authenticator),
      clock_(clock),
      by_address_(PerSecond(limits.calls_per_address_s)),
      by_person_(PerSecond(limits.calls_per_person_s)),
      by_device_(PerSecond(limits.calls_per_device_s)),
      pending_(limits.call_max) {
  ForEachMethod([this](const google::protobuf::MethodDescriptor& method) {
    const v1::RpcRules& rules = method.options().GetExtension(v1::rpc);
    methods_[absl::StrCat(method.service()->name(), ".", method.name())] = {
        .descriptor = &method,
        .path = absl::StrCat(method.service()->full_name(), "/", method.name()),
        .open = rules.open(),
        .signed_request = rules.signed_request(),
        .everywhere = rules.everywhere()};
  });
}

absl::Status Guard::CheckContract() {
  std::string faults;
  ForEachMethod([&faults](const google::protobuf::MethodDescriptor& method) {
    if (!IsComplete(method.options().GetExtension(v1::rpc))) {
      absl::StrAppend(&faults, faults.empty() ? "" : ", ", method.full_name());
    }
  });
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
  const absl::Duration wait = limiter.Take(key, clock_.Now());
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  return rules::Refuse(v1::REASON_RATE_LIMITED, "too many calls; come back in a moment")
      .With("retry_after_ms", std::max<std::int64_t>(1, absl::ToInt64Milliseconds(wait)));
}

absl::StatusOr<std::string> Guard::AdmitOpen(const grpc::ServerContextBase& context,
                                             std::string_view method) {
  VIGIL_CHECK(Find(method).open) << method;
  std::string address = AddressOf(context.peer());
  VIGIL_RETURN_IF_ERROR(CheckRate(by_address_, address));
  return address;
}

absl::StatusOr<Guard::Caller> Guard::Admit(const grpc::ServerContextBase& context,
                                           std::string_view method) {
  const Method& called = Find(method);
  VIGIL_CHECK(!called.open) << method;
  VIGIL_RETURN_IF_ERROR(CheckRate(by_address_, AddressOf(context.peer())));
  const std::string_view token = access::BearerToken(Metadata(context, kAuthorization));
  const absl::Time now = clock_.Now();
  VIGIL_ASSIGN_OR_RETURN(Caller caller, authenticator_.Authenticate(token, now));
  if (!called.signed_request) {
    VIGIL_RETURN_IF_ERROR(authenticator_.CheckProof(
        *caller, {.token = token, .method = called.path, .proof = Metadata(context, kProof)}, now));
  }
  // After the proof: whoever has only the token must not use up what is its owner's.
  VIGIL_RETURN_IF_ERROR(CheckRate(by_device_, caller->author.device));
  VIGIL_RETURN_IF_ERROR(CheckRate(by_person_, caller->author.person));
  VIGIL_RETURN_IF_ERROR(access::CheckRpc(*called.descriptor, caller->author));
  if (called.everywhere) {
    VIGIL_RETURN_IF_ERROR(authenticator_.CheckReach(*called.descriptor, *caller));
  }
  return caller;
}

}  // namespace vigil::service
