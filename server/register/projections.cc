#include "server/register/projections.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/register/open_steps.h"
#include "server/register/working_source.h"
#include "sync/base/status.h"
#include "sync/rules/derive.h"
#include "sync/rules/merge.h"
#include "sync/rules/schema.h"

namespace vigil::registry {
namespace {

absl::Time InstantOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// What the group says of when a risk source was inspected.
struct Inspected {
  // The latest of the group's; unset: none.
  v1::Date on;
  // That does not tell: all inspections must be looked at.
  bool by_all = false;
};

class Projector {
 public:
  Projector(WorkingSet& records, const rules::LadderRules& rules, store::WriteSet& writes)
      : records_(records), rules_(rules), writes_(writes) {}

  absl::Status Run(const std::vector<Uuid>& again) {
    // Projecting reads more entries but touches none.
    for (const Entry* entry : records_.touched()) {
      ProjectSimple(*entry);
      VIGIL_RETURN_IF_ERROR(NoteItems(*entry));
    }
    for (const Uuid& item : again) {
      hazards_.insert(item);
      sources_[item].by_all = true;
    }
    for (const Uuid& hazard : hazards_) {
      VIGIL_ASSIGN_OR_RETURN(Entry * entry, records_.Get(hazard));
      if (!entry->absent && entry->record.entity().has_hazard()) {
        VIGIL_RETURN_IF_ERROR(ProjectHazard(*entry));
      }
    }
    for (const auto& [id, inspected] : sources_) {
      VIGIL_ASSIGN_OR_RETURN(const Entry* entry, records_.Get(id));
      if (!entry->absent && entry->record.entity().has_risk_source()) {
        VIGIL_RETURN_IF_ERROR(ProjectSource(*entry, inspected));
      }
    }
    return absl::OkStatus();
  }

 private:
  void ProjectSimple(const Entry& entry) {
    const v1::Entity& entity = entry.record.entity();
    if (entity.has_org_unit()) {
      const v1::OrgUnit& unit = entity.org_unit();
      writes_.units.push_back({.id = entry.id,
                               .parent = Uuid::ParseOrNil(unit.parent_unit()),
                               .code = unit.code(),
                               .name = unit.name()});
    }
    const auto conflicts = rules::ConflictsOf(entry.record);
    if (conflicts.empty() && !entry.stored_in_conflict) return;
    store::ConflictProjection projection{.record = entry.id, .fields = {}};
    for (const rules::FieldInfo* field : conflicts) projection.fields.push_back(field->name());
    writes_.conflicts.push_back(std::move(projection));
  }

  // The hazards and risk sources whose state may follow from this entry.
  absl::Status NoteItems(const Entry& entry) {
    const v1::Entity& entity = entry.record.entity();
    if (entity.has_risk_source()) {
      sources_[entry.id];
      return absl::OkStatus();
    }
    if (entity.has_inspection()) {
      Inspected& source = sources_[Uuid::ParseOrNil(entity.inspection().risk_source())];
      source.by_all = source.by_all || !entry.record.withdrawn_by().empty();
      TakeLater(DayOf(entry.record), source.on);
      return absl::OkStatus();
    }
    if (entity.has_hazard()) return NoteHazard(entry.id);
    if (entity.has_supervision_order()) {
      return NoteHazard(Uuid::ParseOrNil(entity.supervision_order().hazard()));
    }
    if (entity.has_extension()) {
      VIGIL_ASSIGN_OR_RETURN(const Entry* order,
                             records_.Get(Uuid::ParseOrNil(entity.extension().order())));
      return NoteHazard(Uuid::ParseOrNil(order->record.entity().supervision_order().hazard()));
    }
    // A fired step ends the waiting for it; what hangs on a hazard, or on its orders, may begin or
    // end one.
    return NoteItemAbove(entry);
  }

