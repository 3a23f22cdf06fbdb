#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/one_time_code.h"
#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/evidence.h"
#include "sync/replica/history.h"
#include "sync/replica/outbox.h"
#include "sync/replica/overlay.h"
#include "sync/replica/phone_world.h"
#include "sync/replica/quarantine.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"
#include "sync/rules/grant.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "sync/rules/validate.h"
#include "sync/rules/work_calendar.h"

// Making operations on the phone.

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

// The register's bound; known here, so that nobody learns of it a day later.
constexpr std::size_t kOperationBytesMax = 256 * 1024;
constexpr int kAncestorsMax = 32;

constexpr char kDeleteDraft[] = "DELETE FROM draft WHERE device = ?1 AND key = ?2";

constexpr char kFindProvisional[] = "SELECT number FROM provisional WHERE hazard = ?1";
constexpr char kIsProvisionalTaken[] = "SELECT 1 FROM provisional WHERE number = ?1";
constexpr char kAddProvisional[] = "INSERT INTO provisional (number, hazard) VALUES (?1, ?2)";

constexpr std::size_t kCodeLettersMin = 4;
constexpr std::size_t kCodeLettersMax = 24;

std::string CodeOf(const Uuid& hazard) {
  const Sha256 hash = Sha256Of(hazard.bytes());
  std::string code;
  for (std::size_t i = 0; i < kCodeLettersMax; ++i) {
    const auto byte = static_cast<std::uint8_t>(hash.bytes()[i]);
    code.push_back(kCrockfordDigits[byte % kCrockfordDigits.size()]);
  }
  return code;
}

// One entry for each record that the operation names or that a named one lives under. Where a form
// was opened before the register was restored, all counts in the epoch of the form: its author had
// not met what this epoch has instead.
absl::Status FillSeen(Database& database, PhoneWorld& world, v1::Operation& operation) {
  std::vector<std::string> named = rules::RecordsNamed(operation);
  operation.clear_seen();
  for (const std::string& record : named) {
    VIGIL_ASSIGN_OR_RETURN(const RecordView* view, world.View(record));
    if (view == nullptr || view->epoch.empty() || view->epoch == operation.epoch()) continue;
    operation.set_epoch(view->epoch);
    break;
  }
  for (std::size_t i = 0; i < named.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(const RecordView* view, world.View(named[i]));
    if (view == nullptr) continue;
    v1::Seen& seen = *operation.add_seen();
    seen.set_record(named[i]);
    VIGIL_ASSIGN_OR_RETURN(const std::uint64_t shared,
                           SharedSeqOf(database, view->epoch, operation.epoch()));
    seen.set_version(std::min(view->version, shared));
    const std::string& parent = view->record.parent();
    const bool is_new = std::find(named.begin(), named.end(), parent) == named.end();
    if (!parent.empty() && is_new && named.size() < kAncestorsMax + 64) named.push_back(parent);
  }
  return absl::OkStatus();
}

void FillEnvelope(const Known& known, absl::Time now, Random& random, v1::Operation& operation) {
  const User& user = known.user;
  operation.set_id(MakeUuidV7(now, random).ToString());
  operation.set_device(user.device.ToString());
  operation.set_device_seq(known.end.device_seq.Next().value());
  operation.set_person(user.person.ToString());
  *operation.mutable_made_at() =
      google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(now));
  operation.set_clock_offset_ms(known.meta.clock_offset_ms);
  operation.set_epoch(known.meta.epoch);
}

// What the register will take for seen, where it is less than the operation says: nobody knows more
// of this epoch than it shares with the one that he was shown.
absl::StatusOr<std::optional<v1::Operation>> CappedCopy(Database& database,
                                                        const std::string& epoch,
                                                        const v1::Operation& operation) {
  if (operation.epoch() == epoch) return std::optional<v1::Operation>();
  v1::Operation capped = operation;
  VIGIL_RETURN_IF_ERROR(CapKnowledge(database, epoch, capped));
  return std::optional<v1::Operation>(std::move(capped));
}

