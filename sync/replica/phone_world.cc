#include "sync/replica/phone_world.h"

#include <algorithm>
#include <utility>

#include "sync/base/check.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/replica/outbox.h"
#include "sync/replica/overlay.h"
#include "sync/rules/work_calendar.h"

namespace vigil::replica {

absl::StatusOr<const RecordView*> PhoneWorld::View(std::string_view record) {
  VIGIL_ASSIGN_OR_RETURN(const RecordView* shown, Shown(record));
  if (shown != nullptr) return shown;
  auto found = known_.views.find(record);
  if (found == known_.views.end()) {
    std::optional<RecordView> view;
    if (const std::optional<Uuid> id = Uuid::Parse(record); id && !id->is_nil()) {
      VIGIL_ASSIGN_OR_RETURN(view, FindView(database_, user_, *id));
    }
    found = known_.views.emplace(std::string(record), std::move(view)).first;
  }
  return found->second ? &*found->second : nullptr;
}

absl::StatusOr<const RecordView*> PhoneWorld::Shown(std::string_view record) {
  if (const auto known = shown_since_.find(record); known != shown_since_.end()) {
    return &known->second;
  }
  const auto shown = std::find_if(shown_.rbegin(), shown_.rend(), [&](const RecordView& view) {
    return view.record.id() == record;
  });
  if (shown == shown_.rend()) return nullptr;
  RecordView view = *shown;
  VIGIL_RETURN_IF_ERROR(MergeLaterWrites(database_, user_, view));
  return &shown_since_.emplace(std::string(record), std::move(view)).first->second;
}

const v1::Seen* PhoneWorld::FindSeen(std::string_view record) const {
  VIGIL_CHECK(operation_ != nullptr);
  for (const v1::Seen& seen : operation_->seen()) {
    if (seen.record() == record) return &seen;
  }
  return nullptr;
}

absl::StatusOr<const v1::Record*> PhoneWorld::Seen(std::string_view record) {
  VIGIL_ASSIGN_OR_RETURN(const RecordView* view, View(record));
  // What the operation does not say that it saw, the register does not take for seen either; what
  // is only on this phone is its author's own.
  if (view == nullptr || (view->version > 0 && FindSeen(record) == nullptr)) return nullptr;
  return &view->record;
}

absl::StatusOr<const v1::Record*> PhoneWorld::Current(std::string_view record) {
  VIGIL_ASSIGN_OR_RETURN(const RecordView* view, View(record));
  return view == nullptr ? nullptr : &view->record;
}

absl::StatusOr<bool> PhoneWorld::OwnRefused(std::string_view record) {
  const std::optional<Uuid> id = Uuid::Parse(record);
  if (!id) return false;
  const v1::Seen* seen = FindSeen(record);
  return WasRefusedAfter(database_, user_.device, *id, Seq(seen == nullptr ? 0 : seen->version()));
}

v1::Date PhoneWorld::Today() { return rules::DateAt(ObservedAt(), now_.zone); }

absl::Time PhoneWorld::ObservedAt() { return rules::ObservedAt(*operation_, now_.corrected); }

v1::Date PhoneWorld::ReceivedOn() { return rules::DateAt(now_.corrected, now_.zone); }

absl::StatusOr<v1::Date> PhoneWorld::AddWorkingDays(const v1::Date& date, int days) {
  VIGIL_ASSIGN_OR_RETURN(const std::string bytes, LoadWorkingDays(database_));
  v1::WorkingDayLists lists;
  if (!lists.ParseFromString(bytes)) {
    return absl::DataLossError("the lists of working days cannot be read");
  }
  return rules::WorkCalendar(std::move(lists)).Add(date, days).date;
}

}  // namespace vigil::replica