  absl::Status NoteItemAbove(const Entry& entry) {
    Uuid above = Uuid::ParseOrNil(entry.record.parent());
    while (!above.is_nil()) {
      VIGIL_ASSIGN_OR_RETURN(const Entry* at, records_.Get(above));
      if (at->absent) return absl::OkStatus();
      if (at->record.entity().has_hazard()) {
        hazards_.insert(above);
        return absl::OkStatus();
      }
      if (at->record.entity().has_risk_source()) {
        sources_[above];
        return absl::OkStatus();
      }
      above = Uuid::ParseOrNil(at->record.parent());
    }
    return absl::OkStatus();
  }

  // The hazard, what it duplicates, and what duplicates it: each may have changed with it.
  absl::Status NoteHazard(const Uuid& hazard) {
    std::deque<Uuid> open{hazard};
    std::set<Uuid> passed;
    while (!open.empty()) {
      const Uuid id = open.front();
      open.pop_front();
      if (id.is_nil() || !passed.insert(id).second) continue;
      hazards_.insert(id);
      VIGIL_ASSIGN_OR_RETURN(const Entry* entry, records_.Get(id));
      if (entry->absent) continue;
      open.push_back(Uuid::ParseOrNil(entry->record.entity().hazard().merged_into()));
      open.push_back(entry->stored_merged_into);
      VIGIL_ASSIGN_OR_RETURN(const std::vector<Entry*> duplicates, records_.DuplicatesOf(id));
      for (const Entry* duplicate : duplicates) open.push_back(duplicate->id);
    }
    return absl::OkStatus();
  }

  absl::Status ProjectHazard(const Entry& entry) {
    const v1::Hazard& hazard = entry.record.entity().hazard();
    WorkingSource source(records_);
    VIGIL_ASSIGN_OR_RETURN(const rules::HazardRecords records,
                           rules::GatherHazard(entry.record, source));
    store::HazardProjection row;
    VIGIL_ASSIGN_OR_RETURN(row.state, rules::DeriveHazard(records, source));
    row.id = entry.id;
    row.number = hazard.number();
    row.risk_source = Uuid::ParseOrNil(hazard.risk_source());
    row.responsible_unit = entry.unit;
    row.follows_source = hazard.responsible_unit().empty();
    row.origin = hazard.origin();
    row.found_at = InstantOf(hazard.found_at());
    row.description = hazard.description();
    row.merged_into = Uuid::ParseOrNil(hazard.merged_into());
    row.imported = hazard.has_imported_from();
    VIGIL_ASSIGN_OR_RETURN(const std::vector<OpenStep> open,
                           OpenStepsOf(records, row.state, records_, rules_));
    if (!open.empty()) row.next_step_at = open.front().falls_due;
    for (const v1::Record* order : records.orders) ProjectOrder(*order, entry.record);
    VIGIL_ASSIGN_OR_RETURN(const store::HazardProjection* stored, records_.HazardRow(entry.id));
    if (stored != nullptr && Same(*stored, row)) return absl::OkStatus();
    records_.NoteRow(row);
    writes_.hazards.push_back(std::move(row));
    return absl::OkStatus();
  }

  v1::Date DayOf(const v1::Record& inspection) const {
    return rules::ToDate(rules::InspectedOn(inspection, rules_.zone));
  }

  static void TakeLater(const v1::Date& day, v1::Date& latest) {
    if (latest.year() == 0 || rules::CompareDates(day, latest) > 0) latest = day;
  }

  v1::Date DueOn(const v1::Record& source, const v1::Date& inspected_on) const {
    std::optional<absl::CivilDay> day;
    if (inspected_on.year() != 0) day = rules::ToDay(inspected_on);
    const std::optional<absl::CivilDay> due = rules::InspectionDueOn(source, day, rules_.zone);
    return due ? rules::ToDate(*due) : v1::Date();
  }

