#include "tests/sim/regained.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/rules/record.h"
#include "tests/sim/writes.h"

namespace vigil::sim {
namespace {

using google::protobuf::Message;

// What vigilance derives from.
bool IsGuarded(const v1::Entity& entity) {
  return entity.has_hazard() || entity.has_supervision_order() || entity.has_risk_source();
}

// The values that stood in what both epochs share, and those that came after it. Where it is not
// certain whether one was covered there, it counts as standing.
std::vector<Value> StandingSince(std::uint64_t shared, const std::vector<Value>& values) {
  std::vector<Value> before;
  std::copy_if(values.begin(), values.end(), std::back_inserter(before),
               [&](const Value& value) { return value.write.seq <= shared; });
  std::vector<Value> standing;
  for (const Value& value : before) {
    if (!IsCovered(value, before, Coverage::kLeast)) standing.push_back(value);
  }
  std::copy_if(values.begin(), values.end(), std::back_inserter(standing),
               [&](const Value& value) { return value.write.seq > shared; });
  return standing;
}

}  // namespace

absl::Status Regained::CheckField(store::Snapshot& snapshot, const v1::Record& copy,
                                  std::uint64_t shared, const rules::FieldInfo& field) {
  const Message& body = rules::BodyOf(copy.entity());
  const std::int64_t held = VigilanceOf(body, field, rules::FieldBytes(body, field));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Write> writes,
                         WritesOf(snapshot, *Uuid::Parse(copy.id()), book_, epochs_));
  const std::vector<Value> standing = StandingSince(shared, ValuesOf(writes, body, field));
  const bool regained = std::any_of(standing.begin(), standing.end(), [&](const Value& value) {
    return VigilanceOf(body, field, value.bytes) >= held;
  });
  if (!regained) {
    world_.Violation("regained",
                     absl::StrCat(copy.id(), " ", field.name(), ": version ", copy.version(),
                                  ", which a phone held before a restore, had a safer "
                                  "value than any since"));
  }
  return absl::OkStatus();
}

absl::Status Regained::CheckCopy(store::Snapshot& snapshot,
                                 const ConfirmedVersions::LeftBehind& left) {
  const std::uint64_t shared = epochs_.Shared(left.epoch, epochs_.current());
  v1::Record copy;
  if (left.held.version <= shared || !copy.ParseFromString(left.held.bytes)) {
    return absl::OkStatus();
  }
  if (!IsGuarded(copy.entity())) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const auto stored, snapshot.FindRecord(*Uuid::Parse(copy.id())));
  if (!stored) {
    // An order has its place under its hazard, which some phone must have held.
    if (!copy.parent().empty()) {
      VIGIL_ASSIGN_OR_RETURN(const auto parent, snapshot.FindRecord(*Uuid::Parse(copy.parent())));
      if (!parent) return absl::OkStatus();
    }
    world_.Violation("regained",
                     absl::StrCat(copy.id(), ": was lost in a restore, ", left.phone->name(),
                                  " has held it, and it is not "
                                  "there again"));
    return absl::OkStatus();
  }
  for (const rules::FieldInfo& field : rules::InfoOf(copy)->fields) {
    if (IsRanked(field.policy)) {
      VIGIL_RETURN_IF_ERROR(CheckField(snapshot, copy, shared, field));
    }
  }
  return absl::OkStatus();
}

void Regained::Check(Server& server, const std::set<const Phone*>& back) {
  const auto snapshot = server.store().Read();
  if (!snapshot.ok()) return world_.Violation("regained", snapshot.status().ToString());
  for (const ConfirmedVersions::LeftBehind& copy : confirmed_.left_behind()) {
    if (!back.contains(copy.phone)) continue;
    const absl::Status status = CheckCopy(**snapshot, copy);
    if (!status.ok()) world_.Violation("regained", status.ToString());
  }
}

}  // namespace vigil::sim
