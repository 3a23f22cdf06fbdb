#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_parse.h"
#include "sync/cli/console/value_text.h"
#include "sync/cli/verbs/take.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

// Lists of records that are no ledger: risk sources, units, people, and any other kind.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;

namespace {

using Wanted = std::function<bool(const v1::Record&)>;

// The named fields of the records, as a table or as JSON.
absl::Status ShowAll(Clerk& clerk, const std::string& kind, std::vector<std::string> fields,
                     const Wanted& wanted) {
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(kind);
  if (info == nullptr) return console::UsageError("'" + kind + "' is no kind of record");
  VIGIL_ASSIGN_OR_RETURN(std::vector<v1::Record> records, clerk.All(kind));
  std::erase_if(records, [&](const v1::Record& record) { return !wanted(record); });
  console::Console& console = clerk.console();
  if (console.json()) {
    console::JsonArray array;
    for (const v1::Record& record : records) array.AddRaw(console::ProtoJson(record));
    console.Json(array.ToString());
    return absl::OkStatus();
  }
  if (fields.empty()) {
    for (const rules::FieldInfo& field : info->fields) fields.push_back(field.name());
    if (fields.size() > 6) fields.resize(6);
  }
  std::vector<Table::Column> columns;
  if (info->key_field == nullptr) columns.push_back({"id"});
  const bool may_be_withdrawn = info->rules.append_only();
  for (const std::string& field : fields) {
    columns.push_back({console::FieldLabel(field, console.language()), Table::Align::kLeft, 40});
  }
  if (may_be_withdrawn) columns.push_back({""});
  Table table(columns);
  const console::Display display = clerk.display();
  for (const v1::Record& record : records) {
    std::vector<std::string> cells;
    if (info->key_field == nullptr) cells.push_back(record.id());
    for (const std::string& name : fields) {
      const rules::FieldInfo& field = *info->Find(std::string_view(name));
      cells.push_back(
          console::FieldText(rules::BodyOf(record.entity()), *field.descriptor, display));
    }
    if (may_be_withdrawn) {
      cells.emplace_back(record.withdrawn_by().empty() ? "" : console.In({"withdrawn", "已撤回"}));
    }
    table.AddRow(std::move(cells));
  }
  console.Show(table, {"there is none", "没有记录"});
  console.Say({"$0 in all", "共 $0 条"}, {std::to_string(records.size())});
  return absl::OkStatus();
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

absl::Status Sources(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const auto level, verbs::TakeEnum<v1::RiskLevel>(arguments, "--level"));
  VIGIL_ASSIGN_OR_RETURN(const auto site, verbs::TakeEnum<v1::SiteType>(arguments, "--site-type"));
  std::string unit;
  if (const auto name = arguments.Find("--unit")) {
    VIGIL_ASSIGN_OR_RETURN(unit, verbs::FindId(clerk, "org_unit", *name));
  }
  const std::string text = arguments.Value("--text");
  return ShowAll(
      clerk, "risk_source",
      {"code", "name", "site_type", "level", "responsible_unit", "inspection_interval_days",
       "retired"},
      [&](const v1::Record& record) {
        const v1::RiskSource& source = record.entity().risk_source();
        return (level == v1::RISK_LEVEL_UNSPECIFIED || source.level() == level) &&
               (site == v1::SITE_TYPE_UNSPECIFIED || source.site_type() == site) &&
               (unit.empty() || source.responsible_unit() == unit) &&
               (text.empty() || Contains(source.name(), text) || Contains(source.code(), text));
      });
}

absl::Status Inspections(Clerk& clerk, const Arguments& arguments) {
  v1::ListInspectionsDueRequest request;
  VIGIL_ASSIGN_OR_RETURN(const auto site, verbs::TakeEnum<v1::SiteType>(arguments, "--site-type"));
  request.mutable_filter()->set_site_type(site);
  if (const auto name = arguments.Find("--unit")) {
    VIGIL_ASSIGN_OR_RETURN(*request.mutable_filter()->mutable_unit(),
                           verbs::FindId(clerk, "org_unit", *name));
  }
  if (const auto until = arguments.Find("--until")) {
    VIGIL_ASSIGN_OR_RETURN(*request.mutable_until(), console::ParseDate(*until));
  }
  const bool overdue_only = arguments.Has("--overdue");
  request.set_page_size(1000);
  v1::ListInspectionsDueResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListInspectionsDueResponse page,
                           clerk.office().ListInspectionsDue(request));
    for (const v1::InspectionDueRow& row : page.inspections()) {
      if (row.overdue() || !overdue_only) *all.add_inspections() = row;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  all.set_total_size(all.inspections_size());
  console::Console& console = clerk.console();
  console.Json(all);
  const console::Language language = console.language();
  Table table(
      {{std::string(console.In({"due", "应检日"}))},
       {""},
       {std::string(console.In({"code", "编码"}))},
       {std::string(console.In({"name", "名称"})), Table::Align::kLeft, 40},
       {std::string(console.In({"level", "风险等级"}))},
       {std::string(console.In({"last inspected", "上次检查"}))},
       {std::string(console.In({"responsible unit", "责任单位"})), Table::Align::kLeft, 24}});
  for (const v1::InspectionDueRow& row : all.inspections()) {
    table.AddRow({console::DateText(row.due_on()),
                  std::string(row.overdue() ? console.In({"overdue", "超期"}) : ""), row.code(),
                  row.name(), console::NameOf(row.level(), language),
                  row.has_inspected_on() ? console::DateText(row.inspected_on())
                                         : std::string(console.In({"never", "未检查"})),
                  row.responsible_unit_name()});
  }
  console.Show(table, {"none is due", "没有应检的风险源"});
  console.Say({"$0 in all", "共 $0 条"}, {std::to_string(all.inspections_size())});
  return absl::OkStatus();
}

absl::Status Units(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const auto kind, verbs::TakeEnum<v1::OrgUnitKind>(arguments, "--kind"));
  const std::string text = arguments.Value("--text");
  return ShowAll(
      clerk, "org_unit", {"code", "name", "kind", "parent_unit", "head"},
      [&](const v1::Record& record) {
        const v1::OrgUnit& unit = record.entity().org_unit();
        return (kind == v1::ORG_UNIT_KIND_UNSPECIFIED || unit.kind() == kind) &&
               (text.empty() || Contains(unit.name(), text) || Contains(unit.code(), text));
      });
}