// Content that is wrong in itself is worth nothing to the register, fact or not.
bool IsMalformed(const absl::Status& status) {
  const int reason = static_cast<int>(rules::ReasonOf(status));
  return reason > 0 && reason <= static_cast<int>(v1::REASON_ALREADY_EXISTS) &&
         reason != static_cast<int>(v1::REASON_UNKNOWN_REFERENCE);
}

}  // namespace

bool IsFact(const v1::Operation& operation) {
  const rules::CommandInfo* command = rules::Schema::Get().FindCommand(operation.command_case());
  if (command == nullptr) return false;
  if (command->rules.kind() == v1::COMMAND_KIND_FACT) return true;
  if (!operation.has_create_record()) return false;
  const rules::EntityInfo* info = rules::Schema::Get().Of(operation.create_record().entity());
  return info != nullptr && info->rules.fact();
}

absl::StatusOr<std::vector<v1::RoleGrant>> RolesOf(ConfirmedRecords& records, const User& user,
                                                   const PhoneWorld::Now& now) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* person, records.Find(user.person.ToString()));
  if (person == nullptr) return std::vector<v1::RoleGrant>();
  return rules::RolesOn(person->entity().person(), rules::DateAt(now.corrected, now.zone),
                        [&](std::string_view id) { return records.Find(id); });
}

absl::StatusOr<PhoneWorld::Now> CorrectedNow(const Meta& meta, absl::Time clock) {
  VIGIL_ASSIGN_OR_RETURN(const absl::TimeZone zone, LoadZone(meta.time_zone));
  return PhoneWorld::Now{clock + absl::Milliseconds(meta.clock_offset_ms), zone};
}

absl::StatusOr<rules::Decision> JudgeLocally(const User& user, PhoneWorld& world,
                                             const v1::Operation& operation) {
  rules::Author author;
  author.device = user.device.ToString();
  author.person = user.person.ToString();
  author.channel = v1::CHANNEL_PHONE;
  VIGIL_ASSIGN_OR_RETURN(author.roles, RolesOf(world.confirmed(), user, world.now()));
  world.SetOperation(operation);
  return rules::Judge(operation, author, world);
}

absl::Status AddToOverlay(Transaction& transaction, const User& user,
                          const v1::Operation& operation, const rules::Decision& decision,
                          absl::Time received_at) {
  rules::Author author;
  author.device = user.device.ToString();
  author.person = user.person.ToString();
  author.channel = v1::CHANNEL_PHONE;
  int ordinal = 0;
  for (const v1::RecordWrite& write : decision.writes) {
    const v1::Stamp stamp =
        rules::StampFor(operation, author, write.record(), {.seq = 0, .received_at = received_at});
    VIGIL_RETURN_IF_ERROR(AddPendingWrite(transaction, user, {ordinal++, write, stamp}));
  }
  return absl::OkStatus();
}

absl::Status RestoreToOverlay(Database& database, Transaction& transaction, const User& user,
                              const Meta& meta, const v1::Operation& operation, absl::Time clock) {
  VIGIL_ASSIGN_OR_RETURN(const PhoneWorld::Now now, CorrectedNow(meta, clock));
  VIGIL_ASSIGN_OR_RETURN(const auto capped, CappedCopy(database, meta.epoch, operation));
  const v1::Operation& judged_as = capped ? *capped : operation;
  const std::vector<RecordView> none;
  KnownRecords known(database);
  PhoneWorld world({database, user, known, none}, now);
  const absl::StatusOr<rules::Decision> decision = JudgeLocally(user, world, judged_as);
  if (decision.ok()) {
    const DeviceSeq device_seq(operation.device_seq());
    VIGIL_RETURN_IF_ERROR(DropWrites(transaction, user.Own(device_seq)));
    return AddToOverlay(transaction, user, judged_as, *decision, now.corrected);
  }
  // The register decides; until then the phone shows the records without it, or with what is left
  // of what it once decided.
  const bool judged = rules::ReasonOf(decision.status()) != v1::REASON_UNSPECIFIED;
  return judged ? absl::OkStatus() : decision.status();
}

