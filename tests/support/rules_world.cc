#include "tests/support/rules_world.h"

#include <algorithm>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/check.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/rules/derive.h"
#include "sync/rules/ladder.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"
#include "sync/rules/work_calendar.h"

namespace vigil::testing {
namespace {

using google::protobuf::util::TimeUtil;

const absl::TimeZone& Zone() {
  static const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  return zone;
}

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

v1::Entity UnitEntity(std::string_view name, std::string_view parent) {
  v1::Entity entity;
  entity.mutable_org_unit()->set_code(std::string(name));
  entity.mutable_org_unit()->set_name(std::string(name));
  entity.mutable_org_unit()->set_kind(v1::ORG_UNIT_KIND_RESPONSIBLE_UNIT);
  if (!parent.empty()) entity.mutable_org_unit()->set_parent_unit(std::string(parent));
  return entity;
}

v1::Entity SourceEntity(std::string_view name, std::string_view unit) {
  v1::Entity entity;
  entity.mutable_risk_source()->set_code(std::string(name));
  entity.mutable_risk_source()->set_name(std::string(name));
  entity.mutable_risk_source()->set_site_type(v1::SITE_TYPE_LANDFILL);
  entity.mutable_risk_source()->set_responsible_unit(std::string(unit));
  return entity;
}

}  // namespace

std::string IdOf(std::string_view name) {
  // As a client makes them, but for the chance.
  std::string bytes(DerivedUuid({.name_space = "rules world", .name = name}).bytes());
  bytes[6] = static_cast<char>(0x70 | (bytes[6] & 0x0f));
  return Uuid::FromBytes(bytes)->ToString();
}

std::string Canonical(const v1::Record& record) {
  const rules::EntityInfo& info = *rules::InfoOf(record);
  const auto& body = rules::BodyOf(record.entity());
  std::string text =
      absl::StrCat(info.kind, " ", record.id(), " parent=", record.parent(),
                   " made_by=", rules::IdentityOf(record.made_by()),
                   " outside=", record.outside_scope(), " withdrawn=", record.withdrawn_by(), "\n");
  for (const rules::FieldInfo& field : info.fields) {
    if (info.kind == "hazard" && field.name() == "number") continue;
    std::vector<std::string> writes;
    for (const v1::Write& write : rules::StatusTrail(record, field)) {
      // The field's first state, made with the record, is no news.
      if (write.value().empty() && rules::SameStamp(write.stamp(), record.made_by())) continue;
      writes.push_back(absl::StrCat(rules::IdentityOf(write.stamp()), "=", Hex(write.value()), "(",
                                    write.event_key(), ")", write.covered() ? "covered" : ""));
    }
    if (writes.empty()) continue;
    std::sort(writes.begin(), writes.end());
    absl::StrAppend(&text, "  ", field.name(), ": ", rules::ValueText(body, field),
                    rules::InConflict(record, field) ? " CONFLICT" : "", " <- ",
                    absl::StrJoin(writes, " | "), "\n");
  }
  return text;
}

// What one operation's judgement may look at.
class SeenWorld final : public rules::World {
 public:
  SeenWorld(const RulesWorld& world, const v1::Operation& operation, const RulesActor& actor)
      : world_(world), operation_(operation), actor_(actor) {}

