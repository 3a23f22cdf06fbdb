#ifndef VIGIL_SERVER_SERVICE_REGISTER_CORE_H_
#define VIGIL_SERVER_SERVICE_REGISTER_CORE_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/register/register.h"
#include "sync/rules/judge.h"
#include "vigil/v1/register_service.pb.h"

namespace vigil::service {

// What the office asks and says, without gRPC. Any thread; errors carry a reason: NOT_FOUND,
// INVALID_ID, INVALID_FILTER, INVALID_PAGE_TOKEN.
class RegisterCore {
 public:
  using SubmitDone = std::function<void(absl::StatusOr<v1::SubmitResponse>)>;

  // The register must outlive this object and the calls that it has under way. `time_zone_name` is
  // the IANA name of the register's zone.
  RegisterCore(registry::Register& target, std::string time_zone_name)
      : register_(target), time_zone_name_(std::move(time_zone_name)) {}

  // The outcome, once it is durable. ABORTED with VERSION_MOVED where the caller asked for a
  // precondition that does not hold.
  void Submit(const rules::Author& author, const v1::SubmitRequest& request, SubmitDone done);

  absl::StatusOr<v1::GetRecordResponse> GetRecord(const v1::GetRecordRequest& request);
  absl::StatusOr<v1::ListRecordsResponse> ListRecords(const v1::ListRecordsRequest& request);
  absl::StatusOr<v1::ListHazardsResponse> ListHazards(const v1::ListHazardsRequest& request);
  absl::StatusOr<v1::ListOrdersResponse> ListOrders(const v1::ListOrdersRequest& request);
  absl::StatusOr<v1::ListConflictsResponse> ListConflicts(const v1::ListConflictsRequest& request);
  absl::StatusOr<v1::ListEscalationsResponse> ListEscalations(
      const v1::ListEscalationsRequest& request);
  absl::StatusOr<v1::ListHistoryResponse> ListHistory(const v1::ListHistoryRequest& request);
  absl::StatusOr<v1::GetStatsResponse> GetStats(const v1::GetStatsRequest& request);
  // Who the author is, and where he is.
  absl::StatusOr<v1::GetSessionResponse> GetSession(const rules::Author& author);
  // Digest of everything, or of what a phone with roles in these units holds: them, what is below
  // them, and everybody's records.
  absl::StatusOr<v1::GetDigestResponse> GetDigest(const v1::GetDigestRequest& request);

 private:
  registry::Register& register_;
  const std::string time_zone_name_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_REGISTER_CORE_H_
