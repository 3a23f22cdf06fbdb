#include "sync/rules/derive.h"

#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sync/base/status.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

namespace vigil::rules {
namespace {

const EntityInfo& HazardInfo() {
  static const EntityInfo& info = *Schema::Get().FindEntity("hazard");
  return info;
}

const EntityInfo& OrderInfo() {
  static const EntityInfo& info = *Schema::Get().FindEntity("supervision_order");
  return info;
}

const v1::Hazard& HazardOf(const v1::Record& record) { return record.entity().hazard(); }
const v1::SupervisionOrder& OrderOf(const v1::Record& record) {
  return record.entity().supervision_order();
}

// The hazard at the end of the chain of duplicates; null where the chain is broken, goes round or
// ends in a rejected hazard: then nothing is a duplicate of anything.
absl::StatusOr<const v1::Record*> EndOfChain(const v1::Record& hazard, RecordSource& source) {
  std::set<std::string> passed;
  const v1::Record* at = &hazard;
  while (at != nullptr && HazardOf(*at).status() == v1::HAZARD_STATUS_MERGED) {
    if (!passed.insert(at->id()).second) return nullptr;
    VIGIL_ASSIGN_OR_RETURN(at, source.Find(HazardOf(*at).merged_into()));
  }
  if (at == nullptr || HazardOf(*at).status() == v1::HAZARD_STATUS_REJECTED) return nullptr;
  return at;
}

bool InForceExtensionPauses(const v1::Record& order,
                            const std::vector<const v1::Record*>& extensions) {
  if (OrderOf(order).status() != v1::ORDER_STATUS_EXTENSION_PENDING) return false;
  for (const v1::Record* extension : extensions) {
    const v1::Extension& body = extension->entity().extension();
    if (body.order() == order.id() && body.in_time() &&
        body.status() == v1::EXTENSION_STATUS_APPLIED) {
      return true;
    }
  }
  return false;
}

absl::Status DeriveMergeChain(const HazardRecords& records, RecordSource& source,
                              v1::HazardState& state) {
  if (state.status() == v1::HAZARD_STATUS_MERGED) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* end, EndOfChain(*records.hazard, source));
    if (end != nullptr) state.set_merged_into(end->id());
    return absl::OkStatus();
  }
  if (state.status() == v1::HAZARD_STATUS_REJECTED) return absl::OkStatus();
  for (const v1::Record* duplicate : records.duplicates) {
    const v1::Hazard& body = HazardOf(*duplicate);
    if (body.status() != v1::HAZARD_STATUS_MERGED) continue;
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* end, EndOfChain(*duplicate, source));
    if (end == nullptr || end->id() != records.hazard->id()) continue;
    if (RankOf(body.grade()) > RankOf(state.grade())) state.set_grade(body.grade());
    if (CompareDates(body.due_date(), state.due_date()) < 0) {
      *state.mutable_due_date() = body.due_date();
      state.set_due_version(
          DueVersion(body.due_date(), StampInForce(*duplicate, *HazardInfo().Find("due_date"))));
    }
  }
  return absl::OkStatus();
}

void DeriveTag(const HazardRecords& records, v1::HazardState& state) {
  const v1::Record* tagging = nullptr;
  for (const v1::Record* order : records.orders) {
    if (!IsTagging(*order, *records.hazard)) continue;
    state.set_tagged(true);
    if (OrderOf(*order).status() == v1::ORDER_STATUS_LIFTED) state.set_tag_in_doubt(true);
    if (InForceExtensionPauses(*order, records.extensions)) state.set_escalation_paused(true);
    const int sooner = tagging == nullptr
                           ? -1
                           : CompareDates(OrderOf(*order).due_date(), OrderOf(*tagging).due_date());
    if (sooner < 0 || (sooner == 0 && order->id() < tagging->id())) tagging = order;
  }
  if (tagging == nullptr) return;
  state.set_order(tagging->id());
  state.set_order_status(OrderOf(*tagging).status());
  if (!OrderOf(*tagging).has_due_date()) return;
  *state.mutable_due_date() = OrderOf(*tagging).due_date();
  state.set_due_version(DueVersion(OrderOf(*tagging).due_date(),
                                   StampInForce(*tagging, *OrderInfo().Find("due_date"))));
}

bool IsFinished(const v1::HazardState& state) {
  if (state.tagged()) return false;
  switch (state.status()) {
    case v1::HAZARD_STATUS_VERIFIED:
    case v1::HAZARD_STATUS_REJECTED:
    case v1::HAZARD_STATUS_TRANSFERRED:
      return true;
    case v1::HAZARD_STATUS_MERGED:
      return !state.merged_into().empty();
    default:
      return false;
  }
}

}  // namespace

int CompareDates(const v1::Date& a, const v1::Date& b) {
  if (a.year() == 0 || b.year() == 0) {
    return a.year() == b.year() ? 0 : (a.year() == 0 ? 1 : -1);
  }
  const auto key_a = std::make_tuple(a.year(), a.month(), a.day());
  const auto key_b = std::make_tuple(b.year(), b.month(), b.day());
  return key_a < key_b ? -1 : (key_a == key_b ? 0 : 1);
}

