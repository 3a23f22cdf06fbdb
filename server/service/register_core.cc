#include "server/service/register_core.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "server/access/visibility.h"
#include "server/service/pull_stream.h"
#include "server/service/record_cache.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/derive.h"
#include "sync/rules/evidence.h"
#include "sync/rules/reason.h"
#include "sync/rules/schema.h"
#include "sync/rules/validate.h"
#include "vigil/v1/entity.pb.h"

namespace vigil::service {

using access::Visibility;
using rules::Refuse;

namespace {

absl::StatusOr<Uuid> ParseId(const std::string& text, std::string_view field) {
  const std::optional<Uuid> id = Uuid::Parse(text);
  if (!id) {
    return Refuse(v1::REASON_INVALID_ID,
                  "an id has 36 characters, such as "
                  "018f3b1c-9d2e-7c31-8f3a-2b6d5e4f7a90")
        .With("field", field);
  }
  return *id;
}

absl::StatusOr<const rules::EntityInfo*> FindKind(const std::string& kind) {
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(kind);
  if (info == nullptr) {
    return Refuse(v1::REASON_INVALID_FILTER, "there is no kind of record of this name")
        .With("kind", kind);
  }
  return info;
}

// A record that the caller sees.
absl::StatusOr<Uuid> FindRequested(const v1::GetRecordRequest& request, store::Snapshot& snapshot,
                                   Visibility& visibility) {
  if (!request.record().empty()) {
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(request.record(), "record"));
    VIGIL_ASSIGN_OR_RETURN(const bool sees, visibility.Sees(id));
    if (!sees) return NoSuchRecord(id.ToString());
    return id;
  }
  VIGIL_ASSIGN_OR_RETURN(const rules::EntityInfo* info, FindKind(request.kind()));
  VIGIL_ASSIGN_OR_RETURN(const store::RecordScope scope, visibility.Scope());
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> id,
                         snapshot.FindByKey(info->number, request.key(), scope));
  if (!id) {
    return Refuse(v1::REASON_NOT_FOUND, "the register has no such record")
        .With("kind", request.kind())
        .With("key", request.key());
  }
  return *id;
}

absl::StatusOr<store::RecordScope> ScopeOf(const rules::Author& caller, store::Snapshot& snapshot) {
  VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller, snapshot));
  return visibility.Scope();
}

// Children, and their children, parents first.
absl::Status AddChildren(RecordCache& cache, const Uuid& parent, v1::GetRecordResponse& response) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<const v1::Record*> children, cache.Children(parent, 0));
  for (const v1::Record* child : children) {
    *response.add_children() = *child;
    const std::optional<Uuid> id = Uuid::Parse(child->id());
    if (id) VIGIL_RETURN_IF_ERROR(AddChildren(cache, *id, response));
  }
  return absl::OkStatus();
}

void AddMissing(const v1::Record& record, const RegisterCore::HasEvidence& has_evidence,
                std::set<std::string>& missing) {
  for (const v1::Evidence& evidence : rules::EvidenceOf(record)) {
    const std::optional<Sha256> content = Sha256::FromHex(evidence.sha256());
    const bool here = content && has_evidence != nullptr && has_evidence(*content);
    if (!here) missing.insert(evidence.sha256());
  }
}

}  // namespace

struct RegisterCore::Asked {
  // Now; sight is decided by it.
  std::unique_ptr<store::Snapshot> live;
  // Of a day that is over; the second reads the first.
  std::shared_ptr<store::AsOfStore> copy;
  std::unique_ptr<store::Snapshot> past;
  store::RecordScope scope;
  // The day that was asked about.
  v1::Date today;

  store::Snapshot& snapshot() const { return past != nullptr ? *past : *live; }
};