  absl::StatusOr<const v1::Record*> Seen(std::string_view id) override {
    const auto found = world_.records_.find(id);
    if (found == world_.records_.end()) return nullptr;
    const std::uint64_t version = SeenVersion(id);
    std::vector<const RulesWorld::Version*> own;
    const RulesWorld::Version* at = found->second.get();
    while (at != nullptr && at->record.version() > version) {
      const bool mine = at->stamp.covers_own() && at->stamp.device() == operation_.device() &&
                        actor_.author.channel == v1::CHANNEL_PHONE;
      if (mine) own.push_back(at);
      at = at->before.get();
    }
    v1::Record record;
    if (at != nullptr) record = at->record;
    for (auto change = own.rbegin(); change != own.rend(); ++change) {
      if (record.id().empty() && !(*change)->write.creates()) continue;
      VIGIL_RETURN_IF_ERROR(rules::Merge((*change)->write, (*change)->stamp, record));
    }
    if (record.id().empty()) return nullptr;
    return &rebuilt_.emplace_back(std::move(record));
  }
  absl::StatusOr<const v1::Record*> Current(std::string_view id) override {
    return world_.Find(id);
  }
  absl::StatusOr<bool> OwnRefused(std::string_view id) override {
    const std::uint64_t version = SeenVersion(id);
    return std::any_of(world_.refused_.begin(), world_.refused_.end(),
                       [&](const RulesWorld::Refusal& refusal) {
                         return refusal.device == operation_.device() && refusal.seq > version &&
                                std::find(refusal.records.begin(), refusal.records.end(), id) !=
                                    refusal.records.end();
                       });
  }
  v1::Date Today() override { return rules::DateAt(ObservedAt(), Zone()); }
  absl::Time ObservedAt() override { return rules::ObservedAt(operation_, world_.now_); }
  v1::Date ReceivedOn() override { return rules::DateAt(world_.now_, Zone()); }
  absl::StatusOr<v1::Date> AddWorkingDays(const v1::Date& date, int days) override {
    return world_.work_calendar.Add(date, days).date;
  }

 private:
  std::uint64_t SeenVersion(std::string_view id) const {
    for (const v1::Seen& seen : operation_.seen()) {
      if (seen.record() == id) return seen.version();
    }
    return 0;
  }

  const RulesWorld& world_;
  const v1::Operation& operation_;
  const RulesActor& actor_;
  std::list<v1::Record> rebuilt_;
};

RulesWorld::RulesWorld() : now_(absl::FromUnixSeconds(1498874400)) {  // 2017-07-01 10:00 +08:00
  Put(bureau, UnitEntity("bureau", ""));
  Put(department, UnitEntity("department", bureau));
  Put(landfill, UnitEntity("landfill", department));
  Put(other_department, UnitEntity("other department", bureau));
  Put(other_unit, UnitEntity("other unit", other_department));
  Put(district, UnitEntity("district", bureau));
  Put(source, SourceEntity("source", landfill));
  Put(other_source, SourceEntity("other source", other_unit));
  for (const auto& [id, version] : records_) scenery_.insert(id);
}

RulesActor RulesWorld::Make(std::string_view name, const std::vector<v1::Role>& roles,
                            std::string_view unit, v1::Channel channel) {
  RulesActor actor;
  actor.author.person = IdOf(absl::StrCat("person ", ToAbsl(name)));
  actor.author.device = IdOf(absl::StrCat("device ", ToAbsl(name)));
  actor.author.channel = channel;
  v1::Entity person;
  person.mutable_person()->set_code(std::string(name));
  person.mutable_person()->set_name(std::string(name));
  for (const v1::Role role : roles) {
    v1::RoleGrant& grant = actor.author.roles.emplace_back();
    grant.set_role(role);
    grant.set_unit(std::string(unit));
    *person.mutable_person()->add_roles() = grant;
  }
  if (Find(actor.author.person) == nullptr) Put(actor.author.person, person);
  scenery_.insert(actor.author.person);
  return actor;
}

RulesActor RulesWorld::Phone(std::string_view name, const std::vector<v1::Role>& roles,
                             std::string_view unit) {
  return Make(name, roles, unit, v1::CHANNEL_PHONE);
}

RulesActor RulesWorld::Clerk(std::string_view name, const std::vector<v1::Role>& roles,
                             std::string_view unit) {
  return Make(name, roles, unit, v1::CHANNEL_OFFICE);
}

RulesActor RulesWorld::Clock() {
  return Make("clock", {v1::ROLE_ESCALATION_CLOCK}, "", v1::CHANNEL_CLOCK);
}

RulesActor RulesWorld::Importer() {
  return Make("importer", {v1::ROLE_ADMINISTRATOR}, "", v1::CHANNEL_IMPORT);
}

v1::Operation RulesWorld::Begin(RulesActor& actor, const std::vector<std::string>& seen) {
  now_ += absl::Minutes(1);
  v1::Operation operation;
  operation.set_device(actor.author.device);
  operation.set_person(actor.author.person);
  operation.set_device_seq(++actor.device_seq);
  operation.set_id(IdOf(absl::StrCat(actor.author.device, ":", actor.device_seq)));
  *operation.mutable_made_at() = TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(now_));
  for (const std::string& record : seen) See(operation, record);
  return operation;
}

