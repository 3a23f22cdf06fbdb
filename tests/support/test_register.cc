#include "tests/support/test_register.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/register/restore.h"
#include "sync/base/check.h"
#include "sync/base/file.h"
#include "sync/base/hash.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

namespace vigil::testing {
namespace {

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(time));
}

}  // namespace

TestRegister::TestRegister(const Options& options)
    : random_(options.seed), executor_({.seed = options.seed}), options_(options) {
  file_ = options.file.empty() ? directory_.File("register.db") : options.file;
  on_fatal_ = [](const absl::Status& status) {
    VIGIL_CHECK(false) << "the register broke: " << status.ToString();
  };
  OpenRegister();
  Seed();
  if (options.on_fatal) on_fatal_ = options.on_fatal;
}

void TestRegister::OpenRegister() {
  store::SqliteStoreOptions store_options;
  store_options.first_epoch = DerivedUuid({.name_space = "test", .name = "epoch"});
  store_options.created_at = executor_.Now();
  if (!options_.vfs.empty()) store_options.vfs = options_.vfs;
  store_options.free_bytes = options_.free_bytes;
  auto opened = store::SqliteRegisterStore::Open(file_, store_options);
  VIGIL_CHECK(opened.ok()) << opened.status().ToString();
  store_ = *std::move(opened);
  auto zone = LoadZone("Asia/Shanghai");
  VIGIL_CHECK(zone.ok()) << zone.status().ToString();
  registry::RegisterOptions register_options;
  register_options.zone = *zone;
  register_options.deadlines = std::make_shared<const rules::Deadlines>(
      rules::Deadlines{options_.ladder, rules::WorkCalendar(options_.working_days)});
  register_options.queue_operations_max = options_.queue_operations_max;
  register_options.storage_reserve_bytes = options_.storage_reserve_bytes;
  register_options.on_room = options_.on_room;
  register_options.on_committed = options_.on_committed;
  register_options.head_signer = &key_;
  register_options.on_fatal = [this](const absl::Status& status) { on_fatal_(status); };
  register_.emplace(*store_, executor_, register_options);
}

std::string TestRegister::Backup() {
  const std::string path = directory_.File(absl::StrCat("backup-", ++backups_, ".db"));
  const absl::Status status = store_->Backup(path);
  VIGIL_CHECK(status.ok()) << status.ToString();
  return path;
}

v1::Epoch TestRegister::Restore(const std::string& backup, const Actor& actor) {
  executor_.RunUntilIdle();
  register_.reset();
  store_.reset();
  PosixFileSystem files;
  const store::RestorePlace place{.files = files, .path = file_};
  registry::RestoreRequest request;
  request.backup = backup;
  request.kept.set_id(NewId());
  request.epoch = *Uuid::Parse(NewId());
  request.why = "the disk failed";
  request.person = *Uuid::Parse(actor.author.person);
  request.now = executor_.Now();
  absl::StatusOr<v1::Epoch> epoch = registry::Restore(place, request, key_);
  VIGIL_CHECK(epoch.ok()) << epoch.status().ToString();
  OpenRegister();
  return *std::move(epoch);
}

TestRegister::~TestRegister() = default;

std::string TestRegister::NewId() { return MakeUuidV7(executor_.Now(), random_).ToString(); }

void TestRegister::Seed() {
  const auto actor = [&](v1::Channel channel, v1::Role role) {
    Actor made;
    made.author = {.device = NewId(), .person = NewId(), .channel = channel, .roles = {}};
    made.author.roles.emplace_back().set_role(role);
    return made;
  };
  importer = actor(v1::CHANNEL_IMPORT, v1::ROLE_ADMINISTRATOR);
  clock = actor(v1::CHANNEL_CLOCK, v1::ROLE_ESCALATION_CLOCK);
  if (!options_.sites) return;
  const auto add_unit = [&](std::string_view code, const std::string& parent) {
    const std::string id = NewId();
    v1::Entity entity;
    entity.mutable_org_unit()->set_code(std::string(code));
    entity.mutable_org_unit()->set_name(std::string(code));
    entity.mutable_org_unit()->set_kind(v1::ORG_UNIT_KIND_RESPONSIBLE_UNIT);
    if (!parent.empty()) entity.mutable_org_unit()->set_parent_unit(parent);
    Import(id, entity);
    return id;
  };
  bureau = add_unit("BUREAU", "");
  department = add_unit("PARKS", bureau);
  unit = add_unit("PARK-01", department);
  other_unit = add_unit("PARK-02", department);
  district = add_unit("DISTRICT-01", bureau);
  risk_source = NewId();
  AddRiskSource(risk_source, "RS-0001", unit);
  other_risk_source = NewId();
  AddRiskSource(other_risk_source, "RS-0002", other_unit);
}

