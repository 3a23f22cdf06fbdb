#include "server/access/enrolment.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "server/access/access_control.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::access {

using registry::Incoming;
using registry::Register;
using rules::Refuse;

namespace {

v1::Channel ChannelOf(v1::DeviceKind kind) {
  return kind == v1::DEVICE_KIND_OFFICE ? v1::CHANNEL_OFFICE : v1::CHANNEL_PHONE;
}

Incoming Create(Register& target, Random& random, const rules::Author& author, const Uuid& id,
                v1::Entity entity) {
  v1::Operation operation;
  operation.set_id(MakeUuidV7(target.Now(), random).ToString());
  operation.set_device(author.device);
  operation.set_person(author.person);
  *operation.mutable_made_at() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(target.Now()));
  operation.mutable_create_record()->set_record(id.ToString());
  *operation.mutable_create_record()->mutable_entity() = std::move(entity);
  Incoming incoming;
  incoming.bytes = operation.SerializeAsString();
  return incoming;
}

// The first refusal as an error.
absl::Status StatusOf(const absl::StatusOr<Register::Outcomes>& outcomes) {
  if (!outcomes.ok()) return outcomes.status();
  for (const v1::Outcome& outcome : *outcomes) {
    if (outcome.verdict() != v1::VERDICT_APPLIED && outcome.verdict() != v1::VERDICT_MERGED) {
      return rules::FromDetail(outcome.error());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Uuid> FindPerson(store::Snapshot& snapshot, const std::string& id_or_code) {
  std::optional<Uuid> id = Uuid::Parse(id_or_code);
  if (!id) {
    VIGIL_ASSIGN_OR_RETURN(id, snapshot.FindByKey(v1::Entity::kPerson, id_or_code));
  }
  if (id) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> found,
                           snapshot.FindRecord(*id));
    if (found && found->kind == v1::Entity::kPerson) return *id;
  }
  return Refuse(v1::REASON_NOT_FOUND, "the register has no person with this id or code")
      .With("person", id_or_code);
}

v1::Entity DeviceEntity(const Uuid& person, v1::DeviceKind kind, const std::string& label) {
  v1::Entity entity;
  entity.mutable_device()->set_person(person.ToString());
  entity.mutable_device()->set_kind(kind);
  if (!label.empty()) entity.mutable_device()->set_label(label);
  return entity;
}

v1::Entity AdministratorEntity() {
  v1::Entity entity;
  entity.mutable_person()->set_code(kFirstAdministratorCode);
  entity.mutable_person()->set_name("Administrator");
  entity.mutable_person()->add_roles()->set_role(v1::ROLE_ADMINISTRATOR);
  entity.mutable_person()->add_roles()->set_role(v1::ROLE_SAFETY_OFFICE);
  return entity;
}

}  // namespace

void AddDevice(Register& target, Random& random, const rules::Author& author,
               const v1::AddDeviceRequest& request,
               std::function<void(absl::StatusOr<v1::AddDeviceResponse>)> done) {
  if (request.kind() != v1::DEVICE_KIND_PHONE && request.kind() != v1::DEVICE_KIND_OFFICE) {
    done(Refuse(v1::REASON_INVALID_VALUE, "say whether the device is a phone or in the office")
             .With("field", "kind"));
    return;
  }
  absl::StatusOr<std::unique_ptr<store::Snapshot>> snapshot = target.store().Read();
  if (!snapshot.ok()) return done(snapshot.status());
  const absl::StatusOr<Uuid> person = FindPerson(**snapshot, request.person());
  if (!person.ok()) return done(person.status());

  const Uuid device = MakeUuidV7(target.Now(), random);
  const std::string token = MakeToken(random);
  store::Credential credential;
  credential.token_hash = TokenHash(token);
  credential.device = device;
  credential.person = *person;
  credential.channel = ChannelOf(request.kind());
  v1::AddDeviceResponse response;
  response.set_device(device.ToString());
  response.set_person(person->ToString());
  response.set_token(token);
  std::vector<Incoming> operations;
  operations.push_back(Create(target, random, author, device,
                              DeviceEntity(*person, request.kind(), request.label())));
  target.Submit(author, std::move(operations),
                [&target, credential, response, done](absl::StatusOr<Register::Outcomes> outcomes) {
                  if (absl::Status status = StatusOf(outcomes); !status.ok()) return done(status);
                  target.AddCredential(credential, [response, done](absl::Status status) {
                    if (!status.ok()) return done(status);
                    done(response);
                  });
                });
}

void EnsureFirstAdministrator(Register& target, Random& random, const std::string& token,
                              std::function<void(absl::Status)> done) {
  absl::StatusOr<std::unique_ptr<store::Snapshot>> snapshot = target.store().Read();
  if (!snapshot.ok()) return done(snapshot.status());
  const absl::StatusOr<std::optional<store::Credential>> known =
      (*snapshot)->FindCredential(TokenHash(token));
  if (!known.ok()) return done(known.status());
  if (known->has_value()) return done(absl::OkStatus());
  const absl::StatusOr<std::optional<Uuid>> found =
      (*snapshot)->FindByKey(v1::Entity::kPerson, kFirstAdministratorCode);
  if (!found.ok()) return done(found.status());

  const Uuid person = found->value_or(MakeUuidV7(target.Now(), random));
  const Uuid device = MakeUuidV7(target.Now(), random);
  rules::Author author;
  author.device = device.ToString();
  author.person = person.ToString();
  author.channel = v1::CHANNEL_OFFICE;
  author.roles.emplace_back().set_role(v1::ROLE_ADMINISTRATOR);
  std::vector<Incoming> operations;
  if (!found->has_value()) {
    operations.push_back(Create(target, random, author, person, AdministratorEntity()));
  }
  operations.push_back(Create(target, random, author, device,
                              DeviceEntity(person, v1::DEVICE_KIND_OFFICE, "vigild")));
  store::Credential credential;
  credential.token_hash = TokenHash(token);
  credential.device = device;
  credential.person = person;
  credential.channel = v1::CHANNEL_OFFICE;
  target.Submit(std::move(author), std::move(operations),
                [&target, credential, done](absl::StatusOr<Register::Outcomes> outcomes) {
                  if (absl::Status status = StatusOf(outcomes); !status.ok()) return done(status);
                  target.AddCredential(credential, done);
                });
}

}  // namespace vigil::access
