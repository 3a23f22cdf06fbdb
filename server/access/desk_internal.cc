#include "server/access/desk_internal.h"

#include <algorithm>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "server/access/access_control.h"
#include "server/access/one_time_code.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::access::internal {

namespace {

// Whatever was asked for, an answer is short.
constexpr std::size_t kPersonNameShown = 64;

google::protobuf::RepeatedField<int> AdministratorRole() {
  google::protobuf::RepeatedField<int> roles;
  roles.Add(v1::ROLE_ADMINISTRATOR);
  return roles;
}

v1::Operation Begin(const OperationIds& ids, const rules::Author& author) {
  v1::Operation operation;
  operation.set_id(ids.id.ToString());
  operation.set_device(author.device);
  operation.set_person(author.person);
  *operation.mutable_made_at() = ToTimestamp(ids.now);
  return operation;
}

registry::Incoming ToIncoming(const v1::Operation& operation) {
  registry::Incoming incoming;
  incoming.bytes = operation.SerializeAsString();
  return incoming;
}

}  // namespace

using rules::Refuse;

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(time));
}

absl::StatusOr<Program> ReadProgram(
    const v1::ProgramKey& key,
    const std::function<std::string(const Sha256& refresh_hash)>& to_sign) {
  const std::optional<Sha256> refresh_hash = Sha256::FromBytes(key.refresh_hash());
  if (!refresh_hash || refresh_hash->is_zero()) {
    return Refuse(v1::REASON_INVALID_VALUE, "the hash of the first refresh token is no SHA-256")
        .With("field", "refresh_hash");
  }
  absl::StatusOr<P256PublicKey> public_key = P256PublicKey::FromDer(key.public_key());
  if (!public_key.ok()) {
    return Refuse(v1::REASON_INVALID_VALUE, ToStd(public_key.status().message()))
        .With("field", "public_key");
  }
  const std::string bytes = to_sign(*refresh_hash);
  if (!public_key->Verifies({.message = bytes, .signature = key.signature()})) {
    return Refuse(v1::REASON_SIGNATURE_INVALID, "the signature was not made with this key");
  }
  return Program{*std::move(public_key), *refresh_hash};
}

absl::Status InvalidCode() {
  return Refuse(v1::REASON_CODE_INVALID,
                "this one-time code is not good (any more); ask the administrator for a new one");
}

absl::StatusOr<store::OneTimeCode> FindCode(store::Snapshot& snapshot, const std::string& code,
                                            v1::DeviceKind kind, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(std::optional<store::OneTimeCode> found,
                         snapshot.FindOneTimeCode(CodeHash(code)));
  if (!found || found->kind != kind || now >= found->expires_at) return InvalidCode();
  return *found;
}

absl::StatusOr<rules::Author> InviterOf(store::Snapshot& snapshot, const store::OneTimeCode& code,
                                        absl::Time now, const absl::TimeZone& zone) {
  if (code.inviter_person.is_nil()) return FirstAdministrator(code.person);
  const absl::StatusOr<rules::Author> inviter = AuthorOf(
      snapshot, Identity{code.inviter_device, code.inviter_person, v1::CHANNEL_OFFICE}, now, zone);
  if (rules::ReasonOf(inviter.status()) != v1::REASON_UNSPECIFIED) return InvalidCode();
  VIGIL_RETURN_IF_ERROR(inviter);
  VIGIL_ASSIGN_OR_RETURN(const bool is_administrator,
                         HoldsEverywhere(AdministratorRole(), *inviter, snapshot));
  if (!is_administrator) return InvalidCode();
  return inviter;
}

absl::StatusOr<store::SignIn> FindSignIn(store::Snapshot& snapshot, const Uuid& device,
                                         const Program& program) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::SignIn> sign_ins,
                         snapshot.SignInsOfDevice(device));
  for (const store::SignIn& sign_in : sign_ins) {
    if (sign_in.public_key == program.key.der() && sign_in.refresh_hash == program.refresh_hash) {
      return sign_in;
    }
  }
  return InvalidCode();
}