void TestRegister::AddRiskSource(const std::string& id, std::string_view code,
                                 const std::string& responsible) {
  v1::Entity entity;
  v1::RiskSource& source = *entity.mutable_risk_source();
  source.set_code(std::string(code));
  source.set_name(std::string(code));
  source.set_site_type(v1::SITE_TYPE_PARK_SLOPE);
  source.set_responsible_unit(responsible);
  source.set_industry_department(department);
  source.add_control_measures("drains cleared");
  source.set_inspection_interval_days(30);
  Import(id, entity);
}

void TestRegister::ChangeRole(const Actor& actor, v1::Role role, std::string_view unit_id) {
  v1::RoleGrant grant;
  grant.set_role(role);
  grant.set_unit(unit_id.empty() ? actor.author.roles.front().unit() : std::string(unit_id));
  ChangeRole(actor, std::move(grant));
}

void TestRegister::ChangeRole(const Actor& actor, v1::RoleGrant grant) {
  SubmitImport(RoleChangeOf(actor, std::move(grant)));
}

v1::Operation TestRegister::RoleChangeOf(const Actor& actor, v1::RoleGrant grant) {
  v1::Operation operation = Begin(importer);
  v1::ImportRecord& command = *operation.mutable_import_record();
  command.set_record(actor.author.person);
  v1::Entity entity;
  *entity.mutable_person()->add_roles() = std::move(grant);
  *command.mutable_entity() = entity;
  *command.mutable_removed()->mutable_person()->mutable_roles() =
      Find(actor.author.person).entity().person().roles();
  command.mutable_update_mask()->add_paths("roles");
  See(operation, {actor.author.person});
  return operation;
}

void TestRegister::Import(const std::string& record, v1::Entity entity) {
  v1::Operation operation = Begin(importer);
  v1::ImportRecord& command = *operation.mutable_import_record();
  command.set_record(record);
  *command.mutable_entity() = std::move(entity);
  SubmitImport(std::move(operation));
}

void TestRegister::SubmitImport(v1::Operation operation) {
  operation.mutable_import_record()->mutable_source()->set_file("seed.csv");
  operation.mutable_import_record()->mutable_source()->set_line(2);
  const v1::Outcome outcome = Submit(importer, operation);
  VIGIL_CHECK(outcome.verdict() == v1::VERDICT_APPLIED) << outcome.ShortDebugString();
}

Actor TestRegister::Someone(v1::Role role, std::string_view unit_id, v1::Channel channel) {
  const std::string person = NewId();
  v1::Entity entity;
  v1::Person& body = *entity.mutable_person();
  body.set_code(absl::StrCat("P-", ++persons_));
  body.set_name(absl::StrCat("Person ", persons_));
  body.set_unit(std::string(unit_id));
  v1::RoleGrant& grant = *body.add_roles();
  grant.set_role(role);
  grant.set_unit(std::string(unit_id));
  Actor actor;
  actor.author = {.device = NewId(), .person = person, .channel = channel, .roles = {grant}};
  actor.key = std::make_shared<P256PrivateKey>(P256PrivateKey::Generate());
  Import(person, entity);
  return actor;
}

Actor TestRegister::Phone(v1::Role role, std::string_view unit_id) {
  return Someone(role, unit_id, v1::CHANNEL_PHONE);
}

Actor TestRegister::Clerk(v1::Role role, std::string_view unit_id) {
  return Someone(role, unit_id, v1::CHANNEL_OFFICE);
}

v1::Operation TestRegister::Begin(Actor& actor) {
  v1::Operation operation;
  operation.set_id(NewId());
  operation.set_device(actor.author.device);
  operation.set_person(actor.author.person);
  operation.set_device_seq(++actor.device_seq);
  *operation.mutable_made_at() = ToTimestamp(executor_.Now());
  return operation;
}

void TestRegister::Sign(const Actor& actor, v1::PushRequest& push) {
  const v1::PushEntry& last = *push.entries().rbegin();
  const auto snapshot = store_->Read();
  VIGIL_CHECK(snapshot.ok()) << snapshot.status().ToString();
  const auto epochs = (*snapshot)->Epochs();
  VIGIL_CHECK(epochs.ok()) << epochs.status().ToString();
  const auto signature =
      actor.key->Sign(BytesToSign(PushToSign{.register_id = *Uuid::Parse(epochs->back().id()),
                                             .device = *Uuid::Parse(actor.author.device),
                                             .device_seq = DeviceSeq(last.device_seq()),
                                             .operation_hash = Sha256Of(last.operation())}));
  VIGIL_CHECK(signature.ok()) << signature.status().ToString();
  push.set_signature(*signature);
}

