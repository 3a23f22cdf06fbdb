#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/cli/people.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"
#include "sync/cli/verbs/take.h"
#include "sync/rules/grant.h"
#include "sync/rules/reason.h"
#include "sync/rules/work_calendar.h"

// Roles of persons in org units, and their delegation.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;
using Op = v1::Operation;

namespace {

absl::StatusOr<v1::Role> TakeRole(const std::string& text) {
  const auto role = console::ParseEnum<v1::Role>(text);
  if (role && *role != v1::ROLE_ESCALATION_CLOCK) return *role;
  return console::UsageError("'" + text + "' is no role that a person may have");
}

// The unit's id; empty where none is named.
absl::StatusOr<std::string> TakeUnit(Clerk& clerk, const Arguments& arguments) {
  const auto name = arguments.Find("--unit");
  if (!name) return std::string();
  return verbs::FindId(clerk, "org_unit", *name);
}

// The last day; absent where it is not given. INVALID_DATE: it has passed.
absl::Status TakeUntil(Clerk& clerk, const Arguments& arguments, v1::RoleGrant& grant) {
  if (!arguments.Has("--until")) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(verbs::TakeDate(arguments, "--until", grant.mutable_until()));
  if (!IsOver(grant, Today(clerk))) return absl::OkStatus();
  return rules::Refuse(v1::REASON_INVALID_DATE, "this day has passed")
      .With("until", arguments.Value("--until"));
}

bool IsSame(const v1::RoleGrant& a, const v1::RoleGrant& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

bool Has(const v1::Person& person, const v1::RoleGrant& grant) {
  return std::any_of(person.roles().begin(), person.roles().end(),
                     [&](const v1::RoleGrant& own) { return IsSame(own, grant); });
}

// The edit of a person's roles, and what it says for people.
class RoleEdit {
 public:
  RoleEdit(Clerk& clerk, const v1::Record& person)
      : clerk_(clerk), person_(person), operation_(EditOf(person, "roles")) {}

  void Add(const v1::RoleGrant& grant) {
    *operation_.mutable_edit_record()->mutable_entity()->mutable_person()->add_roles() = grant;
    added_.push_back(grant);
  }
  void Remove(const v1::RoleGrant& grant) {
    *operation_.mutable_edit_record()->mutable_removed()->mutable_person()->add_roles() = grant;
    removed_.push_back(grant);
  }
  bool empty() const { return added_.empty() && removed_.empty(); }

  absl::Status Submit() {
    console::Console& console = clerk_.console();
    VIGIL_RETURN_IF_ERROR(clerk_.Submit(std::move(operation_)));
    const std::string name = console::RecordTitle(person_);
    for (const v1::RoleGrant& grant : removed_) {
      console.Say({"$0 no longer has: $1", "$0 不再担任：$1"},
                  {name, console::GrantText(grant, clerk_.display())});
    }
    for (const v1::RoleGrant& grant : added_) {
      console.Say({"$0 has now: $1", "$0 现担任：$1"},
                  {name, console::GrantText(grant, clerk_.display())});
    }
    clerk_.Finish();
    return absl::OkStatus();
  }

 private:
  Clerk& clerk_;
  const v1::Record& person_;
  v1::Operation operation_;
  std::vector<v1::RoleGrant> added_;
  std::vector<v1::RoleGrant> removed_;
};

// Nothing had to be done.
absl::Status Already(Clerk& clerk, const v1::Record& person) {
  clerk.console().Say({"nothing to change: it is so already", "无需更改：已是如此"});
  clerk.console().Json(person);
  return absl::OkStatus();
}

absl::Status Grant(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record person, clerk.Find("person", arguments.Value("PERSON")));
  VIGIL_RETURN_IF_ERROR(MustBeHere(person));
  v1::RoleGrant grant;
  VIGIL_ASSIGN_OR_RETURN(const v1::Role role, TakeRole(arguments.Value("ROLE")));
  grant.set_role(role);
  VIGIL_ASSIGN_OR_RETURN(*grant.mutable_unit(), TakeUnit(clerk, arguments));
  VIGIL_RETURN_IF_ERROR(TakeUntil(clerk, arguments, grant));
  RoleEdit edit(clerk, person);
  // The day that is said now takes the place of the one that was said before.
  for (const v1::RoleGrant& own : person.entity().person().roles()) {
    const bool replaced = own.role() == grant.role() && own.unit() == grant.unit() &&
                          own.delegated_by().empty() && !IsSame(own, grant);
    if (replaced) edit.Remove(own);
  }
  if (!Has(person.entity().person(), grant)) edit.Add(grant);
  if (edit.empty()) return Already(clerk, person);
  return edit.Submit();
}

absl::Status Revoke(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record person, clerk.Find("person", arguments.Value("PERSON")));
  VIGIL_ASSIGN_OR_RETURN(const v1::Role role, TakeRole(arguments.Value("ROLE")));
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, TakeUnit(clerk, arguments));
  RoleEdit edit(clerk, person);
  for (const v1::RoleGrant& own : person.entity().person().roles()) {
    const bool named = own.role() == role && (!arguments.Has("--unit") || own.unit() == unit);
    if (named) edit.Remove(own);
  }
  if (edit.empty()) {
    return rules::Refuse(v1::REASON_NOT_FOUND, "the person has no such role")
        .With("person", arguments.Value("PERSON"))
        .With("role", arguments.Value("ROLE"));
  }
  return edit.Submit();
}

