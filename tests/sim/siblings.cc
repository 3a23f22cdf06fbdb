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

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// One write of one field, or of one element of a set.
struct Value {
  std::size_t write = 0;
  std::string bytes;
  std::string event_key;
  bool adds = true;
};

std::vector<std::string> Elements(const Message& like, const rules::FieldInfo& field,
                                  const std::string& bytes) {
  const std::unique_ptr<Message> message(like.New());
  if (!message->ParseFromString(bytes)) return {};
  return rules::ElementBytes(*message, field);
}

// How vigilant a value is: greater is more. Unset is least; of dates the earliest is most.
std::int64_t VigilanceOf(const Message& like, const rules::FieldInfo& field,
                         const std::string& bytes) {
  constexpr std::int64_t kNever = 100'000'000;
  const std::unique_ptr<Message> body(like.New());
  (void)body->ParseFromString(bytes);
  const auto& in = *body->GetReflection();
  const bool has = in.HasField(*body, field.descriptor);
  if (field.policy == v1::MERGE_POLICY_EARLIEST) {
    if (!has) return -kNever;
    v1::Date date;
    date.CopyFrom(in.GetMessage(*body, field.descriptor));
    return -(date.year() * 10'000 + date.month() * 100 + date.day());
  }
  if (!has) return -1;
  if (field.descriptor->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    return in.GetBool(*body, field.descriptor) ? 1 : 0;
  }
  return rules::Schema::RankOf(*field.descriptor->enum_type(),
                               in.GetEnumValue(*body, field.descriptor));
}

bool IsRanked(v1::MergePolicy policy) {
  return policy == v1::MERGE_POLICY_GRAVEST || policy == v1::MERGE_POLICY_EARLIEST ||
         policy == v1::MERGE_POLICY_MOST_OPEN;
}

// Every write of the field, in the order of the log; the maker wrote every field of the record.
template <typename Writes>
std::vector<Value> ValuesOf(const Writes& writes, const Message& like,
                            const rules::FieldInfo& field) {
  std::vector<Value> values;
  const bool is_set = field.policy == v1::MERGE_POLICY_UNION;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    bool written = false;
    for (const v1::FieldWrite& change : writes[i].content.fields()) {
      if (static_cast<int>(change.field()) != field.number()) continue;
      written = true;
      if (!is_set) {
        values.push_back({i, change.value(), change.event_key(), true});
        continue;
      }
      for (std::string& element : Elements(like, field, change.removed())) {
        values.push_back({i, std::move(element), "", false});
      }
      for (std::string& element : Elements(like, field, change.value())) {
        values.push_back({i, std::move(element), "", true});
      }
    }
    if (!written && !is_set && writes[i].content.creates()) values.push_back({i, "", "", true});
  }
  return values;
}

}  // namespace

bool Siblings::Covers(const Write& later, const Write& earlier) {
  if (earlier.seq <= later.knew) return true;
  return later.phone && later.device == earlier.device && later.device_seq > earlier.device_seq;
}

absl::StatusOr<std::vector<Siblings::Write>> Siblings::WritesOf(store::Snapshot& snapshot,
                                                                const Uuid& record) {
  constexpr int kVersionsMax = 1000;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::VersionRow> rows,
                         snapshot.History(record, Seq(0), kVersionsMax));
  std::vector<Write> writes;
  for (const store::VersionRow& row : rows) {
    v1::Stamp stamp;
    v1::Operation operation;
    Write& write = writes.emplace_back();
    if (!write.content.ParseFromString(row.write_bytes) ||
        !stamp.ParseFromString(row.stamp_bytes) ||
        !operation.ParseFromString(row.operation_bytes)) {
      return absl::DataLossError("a version cannot be read");
    }
    write.seq = row.version.value();
    write.device = stamp.device();
    write.device_seq = stamp.device_seq();
    const Book::Entry* made = book_.Find(operation.id());
    if (made == nullptr) made = book_.FindAttempt(operation);
    if (made == nullptr) continue;
    write.phone = made->phone;
    const auto knew = made->knew.find(record.ToString());
    if (knew != made->knew.end()) write.knew = knew->second;
  }
  return writes;
}

void Siblings::CheckField(const v1::Record& record, const rules::FieldInfo& field,
                          const std::vector<Write>& writes) {
  const Message& body = rules::BodyOf(record.entity());
  const std::vector<Value> values = ValuesOf(writes, body, field);
  const bool is_set = field.policy == v1::MERGE_POLICY_UNION;
  const auto covered = [&](const Value& value) {
    return std::any_of(values.begin(), values.end(), [&](const Value& other) {
      if (is_set && other.bytes != value.bytes) return false;
      return std::any_of(values.begin(), values.end(), [&](const Value& same) {
        const bool one =
            &same == &value || (!value.event_key.empty() && same.event_key == value.event_key);
        return one && Covers(writes[other.write], writes[same.write]);
      });
    });
  };
  std::set<std::string> expected;
  std::vector<std::string> in_force;
  for (const Value& value : values) {
    if (!value.adds || covered(value)) continue;
    const Write& write = writes[value.write];
    expected.insert(absl::StrCat(write.device, ":", write.device_seq, "=",
                                 HexEncode(value.bytes).substr(0, 24)));
    in_force.push_back(value.bytes);
  }
  std::set<std::string> actual;
  for (const v1::Write& write : rules::LiveWrites(record, field)) {
    actual.insert(absl::StrCat(rules::IdentityOf(write.stamp()), "=",
                               HexEncode(write.value()).substr(0, 24)));
  }
  if (actual != expected) {
    world_.Violation("siblings", absl::StrCat(record.id(), " ", field.name(), ": are [",
                                              absl::StrJoin(actual, " "), "], must be [",
                                              absl::StrJoin(expected, " "), "]"));
  }
  if (IsRanked(field.policy)) CheckVigilance(record, field, in_force);
}

void Siblings::CheckVigilance(const v1::Record& record, const rules::FieldInfo& field,
                              const std::vector<std::string>& values) {
  const Message& body = rules::BodyOf(record.entity());
  const std::int64_t shown = VigilanceOf(body, field, rules::FieldBytes(body, field));
  for (const std::string& value : values) {
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
                         WritesOf(snapshot, *Uuid::Parse(record.id())));
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
