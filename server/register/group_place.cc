#include <string>
#include <utility>
#include <vector>

#include "server/register/group.h"
#include "sync/base/status.h"
#include "sync/rules/judge.h"
#include "sync/rules/record.h"

// Where records live, and what comes along when one moves.

namespace vigil::registry {

// Where the record lives: a child with its root, a root by its unit field.
absl::Status Group::Place(Entry& entry, Seq seq) {
  const rules::EntityInfo& info = *rules::InfoOf(entry.record);
  entry.office_only = info.rules.audience() == v1::AUDIENCE_OFFICE;
  Uuid unit;
  if (!entry.record.parent().empty()) {
    VIGIL_ASSIGN_OR_RETURN(const Entry* parent,
                           records_->Get(Uuid::ParseOrNil(entry.record.parent())));
    entry.root = parent->root;
    unit = parent->unit;
  } else {
    entry.root = entry.id;
    VIGIL_ASSIGN_OR_RETURN(
        const std::string text,
        rules::UnitOf(entry.record, [this](std::string_view id) { return records_->Find(id); }));
    unit = Uuid::ParseOrNil(text);
  }
  const bool existed = !entry.stored_bytes.empty() || !entry.versions.empty();
  const bool moves = existed && unit != entry.unit && entry.record.parent().empty();
  if (moves) VIGIL_RETURN_IF_ERROR(Move(entry, unit, seq));
  entry.unit = unit;
  entry.record.set_unit(unit.is_nil() ? "" : unit.ToString());
  const bool brings_hazards = moves && entry.record.entity().has_risk_source();
  return brings_hazards ? MoveFollowers(entry.id, seq) : absl::OkStatus();
}

absl::Status Group::Move(Entry& root, const Uuid& to_unit, Seq seq) {
  store::Move move{
      .root = root.id, .from_unit = root.unit, .to_unit = to_unit, .seq = seq, .children = {}};
  VIGIL_RETURN_IF_ERROR(MoveChildren(root, move));
  writes_.moves.push_back(std::move(move));
  return absl::OkStatus();
}

absl::Status Group::MoveFollowers(const Uuid& risk_source, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Entry*> hazards,
                         records_->HazardsFollowing(risk_source));
  for (Entry* hazard : hazards) {
    VIGIL_ASSIGN_OR_RETURN(
        const std::string text,
        rules::UnitOf(hazard->record, [this](std::string_view id) { return records_->Find(id); }));
    const Uuid unit = Uuid::ParseOrNil(text);
    if (unit == hazard->unit) continue;
    store::Move move{
        .root = hazard->id, .from_unit = hazard->unit, .to_unit = unit, .seq = seq, .children = {}};
    MoveOne(*hazard, move);
    VIGIL_RETURN_IF_ERROR(MoveChildren(*hazard, move));
    writes_.moves.push_back(std::move(move));
  }
  return absl::OkStatus();
}

// It keeps its version: nobody has changed it.
void Group::MoveOne(Entry& entry, store::Move& move) {
  records_->Touch(entry);
  entry.unit = move.to_unit;
  entry.record.set_unit(move.to_unit.is_nil() ? "" : move.to_unit.ToString());
  entry.bytes = rules::CanonicalBytes(entry.record);
  move.children.push_back({.id = entry.id, .bytes = entry.bytes});
}

absl::Status Group::MoveChildren(Entry& parent, store::Move& move) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Entry*> children,
                         records_->Children(parent.id, WorkingSet::kAllKinds));
  for (Entry* child : children) {
    MoveOne(*child, move);
    VIGIL_RETURN_IF_ERROR(MoveChildren(*child, move));
  }
  return absl::OkStatus();
}

}  // namespace vigil::registry
