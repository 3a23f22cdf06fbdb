#ifndef VIGIL_SYNC_BASE_STATUS_H_
#define VIGIL_SYNC_BASE_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sync/base/check.h"

// Errors in Vigil are absl::Status. Beside its code, an error may carry a *reason* (the number and
// name of a value of vigil.v1.Reason) and metadata (key/value pairs): programs branch on the
// reason, people read the message. This folder lies below the generated contract, so the reason is
// kept here as a plain number and name; the typed builder lives in sync/rules.

namespace vigil {

// Debian's absl::string_view is a type of its own; these cross between it and the standard one.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

// Sorted by key; a key occurs once.
using Metadata = std::vector<std::pair<std::string, std::string>>;

// The number and name of an enum value, such as {12, "REASON_TAGGED"}. Number 0: no reason.
struct ReasonTag {
  int number = 0;
  std::string_view name;
};

// Builds an error; converts to absl::Status and so to any absl::StatusOr:
//   return Error(absl::StatusCode::kNotFound, "no such hazard").With("id", id.ToString());
class [[nodiscard]] ErrorBuilder {
 public:
  // `code` must not be kOk.
  ErrorBuilder(absl::StatusCode code, ReasonTag reason, std::string_view message);

  // Sets one entry of the metadata; the last value of a key stands.
  ErrorBuilder& With(std::string_view key, std::string_view value) &;
  ErrorBuilder&& With(std::string_view key, std::string_view value) &&;
  ErrorBuilder& With(std::string_view key, std::int64_t value) &;
  ErrorBuilder&& With(std::string_view key, std::int64_t value) &&;

  // NOLINTNEXTLINE(google-explicit-constructor): made to be returned as a status.
  operator absl::Status() const;

 private:
  absl::StatusCode code_;
  int reason_number_;
  std::string reason_name_;
  std::string message_;
  Metadata metadata_;
};

ErrorBuilder Error(absl::StatusCode code, ReasonTag reason, std::string_view message);
ErrorBuilder Error(absl::StatusCode code, std::string_view message);

// The name of the reason; empty when the status carries none (OK never does).
std::string ReasonOf(const absl::Status& status);
// The number of the reason; 0 when the status carries none.
int ReasonNumberOf(const absl::Status& status);
Metadata MetadataOf(const absl::Status& status);
std::optional<std::string> MetadataValueOf(const absl::Status& status, std::string_view key);

// The same error, with `context` and ": " in front of its message; reason and metadata are kept.
// An OK status stays OK.
absl::Status Annotate(const absl::Status& status, std::string_view context);

namespace internal {
inline absl::Status ToStatus(absl::Status status) { return status; }
template <typename T>
absl::Status ToStatus(const absl::StatusOr<T>& result) {
  return result.status();
}
}  // namespace internal

}  // namespace vigil

#define VIGIL_INTERNAL_CONCAT_(a, b) a##b
#define VIGIL_INTERNAL_CONCAT(a, b) VIGIL_INTERNAL_CONCAT_(a, b)

// Returns the status of `expression` (a Status or a StatusOr) from the calling function unless it
// is OK.
#define VIGIL_RETURN_IF_ERROR(expression)                                       \
  do {                                                                          \
    if (::absl::Status vigil_status_ = ::vigil::internal::ToStatus(expression); \
        ABSL_PREDICT_FALSE(!vigil_status_.ok())) {                              \
      return vigil_status_;                                                     \
    }                                                                           \
  } while (false)

// Evaluates `expression` (a StatusOr); returns its status from the calling function unless it is
// OK, else assigns the value to `lhs`, which may declare a variable but may hold no bare comma.
#define VIGIL_ASSIGN_OR_RETURN(lhs, ...) \
  VIGIL_INTERNAL_ASSIGN_OR_RETURN(VIGIL_INTERNAL_CONCAT(vigil_result_, __LINE__), lhs, __VA_ARGS__)
#define VIGIL_INTERNAL_ASSIGN_OR_RETURN(result, lhs, ...) \
  auto result = (__VA_ARGS__);                            \
  if (ABSL_PREDICT_FALSE(!result.ok())) {                 \
    return std::move(result).status();                    \
  }                                                       \
  lhs = *std::move(result)

#endif  // VIGIL_SYNC_BASE_STATUS_H_