std::string DueVersion(const v1::Date& date, const v1::Stamp& stamp) {
  return absl::StrCat(absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day()), "@",
                      IdentityOf(stamp));
}

bool IsTagging(const v1::Record& order, const v1::Record& hazard) {
  switch (OrderOf(order).status()) {
    case v1::ORDER_STATUS_UNSPECIFIED:
    case v1::ORDER_STATUS_PROPOSED:
      return false;
    case v1::ORDER_STATUS_LIFTED:
      return LiftInDoubt(order, hazard);
    case v1::ORDER_STATUS_TRANSFERRED:
      return HazardOf(hazard).status() != v1::HAZARD_STATUS_TRANSFERRED;
    default:
      return true;
  }
}

bool LiftInDoubt(const v1::Record& order, const v1::Record& hazard) {
  const std::vector<v1::Write> trail = StatusTrail(hazard, *HazardInfo().status_field);
  const auto concurrent = [](const v1::Stamp& a, const v1::Stamp& b) {
    return !SameStamp(a, b) && !Knew(a, b) && !Knew(b, a);
  };
  const auto rank = [](const v1::Write& write) {
    v1::Hazard body;
    return body.ParseFromString(write.value()) ? RankOf(body.status()) : 0;
  };
  for (const v1::Write& lifted : LiveWrites(order, *OrderInfo().status_field)) {
    v1::SupervisionOrder body;
    if (!body.ParseFromString(lifted.value()) || body.status() != v1::ORDER_STATUS_LIFTED) {
      continue;
    }
    // The lift left its mark in the hazard's own trail, where it can be compared.
    for (const v1::Write& lift : trail) {
      if (!SameStamp(lift.stamp(), lifted.stamp())) continue;
      for (const v1::Write& other : trail) {
        if (rank(other) <= RankOf(v1::HAZARD_STATUS_VERIFIED)) continue;
        if (!concurrent(other.stamp(), lift.stamp())) continue;
        // One write with several stamps is known as soon as one of them is.
        bool known = false;
        for (const v1::Write& same : trail) {
          known = known || (!other.event_key().empty() && same.event_key() == other.event_key() &&
                            Knew(lift.stamp(), same.stamp()));
        }
        if (!known) return true;
      }
    }
  }
  return false;
}

absl::StatusOr<HazardRecords> GatherHazard(const v1::Record& hazard, RecordSource& source) {
  const Schema& schema = Schema::Get();
  HazardRecords records;
  records.hazard = &hazard;
  VIGIL_ASSIGN_OR_RETURN(records.orders, source.Children(hazard.id(), OrderInfo().number));
  for (const v1::Record* order : records.orders) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<const v1::Record*> extensions,
                           source.Children(order->id(), schema.FindEntity("extension")->number));
    records.extensions.insert(records.extensions.end(), extensions.begin(), extensions.end());
  }
  std::set<std::string> passed = {hazard.id()};
  std::vector<std::string> open = {hazard.id()};
  while (!open.empty()) {
    const std::string at = std::move(open.back());
    open.pop_back();
    VIGIL_ASSIGN_OR_RETURN(const std::vector<const v1::Record*> duplicates,
                           source.DuplicatesOf(at));
    for (const v1::Record* duplicate : duplicates) {
      if (!passed.insert(duplicate->id()).second) continue;
      records.duplicates.push_back(duplicate);
      open.push_back(duplicate->id());
    }
  }
  return records;
}

absl::StatusOr<v1::HazardState> DeriveHazard(const v1::Record& hazard, RecordSource& source) {
  VIGIL_ASSIGN_OR_RETURN(const HazardRecords records, GatherHazard(hazard, source));
  return DeriveHazard(records, source);
}

absl::StatusOr<v1::HazardState> DeriveHazard(const HazardRecords& records, RecordSource& source) {
  const v1::Hazard& hazard = HazardOf(*records.hazard);
  v1::HazardState state;
  state.set_status(hazard.status());
  state.set_grade(hazard.grade());
  if (hazard.has_due_date()) {
    *state.mutable_due_date() = hazard.due_date();
    state.set_due_version(DueVersion(
        hazard.due_date(), StampInForce(*records.hazard, *HazardInfo().Find("due_date"))));
  }
  VIGIL_RETURN_IF_ERROR(DeriveMergeChain(records, source, state));
  DeriveTag(records, state);
  state.set_closed(state.status() == v1::HAZARD_STATUS_VERIFIED && !state.tagged());
  state.set_rectified(state.status() == v1::HAZARD_STATUS_VERIFIED && state.tagged());
  state.set_finished(IsFinished(state));
  for (const FieldInfo* field : ConflictsOf(*records.hazard)) state.add_conflicts(field->name());
  return state;
}

bool IsOverdue(const v1::HazardState& state, const v1::Date& today) {
  if (!state.has_due_date() || state.finished() || state.rectified()) return false;
  return CompareDates(state.due_date(), today) < 0;
}

}  // namespace vigil::rules
