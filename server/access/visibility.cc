#include "server/access/visibility.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/access/access_control.h"
#include "sync/base/status.h"
#include "sync/rules/schema.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::access {

using store::StoredRecord;

namespace {

constexpr int kTransfersPerPage = 1000;

bool SeesOffice(v1::Role role) {
  return role == v1::ROLE_ADMINISTRATOR || role == v1::ROLE_SAFETY_OFFICE ||
         role == v1::ROLE_AUDITOR;
}

// A kind that this program does not know is nobody's but the office's.
bool IsOfficeOnly(int kind) {
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(kind);
  return info == nullptr || info->rules.audience() == v1::AUDIENCE_OFFICE;
}

}  // namespace

absl::StatusOr<Visibility> Visibility::Of(const rules::Author& author, store::Snapshot& snapshot) {
  Visibility visibility(snapshot);
  for (const v1::RoleGrant& grant : author.roles) {
    visibility.everywhere_ |= grant.unit().empty();
    visibility.office_ |= SeesOffice(grant.role());
  }
  if (!visibility.everywhere_) {
    VIGIL_ASSIGN_OR_RETURN(access::Scope scope, ScopeOf(author, snapshot));
    visibility.granted_ = std::move(scope.units);
    visibility.units_ = std::move(scope.expanded);
  }
  return visibility;
}

bool Visibility::SeesUnit(const Uuid& unit) const {
  return everywhere_ || unit.is_nil() || std::binary_search(units_.begin(), units_.end(), unit);
}

// Whether it waits for a decision of one of the author's units.
absl::StatusOr<bool> Visibility::IsOffered(const StoredRecord& transfer) const {
  v1::Record record;
  if (!record.ParseFromString(transfer.bytes)) {
    return Error(absl::StatusCode::kDataLoss, "a stored record cannot be read")
        .With("record", transfer.id.ToString());
  }
  const v1::Transfer& body = record.entity().transfer();
  if (body.status() != v1::TRANSFER_STATUS_PROPOSED) return false;
  const std::optional<Uuid> to = Uuid::Parse(body.to_unit());
  return to.has_value() && SeesUnit(*to);
}

absl::StatusOr<bool> Visibility::Sees(const StoredRecord& record) {
  if (IsOfficeOnly(record.kind)) return office_;
  if (SeesUnit(record.unit)) return true;
  if (units_.empty()) return false;
  if (offered_) return std::binary_search(offered_->begin(), offered_->end(), record.root);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<StoredRecord> transfers,
                         snapshot_.Children(record.root, v1::Entity::kTransfer));
  for (const StoredRecord& transfer : transfers) {
    VIGIL_ASSIGN_OR_RETURN(const bool offered, IsOffered(transfer));
    if (offered) return true;
  }
  return false;
}

absl::StatusOr<bool> Visibility::Sees(const Uuid& record) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<StoredRecord> stored, snapshot_.FindRecord(record));
  if (!stored) return false;
  return Sees(*stored);
}

absl::Status Visibility::FindOffered() {
  std::vector<Uuid> offered;
  std::string token;
  do {
    VIGIL_ASSIGN_OR_RETURN(store::RecordPage page,
                           snapshot_.Records(v1::Entity::kTransfer, Uuid(), kTransfersPerPage,
                                             token, store::RecordScope::Everything()));
    for (const StoredRecord& transfer : page.records) {
      VIGIL_ASSIGN_OR_RETURN(const bool is_offered, IsOffered(transfer));
      if (is_offered) offered.push_back(transfer.root);
    }
    token = std::move(page.next_page_token);
  } while (!token.empty());
  std::sort(offered.begin(), offered.end());
  offered.erase(std::unique(offered.begin(), offered.end()), offered.end());
  offered_ = std::move(offered);
  return absl::OkStatus();
}

absl::StatusOr<store::RecordScope> Visibility::Scope() {
  store::RecordScope scope{.everywhere = everywhere_, .office = office_};
  if (everywhere_ || units_.empty()) return scope;
  if (!offered_) VIGIL_RETURN_IF_ERROR(FindOffered());
  scope.units = granted_;
  scope.roots = *offered_;
  return scope;
}

}  // namespace vigil::access