absl::Status People(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const auto role, verbs::TakeEnum<v1::Role>(arguments, "--role"));
  std::string unit;
  if (const auto name = arguments.Find("--unit")) {
    VIGIL_ASSIGN_OR_RETURN(unit, verbs::FindId(clerk, "org_unit", *name));
  }
  return ShowAll(clerk, "person", {"code", "name", "unit", "roles"}, [&](const v1::Record& record) {
    const v1::Person& person = record.entity().person();
    bool has_role = role == v1::ROLE_UNSPECIFIED;
    for (const v1::RoleGrant& grant : person.roles()) {
      has_role = has_role || grant.role() == role;
    }
    return has_role && (unit.empty() || person.unit() == unit);
  });
}

bool HasElement(const std::vector<std::string>& elements, const std::string& element) {
  return std::find(elements.begin(), elements.end(), element) != elements.end();
}

absl::Status List(Clerk& clerk, const Arguments& arguments) {
  const std::string kind = arguments.Value("KIND");
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(kind);
  if (info == nullptr) return console::UsageError("'" + kind + "' is no kind of record");
  v1::Entity wanted;
  VIGIL_RETURN_IF_ERROR(
      console::SetFields(*info, arguments.All("--where"), clerk.reading(), wanted));
  const google::protobuf::Message& values = rules::MutableBodyOf(wanted, *info);
  return ShowAll(clerk, kind, {}, [&](const v1::Record& record) {
    const google::protobuf::Message& body = rules::BodyOf(record.entity());
    return std::all_of(info->fields.begin(), info->fields.end(), [&](const auto& field) {
      if (field.descriptor->is_repeated()) {
        const std::vector<std::string> there = rules::ElementBytes(body, field);
        const std::vector<std::string> asked = rules::ElementBytes(values, field);
        return std::all_of(asked.begin(), asked.end(),
                           [&](const std::string& element) { return HasElement(there, element); });
      }
      const std::string asked = rules::FieldBytes(values, field);
      return asked.empty() || rules::FieldBytes(body, field) == asked;
    });
  });
}

}  // namespace

std::vector<Command> ListCommands() {
  const console::OptionSpec text = {
      "--text", "TEXT", {"part of code or name", "编码或名称的一部分"}};
  return {
      {{"sources",
        {"risk sources", "风险源清单"},
        {{"--level", "LEVEL", {"red, orange, yellow or blue", "红、橙、黄或蓝"}},
         {"--site-type", "TYPE", {"landfill, park_slope …", "场所类型"}},
         {"--unit", "CODE", {"responsible unit", "责任单位"}},
         text},
        {"--level red", "--site-type landfill --json"}},
       Sources},
      {{"inspections",
        {"when risk sources are to be inspected, those that wait longest first", "风险源应检清单"},
        {{"--overdue", "", {"only those that are overdue", "仅超期的"}},
         {"--until", "DATE", {"due on this day or before", "此日及之前应检"}},
         {"--site-type", "TYPE", {"landfill, park_slope …", "场所类型"}},
         {"--unit", "CODE", {"responsible unit, and what is below it", "责任单位"}}},
        {"--overdue", "--until 2026-12-31 --unit LFU-01"}},
       Inspections},
      {{"units",
        {"org units", "组织单位"},
        {{"--kind",
          "KIND",
          {"bureau, industry_department, responsible_unit, district, subdistrict, park or site",
           "种类"}},
         text},
        {"--kind district"}},
       Units},
      {{"people",
        {"persons and their roles", "人员与角色"},
        {{"--role", "ROLE", {"inspector, verifier, safety_office …", "角色"}},
         {"--unit", "CODE", {"their unit", "单位"}}},
        {"--role inspector"}},
       People},
      {{"list",
        {"records of any kind", "任意种类的记录"},
        {{"KIND", "", {"checklist, campaign, bulletin, inspection …", "种类"}, Count::kRequired},
         {"--where",
          "FIELD=VALUE",
          {"only those that have this value; may be given several times",
           "字段等于此值的，可多次给出"},
          Count::kRepeated}},
        {"checklist", "inspection --where campaign=ZX-2017-03",
         "responsibility_statement --where unit=LFU-01 --json"}},
       List},
  };
}

}  // namespace vigil::office
