// The office's operations, and what their answers may say.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/access/visibility.h"
#include "server/service/register_core.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "sync/rules/schema.h"
#include "sync/rules/validate.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::service {

using registry::Incoming;
using registry::Register;

namespace {

using google::protobuf::FieldDescriptor;

bool Has(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Authority limits decisions, never facts.
bool IsFact(const v1::Operation& operation) {
  const rules::Schema& schema = rules::Schema::Get();
  if (operation.has_create_record()) {
    const rules::EntityInfo* info = schema.Of(operation.create_record().entity());
    return info != nullptr && info->rules.fact();
  }
  const rules::CommandInfo* command = schema.FindCommand(operation.command_case());
  return command != nullptr && command->rules.kind() == v1::COMMAND_KIND_FACT;
}

// Ids that the author gives to records which the operation makes; commands spell them "…_id".
std::vector<std::string> NewRecords(const v1::Operation& operation) {
  if (operation.has_create_record()) return {operation.create_record().record()};
  const FieldDescriptor* set = operation.GetReflection()->GetOneofFieldDescriptor(
      operation, v1::Operation::descriptor()->FindOneofByName("command"));
  std::vector<std::string> ids;
  if (set == nullptr) return ids;
  const google::protobuf::Message& command = operation.GetReflection()->GetMessage(operation, set);
  for (int i = 0; i < command.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *command.GetDescriptor()->field(i);
    if (field.type() != FieldDescriptor::TYPE_STRING || field.is_repeated()) continue;
    if (std::string_view(field.name()).ends_with("_id")) {
      ids.push_back(command.GetReflection()->GetString(command, &field));
    }
  }
  return ids;
}

// What the judgement looks at for the caller. A precondition tells the version of a record.
std::vector<std::string> ReliesOn(const v1::Operation& operation) {
  std::vector<std::string> ids;
  if (!IsFact(operation)) ids = rules::RecordsNamed(operation);
  if (operation.must_be_current()) {
    for (const v1::Seen& seen : operation.seen()) ids.push_back(seen.record());
  }
  return ids;
}

absl::StatusOr<bool> WasJudged(const v1::Operation& operation, const rules::Author& caller,
                               store::Snapshot& snapshot) {
  const std::optional<Uuid> id = Uuid::Parse(operation.id());
  if (!id) return false;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredOutcome> stored,
                         snapshot.FindOutcome(*id));
  return stored.has_value() && stored->device.ToString() == caller.device;
}

// OK: it may be judged.
absl::Status CheckSight(const v1::Operation& operation, const rules::Author& caller,
                        store::Snapshot& snapshot, access::Visibility& visibility) {
  const std::vector<std::string> made = NewRecords(operation);
  for (const std::string& id : ReliesOn(operation)) {
    const std::optional<Uuid> record = Uuid::Parse(id);
    if (!record) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored,
                           snapshot.FindRecord(*record));
    if (!stored && Has(made, id)) continue;
    bool sees = false;
    if (stored) {
      VIGIL_ASSIGN_OR_RETURN(sees, visibility.Sees(*stored));
    }
    if (sees) continue;
    // He may have moved it out of his sight himself, and asks what became of that.
    VIGIL_ASSIGN_OR_RETURN(const bool repeat, WasJudged(operation, caller, snapshot));
    return repeat ? absl::OkStatus() : NoSuchRecord(id);
  }
  return absl::OkStatus();
}

// Of the records that a fact names, those that its author does not see.
absl::StatusOr<std::vector<std::string>> Hidden(const v1::Operation& operation,
                                                access::Visibility& visibility) {
  std::vector<std::string> hidden;
  if (!IsFact(operation)) return hidden;
  const std::vector<std::string> made = NewRecords(operation);
  for (const std::string& id : rules::RecordsNamed(operation)) {
    const std::optional<Uuid> record = Uuid::Parse(id);
    if (!record || Has(made, id)) continue;
    VIGIL_ASSIGN_OR_RETURN(const bool sees, visibility.Sees(*record));
    if (!sees) hidden.push_back(id);
  }
  return hidden;
}

void HideConflicts(const std::vector<std::string>& hidden, v1::Outcome& outcome) {
  auto& conflicts = *outcome.mutable_conflicts();
  conflicts.erase(std::remove_if(conflicts.begin(), conflicts.end(),
                                 [&](const v1::FieldConflict& conflict) {
                                   return Has(hidden, conflict.record());
                                 }),
                  conflicts.end());
  if (outcome.verdict() == v1::VERDICT_MERGED && conflicts.empty()) {
    outcome.set_verdict(v1::VERDICT_APPLIED);
  }
}