// What of the grant is handed on, until this day at the latest.
v1::RoleGrant Delegated(const v1::RoleGrant& own, const v1::Date& until, const std::string& by) {
  v1::RoleGrant grant = own;
  const bool ends_earlier = own.has_until() && rules::ToDay(own.until()) < rules::ToDay(until);
  if (!ends_earlier) *grant.mutable_until() = until;
  grant.set_delegated_by(by);
  return grant;
}

absl::Status Delegate(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record person, clerk.Find("person", arguments.Value("PERSON")));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record to, clerk.Find("person", arguments.Value("--to")));
  if (person.id() == to.id()) return console::UsageError("nobody delegates to himself");
  VIGIL_RETURN_IF_ERROR(MustBeHere(person));
  VIGIL_RETURN_IF_ERROR(MustBeHere(to));
  v1::RoleGrant wanted;
  VIGIL_RETURN_IF_ERROR(TakeUntil(clerk, arguments, wanted));
  if (const auto text = arguments.Find("--role")) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Role role, TakeRole(*text));
    wanted.set_role(role);
  }
  VIGIL_ASSIGN_OR_RETURN(*wanted.mutable_unit(), TakeUnit(clerk, arguments));
  const v1::Date today = Today(clerk);
  RoleEdit edit(clerk, to);
  bool any = false;
  for (const v1::RoleGrant& own : person.entity().person().roles()) {
    // What was delegated to him is not his to hand on.
    const bool chosen = own.delegated_by().empty() && !IsOver(own, today) &&
                        (!arguments.Has("--role") || own.role() == wanted.role()) &&
                        (!arguments.Has("--unit") || own.unit() == wanted.unit());
    if (!chosen) continue;
    any = true;
    const v1::RoleGrant grant = Delegated(own, wanted.until(), person.id());
    if (!Has(to.entity().person(), grant)) edit.Add(grant);
  }
  if (!any) {
    return rules::Refuse(v1::REASON_NOT_FOUND, "the person has no such role of his own")
        .With("person", arguments.Value("PERSON"));
  }
  if (edit.empty()) return Already(clerk, to);
  return edit.Submit();
}

absl::StatusOr<std::map<std::string, v1::Record, std::less<>>> PersonsAndUnits(Clerk& clerk) {
  std::map<std::string, v1::Record, std::less<>> known;
  for (const char* const kind : {"person", "org_unit"}) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<v1::Record> records, clerk.All(kind));
    for (v1::Record& record : records) known.emplace(record.id(), std::move(record));
  }
  return known;
}