absl::StatusOr<std::string> ProvisionalNumber(Database& database, Transaction& transaction,
                                              const Uuid& hazard) {
  {
    VIGIL_ASSIGN_OR_RETURN(Statement find, database.Query(kFindProvisional));
    find.BindUuid(1, hazard);
    VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
    if (found) return std::string(find.ColumnText(0));
  }
  const std::string code = CodeOf(hazard);
  for (std::size_t letters = kCodeLettersMin; letters <= kCodeLettersMax; ++letters) {
    const std::string number = "P-" + code.substr(0, letters);
    VIGIL_ASSIGN_OR_RETURN(Statement taken, database.Query(kIsProvisionalTaken));
    taken.BindText(1, number);
    VIGIL_ASSIGN_OR_RETURN(const bool is_taken, taken.Step());
    if (is_taken) continue;
    VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAddProvisional));
    add.BindText(1, number).BindUuid(2, hazard);
    VIGIL_RETURN_IF_ERROR(add.Run());
    return number;
  }
  return absl::InternalError("no short number is left");
}

absl::StatusOr<Replica::Made> Replica::Make(v1::Operation operation, const MakeOptions& options) {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<Known> known, storage_->TakeKnown());
  const User& user = known->user;
  const Meta& meta = known->meta;
  VIGIL_ASSIGN_OR_RETURN(const PhoneWorld::Now now, CorrectedNow(meta, clock_.Now()));
  if (operation.must_be_current()) {
    return Refuse(v1::REASON_INVALID_VALUE,
                  "a phone cannot ask for a precondition: it does not know what is current");
  }
  PhoneWorld world({database, user, known->records, options.shown}, now);
  FillEnvelope(*known, clock_.Now(), random_, operation);
  VIGIL_RETURN_IF_ERROR(FillSeen(database, world, operation));
  VIGIL_RETURN_IF_ERROR(rules::ValidateOperation(operation));
  VIGIL_ASSIGN_OR_RETURN(const auto capped, CappedCopy(database, meta.epoch, operation));
  const v1::Operation& judged_as = capped ? *capped : operation;
  absl::StatusOr<rules::Decision> decision = JudgeLocally(user, world, judged_as);
  if (!decision.ok()) {
    const bool judged = rules::ReasonOf(decision.status()) != v1::REASON_UNSPECIFIED;
    const bool queues_anyway = options.unchecked || IsFact(operation);
    if (!judged || !queues_anyway || IsMalformed(decision.status())) return decision.status();
    decision = rules::Decision();
  }
  OutboxRow row;
  row.device_seq = DeviceSeq(operation.device_seq());
  VIGIL_ASSIGN_OR_RETURN(row.operation, ParseId(operation.id()));
  row.previous_hash = known->end.hash;
  row.bytes = rules::CanonicalBytes(operation);
  if (row.bytes.size() > kOperationBytesMax) {
    return Refuse(v1::REASON_TOO_LARGE,
                  absl::StrCat("the operation has ", row.bytes.size(), " bytes; at most ",
                               kOperationBytesMax, " are taken"));
  }
  VIGIL_RETURN_IF_ERROR(AddOutbox(transaction, user, row));
  VIGIL_RETURN_IF_ERROR(AddToOverlay(transaction, user, judged_as, *decision, now.corrected));
  known->end = {row.device_seq, Sha256Of(row.bytes)};
  // It may rest on what waits.
  if (known->holds_back) {
    VIGIL_RETURN_IF_ERROR(Reconsider(database, transaction, {}, clock_.Now()).status());
  }

  VIGIL_RETURN_IF_ERROR(NoteEvidenceUse(transaction, user, operation));

  Made made;
  for (const v1::RecordWrite& write : decision->writes) made.changed.push_back(write.record());
  if (operation.has_report_hazard()) {
    VIGIL_ASSIGN_OR_RETURN(const Uuid hazard, ParseId(operation.report_hazard().hazard_id()));
    VIGIL_ASSIGN_OR_RETURN(made.provisional_number,
                           ProvisionalNumber(database, transaction, hazard));
  }
  if (!options.draft.empty()) {
    VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kDeleteDraft));
    remove.BindUuid(1, user.device).BindText(2, options.draft);
    VIGIL_RETURN_IF_ERROR(remove.Run());
  }
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  for (const std::string& record : made.changed) known->records.views.erase(record);
  if (!known->holds_back) storage_->KeepKnown(std::move(known));
  made.operation = std::move(operation);
  return made;
}

}  // namespace vigil::replica
