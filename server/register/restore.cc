#include "server/register/restore.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/register/audit_check.h"
#include "server/register/log_page.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/lineage.h"
#include "sync/rules/reason.h"

namespace vigil::registry {
namespace {

constexpr int kPageBytes = 2 * 1024 * 1024;

absl::Status Invalid(std::string_view why) {
  return rules::Refuse(v1::REASON_BACKUP_INVALID, absl::StrCat("no sound backup: ", ToAbsl(why)));
}

absl::StatusOr<v1::Epoch> NewEpoch(const store::Head& head, const RestoreRequest& request,
                                   Signer& key) {
  v1::Epoch epoch;
  epoch.set_id(request.epoch.ToString());
  epoch.set_parent(head.epoch.id());
  epoch.set_back_to_seq(head.seq.value());
  epoch.set_why(request.why);
  epoch.set_person(request.person.ToString());
  *epoch.mutable_began_at() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(request.now));
  VIGIL_ASSIGN_OR_RETURN(*epoch.mutable_signature(), key.Sign(rules::BytesToSign(epoch)));
  return epoch;
}

// Phones know one key and ask it of every restore: where the key is a new one, it speaks for the
// restores before it, too.
absl::Status SignAnew(store::SqliteRegisterStore& store, std::vector<v1::Epoch> epochs,
                      Signer& key) {
  for (v1::Epoch& epoch : epochs) {
    if (epoch.parent().empty() || rules::IsSignedBy(epoch, key.public_key())) continue;
    VIGIL_ASSIGN_OR_RETURN(*epoch.mutable_signature(), key.Sign(rules::BytesToSign(epoch)));
    VIGIL_RETURN_IF_ERROR(store.ReplaceEpoch(epoch));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckLog(store::Snapshot& snapshot) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Epoch> epochs, snapshot.Epochs());
  const std::optional<Uuid> first = epochs.empty() ? std::nullopt : Uuid::Parse(epochs.back().id());
  if (!first) return Invalid("the register has no first epoch");
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot.GetHead());
  AuditCheck check({.register_id = *first, .register_key = std::nullopt, .since = std::nullopt});
  v1::ListLogRequest request;
  request.set_page_bytes(kPageBytes);
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListLogResponse page, ListLog(snapshot, request));
    for (const v1::LogEntry& entry : page.entries()) check.Add(entry);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  v1::RegisterHead shown;
  shown.set_epoch(head.epoch.id());
  shown.set_seq(head.seq.value());
  shown.set_root(std::string(head.audit_root.bytes()));
  check.Finish(shown);
  return check.faults().empty() ? absl::OkStatus() : Invalid(check.faults().front());
}

absl::StatusOr<v1::Epoch> Restore(const store::RestorePlace& place, const RestoreRequest& request,
                                  Signer& key) {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<store::SqliteRegisterStore> copy,
                         store::CopyBackup(place, request.backup));
  store::Head head;
  std::vector<v1::Epoch> before;
  {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, copy->Read());
    VIGIL_RETURN_IF_ERROR(CheckLog(*snapshot));
    VIGIL_ASSIGN_OR_RETURN(head, snapshot->GetHead());
    VIGIL_ASSIGN_OR_RETURN(before, snapshot->Epochs());
  }
  VIGIL_RETURN_IF_ERROR(SignAnew(*copy, std::move(before), key));
  VIGIL_ASSIGN_OR_RETURN(v1::Epoch epoch, NewEpoch(head, request, key));
  v1::Backup kept = request.kept;
  kept.set_epoch(head.epoch.id());
  kept.set_seq(head.seq.value());
  VIGIL_RETURN_IF_ERROR(copy->BeginEpoch(epoch, kept));
  VIGIL_RETURN_IF_ERROR(store::PutInPlace(place, std::move(copy), request.epoch));
  return epoch;
}

}  // namespace vigil::registry
