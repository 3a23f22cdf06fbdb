// What became of a record: who did what, when, knowing what, and which conflicts there were.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "google/protobuf/util/time_util.h"
#include "server/access/visibility.h"
#include "server/service/record_cache.h"
#include "server/service/register_core.h"
#include "server/store/page_token.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::service {

using access::Visibility;
using google::protobuf::util::TimeUtil;
using rules::EntityInfo;
using rules::FieldInfo;
using rules::Refuse;

namespace {

constexpr int kHistoryDefault = 100;
constexpr int kVersionsPerRead = 100;

// Null: the operation has no command that this program knows.
const google::protobuf::FieldDescriptor* CommandField(const v1::Operation& operation) {
  return operation.GetReflection()->GetOneofFieldDescriptor(
      operation, v1::Operation::descriptor()->FindOneofByName("command"));
}

// Name of the command, such as "confirm_hazard".
std::string CommandName(const v1::Operation& operation) {
  const google::protobuf::FieldDescriptor* command = CommandField(operation);
  return command == nullptr ? std::string() : command->name();
}

// What a command gives as its reason, if it has such a field.
std::string ReasonGiven(const v1::Operation& operation) {
  const google::protobuf::FieldDescriptor* command = CommandField(operation);
  if (command == nullptr) return "";
  const google::protobuf::FieldDescriptor* reason =
      command->message_type()->FindFieldByName("reason");
  if (reason == nullptr) return "";
  const google::protobuf::Message& body = operation.GetReflection()->GetMessage(operation, command);
  return body.GetReflection()->GetString(body, reason);
}

// One version of a record, or one refused operation that named it.
struct Item {
  Uuid record;
  // Records stand in the order of their tree.
  std::size_t place = 0;
  bool is_refused = false;
  store::VersionRow row;
};

class HistoryReader {
 public:
  HistoryReader(store::Snapshot& snapshot, const v1::ListHistoryRequest& request, Seq after)
      : snapshot_(snapshot),
        request_(request),
        after_(after),
        page_size_(store::ClampPageSize(request.page_size(), kHistoryDefault)),
        cache_(snapshot) {}

  absl::StatusOr<v1::ListHistoryResponse> Run(const Uuid& root) {
    VIGIL_RETURN_IF_ERROR(Collect(root));
    const auto order = [](const Item& item) {
      return std::make_tuple(item.row.version, item.place);
    };
    std::sort(items_.begin(), items_.end(),
              [&](const Item& a, const Item& b) { return order(a) < order(b); });
    v1::ListHistoryResponse response;
    if (const std::size_t size = PageEnd(); size < items_.size()) {
      items_.resize(size);
      response.set_next_page_token(std::to_string(items_.back().row.version.value()));
    }
    for (const Item& item : items_) {
      VIGIL_ASSIGN_OR_RETURN(*response.add_entries(),
                             item.is_refused ? Refused(item) : Version(item));
    }
    return response;
  }

 private:
  absl::Status Collect(const Uuid& record) {
    const std::size_t place = places_++;
    // One more than a page shows that there are more.
    VIGIL_ASSIGN_OR_RETURN(std::vector<store::VersionRow> rows,
                           snapshot_.History(record, after_, page_size_ + 1));
    for (store::VersionRow& row : rows) items_.push_back({record, place, false, std::move(row)});
    if (request_.with_refused()) VIGIL_RETURN_IF_ERROR(CollectRefused(record, place));
    if (!request_.with_children()) return absl::OkStatus();
    VIGIL_ASSIGN_OR_RETURN(const std::vector<store::StoredRecord> children,
                           snapshot_.Children(record, 0));
    for (const store::StoredRecord& child : children) {
      VIGIL_RETURN_IF_ERROR(Collect(child.id));
    }
    return absl::OkStatus();
  }

