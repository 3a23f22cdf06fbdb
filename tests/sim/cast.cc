#include "tests/sim/cast.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/check.h"

namespace vigil::sim {
namespace {

v1::RoleGrant Grant(v1::Role role, const std::string& unit) {
  v1::RoleGrant grant;
  grant.set_role(role);
  grant.set_unit(unit);
  return grant;
}

google::protobuf::Timestamp Stamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(time));
}

}  // namespace

Cast::Cast(Server& server) : server_(server), world_(server.world()) {
  importer_ = {.device = world_.NewId(),
               .person = world_.NewId(),
               .channel = v1::CHANNEL_IMPORT,
               .roles = {}};
  importer_.roles.emplace_back().set_role(v1::ROLE_ADMINISTRATOR);
  AddUnit("BUREAU", "", bureau);
  AddUnit("PARKS", bureau, department);
  AddUnit("PARK-01", department, park_1);
  AddUnit("PARK-02", department, park_2);
  AddUnit("DISTRICT-01", bureau, district);
  AddRiskSource("RS-0001", park_1);
  AddRiskSource("RS-0002", park_2);
  AddRiskSource("RS-0003", district);
  AddPeople();
  AddHazards();
  Run(importer_, imports_);
  const auto administrator_author = server_.AuthorOf(administrator);
  rules::Author author = {.device = administrator.device,
                          .person = administrator.person,
                          .channel = v1::CHANNEL_OFFICE,
                          .roles = {Grant(v1::ROLE_ADMINISTRATOR, "")}};
  Run(author, devices_);
}

void Cast::Envelope(const rules::Author& author, v1::Operation& operation) {
  operation.set_id(world_.NewId());
  operation.set_device(author.device);
  operation.set_person(author.person);
  *operation.mutable_made_at() = Stamp(server_.Now());
}

void Cast::Import(const std::string& record, v1::Entity entity) {
  v1::Operation& operation = imports_.emplace_back();
  Envelope(importer_, operation);
  v1::ImportRecord& command = *operation.mutable_import_record();
  command.set_record(record);
  *command.mutable_entity() = std::move(entity);
  command.mutable_source()->set_file("seed.csv");
  command.mutable_source()->set_line(static_cast<std::int32_t>(imports_.size() + 1));
}

void Cast::AddUnit(const std::string& code, const std::string& parent, std::string& id) {
  id = world_.NewId();
  units.push_back(id);
  v1::Entity entity;
  v1::OrgUnit& unit = *entity.mutable_org_unit();
  unit.set_code(code);
  unit.set_name(code);
  unit.set_kind(v1::ORG_UNIT_KIND_RESPONSIBLE_UNIT);
  if (!parent.empty()) unit.set_parent_unit(parent);
  Import(id, std::move(entity));
}

void Cast::AddRiskSource(const std::string& code, const std::string& unit) {
  const std::string& id = risk_sources_.emplace_back(world_.NewId());
  v1::Entity entity;
  v1::RiskSource& source = *entity.mutable_risk_source();
  source.set_code(code);
  source.set_name(code);
  source.set_site_type(v1::SITE_TYPE_PARK_SLOPE);
  source.set_responsible_unit(unit);
  source.set_industry_department(department);
  source.add_control_measures("drains cleared");
  Import(id, std::move(entity));
}

Account Cast::MakeAccount(const std::string& name, v1::Channel channel,
                          std::vector<v1::RoleGrant> roles) {
  Account account;
  account.name = name;
  account.device = world_.NewId();
  account.person = world_.NewId();
  account.channel = channel;
  account.role = roles.front().role();
  account.unit = roles.front().unit();
  account.key = std::make_shared<testing::SimKey>(name);
  v1::Entity entity;
  v1::Person& person = *entity.mutable_person();
  person.set_code(absl::StrCat("P-", ++persons_));
  person.set_name(name);
  person.set_unit(account.unit.empty() ? bureau : account.unit);
  for (v1::RoleGrant& grant : roles) *person.add_roles() = std::move(grant);
  Import(account.person, std::move(entity));
  AddDevice(account);
  return account;
}

void Cast::AddDevice(const Account& account) {
  v1::Operation operation;
  v1::CreateRecord& create = *operation.mutable_create_record();
  create.set_record(account.device);
  v1::Device& device = *create.mutable_entity()->mutable_device();
  device.set_person(account.person);
  const bool phone = account.channel == v1::CHANNEL_PHONE;
  device.set_kind(phone ? v1::DEVICE_KIND_PHONE : v1::DEVICE_KIND_OFFICE);
  if (phone) device.set_public_key(account.key->public_key().der());
  devices_.push_back(std::move(operation));
}

