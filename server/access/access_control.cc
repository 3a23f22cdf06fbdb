#include "server/access/access_control.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/rules/grant.h"
#include "sync/rules/reason.h"
#include "sync/rules/work_calendar.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/policy.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::access {

using rules::Refuse;
using store::Snapshot;
using store::StoredRecord;

namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr int kUnitsPerPage = 1000;

absl::Status NotKnown() {
  return Refuse(v1::REASON_UNAUTHENTICATED,
                "this person or this device is not known here (any more)");
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
                           snapshot.Records(v1::Entity::kOrgUnit, Uuid(), kUnitsPerPage, token,
                                            store::RecordScope::Everything()));
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

absl::StatusOr<std::vector<v1::RoleGrant>> RolesOf(Snapshot& snapshot, const v1::Person& person,
                                                   absl::Time now, const absl::TimeZone& zone) {
  std::map<std::string, v1::Record, std::less<>> found;
  const auto find = [&](std::string_view text) -> absl::StatusOr<const v1::Record*> {
    if (const auto known = found.find(text); known != found.end()) return &known->second;
    const std::optional<Uuid> id = Uuid::Parse(text);
    if (!id) return nullptr;
    VIGIL_ASSIGN_OR_RETURN(std::optional<v1::Record> record, Find(snapshot, *id));
    if (!record) return nullptr;
    return &found.emplace(std::string(text), *std::move(record)).first->second;
  };
  return rules::RolesOn(person, rules::DateAt(now, zone), find);
}

absl::StatusOr<rules::Author> AuthorOf(Snapshot& snapshot, const Identity& identity, absl::Time now,
                                       const absl::TimeZone& zone) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> device, Find(snapshot, identity.device));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> person, Find(snapshot, identity.person));
  if (!device || !person || !person->entity().has_person() ||
      device->entity().device().person() != person->id()) {
    return NotKnown();
  }
  if (device->entity().device().revoked() || !device->withdrawn_by().empty()) {
    return Refuse(v1::REASON_DEVICE_REVOKED,
                  "this device was revoked; ask the administrator for a new one-time code");
  }
  if (person->entity().person().departed() || !person->withdrawn_by().empty()) return NotKnown();
  rules::Author author;
  author.device = identity.device.ToString();
  author.person = identity.person.ToString();
  author.channel = identity.channel;
  VIGIL_ASSIGN_OR_RETURN(author.roles, RolesOf(snapshot, person->entity().person(), now, zone));
  return author;
}

absl::StatusOr<rules::Author> AuthorOf(Snapshot& snapshot, const store::SignIn& sign_in,
                                       absl::Time now, const absl::TimeZone& zone) {
  return AuthorOf(snapshot, Identity{sign_in.device, sign_in.person, sign_in.channel}, now, zone);
}

absl::Status CheckRpc(const google::protobuf::MethodDescriptor& method,
                      const rules::Author& author) {
  const v1::RpcRules& rules = method.options().GetExtension(v1::rpc);
  if (!Contains(rules.channels(), author.channel)) {
    return Refuse(v1::REASON_WRONG_CHANNEL, "this token is not of a kind that may call this")
        .With("method", method.full_name());
  }
  if (rules.anybody()) return absl::OkStatus();
  for (const v1::RoleGrant& grant : author.roles) {
    if (Contains(rules.roles(), grant.role())) return absl::OkStatus();
  }
  return Refuse(v1::REASON_NOT_PERMITTED, "none of your roles allows this call")
      .With("method", method.full_name());
}

absl::StatusOr<bool> HoldsEverywhere(const google::protobuf::RepeatedField<int>& roles,
                                     const rules::Author& author, Snapshot& snapshot) {
  std::vector<Uuid> units;
  for (const v1::RoleGrant& grant : author.roles) {
    if (!Contains(roles, grant.role())) continue;
    if (grant.unit().empty()) return true;
    if (const std::optional<Uuid> unit = Uuid::Parse(grant.unit())) units.push_back(*unit);
  }
  if (units.empty()) return false;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> top, TopUnits(snapshot));
  return std::all_of(top.begin(), top.end(), [&](const Uuid& unit) {
    return std::find(units.begin(), units.end(), unit) != units.end();
  });
}

absl::Status CheckReach(const google::protobuf::MethodDescriptor& method,
                        const rules::Author& author, Snapshot& snapshot) {
  const v1::RpcRules& rules = method.options().GetExtension(v1::rpc);
  if (!rules.everywhere()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const bool holds, HoldsEverywhere(rules.roles(), author, snapshot));
  if (holds) return absl::OkStatus();
  return Refuse(v1::REASON_NOT_PERMITTED, "your role must reach all org units for this call")
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
