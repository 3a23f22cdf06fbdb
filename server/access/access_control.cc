#include "server/access/access_control.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/policy.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::access {

using rules::Refuse;
using store::Snapshot;
using store::StoredRecord;

namespace {

constexpr std::size_t kTokenBytes = 32;
// Longer than any token; keeps a caller from making us hash what he likes.
constexpr std::size_t kTokenTextMax = 256;
constexpr int kUnitsPerPage = 1000;

absl::Status Unknown() {
  return Refuse(v1::REASON_UNAUTHENTICATED, "no valid credential was given");
}

absl::StatusOr<std::optional<v1::Record>> Find(Snapshot& snapshot, const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<StoredRecord> stored, snapshot.FindRecord(id));
  if (!stored) return std::optional<v1::Record>();
  v1::Record record;
  if (!record.ParseFromString(stored->bytes)) {
    return Error(absl::StatusCode::kDataLoss, "a stored record cannot be read")
        .With("record", id.ToString());
  }
  return std::optional<v1::Record>(std::move(record));
}

// The units without a unit above them.
absl::StatusOr<std::vector<Uuid>> TopUnits(Snapshot& snapshot) {
  std::vector<Uuid> top;
  std::string token;
  do {
    VIGIL_ASSIGN_OR_RETURN(store::RecordPage page,
                           snapshot.Records(v1::Entity::kOrgUnit, Uuid(), kUnitsPerPage, token));
    for (const StoredRecord& stored : page.records) {
      v1::Record record;
      if (!record.ParseFromString(stored.bytes)) {
        return Error(absl::StatusCode::kDataLoss, "a stored record cannot be read")
            .With("record", stored.id.ToString());
      }
      if (record.entity().org_unit().parent_unit().empty()) top.push_back(stored.id);
    }
    token = std::move(page.next_page_token);
  } while (!token.empty());
  return top;
}

void SortUnique(std::vector<Uuid>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

template <typename Repeated>
bool Contains(const Repeated& values, int value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

std::string MakeToken(Random& random) {
  std::string text;
  absl::WebSafeBase64Escape(random.Bytes(kTokenBytes), &text);
  return text;
}

Sha256 TokenHash(std::string_view token) { return Sha256Of(token); }

std::string_view BearerToken(std::string_view authorization) {
  constexpr std::string_view kPrefix = "Bearer ";
  if (authorization.substr(0, kPrefix.size()) != kPrefix) return {};
  return authorization.substr(kPrefix.size());
}

absl::StatusOr<rules::Author> Authenticate(Snapshot& snapshot, std::string_view token) {
  if (token.empty() || token.size() > kTokenTextMax) return Unknown();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::Credential> credential,
                         snapshot.FindCredential(TokenHash(token)));
  if (!credential) return Unknown();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> device,
                         Find(snapshot, credential->device));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> person,
                         Find(snapshot, credential->person));
  if (!device || !device->entity().has_device() || !person || !person->entity().has_person()) {
    return Unknown();
  }
  if (device->entity().device().revoked() || !device->withdrawn_by().empty()) {
    return Refuse(v1::REASON_DEVICE_REVOKED,
                  "this device was revoked; ask the administrator for a new credential");
  }
  if (person->entity().person().departed() || !person->withdrawn_by().empty()) return Unknown();
  rules::Author author;
  author.device = credential->device.ToString();
  author.person = credential->person.ToString();
  author.channel = credential->channel;
  for (const v1::RoleGrant& grant : person->entity().person().roles()) {
    // The clock's role cannot be granted to a person, whatever a record says.
    if (grant.role() != v1::ROLE_ESCALATION_CLOCK) author.roles.push_back(grant);
  }
  return author;
}

absl::Status CheckRpc(const google::protobuf::MethodDescriptor& method,
                      const rules::Author& author) {
  const v1::RpcRules& rules = method.options().GetExtension(v1::rpc);
  if (!Contains(rules.channels(), author.channel)) {
    return Refuse(v1::REASON_WRONG_CHANNEL, "this credential is not of a kind that may call this")
        .With("method", method.full_name());
  }
  if (rules.anybody()) return absl::OkStatus();
  for (const v1::RoleGrant& grant : author.roles) {
    if (Contains(rules.roles(), grant.role())) return absl::OkStatus();
  }
  return Refuse(v1::REASON_NOT_PERMITTED, "none of your roles allows this call")
      .With("method", method.full_name());
}

absl::StatusOr<Scope> ScopeOf(const rules::Author& author, Snapshot& snapshot) {
  Scope scope;
  bool everywhere = false;
  for (const v1::RoleGrant& grant : author.roles) {
    if (grant.unit().empty()) {
      everywhere = true;
    } else if (const std::optional<Uuid> unit = Uuid::Parse(grant.unit())) {
      scope.units.push_back(*unit);
    }
  }
  if (everywhere) {
    VIGIL_ASSIGN_OR_RETURN(scope.units, TopUnits(snapshot));
  }
  SortUnique(scope.units);
  if (!scope.units.empty()) {
    VIGIL_ASSIGN_OR_RETURN(scope.expanded, snapshot.UnitsBelow(scope.units));
    SortUnique(scope.expanded);
  }
  return scope;
}

}  // namespace vigil::access