  // A new inspection makes the day later or does not matter; one that is withdrawn makes all that
  // are left matter.
  absl::Status ProjectSource(const Entry& entry, const Inspected& inspected) {
    const v1::RiskSource& source = entry.record.entity().risk_source();
    VIGIL_ASSIGN_OR_RETURN(const store::RiskSourceProjection* stored, records_.SourceRow(entry.id));
    v1::Date on = inspected.on;
    if (inspected.by_all) {
      on.Clear();
      VIGIL_ASSIGN_OR_RETURN(const std::vector<Entry*> inspections,
                             records_.Children(entry.id, v1::Entity::kInspection));
      for (const Entry* inspection : inspections) {
        if (inspection->record.withdrawn_by().empty()) TakeLater(DayOf(inspection->record), on);
      }
    } else if (stored != nullptr && stored->inspected_on.year() != 0) {
      TakeLater(stored->inspected_on, on);
    }
    VIGIL_ASSIGN_OR_RETURN(const std::vector<OpenStep> open,
                           OpenStepsOf(entry.record, on, records_, rules_));
    store::RiskSourceProjection row{
        .id = entry.id,
        .code = source.code(),
        .name = source.name(),
        .site_type = source.site_type(),
        .level = source.level(),
        .industry_department = Uuid::ParseOrNil(source.industry_department()),
        .district = Uuid::ParseOrNil(source.district()),
        .responsible_unit = Uuid::ParseOrNil(source.responsible_unit()),
        .retired = source.retired(),
        .inspected_on = on,
        .inspection_due = DueOn(entry.record, on),
        .next_step_at = std::nullopt};
    if (!open.empty()) row.next_step_at = open.front().falls_due;
    if (stored != nullptr && Same(*stored, row)) return absl::OkStatus();
    records_.NoteRow(row);
    writes_.risk_sources.push_back(std::move(row));
    return absl::OkStatus();
  }

  void ProjectOrder(const v1::Record& record, const v1::Record& hazard) {
    const v1::SupervisionOrder& order = record.entity().supervision_order();
    writes_.orders.push_back({.id = Uuid::ParseOrNil(record.id()),
                              .hazard = Uuid::ParseOrNil(order.hazard()),
                              .number = order.number(),
                              .status = order.status(),
                              .level = order.level(),
                              .due_date = order.due_date(),
                              .ledger = order.ledger(),
                              .tag_in_doubt = order.status() == v1::ORDER_STATUS_LIFTED &&
                                              rules::LiftInDoubt(record, hazard)});
  }

  static bool Same(const store::HazardProjection& a, const store::HazardProjection& b) {
    return a.number == b.number && a.risk_source == b.risk_source &&
           a.responsible_unit == b.responsible_unit && a.follows_source == b.follows_source &&
           a.origin == b.origin && a.found_at == b.found_at && a.description == b.description &&
           a.merged_into == b.merged_into && a.imported == b.imported &&
           a.next_step_at == b.next_step_at &&
           a.state.SerializeAsString() == b.state.SerializeAsString();
  }

  static bool Same(const store::RiskSourceProjection& a, const store::RiskSourceProjection& b) {
    return a.code == b.code && a.name == b.name && a.site_type == b.site_type &&
           a.level == b.level && a.industry_department == b.industry_department &&
           a.district == b.district && a.responsible_unit == b.responsible_unit &&
           a.retired == b.retired && a.next_step_at == b.next_step_at &&
           rules::CompareDates(a.inspected_on, b.inspected_on) == 0 &&
           rules::CompareDates(a.inspection_due, b.inspection_due) == 0;
  }

  WorkingSet& records_;
  const rules::LadderRules& rules_;
  store::WriteSet& writes_;
  std::set<Uuid> hazards_;
  std::map<Uuid, Inspected> sources_;
};

}  // namespace

absl::Status AddProjections(WorkingSet& records, const rules::LadderRules& rules,
                            const std::vector<Uuid>& again, store::WriteSet& writes) {
  return Projector(records, rules, writes).Run(again);
}

}  // namespace vigil::registry