absl::Status ListRoles(Clerk& clerk, const Arguments& arguments) {
  std::vector<v1::Record> persons;
  if (const auto name = arguments.Find("PERSON")) {
    VIGIL_ASSIGN_OR_RETURN(persons.emplace_back(), clerk.Find("person", *name));
  } else {
    VIGIL_ASSIGN_OR_RETURN(persons, clerk.All("person"));
  }
  console::Console& console = clerk.console();
  Table table({{std::string(console.In({"person", "人员"})), Table::Align::kLeft, 30},
               {std::string(console.In({"role", "角色"}))},
               {std::string(console.In({"unit", "单位"})), Table::Align::kLeft, 30},
               {std::string(console.In({"until", "截止"}))},
               {std::string(console.In({"for", "代理"})), Table::Align::kLeft, 30},
               {std::string(console.In({"holds", "有效"}))}});
  console::JsonArray array;
  VIGIL_ASSIGN_OR_RETURN(const auto known, PersonsAndUnits(clerk));
  const auto find = [&known](std::string_view id) -> absl::StatusOr<const v1::Record*> {
    const auto found = known.find(id);
    return found == known.end() ? nullptr : &found->second;
  };
  const v1::Date today = Today(clerk);
  for (const v1::Record& record : persons) {
    const v1::Person& person = record.entity().person();
    VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::RoleGrant> in_force,
                           rules::RolesOn(person, today, find));
    for (const v1::RoleGrant& grant : person.roles()) {
      const bool holds = !person.departed() && std::any_of(in_force.begin(), in_force.end(),
                                                           [&](const v1::RoleGrant& each) {
                                                             return IsSame(each, grant);
                                                           });
      array.AddRaw(console::JsonObject()
                       .Set("person", record.id())
                       .Set("person_code", person.code())
                       .SetRaw("grant", console::ProtoJson(grant))
                       .Set("holds", holds)
                       .ToString());
      if (console.json()) continue;
      table.AddRow({console::RecordTitle(record), console::NameOf(grant.role(), console.language()),
                    grant.unit().empty() ? std::string(console.In({"everywhere", "全部"}))
                                         : clerk.NameOf(grant.unit()),
                    console::DateText(grant.until()),
                    grant.delegated_by().empty() ? "" : clerk.NameOf(grant.delegated_by()),
                    std::string(holds ? console.In({"yes", "是"}) : console.In({"no", "否"}))});
    }
  }
  console.Json(array.ToString());
  console.Show(table, {"there is no role", "没有角色"});
  return absl::OkStatus();
}

console::OptionSpec PersonArgument() {
  return {"PERSON", "", {"code or id", "编码或 id"}, Count::kRequired};
}
console::OptionSpec RoleArgument() {
  return {"ROLE",
          "",
          {"inspector, verifier, responsible_unit, safety_office …", "角色：检查员、复查员等"},
          Count::kRequired};
}

}  // namespace

std::vector<Command> RoleCommands() {
  return {
      {{"person delegate",
        {"while a person is away, another one has his roles too; they end by themselves",
         "外出期间由他人代行其角色，到期自动终止"},
        {PersonArgument(),
         {"--to", "PERSON", {"who acts for him", "代理人"}, Count::kRequired},
         {"--until", "DATE", {"last day", "最后一天"}, Count::kRequired},
         {"--role",
          "ROLE",
          {"this one alone; default: all of his own", "仅此角色；默认全部本人角色"}},
         {"--unit", "CODE", {"those in this unit alone", "仅该单位的角色"}}},
        {"inspector-07 --to inspector-08 --until 2190-06-30",
         "dept-lf-01 --to dept-lf-02 --until 2190-06-30 --role industry_department"},
        {Op::kEditRecord}},
       Delegate},
      {{"role list",
        {"who has which role, where and until when", "人员的角色、范围与期限"},
        {{"PERSON", "", {"this one alone", "仅此人员"}}},
        {"", "inspector-07 --json"}},
       ListRoles},
      {{"role grant",
        {"a role in a unit and everything below it; said again, it replaces the last day",
         "授予某单位及其下级的角色；重复授予时更新期限"},
        {PersonArgument(),
         RoleArgument(),
         {"--unit", "CODE", {"where; default: everywhere", "单位；默认全部"}},
         {"--until", "DATE", {"last day; default: for good", "最后一天；默认长期"}}},
        {"inspector-07 inspector --unit DEP-LF", "auditor-01 auditor --until 2190-12-31"},
        {Op::kEditRecord}},
       Grant},
      {{"role revoke",
        {"take a role back, in one unit or wherever the person has it",
         "收回角色：仅一个单位，或全部范围"},
        {PersonArgument(),
         RoleArgument(),
         {"--unit", "CODE", {"in this unit alone; default: all", "仅该单位；默认全部"}}},
        {"inspector-07 inspector", "inspector-07 inspector --unit DEP-LF"},
        {Op::kEditRecord}},
       Revoke},
  };
}

}  // namespace vigil::office