void RulesWorld::See(v1::Operation& operation, const std::string& record) const {
  v1::Seen& seen = *operation.add_seen();
  seen.set_record(record);
  const v1::Record* found = Find(record);
  seen.set_version(found == nullptr ? 0 : found->version());
}

absl::StatusOr<rules::Decision> RulesWorld::Judge(const v1::Operation& operation,
                                                  const RulesActor& actor) const {
  VIGIL_RETURN_IF_ERROR(rules::ValidateOperation(operation));
  SeenWorld world(*this, operation, actor);
  return rules::Judge(operation, actor.author, world);
}

v1::Outcome RulesWorld::Apply(const v1::Operation& operation, const RulesActor& actor) {
  v1::Outcome outcome;
  outcome.set_operation(operation.id());
  absl::StatusOr<rules::Decision> decision = Judge(operation, actor);
  if (!decision.ok()) {
    *outcome.mutable_error() = rules::ToDetail(decision.status());
    VIGIL_CHECK(outcome.error().reason() != v1::REASON_UNSPECIFIED) << decision.status().ToString();
    if (rules::IsDeferral(outcome.error().reason())) {
      outcome.set_verdict(v1::VERDICT_DEFERRED);
      return outcome;
    }
    outcome.set_verdict(v1::VERDICT_REFUSED);
    outcome.set_seq(++seq_);
    refused_.push_back({operation.device(), seq_, rules::RecordsWritten(operation)});
    return outcome;
  }
  outcome.set_verdict(v1::VERDICT_APPLIED);
  outcome.set_seq(++seq_);
  outcome.set_outside_scope(decision->outside_scope);
  Number(*decision, seq_);
  for (const v1::RecordWrite& write : decision->writes) {
    Commit(write, rules::StampFor(operation, actor.author, write.record(),
                                  {.seq = seq_, .received_at = now_}));
    outcome.add_changed(write.record());
    for (const rules::FieldInfo* field : rules::ConflictsOf(*Find(write.record()))) {
      outcome.set_verdict(v1::VERDICT_MERGED);
      v1::FieldConflict& conflict = *outcome.add_conflicts();
      conflict.set_record(write.record());
      conflict.set_field(field->name());
    }
  }
  return outcome;
}

void RulesWorld::Number(rules::Decision& decision, std::uint64_t seq) const {
  for (v1::RecordWrite& write : decision.writes) {
    if (decision.needs_number.empty() || write.record() != decision.needs_number) continue;
    v1::Hazard numbered;
    numbered.set_number(absl::StrCat("2017-", seq));
    v1::FieldWrite& field = *write.add_fields();
    field.set_field(v1::Hazard::kNumberFieldNumber);
    field.set_value(rules::CanonicalBytes(numbered));
  }
}

void RulesWorld::Commit(const v1::RecordWrite& write, const v1::Stamp& stamp) {
  std::shared_ptr<const Version>& head = records_[write.record()];
  auto version = std::make_shared<Version>();
  if (head != nullptr) version->record = head->record;
  const absl::Status merged = rules::Merge(write, stamp, version->record);
  VIGIL_CHECK(merged.ok()) << merged.ToString();
  version->write = write;
  version->stamp = stamp;
  version->before = head;
  head = std::move(version);
}

void RulesWorld::Put(const std::string& id, const v1::Entity& entity, const std::string& parent) {
  const rules::EntityInfo& info = *rules::Schema::Get().Of(entity);
  v1::RecordWrite write;
  write.set_record(id);
  write.set_kind(static_cast<std::uint32_t>(info.number));
  write.set_creates(true);
  write.set_parent(parent);
  for (const rules::FieldInfo& field : info.fields) {
    std::string bytes = rules::FieldBytes(rules::BodyOf(entity), field);
    if (bytes.empty()) continue;
    v1::FieldWrite& added = *write.add_fields();
    added.set_field(static_cast<std::uint32_t>(field.number()));
    added.set_value(std::move(bytes));
  }
  v1::Stamp stamp;
  stamp.set_seq(++seq_);
  stamp.set_device(IdOf("device of the scenery"));
  stamp.set_device_seq(seq_);
  stamp.set_person(IdOf("person of the scenery"));
  *stamp.mutable_observed_at() = TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(now_));
  Commit(write, stamp);
}