void Cast::AddPeople() {
  administrator =
      MakeAccount("Administrator 01", v1::CHANNEL_OFFICE, {Grant(v1::ROLE_ADMINISTRATOR, bureau)});
  for (int i = 0; i < world_.plan().clerks; ++i) {
    // The first one decides everything; others have one part of it.
    std::vector<v1::RoleGrant> roles = {Grant(v1::ROLE_SAFETY_OFFICE, bureau)};
    if (i == 1) roles = {Grant(v1::ROLE_RECEIVER, district), Grant(v1::ROLE_RECEIVER, park_2)};
    if (i == 2) roles = {Grant(v1::ROLE_INDUSTRY_DEPARTMENT, department)};
    clerks.push_back(MakeAccount(absl::StrCat("Clerk 0", i + 1), v1::CHANNEL_OFFICE, roles));
  }
  const std::array<std::vector<v1::RoleGrant>, 5> kinds = {{
      {Grant(v1::ROLE_INSPECTOR, department), Grant(v1::ROLE_RESPONSIBLE_UNIT, park_1)},
      {Grant(v1::ROLE_RESPONSIBLE_UNIT, park_1), Grant(v1::ROLE_VERIFIER, department)},
      {Grant(v1::ROLE_VERIFIER, bureau), Grant(v1::ROLE_INDUSTRY_DEPARTMENT, department)},
      {Grant(v1::ROLE_INSPECTOR, park_2)},
      {Grant(v1::ROLE_RECEIVER, district), Grant(v1::ROLE_INSPECTOR, bureau)},
  }};
  for (int i = 0; i < world_.plan().phones; ++i) {
    const auto& roles = kinds[world_.random().Below(kinds.size())];
    phones.push_back(MakeAccount(absl::StrCat("Inspector 0", i + 1), v1::CHANNEL_PHONE, roles));
    if (!world_.plan().has(Fault::kHandedOver)) continue;
    const auto& others = kinds[world_.random().Below(kinds.size())];
    stand_ins.push_back(MakeAccount(absl::StrCat("Stand-in 0", i + 1), v1::CHANNEL_PHONE, others));
  }
}

void Cast::AddHazards() {
  for (int i = 0; i < world_.plan().hazards; ++i) {
    v1::Entity entity;
    v1::Hazard& hazard = *entity.mutable_hazard();
    hazard.set_number(absl::StrCat("YH-2016-000", i + 1));
    hazard.set_risk_source(risk_sources_[world_.random().Below(risk_sources_.size())]);
    hazard.set_description("crack above the path");
    hazard.set_grade(v1::HAZARD_GRADE_GENERAL);
    hazard.set_responsible_unit(world_.random().Chance(0.6) ? park_1 : park_2);
    hazard.set_status(world_.random().Chance(0.5) ? v1::HAZARD_STATUS_CONFIRMED
                                                  : v1::HAZARD_STATUS_RECTIFYING);
    *hazard.mutable_found_at() = Stamp(server_.Now());
    v1::Date& due = *hazard.mutable_due_date();
    due.set_year(2017);
    due.set_month(7);
    due.set_day(static_cast<std::int32_t>(30 + world_.random().Below(2)));
    Import(world_.NewId(), std::move(entity));
  }
}

void Cast::Run(const rules::Author& author, std::vector<v1::Operation>& operations) {
  std::vector<registry::Incoming> incoming;
  for (v1::Operation& operation : operations) {
    if (operation.id().empty()) Envelope(author, operation);
    incoming.emplace_back().bytes = operation.SerializeAsString();
  }
  bool done = false;
  server_.Enter([&] {
    server_.reg().SubmitAll(author, std::move(incoming), [&](const auto& outcomes) {
      VIGIL_CHECK(outcomes.ok()) << outcomes.status().ToString();
      for (const v1::Outcome& outcome : *outcomes) {
        VIGIL_CHECK(outcome.verdict() == v1::VERDICT_APPLIED) << outcome.ShortDebugString();
      }
      done = true;
    });
  });
  world_.executor().RunUntilDone([&] { return done; });
  VIGIL_CHECK(done);
}

}  // namespace vigil::sim
