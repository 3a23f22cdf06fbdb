#include "tests/sim/siblings.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sync/base/status.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "tests/sim/people.h"

namespace vigil::sim {
namespace {

using google::protobuf::Message;

std::string NameOf(const std::string& device, std::uint64_t device_seq, const std::string& bytes) {
  return absl::StrCat(device, ":", device_seq, "=", HexEncode(bytes).substr(0, 24));
}

}  // namespace

// By name, since of one write there may be a copy and, later, the operation itself.
Siblings::Bounds Siblings::BoundsOf(const std::vector<Value>& values) {
  Bounds bounds;
  const bool from_copies = std::any_of(values.begin(), values.end(),
                                       [](const Value& value) { return value.write.witnessed; });
  std::set<std::string> perhaps_covered;
  for (const Value& value : values) {
    if (!value.adds) continue;
    const std::string name = NameOf(value.write.device, value.write.device_seq, value.bytes);
    if (!IsCovered(value, values, Coverage::kLeast)) bounds.most.insert(name);
    // Where copies stand beside it, what was left open may go.
    if (IsCovered(value, values, Coverage::kMost) || (from_copies && value.left_open)) {
      perhaps_covered.insert(name);
    } else {
      bounds.least[name] = value.bytes;
    }
  }
  std::erase_if(bounds.least,
                [&](const auto& named) { return perhaps_covered.contains(named.first); });
  return bounds;
}

void Siblings::CheckField(const v1::Record& record, const rules::FieldInfo& field,
                          const std::vector<Write>& writes) {
  const Bounds bounds = BoundsOf(ValuesOf(writes, rules::BodyOf(record.entity()), field));
  std::set<std::string> actual;
  for (const v1::Write& write : rules::LiveWrites(record, field)) {
    actual.insert(NameOf(write.stamp().device(), write.stamp().device_seq(), write.value()));
  }
  std::set<std::string> least;
  for (const auto& [name, bytes] : bounds.least) least.insert(name);
  if (!std::includes(actual.begin(), actual.end(), least.begin(), least.end()) ||
      !std::includes(bounds.most.begin(), bounds.most.end(), actual.begin(), actual.end())) {
    world_.Violation(
        "siblings",
        absl::StrCat(record.id(), " ", field.name(), ": are [", absl::StrJoin(actual, " "),
                     "], must be [", absl::StrJoin(least, " "), "]",
                     least == bounds.most
                         ? ""
                         : absl::StrCat(", may be [", absl::StrJoin(bounds.most, " "), "]")));
  }
  if (IsRanked(field.policy)) CheckVigilance(record, field, bounds.least);
}

void Siblings::CheckVigilance(const v1::Record& record, const rules::FieldInfo& field,
                              const std::map<std::string, std::string>& values) {
  const Message& body = rules::BodyOf(record.entity());
  const std::int64_t shown = VigilanceOf(body, field, rules::FieldBytes(body, field));
  for (const auto& [name, value] : values) {
    if (VigilanceOf(body, field, value) <= shown) continue;
    return world_.Violation("vigilance", absl::StrCat(record.id(), " ", field.name(),
                                                      ": a safer value is not in force"));
  }
}

absl::Status Siblings::CheckTag(store::Snapshot& snapshot, const v1::Record& hazard) {
  const Uuid id = *Uuid::Parse(hazard.id());
  const rules::EntityInfo* orders = rules::Schema::Get().FindEntity("supervision_order");
  VIGIL_ASSIGN_OR_RETURN(const auto projection, snapshot.FindHazardProjection(id));
  VIGIL_ASSIGN_OR_RETURN(const auto children, snapshot.Children(id, orders->number));
  bool tags = false;
  for (const store::StoredRecord& child : children) {
    v1::Record order;
    if (!order.ParseFromString(child.bytes)) return absl::DataLossError("an order");
    switch (order.entity().supervision_order().status()) {
      case v1::ORDER_STATUS_ISSUED:
      case v1::ORDER_STATUS_SERVED:
      case v1::ORDER_STATUS_IN_PROGRESS:
      case v1::ORDER_STATUS_EXTENSION_PENDING:
      case v1::ORDER_STATUS_ACCEPTANCE:
      case v1::ORDER_STATUS_PASSED:
        tags = true;
        break;
      default:
        break;
    }
  }
  if (!projection) {
    world_.Violation("vigilance", absl::StrCat(hazard.id(), ": is not in the ledger"));
  } else if (tags && !projection->state.tagged()) {
    world_.Violation("vigilance", absl::StrCat(hazard.id(), ": an order tags it; it is untagged"));
  } else if (tags && projection->state.closed()) {
    world_.Violation("vigilance", absl::StrCat(hazard.id(), ": is tagged and closed"));
  }
  return absl::OkStatus();
}

absl::Status Siblings::CheckRecord(store::Snapshot& snapshot, const v1::Record& record) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Write> writes,
                         WritesOf(snapshot, *Uuid::Parse(record.id()), book_, epochs_));
  for (const rules::FieldInfo& field : rules::InfoOf(record)->fields) {
    const bool merges =
        field.policy != v1::MERGE_POLICY_IMMUTABLE && field.policy != v1::MERGE_POLICY_SERVER;
    if (merges) CheckField(record, field, writes);
  }
  if (record.entity().has_hazard()) return CheckTag(snapshot, record);
  return absl::OkStatus();
}

void Siblings::Check(Server& server) {
  const auto snapshot = server.store().Read();
  if (!snapshot.ok()) return world_.Violation("siblings", snapshot.status().ToString());
  RegisterSight sight(server);
  for (const rules::EntityInfo& info : rules::Schema::Get().entities()) {
    for (const v1::Record& record : sight.Records(info.kind)) {
      const absl::Status status = CheckRecord(**snapshot, record);
      if (!status.ok()) world_.Violation("siblings", status.ToString());
    }
  }
}

}  // namespace vigil::sim
