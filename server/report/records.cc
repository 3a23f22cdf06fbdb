#include "server/report/records.h"

#include <optional>
#include <utility>

#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/record.h"

namespace vigil::report {
namespace {

constexpr std::size_t kKeptMax = 4096;

absl::StatusOr<RecordPtr> Parse(const store::StoredRecord& stored) {
  auto record = std::make_shared<v1::Record>();
  if (!record->ParseFromString(stored.bytes)) {
    return Error(absl::StatusCode::kDataLoss, "a stored record cannot be read")
        .With("record", stored.id.ToString());
  }
  return record;
}

}  // namespace

absl::StatusOr<RecordPtr> Records::Read(std::string_view id) {
  const std::optional<Uuid> uuid = Uuid::Parse(id);
  if (!uuid) return RecordPtr();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored,
                         snapshot_.FindRecord(*uuid));
  if (!stored) return RecordPtr();
  return Parse(*stored);
}

absl::StatusOr<RecordPtr> Records::Find(std::string_view id) {
  if (id.empty()) return RecordPtr();
  const auto found = kept_.find(ToAbsl(id));
  if (found != kept_.end()) return found->second;
  VIGIL_ASSIGN_OR_RETURN(RecordPtr record, Read(id));
  if (kept_.size() >= kKeptMax) kept_.clear();
  kept_.emplace(std::string(id), record);
  return record;
}

absl::StatusOr<std::vector<RecordPtr>> Records::Children(std::string_view parent, int kind) {
  std::vector<RecordPtr> children;
  const std::optional<Uuid> id = Uuid::Parse(parent);
  if (!id) return children;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::StoredRecord> stored,
                         snapshot_.Children(*id, kind));
  for (const store::StoredRecord& child : stored) {
    VIGIL_ASSIGN_OR_RETURN(RecordPtr record, Parse(child));
    children.push_back(std::move(record));
  }
  return children;
}

absl::StatusOr<std::string> Records::KeyOf(std::string_view id) {
  VIGIL_ASSIGN_OR_RETURN(const RecordPtr record, Find(id));
  return record == nullptr ? std::string() : rules::KeyOf(*record);
}

absl::StatusOr<std::string> Records::NameOf(std::string_view id) {
  VIGIL_ASSIGN_OR_RETURN(const RecordPtr record, Find(id));
  if (record == nullptr) return std::string();
  const rules::EntityInfo* const info = rules::InfoOf(*record);
  const rules::FieldInfo* const name = info ? info->Find(std::string_view("name")) : nullptr;
  return name ? rules::TextOf(rules::BodyOf(record->entity()), *name) : std::string();
}

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

Value InstantValue(bool is_set, const google::protobuf::Timestamp& time) {
  if (!is_set) return std::monostate();
  return TimeOf(time);
}

Value DateValue(const v1::Date& date) {
  if (date.year() == 0) return std::monostate();
  return absl::CivilDay(date.year(), date.month(), date.day());
}

v1::Date ToDate(absl::CivilDay day) {
  v1::Date date;
  date.set_year(static_cast<std::int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

v1::Date Today(const Context& context) { return ToDate(DayAt(context.now, context.zone)); }

}  // namespace vigil::report