absl::StatusOr<RegisterCore::Asked> RegisterCore::Ask(const rules::Author& caller,
                                                      const v1::Date* as_of) {
  Asked asked;
  asked.today = register_.Today();
  VIGIL_ASSIGN_OR_RETURN(asked.live, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller, *asked.live));
  VIGIL_ASSIGN_OR_RETURN(asked.scope, visibility.Scope());
  if (as_of == nullptr) return asked;
  VIGIL_RETURN_IF_ERROR(rules::ValidateDate(*as_of));
  const int compared = rules::CompareDates(*as_of, asked.today);
  if (compared > 0) {
    return Refuse(v1::REASON_INVALID_DATE, "this day has not come; ask for today or an earlier one")
        .With("field", "as_of");
  }
  // Today is not over: how it stands is how it stands now.
  if (compared == 0) return asked;
  VIGIL_ASSIGN_OR_RETURN(asked.copy, as_of_.Find(*asked.live, *as_of, register_.ladder_rules(),
                                                 !visibility.everywhere()));
  VIGIL_ASSIGN_OR_RETURN(asked.past, asked.copy->Read());
  asked.today = *as_of;
  // Today's tree of units decides. Where it was another one then, its units are named one by one.
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> units_then,
                         asked.past->UnitsBelow(asked.scope.units));
  if (units_then != visibility.units()) {
    asked.scope.units = visibility.units();
    asked.scope.below = false;
  }
  return asked;
}

absl::StatusOr<v1::GetRecordResponse> RegisterCore::GetRecord(const rules::Author& caller,
                                                              const v1::GetRecordRequest& request) {
  if (request.has_as_of() && request.version() != 0) {
    return Refuse(v1::REASON_INVALID_VALUE, "ask for a version or for a day, not for both")
        .With("field", "as_of");
  }
  VIGIL_ASSIGN_OR_RETURN(const Asked asked,
                         Ask(caller, request.has_as_of() ? &request.as_of() : nullptr));
  VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller, *asked.live));
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, FindRequested(request, *asked.live, visibility));
  RecordCache cache(asked.snapshot(), Seq(request.version()));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, cache.Find(id));
  if (record == nullptr && asked.past != nullptr) {
    return Refuse(v1::REASON_NOT_FOUND, "the register did not have this record yet on that day")
        .With("record", id.ToString());
  }
  if (record == nullptr) return NoSuchRecord(id.ToString());
  v1::GetRecordResponse response;
  *response.mutable_record() = *record;
  if (record->entity().has_hazard()) {
    VIGIL_ASSIGN_OR_RETURN(*response.mutable_state(), cache.HazardStateOf(*record));
  }
  // They live where their root lives.
  VIGIL_RETURN_IF_ERROR(AddChildren(cache, id, response));
  std::set<std::string> missing;
  AddMissing(response.record(), has_evidence_, missing);
  for (const v1::Record& child : response.children()) AddMissing(child, has_evidence_, missing);
  response.mutable_missing_evidence()->Add(missing.begin(), missing.end());
  return response;
}

absl::StatusOr<v1::ListRecordsResponse> RegisterCore::ListRecords(
    const rules::Author& caller, const v1::ListRecordsRequest& request) {
  int kind = 0;
  Uuid parent;
  if (!request.kind().empty()) {
    VIGIL_ASSIGN_OR_RETURN(const rules::EntityInfo* info, FindKind(request.kind()));
    kind = info->number;
  }
  if (!request.parent().empty()) {
    VIGIL_ASSIGN_OR_RETURN(parent, ParseId(request.parent(), "parent"));
  }
  if (kind == 0 && parent.is_nil()) {
    return Refuse(v1::REASON_INVALID_FILTER, "name a kind of record, a parent, or both");
  }
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const store::RecordScope scope, ScopeOf(caller, *snapshot));
  VIGIL_ASSIGN_OR_RETURN(
      const store::RecordPage page,
      snapshot->Records(kind, parent, request.page_size(), request.page_token(), scope));
  v1::ListRecordsResponse response;
  for (const store::StoredRecord& stored : page.records) {
    VIGIL_ASSIGN_OR_RETURN(*response.add_records(), ParseRecord(stored));
  }
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::ListHazardsResponse> RegisterCore::ListHazards(
    const rules::Author& caller, const v1::ListHazardsRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const Asked asked,
                         Ask(caller, request.has_as_of() ? &request.as_of() : nullptr));
  VIGIL_ASSIGN_OR_RETURN(store::LedgerPage page,
                         asked.snapshot().Hazards(request, asked.today, asked.scope));
  v1::ListHazardsResponse response;
  for (v1::HazardRow& row : page.rows) *response.add_hazards() = std::move(row);
  response.set_next_page_token(page.next_page_token);
  response.set_total_size(page.total);
  return response;
}

