#include "sync/rules/reason.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace vigil::rules {
namespace {

absl::StatusCode CodeOf(v1::Reason reason) {
  const int number = static_cast<int>(reason);
  switch (reason) {
    case v1::REASON_ALREADY_EXISTS:
    case v1::REASON_ID_REUSED:
    case v1::REASON_ALREADY_INITIALISED:
      return absl::StatusCode::kAlreadyExists;
    case v1::REASON_UNAUTHENTICATED:
    case v1::REASON_DEVICE_REVOKED:
    case v1::REASON_TOKEN_EXPIRED:
    case v1::REASON_PROOF_INVALID:
    case v1::REASON_SIGNATURE_INVALID:
    case v1::REASON_CODE_INVALID:
    case v1::REASON_WRONG_PASSWORD:
      return absl::StatusCode::kUnauthenticated;
    case v1::REASON_WRONG_AUTHOR:
      return absl::StatusCode::kPermissionDenied;
    case v1::REASON_VERSION_MOVED:
      return absl::StatusCode::kAborted;
    case v1::REASON_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case v1::REASON_INVALID_PAGE_TOKEN:
    case v1::REASON_INVALID_FILTER:
    case v1::REASON_INVALID_CONFIGURATION:
    case v1::REASON_IMPORT_REJECTED:
    case v1::REASON_PASSWORD_TOO_WEAK:
    case v1::REASON_CERTIFICATE_INVALID:
      return absl::StatusCode::kInvalidArgument;
    case v1::REASON_CORRUPT_FILE:
      return absl::StatusCode::kDataLoss;
    case v1::REASON_QUOTA_EXCEEDED:
    case v1::REASON_RATE_LIMITED:
      return absl::StatusCode::kResourceExhausted;
    case v1::REASON_COMMAND_UNKNOWN:
    case v1::REASON_FIELD_UNKNOWN:
      return absl::StatusCode::kUnimplemented;
    case v1::REASON_STORAGE_UNAVAILABLE:
    case v1::REASON_SHUTTING_DOWN:
    case v1::REASON_SERVER_UNREACHABLE:
      return absl::StatusCode::kUnavailable;
    case v1::REASON_INTERNAL:
      return absl::StatusCode::kInternal;
    default:
      break;
  }
  if (number < 20) return absl::StatusCode::kInvalidArgument;
  if (number >= 30 && number < 40) return absl::StatusCode::kPermissionDenied;
  return absl::StatusCode::kFailedPrecondition;
}

}  // namespace

ErrorBuilder Refuse(v1::Reason reason, std::string_view message) {
  return Error(CodeOf(reason), ReasonTag{static_cast<int>(reason), v1::Reason_Name(reason)},
               message);
}

v1::Reason ReasonOf(const absl::Status& status) {
  const int number = ReasonNumberOf(status);
  return v1::Reason_IsValid(number) ? static_cast<v1::Reason>(number) : v1::REASON_UNSPECIFIED;
}

bool IsDeferral(v1::Reason reason) {
  const int number = static_cast<int>(reason);
  return number >= 60 && number < 80;
}

v1::ErrorDetail ToDetail(const absl::Status& status) {
  v1::ErrorDetail detail;
  detail.set_reason(ReasonOf(status));
  detail.set_message(std::string(ToStd(status.message())));
  for (const auto& [key, value] : MetadataOf(status)) {
    v1::ErrorMetadata* entry = detail.add_metadata();
    entry->set_key(key);
    entry->set_value(value);
  }
  return detail;
}

absl::Status FromDetail(const v1::ErrorDetail& detail) {
  ErrorBuilder error = Refuse(detail.reason(), detail.message());
  for (const v1::ErrorMetadata& entry : detail.metadata()) {
    error.With(entry.key(), std::string_view(entry.value()));
  }
  return error;
}

}  // namespace vigil::rules