// Whether a fact changed such a record, or stands beside what others wrote there, says how that
// record is.
void HideFrom(const std::vector<std::string>& hidden, v1::Outcome& outcome) {
  if (hidden.empty()) return;
  auto& changed = *outcome.mutable_changed();
  changed.erase(std::remove_if(changed.begin(), changed.end(),
                               [&](const std::string& record) { return Has(hidden, record); }),
                changed.end());
  HideConflicts(hidden, outcome);
}

// What was seen when the operation came may have left the caller's sight before it was judged: how
// it is now, and what others have written there since, is nothing for him. Looked at afterwards,
// since the operations that were judged just before are in no snapshot until then; what the
// operation itself has moved away is not told of either.
absl::Status HideWhatHasGone(const rules::Author& caller, store::RegisterStore& store,
                             v1::Outcome& outcome) {
  const bool moved = outcome.error().reason() == v1::REASON_VERSION_MOVED;
  if (!moved && outcome.conflicts().empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store.Read());
  VIGIL_ASSIGN_OR_RETURN(access::Visibility visibility, access::Visibility::Of(caller, *snapshot));
  const auto sees = [&visibility](const std::string& record) -> absl::StatusOr<bool> {
    const std::optional<Uuid> id = Uuid::Parse(record);
    if (visibility.SeesAll() || !id) return true;
    return visibility.Sees(*id);
  };
  if (moved) {
    const absl::Status status = rules::FromDetail(outcome.error());
    const std::string record = MetadataValueOf(status, "record").value_or("");
    VIGIL_ASSIGN_OR_RETURN(const bool seen, sees(record));
    return seen ? status : NoSuchRecord(record);
  }
  std::vector<std::string> gone;
  for (const v1::FieldConflict& conflict : outcome.conflicts()) {
    VIGIL_ASSIGN_OR_RETURN(const bool seen, sees(conflict.record()));
    if (!seen) gone.push_back(conflict.record());
  }
  HideConflicts(gone, outcome);
  return absl::OkStatus();
}

// What the outcome must be silent about. NOT_FOUND: the operation must not be judged.
absl::StatusOr<std::vector<std::string>> CheckOperation(const std::string& bytes,
                                                        const rules::Author& caller,
                                                        store::RegisterStore& store) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store.Read());
  VIGIL_ASSIGN_OR_RETURN(access::Visibility visibility, access::Visibility::Of(caller, *snapshot));
  if (visibility.SeesAll()) return std::vector<std::string>();
  const absl::StatusOr<v1::Operation> operation = rules::ParseOperation(bytes);
  // The register refuses it for what it is.
  if (!operation.ok()) return std::vector<std::string>();
  VIGIL_RETURN_IF_ERROR(CheckSight(*operation, caller, *snapshot, visibility));
  return Hidden(*operation, visibility);
}

}  // namespace

absl::Status NoSuchRecord(std::string_view record) {
  return rules::Refuse(v1::REASON_NOT_FOUND, "the register has no such record")
      .With("record", record);
}

void RegisterCore::Submit(const rules::Author& caller, const v1::SubmitRequest& request,
                          SubmitDone done) {
  absl::StatusOr<std::vector<std::string>> hidden =
      CheckOperation(request.operation(), caller, register_.store());
  if (!hidden.ok()) return done(hidden.status());
  std::vector<Incoming> operations(1);
  operations[0].bytes = request.operation();
  register_.Submit(caller, std::move(operations),
                   [this, caller, done = std::move(done),
                    hidden = *std::move(hidden)](absl::StatusOr<Register::Outcomes> outcomes) {
                     if (!outcomes.ok()) return done(outcomes.status());
                     VIGIL_CHECK(outcomes->size() == 1);
                     v1::Outcome& outcome = outcomes->front();
                     HideFrom(hidden, outcome);
                     absl::Status moved = HideWhatHasGone(caller, register_.store(), outcome);
                     if (!moved.ok()) return done(std::move(moved));
                     v1::SubmitResponse response;
                     *response.mutable_outcome() = std::move(outcome);
                     done(std::move(response));
                   });
}

}  // namespace vigil::service