void RulesWorld::Set(const std::string& id, const v1::Entity& changes) {
  const rules::EntityInfo& info = *rules::Schema::Get().Of(changes);
  v1::RecordWrite write;
  write.set_record(id);
  write.set_kind(static_cast<std::uint32_t>(info.number));
  for (const rules::FieldInfo& field : info.fields) {
    std::string bytes = rules::FieldBytes(rules::BodyOf(changes), field);
    if (bytes.empty()) continue;
    v1::FieldWrite& added = *write.add_fields();
    added.set_field(static_cast<std::uint32_t>(field.number()));
    added.set_value(std::move(bytes));
  }
  v1::Stamp stamp;
  stamp.set_seen(seq_);
  stamp.set_seq(++seq_);
  stamp.set_device(IdOf("device of the scenery"));
  stamp.set_device_seq(seq_);
  *stamp.mutable_observed_at() = TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(now_));
  Commit(write, stamp);
}

const v1::Record* RulesWorld::Find(std::string_view id) const {
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : &found->second->record;
}

const v1::Hazard& RulesWorld::Hazard(std::string_view id) const {
  VIGIL_CHECK(Find(id) != nullptr) << id;
  return Find(id)->entity().hazard();
}

const v1::SupervisionOrder& RulesWorld::Order(std::string_view id) const {
  VIGIL_CHECK(Find(id) != nullptr) << id;
  return Find(id)->entity().supervision_order();
}

class RulesWorld::Source final : public rules::RecordSource {
 public:
  using Records = absl::StatusOr<std::vector<const v1::Record*>>;
  explicit Source(const RulesWorld& world) : world_(world) {}
  absl::StatusOr<const v1::Record*> Find(std::string_view id) override { return world_.Find(id); }
  Records Children(std::string_view parent, int kind) override {
    return Where([&](const v1::Record& record) {
      return record.parent() == parent && record.entity().entity_case() == kind;
    });
  }
  Records DuplicatesOf(std::string_view hazard) override {
    return Where(
        [&](const v1::Record& record) { return record.entity().hazard().merged_into() == hazard; });
  }

 private:
  Records Where(const std::function<bool(const v1::Record&)>& fits) const {
    std::vector<const v1::Record*> records;
    for (const auto& [id, version] : world_.records_) {
      if (fits(version->record)) records.push_back(&version->record);
    }
    return records;
  }

  const RulesWorld& world_;
};

v1::HazardState RulesWorld::StateOf(std::string_view hazard) const {
  const v1::Record* record = Find(hazard);
  VIGIL_CHECK(record != nullptr) << hazard;
  Source records(*this);
  absl::StatusOr<v1::HazardState> state = rules::DeriveHazard(*record, records);
  VIGIL_CHECK(state.ok()) << state.status().ToString();
  return *std::move(state);
}

std::string RulesWorld::Canonical() const {
  std::string text;
  for (const auto& [id, version] : records_) {
    if (scenery_.contains(id)) continue;
    absl::StrAppend(&text, testing::Canonical(version->record));
    if (version->record.entity().has_hazard()) {
      absl::StrAppend(&text, "  state: ", StateOf(id).ShortDebugString(), "\n");
    }
  }
  return text;
}

std::vector<rules::LadderStep> RulesWorld::StepsOf(std::string_view hazard,
                                                   const v1::Ladder& ladder,
                                                   absl::CivilDay today) const {
  Source found(*this);
  const auto deadlines =
      std::make_shared<const rules::Deadlines>(rules::Deadlines{ladder, work_calendar});
  const auto records = rules::GatherHazard(*Find(hazard), found);
  VIGIL_CHECK(records.ok()) << records.status().ToString();
  auto steps = rules::StepsOfHazard(*records, StateOf(hazard), found, {deadlines, Zone(), today});
  VIGIL_CHECK(steps.ok()) << steps.status().ToString();
  return *std::move(steps);
}

v1::Date RulesWorld::Today() const { return rules::DateAt(now_, Zone()); }

}  // namespace vigil::testing
