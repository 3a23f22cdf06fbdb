#ifndef VIGIL_SERVER_SERVICE_REGISTER_CORE_H_
#define VIGIL_SERVER_SERVICE_REGISTER_CORE_H_

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/register/as_of.h"
#include "server/register/register.h"
#include "sync/base/hash.h"
#include "sync/rules/judge.h"
#include "vigil/v1/register_service.pb.h"

namespace vigil::service {

// What the office asks and says, without gRPC. Any thread; errors carry a reason: NOT_FOUND,
// INVALID_ID, INVALID_FILTER, INVALID_PAGE_TOKEN.
//
// Everybody is shown his part of the register (access::Visibility) and nothing else: what he may
// not see is answered as what does not exist, is not counted, and no page is shorter for it. Of a
// record that he sees he is shown all of it, with the names and the numbers by which it refers to
// others.
//
// Where a request names a day (`as_of`), it is answered as it would have been when that day had
// ended in the register's zone, by the server's clock; what is overdue is so as of that day.
// INVALID_DATE for a day to come; before the register's first operation there is nothing. Who may
// see what is decided by the roles that the caller has today and by the units in which records live
// today: whoever no longer sees a record does not see what it was.
class RegisterCore {
 public:
  using SubmitDone = std::function<void(absl::StatusOr<v1::SubmitResponse>)>;

  // Whether a photo or document has arrived. Any thread.
  using HasEvidence = std::function<bool(const Sha256&)>;

  // The register must outlive this object and the calls that it has under way. `time_zone_name` is
  // the IANA name of the register's zone. Without `has_evidence` none is here.
  RegisterCore(registry::Register& target, std::string time_zone_name,
               HasEvidence has_evidence = nullptr)
      : register_(target),
        time_zone_name_(std::move(time_zone_name)),
        has_evidence_(std::move(has_evidence)) {}

  // The outcome, once it is durable. ABORTED with VERSION_MOVED where the caller asked for a
  // precondition that does not hold. NOT_FOUND, and nothing is judged, for a decision that names a
  // record which the caller does not see; a fact is taken in, and the outcome is silent about such
  // records. What was judged before keeps its outcome.
  //
  // Sight is looked at twice: when the operation comes, and when it has been judged. What left the
  // caller's sight in between is judged by the rules alone, which know where it lives by then. He
  // learns of it what became of his operation and which of the records that he named it changed;
  // not its version (NOT_FOUND), nor what else is written there (no conflict is shown).
  void Submit(const rules::Author& caller, const v1::SubmitRequest& request, SubmitDone done);

  absl::StatusOr<v1::GetRecordResponse> GetRecord(const rules::Author& caller,
                                                  const v1::GetRecordRequest& request);
  absl::StatusOr<v1::ListRecordsResponse> ListRecords(const rules::Author& caller,
                                                      const v1::ListRecordsRequest& request);
  absl::StatusOr<v1::ListHazardsResponse> ListHazards(const rules::Author& caller,
                                                      const v1::ListHazardsRequest& request);
  absl::StatusOr<v1::ListOrdersResponse> ListOrders(const rules::Author& caller,
                                                    const v1::ListOrdersRequest& request);
  absl::StatusOr<v1::ListConflictsResponse> ListConflicts(const rules::Author& caller,
                                                          const v1::ListConflictsRequest& request);
  absl::StatusOr<v1::ListEscalationsResponse> ListEscalations(
      const rules::Author& caller, const v1::ListEscalationsRequest& request);
  absl::StatusOr<v1::ListHistoryResponse> ListHistory(const rules::Author& caller,
                                                      const v1::ListHistoryRequest& request);
  // Figures that say something of the whole register alone ("operations") are left out for whoever
  // does not see all units.
  absl::StatusOr<v1::GetStatsResponse> GetStats(const rules::Author& caller,
                                                const v1::GetStatsRequest& request);
  // Who the caller is, and where he is.
  absl::StatusOr<v1::GetSessionResponse> GetSession(const rules::Author& caller);
  // Of what the caller sees. INVALID_DATE, INVALID_PAGE_TOKEN.
  absl::StatusOr<v1::ListEscalationStepsResponse> ListEscalationSteps(
      const rules::Author& caller, const v1::ListEscalationStepsRequest& request);
  // INVALID_DATE, INVALID_FILTER, INVALID_PAGE_TOKEN.
  absl::StatusOr<v1::ListInspectionsDueResponse> ListInspectionsDue(
      const rules::Author& caller, const v1::ListInspectionsDueRequest& request);
  // INVALID_DATE, INVALID_VALUE.
  absl::StatusOr<v1::AddWorkingDaysResponse> AddWorkingDays(
      const v1::AddWorkingDaysRequest& request) const;
  // Digest of all that the caller sees without the office's own, or of what a phone with roles in
  // these units holds: them, what is below them, and everybody's records.
  absl::StatusOr<v1::GetDigestResponse> GetDigest(const rules::Author& caller,
                                                  const v1::GetDigestRequest& request);

 private:
  // The register of the moment that a request asks about, and the caller's part of it.
  struct Asked;
  absl::StatusOr<Asked> Ask(const rules::Author& caller, const v1::Date* as_of);

  registry::Register& register_;
  const std::string time_zone_name_;
  const HasEvidence has_evidence_;
  registry::AsOf as_of_;
};

// The one answer for a record that is not there, or not for the caller.
absl::Status NoSuchRecord(std::string_view record);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_REGISTER_CORE_H_