absl::StatusOr<v1::ListOrdersResponse> RegisterCore::ListOrders(
    const rules::Author& caller, const v1::ListOrdersRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const Asked asked,
                         Ask(caller, request.has_as_of() ? &request.as_of() : nullptr));
  VIGIL_ASSIGN_OR_RETURN(store::OrderPage page, asked.snapshot().Orders(request, asked.scope));
  v1::ListOrdersResponse response;
  for (v1::OrderRow& row : page.rows) *response.add_orders() = std::move(row);
  response.set_next_page_token(page.next_page_token);
  response.set_total_size(page.total);
  return response;
}

absl::StatusOr<v1::GetStatsResponse> RegisterCore::GetStats(const rules::Author& caller,
                                                            const v1::GetStatsRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const Asked asked,
                         Ask(caller, request.has_as_of() ? &request.as_of() : nullptr));
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, asked.live->GetHead());
  VIGIL_ASSIGN_OR_RETURN(std::vector<v1::Figure> figures,
                         asked.snapshot().Stats(request.filter(), asked.today, asked.scope));
  v1::GetStatsResponse response;
  for (v1::Figure& figure : figures) *response.add_figures() = std::move(figure);
  *response.mutable_head() = register_.ShowHead(head);
  return response;
}

absl::StatusOr<v1::GetSessionResponse> RegisterCore::GetSession(const rules::Author& caller) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  RecordCache cache(*snapshot);
  v1::GetSessionResponse response;
  response.set_device(caller.device);
  response.set_person(caller.person);
  VIGIL_ASSIGN_OR_RETURN(*response.mutable_person_name(), cache.NameOf(caller.person));
  response.mutable_roles()->Add(caller.roles.begin(), caller.roles.end());
  *response.mutable_head() = register_.ShowHead(head);
  *response.mutable_server_time() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(register_.Now()));
  response.set_time_zone(time_zone_name_);
  return response;
}

absl::StatusOr<v1::GetDigestResponse> RegisterCore::GetDigest(const rules::Author& caller,
                                                              const v1::GetDigestRequest& request) {
  std::vector<Uuid> units;
  for (const std::string& text : request.units()) {
    VIGIL_ASSIGN_OR_RETURN(units.emplace_back(), ParseId(text, "units"));
  }
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const Visibility visibility, Visibility::Of(caller, *snapshot));
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  for (const Uuid& unit : units) {
    if (!visibility.SeesUnit(unit)) return NoSuchRecord(unit.ToString());
  }
  BucketSums sums;
  std::uint64_t records = 0;
  if (units.empty() && visibility.everywhere()) {
    VIGIL_ASSIGN_OR_RETURN(sums, snapshot->DigestOfAll());
    VIGIL_ASSIGN_OR_RETURN(records, snapshot->CountAllRecords());
  } else {
    if (units.empty()) {
      units = visibility.units();
    } else {
      VIGIL_ASSIGN_OR_RETURN(units, snapshot->UnitsBelow(units));
    }
    units.emplace_back();
    VIGIL_ASSIGN_OR_RETURN(sums, snapshot->Digest(units));
    VIGIL_ASSIGN_OR_RETURN(records, snapshot->CountRecords(units));
  }
  v1::GetDigestResponse response;
  *response.mutable_head() = register_.ShowHead(head);
  response.mutable_digest()->Add(sums.begin(), sums.end());
  response.set_records(records);
  return response;
}

}  // namespace vigil::service
