#include "sync/transport/call_status.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "vigil/v1/error.pb.h"

namespace vigil::transport {

namespace {

constexpr char kErrorTrailer[] = "vigil-error-bin";

// gRPC has no code of its own for it.
std::string Unreachable(const std::string& said) {
  if (said.find("handshake") != std::string::npos ||
      said.find("certificate") != std::string::npos) {
    return absl::StrCat(
        "no trusted connection to the register: check that the authority's file (--ca) is the one "
        "that issued its certificate, that the address stands in that certificate, that neither "
        "has expired, and whether it asks for a client certificate: ",
        said);
  }
  return absl::StrCat("the register cannot be reached: ", said);
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.ok()) return absl::OkStatus();
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto trailer = trailers.find(kErrorTrailer);
  v1::ErrorDetail detail;
  if (trailer != trailers.end() &&
      detail.ParseFromArray(trailer->second.data(), static_cast<int>(trailer->second.size())) &&
      detail.reason() != v1::REASON_UNSPECIFIED) {
    return rules::FromDetail(detail);
  }
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return rules::Refuse(v1::REASON_SERVER_UNREACHABLE, Unreachable(status.error_message()));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "the register did not answer in time");
    default:
      // The codes of both libraries are the same numbers.
      return Error(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
}

}  // namespace vigil::transport