absl::StatusOr<std::optional<Uuid>> FindSigner(store::Snapshot& snapshot, const Uuid& device,
                                               const SignedMessage& signed_message) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::SignIn> sign_ins,
                         snapshot.SignInsOfDevice(device));
  for (const store::SignIn& sign_in : sign_ins) {
    VIGIL_ASSIGN_OR_RETURN(const P256PublicKey key, P256PublicKey::FromDer(sign_in.public_key));
    if (key.Verifies(signed_message)) return std::optional<Uuid>(sign_in.id);
  }
  return std::optional<Uuid>();
}

absl::StatusOr<v1::Record> FindPerson(store::Snapshot& snapshot, std::string_view id_or_code) {
  std::optional<Uuid> id = Uuid::Parse(id_or_code);
  if (!id) {
    VIGIL_ASSIGN_OR_RETURN(id, snapshot.FindByKey(v1::Entity::kPerson, id_or_code));
  }
  if (id) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> found,
                           snapshot.FindRecord(*id));
    if (found && found->kind == v1::Entity::kPerson) {
      v1::Record record;
      if (record.ParseFromString(found->bytes)) return record;
      return Error(absl::StatusCode::kDataLoss, "a stored record cannot be read")
          .With("record", id->ToString());
    }
  }
  return Refuse(v1::REASON_NOT_FOUND, "the register has no person with this id or code")
      .With("person", id_or_code.substr(0, kPersonNameShown));
}

rules::Author FirstAdministrator(const Uuid& person) {
  rules::Author author;
  author.device =
      DerivedUuid({.name_space = "vigil/device", .name = "first administrator"}).ToString();
  author.person = person.ToString();
  author.channel = v1::CHANNEL_OFFICE;
  author.roles.emplace_back().set_role(v1::ROLE_ADMINISTRATOR);
  return author;
}

registry::Incoming Create(const OperationIds& ids, const rules::Author& author, v1::Entity entity) {
  v1::Operation operation = Begin(ids, author);
  operation.mutable_create_record()->set_record(ids.record.ToString());
  *operation.mutable_create_record()->mutable_entity() = std::move(entity);
  return ToIncoming(operation);
}

v1::Entity AdministratorEntity() {
  v1::Entity entity;
  entity.mutable_person()->add_roles()->set_role(v1::ROLE_ADMINISTRATOR);
  entity.mutable_person()->add_roles()->set_role(v1::ROLE_SAFETY_OFFICE);
  entity.mutable_person()->set_departed(false);
  return entity;
}

absl::StatusOr<std::optional<registry::Incoming>> Reinstate(store::Snapshot& snapshot,
                                                            const OperationIds& ids,
                                                            const rules::Author& author,
                                                            const absl::TimeZone& zone) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record, FindPerson(snapshot, ids.record.ToString()));
  const v1::Person& person = record.entity().person();
  rules::Author himself;
  VIGIL_ASSIGN_OR_RETURN(himself.roles, RolesOf(snapshot, person, ids.now, zone));
  VIGIL_ASSIGN_OR_RETURN(const bool is_one,
                         HoldsEverywhere(AdministratorRole(), himself, snapshot));
  if (is_one && !person.departed()) return std::optional<registry::Incoming>();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Epoch> epochs, snapshot.Epochs());
  v1::Operation operation = Begin(ids, author);
  operation.set_epoch(epochs.front().id());
  v1::Seen& seen = *operation.add_seen();
  seen.set_record(record.id());
  seen.set_version(record.version());
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(record.id());
  *edit.mutable_entity() = AdministratorEntity();
  edit.mutable_update_mask()->add_paths("roles");
  edit.mutable_update_mask()->add_paths("departed");
  return std::optional<registry::Incoming>(ToIncoming(operation));
}

}  // namespace vigil::access::internal