  absl::Status CollectRefused(const Uuid& record, std::size_t place) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<store::VersionRow> rows,
                           snapshot_.Refusals(record, after_, page_size_ + 1));
    for (store::VersionRow& row : rows) {
      // It may have named a record and one under it.
      const bool known = std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
        return item.is_refused && item.row.version == row.version;
      });
      if (!known) items_.push_back({record, place, true, std::move(row)});
    }
    return absl::OkStatus();
  }

  // What one operation did is not split.
  std::size_t PageEnd() const {
    auto end = static_cast<std::size_t>(page_size_);
    while (end < items_.size() && items_[end].row.version == items_[end - 1].row.version) ++end;
    return end;
  }

  absl::StatusOr<v1::HistoryEntry> Begin(const Item& item, v1::Operation& operation,
                                         v1::Outcome& outcome) {
    if (!operation.ParseFromString(item.row.operation_bytes) ||
        !outcome.ParseFromString(item.row.outcome_bytes)) {
      return Error(absl::StatusCode::kDataLoss, "a stored operation cannot be read")
          .With("seq", item.row.version.signed_value());
    }
    v1::HistoryEntry entry;
    entry.set_seq(item.row.version.value());
    entry.set_command(CommandName(operation));
    entry.set_reason(ReasonGiven(operation));
    if (operation.has_made_at()) *entry.mutable_made_at() = operation.made_at();
    *entry.mutable_received_at() =
        TimeUtil::MicrosecondsToTimestamp(ToMicros(item.row.received_at));
    entry.set_verdict(outcome.verdict());
    if (operation.has_import_record()) {
      *entry.mutable_imported_from() = operation.import_record().source();
    }
    entry.set_record(item.record.ToString());
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* now, cache_.Find(item.record));
    if (now != nullptr) {
      const EntityInfo* info = rules::InfoOf(*now);
      entry.set_kind(info == nullptr ? "" : std::string(info->kind));
      entry.set_key(rules::KeyOf(*now));
    }
    return entry;
  }

  absl::Status Sign(const std::string& person, const std::string& device, v1::HistoryEntry& entry) {
    entry.set_person(person);
    entry.set_device(device);
    VIGIL_ASSIGN_OR_RETURN(*entry.mutable_person_name(), cache_.NameOf(person));
    // The clock is no person of the register's.
    if (entry.command() == "fire_escalation") entry.set_person_name("escalation clock");
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* known, cache_.Find(device));
    if (known != nullptr) entry.set_device_name(known->entity().device().label());
    return absl::OkStatus();
  }

  absl::StatusOr<v1::HistoryEntry> Refused(const Item& item) {
    v1::Operation operation;
    v1::Outcome outcome;
    VIGIL_ASSIGN_OR_RETURN(v1::HistoryEntry entry, Begin(item, operation, outcome));
    VIGIL_RETURN_IF_ERROR(Sign(operation.person(), operation.device(), entry));
    for (const v1::Seen& seen : operation.seen()) {
      if (seen.record() == entry.record()) entry.set_seen(seen.version());
    }
    *entry.mutable_error() = outcome.error();
    return entry;
  }

  absl::StatusOr<v1::HistoryEntry> Version(const Item& item) {
    v1::Operation operation;
    v1::Outcome outcome;
    VIGIL_ASSIGN_OR_RETURN(v1::HistoryEntry entry, Begin(item, operation, outcome));
    v1::Stamp stamp;
    v1::RecordWrite write;
    if (!stamp.ParseFromString(item.row.stamp_bytes) ||
        !write.ParseFromString(item.row.write_bytes)) {
      return Error(absl::StatusCode::kDataLoss, "a stored version cannot be read")
          .With("seq", item.row.version.signed_value());
    }
    VIGIL_RETURN_IF_ERROR(Sign(stamp.person(), stamp.device(), entry));
    entry.set_seen(stamp.seen());
    const Seq before_it(item.row.version.value() - 1);
    VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> before, At(item.record, before_it));
    VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> after,
                           At(item.record, item.row.version));
    if (after) {
      VIGIL_RETURN_IF_ERROR(
          AddChanges(item, write, before ? *before : v1::Record(), *after, entry));
    }
    return entry;
  }

  // The newest version that is not newer than `version`.
  absl::StatusOr<std::optional<v1::Record>> At(const Uuid& record, Seq version) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored,
                           snapshot_.FindRecordAt(record, version));
    if (!stored) return std::optional<v1::Record>();
    VIGIL_ASSIGN_OR_RETURN(v1::Record parsed, ParseRecord(*stored));
    return std::optional<v1::Record>(std::move(parsed));
  }

  // Each written field before and after.
  absl::Status AddChanges(const Item& item, const v1::RecordWrite& write, const v1::Record& before,
                          const v1::Record& after, v1::HistoryEntry& entry) {
    const EntityInfo* info = rules::InfoOf(after);
    if (info == nullptr) return absl::OkStatus();
    const bool existed = rules::InfoOf(before) == info;
    for (const v1::FieldWrite& written : write.fields()) {
      const FieldInfo* field = info->Find(static_cast<int>(written.field()));
      if (field == nullptr) continue;
      v1::FieldChange& change = *entry.add_changes();
      change.set_field(field->name());
      if (existed) change.set_before(rules::ValueText(rules::BodyOf(before.entity()), *field));
      change.set_after(rules::ValueText(rules::BodyOf(after.entity()), *field));
      change.set_in_conflict(rules::InConflict(after, *field));
      if (field->policy == v1::MERGE_POLICY_UNION) continue;
      VIGIL_RETURN_IF_ERROR(AddConflict(*info, *field, after, item, change));
      if (existed && rules::InConflict(before, *field)) {
        VIGIL_RETURN_IF_ERROR(AddPutAside(*info, *field, before, after, written.value(), change));
      }
    }
    return absl::OkStatus();
  }

  // Beside what the write of this version stands, and how that ended.
  absl::Status AddConflict(const EntityInfo& info, const FieldInfo& field, const v1::Record& after,
                           const Item& item, v1::FieldChange& change) {
    if (!change.in_conflict()) return absl::OkStatus();
    const std::string in_force = rules::FieldBytes(rules::BodyOf(after.entity()), field);
    const std::vector<v1::Write> writes = rules::LiveWrites(after, field);
    const auto own = std::find_if(writes.begin(), writes.end(), [&](const v1::Write& write) {
      return write.stamp().seq() == item.row.version.value();
    });
    if (own == writes.end()) return absl::OkStatus();
    if (own->value() != in_force) {
      VIGIL_ASSIGN_OR_RETURN(*change.mutable_written(), ValueOf(info, field, *own));
    }
    for (const v1::Write& write : writes) {
      if (write.value() == own->value()) continue;
      VIGIL_ASSIGN_OR_RETURN(*change.add_beside(), ValueOf(info, field, write));
    }
    return FindEnd(item, field, change);
  }

  // The version that ended a conflict which was there at `item`.
  absl::Status FindEnd(const Item& item, const FieldInfo& field, v1::FieldChange& change) {
    Seq after = item.row.version;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const std::vector<store::VersionRow> rows,
                             snapshot_.History(item.record, after, kVersionsPerRead));
      for (const store::VersionRow& row : rows) {
        after = row.version;
        VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> record, At(item.record, after));
        if (!record || rules::InConflict(*record, field)) continue;
        v1::Stamp stamp;
        if (!stamp.ParseFromString(row.stamp_bytes)) {
          return Error(absl::StatusCode::kDataLoss, "a stored version cannot be read");
        }
        VIGIL_ASSIGN_OR_RETURN(*change.mutable_settled_by(), Signed(stamp));
        change.mutable_settled_by()->set_text(
            rules::ValueText(rules::BodyOf(record->entity()), field));
        return absl::OkStatus();
      }
      if (static_cast<int>(rows.size()) < kVersionsPerRead) return absl::OkStatus();
    }
  }

  // Values that stood in a conflict until this write covered them.
  absl::Status AddPutAside(const EntityInfo& info, const FieldInfo& field, const v1::Record& before,
                           const v1::Record& after, const std::string& written,
                           v1::FieldChange& change) {
    const std::vector<v1::Write> left = rules::LiveWrites(after, field);
    for (const v1::Write& write : rules::LiveWrites(before, field)) {
      const bool stays = std::any_of(left.begin(), left.end(), [&](const v1::Write& other) {
        return rules::SameStamp(other.stamp(), write.stamp());
      });
      if (stays || write.value() == written) continue;
      VIGIL_ASSIGN_OR_RETURN(*change.add_put_aside(), ValueOf(info, field, write));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<v1::HistoryValue> Signed(const v1::Stamp& stamp) {
    v1::HistoryValue value;
    value.set_seq(stamp.seq());
    value.set_person(stamp.person());
    VIGIL_ASSIGN_OR_RETURN(*value.mutable_person_name(), cache_.NameOf(stamp.person()));
    *value.mutable_observed_at() = stamp.observed_at();
    return value;
  }

  absl::StatusOr<v1::HistoryValue> ValueOf(const EntityInfo& info, const FieldInfo& field,
                                           const v1::Write& write) {
    VIGIL_ASSIGN_OR_RETURN(v1::HistoryValue value, Signed(write.stamp()));
    v1::Entity alone;
    rules::SetFieldBytes(field, write.value(), rules::MutableBodyOf(alone, info));
    value.set_text(rules::ValueText(rules::BodyOf(alone), field));
    return value;
  }

  store::Snapshot& snapshot_;
  const v1::ListHistoryRequest& request_;
  const Seq after_;
  const int page_size_;
  RecordCache cache_;
  std::size_t places_ = 0;
  std::vector<Item> items_;
};

}  // namespace

absl::StatusOr<v1::ListHistoryResponse> RegisterCore::ListHistory(
    const rules::Author& caller, const v1::ListHistoryRequest& request) {
  const std::optional<Uuid> id = Uuid::Parse(request.record());
  if (!id) return Refuse(v1::REASON_INVALID_ID, "the record is named by what is no id");
  std::uint64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return Refuse(v1::REASON_INVALID_PAGE_TOKEN, "this page token is not of this list");
  }
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller, *snapshot));
  // What lives under it lives where it does.
  VIGIL_ASSIGN_OR_RETURN(const bool sees, visibility.Sees(*id));
  if (!sees) return NoSuchRecord(id->ToString());
  return HistoryReader(*snapshot, request, Seq(after)).Run(*id);
}

}  // namespace vigil::service