void TestRegister::See(v1::Operation& operation, const std::vector<std::string>& records) {
  for (const std::string& record : records) {
    v1::Seen& seen = *operation.add_seen();
    seen.set_record(record);
    seen.set_version(Find(record).version());
  }
}

absl::StatusOr<std::vector<v1::Outcome>> TestRegister::SubmitBytes(
    const Actor& actor, std::vector<registry::Incoming> operations) {
  absl::StatusOr<std::vector<v1::Outcome>> answer = absl::UnknownError("not answered");
  register_->Submit(
      actor.author, std::move(operations),
      [&](absl::StatusOr<registry::Register::Outcomes> outcomes) { answer = std::move(outcomes); });
  executor_.RunUntilIdle();
  return answer;
}

v1::Outcome TestRegister::Submit(const Actor& actor, const v1::Operation& operation) {
  registry::Incoming incoming;
  incoming.bytes = operation.SerializeAsString();
  if (actor.author.channel == v1::CHANNEL_PHONE) {
    incoming.operation_id = operation.id();
    incoming.device_seq = operation.device_seq();
  }
  auto outcomes = SubmitBytes(actor, {incoming});
  VIGIL_CHECK(outcomes.ok()) << outcomes.status().ToString();
  VIGIL_CHECK(outcomes->size() == 1);
  return outcomes->front();
}

std::string TestRegister::ConfirmedHazard(const v1::Date& due) {
  Actor inspector = Phone(v1::ROLE_INSPECTOR, department);
  Actor office = Clerk(v1::ROLE_SAFETY_OFFICE, bureau);
  const std::string hazard = NewId();
  v1::Operation report = Begin(inspector);
  report.mutable_report_hazard()->set_hazard_id(hazard);
  v1::Hazard& body = *report.mutable_report_hazard()->mutable_hazard();
  body.set_risk_source(risk_source);
  body.set_description("crack above the path");
  *body.mutable_found_at() = ToTimestamp(executor_.Now());
  v1::Outcome outcome = Submit(inspector, report);
  VIGIL_CHECK(outcome.verdict() == v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  v1::Operation confirm = Begin(office);
  See(confirm, {hazard});
  confirm.mutable_confirm_hazard()->set_hazard(hazard);
  confirm.mutable_confirm_hazard()->set_grade(v1::HAZARD_GRADE_GENERAL);
  confirm.mutable_confirm_hazard()->set_responsible_unit(unit);
  *confirm.mutable_confirm_hazard()->mutable_due_date() = due;
  outcome = Submit(office, confirm);
  VIGIL_CHECK(outcome.verdict() == v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  return hazard;
}

bool TestRegister::Exists(const std::string& record) {
  auto snapshot = store_->Read();
  VIGIL_CHECK(snapshot.ok()) << snapshot.status().ToString();
  auto stored = (*snapshot)->FindRecord(*Uuid::Parse(record));
  VIGIL_CHECK(stored.ok()) << stored.status().ToString();
  return stored->has_value();
}

v1::Record TestRegister::Find(const std::string& record) {
  auto snapshot = store_->Read();
  VIGIL_CHECK(snapshot.ok()) << snapshot.status().ToString();
  auto stored = (*snapshot)->FindRecord(*Uuid::Parse(record));
  VIGIL_CHECK(stored.ok()) << stored.status().ToString();
  VIGIL_CHECK(stored->has_value()) << "no record " << record;
  v1::Record parsed;
  VIGIL_CHECK(parsed.ParseFromString((*stored)->bytes));
  return parsed;
}

v1::HazardState TestRegister::StateOf(const std::string& hazard) {
  auto snapshot = store_->Read();
  VIGIL_CHECK(snapshot.ok()) << snapshot.status().ToString();
  auto row = (*snapshot)->FindHazardProjection(*Uuid::Parse(hazard));
  VIGIL_CHECK(row.ok()) << row.status().ToString();
  VIGIL_CHECK(row->has_value()) << "no projection of " << hazard;
  return (*row)->state;
}

store::Head TestRegister::Head() {
  auto snapshot = store_->Read();
  VIGIL_CHECK(snapshot.ok()) << snapshot.status().ToString();
  auto head = (*snapshot)->GetHead();
  VIGIL_CHECK(head.ok()) << head.status().ToString();
  return *std::move(head);
}

v1::Operation EditDescription(TestRegister& reg, Actor& actor, const std::string& hazard,
                              const std::string& text) {
  v1::Operation operation = reg.Begin(actor);
  reg.See(operation, {hazard});
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(hazard);
  edit.mutable_entity()->mutable_hazard()->set_description(text);
  edit.mutable_update_mask()->add_paths("description");
  return operation;
}

}  // namespace vigil::testing
