#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "server/cli/as_of.h"
#include "server/cli/filter.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_parse.h"
#include "sync/cli/console/value_text.h"
#include "sync/cli/verbs/take.h"

// The ledgers (台账): hazards and supervision orders.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::OptionSpec;
using console::Table;

namespace {

constexpr int kAllPageSize = 1000;

absl::StatusOr<v1::TriState> TakeTriState(const Arguments& arguments, std::string_view option) {
  if (!arguments.Has(option)) return v1::TRI_STATE_UNSPECIFIED;
  VIGIL_ASSIGN_OR_RETURN(const bool yes, console::ParseYesNo(arguments.Value(option)));
  return yes ? v1::TRI_STATE_YES : v1::TRI_STATE_NO;
}

absl::StatusOr<int> TakePageSize(const Arguments& arguments) {
  if (arguments.Has("--all")) return kAllPageSize;
  int size = 0;
  const std::string text = arguments.Value("--page-size");
  if (text.empty()) return 0;
  if (!absl::SimpleAtoi(text, &size) || size < 1) {
    return console::UsageError("--page-size takes a number from 1 on");
  }
  return size;
}

absl::Status TakeStates(const Arguments& arguments, v1::HazardFilter& filter) {
  for (const std::string& text : arguments.All("--status")) {
    const auto status = console::ParseEnum<v1::HazardStatus>(text);
    if (!status) {
      return console::UsageError(
          "--status: '" + text + "' is none of " +
          console::EnumChoices(*google::protobuf::GetEnumDescriptor<v1::HazardStatus>()));
    }
    filter.add_statuses(*status);
  }
  VIGIL_ASSIGN_OR_RETURN(const auto grade, verbs::TakeEnum<v1::HazardGrade>(arguments, "--grade"));
  VIGIL_ASSIGN_OR_RETURN(const auto site, verbs::TakeEnum<v1::SiteType>(arguments, "--site-type"));
  VIGIL_ASSIGN_OR_RETURN(const auto origin,
                         verbs::TakeEnum<v1::HazardOrigin>(arguments, "--origin"));
  VIGIL_ASSIGN_OR_RETURN(const auto tagged, TakeTriState(arguments, "--tagged"));
  VIGIL_ASSIGN_OR_RETURN(const auto overdue, TakeTriState(arguments, "--overdue"));
  VIGIL_ASSIGN_OR_RETURN(const auto finished, TakeTriState(arguments, "--finished"));
  VIGIL_ASSIGN_OR_RETURN(const auto in_conflict, TakeTriState(arguments, "--in-conflict"));
  filter.set_grade(grade);
  filter.set_site_type(site);
  filter.set_origin(origin);
  filter.set_tagged(tagged);
  filter.set_overdue(overdue);
  filter.set_finished(finished);
  filter.set_in_conflict(in_conflict);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::HazardFilter> TakeFilter(Clerk& clerk, const Arguments& arguments) {
  v1::HazardFilter filter;
  VIGIL_RETURN_IF_ERROR(TakeStates(arguments, filter));
  const auto take_id = [&](const char* option, const char* kind, std::string* id) -> absl::Status {
    if (!arguments.Has(option)) return absl::OkStatus();
    VIGIL_ASSIGN_OR_RETURN(*id, verbs::FindId(clerk, kind, arguments.Value(option)));
    return absl::OkStatus();
  };
  VIGIL_RETURN_IF_ERROR(take_id("--unit", "org_unit", filter.mutable_unit()));
  VIGIL_RETURN_IF_ERROR(take_id("--district", "org_unit", filter.mutable_district()));
  VIGIL_RETURN_IF_ERROR(take_id("--department", "org_unit", filter.mutable_industry_department()));
  VIGIL_RETURN_IF_ERROR(take_id("--source", "risk_source", filter.mutable_risk_source()));
  filter.set_text(arguments.Value("--text"));
  const auto take_date = [&](const char* option, auto set) -> absl::Status {
    if (!arguments.Has(option)) return absl::OkStatus();
    VIGIL_ASSIGN_OR_RETURN(const v1::Date date, console::ParseDate(arguments.Value(option)));
    set(date);
    return absl::OkStatus();
  };
  VIGIL_RETURN_IF_ERROR(take_date(
      "--found-from", [&](const v1::Date& date) { *filter.mutable_found_from() = date; }));
  VIGIL_RETURN_IF_ERROR(
      take_date("--found-to", [&](const v1::Date& date) { *filter.mutable_found_to() = date; }));
  VIGIL_RETURN_IF_ERROR(
      take_date("--due-from", [&](const v1::Date& date) { *filter.mutable_due_from() = date; }));
  VIGIL_RETURN_IF_ERROR(
      take_date("--due-to", [&](const v1::Date& date) { *filter.mutable_due_to() = date; }));
  return filter;
}

std::vector<OptionSpec> FilterOptions() {
  return {
      {"--status",
       "STATUS",
       {"reported, confirmed, rectifying, transfer_pending, submitted, verified, transferred, "
        "merged, rejected",
        "状态，可多次给出"},
       Count::kRepeated},
      {"--grade", "GRADE", {"general or major", "一般或重大"}},
      {"--tagged", "yes|no", {"under tagged supervision", "是否挂牌督办"}},
      {"--overdue", "yes|no", {"past its due date", "是否超期"}},
      {"--finished", "yes|no", {"nothing is left to do", "是否办结"}},
      {"--in-conflict", "yes|no", {"some field is in conflict", "是否有冲突"}},
      {"--site-type", "TYPE", {"landfill, park_slope …", "场所类型"}},
      {"--unit", "CODE", {"responsible unit, or one above it", "责任单位或其上级"}},
      {"--district", "CODE", {"district", "所在区"}},
      {"--department", "CODE", {"industry department", "行业监管部门"}},
      {"--origin", "ORIGIN", {"how it was found", "来源"}},
      {"--source", "CODE", {"risk source", "风险源"}},
      {"--text",
       "TEXT",
       {"part of number, description or risk source", "编号、描述或风险源的一部分"}},
      {"--found-from", "DATE", {"found on this day or later", "发现日期起"}},
      {"--found-to", "DATE", {"found on this day or earlier", "发现日期止"}},
      {"--due-from", "DATE", {"due on this day or later", "期限起"}},
      {"--due-to", "DATE", {"due on this day or earlier", "期限止"}},
  };
}

namespace {

std::vector<OptionSpec> PageOptions() {
  return {{"--page-size", "N", {"rows of a page", "每页行数"}},
          {"--page-token", "TOKEN", {"the page after; the last one printed it", "下一页标记"}},
          {"--all", "", {"all pages", "全部"}},
          AsOfOption()};
}

void ShowHazards(Clerk& clerk, const v1::ListHazardsResponse& response) {
  console::Console& console = clerk.console();
  const console::Language language = console.language();
  const auto heading = [&](const console::Text& text) { return std::string(console.In(text)); };
  Table table({{heading({"number", "编号"})},
               {heading({"state", "状态"})},
               {heading({"grade", "等级"})},
               {heading({"due", "期限"})},
               {heading({"overdue", "超期"})},
               {heading({"risk source", "风险源"})},
               {heading({"description", "描述"}), Table::Align::kLeft, 44},
               {heading({"responsible unit", "责任单位"}), Table::Align::kLeft, 24}});
  for (const v1::HazardRow& row : response.hazards()) {
    std::string state = console::StateText(row.state(), language);
    if (!row.state().conflicts().empty()) state += console.In({", in conflict", "，有冲突"});
    table.AddRow({row.number(), state, console::NameOf(row.state().grade(), language),
                  console::DateText(row.state().due_date()), row.overdue() ? "!" : "",
                  row.risk_source_code(), row.description(), row.responsible_unit_name()});
  }
  console.Show(table, {"no hazard matches", "没有符合条件的隐患"});
}

absl::Status ListHazards(Clerk& clerk, const Arguments& arguments) {
  v1::ListHazardsRequest request;
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_filter(), TakeFilter(clerk, arguments));
  VIGIL_ASSIGN_OR_RETURN(const int page_size, TakePageSize(arguments));
  request.set_page_size(page_size);
  request.set_page_token(arguments.Value("--page-token"));
  request.set_order_by(arguments.Value("--sort"));
  VIGIL_RETURN_IF_ERROR(TakeAsOf(arguments, request));
  v1::ListHazardsResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(v1::ListHazardsResponse page, clerk.office().ListHazards(request));
    request.set_page_token(page.next_page_token());
    all.mutable_hazards()->MergeFrom(page.hazards());
    all.set_total_size(page.total_size());
    all.set_next_page_token(page.next_page_token());
  } while (arguments.Has("--all") && !all.next_page_token().empty());
  clerk.console().Json(all);
  ShowHazards(clerk, all);
  clerk.console().Say({"$0 of $1", "$0 条，共 $1 条"},
                      {std::to_string(all.hazards_size()), std::to_string(all.total_size())});
  if (!all.next_page_token().empty()) {
    clerk.console().Say({"next page: --page-token $0", "下一页：--page-token $0"},
                        {all.next_page_token()});
  }
  return absl::OkStatus();
}

void ShowOrders(Clerk& clerk, const v1::ListOrdersResponse& response) {
  console::Console& console = clerk.console();
  const console::Language language = console.language();
  const auto heading = [&](const console::Text& text) { return std::string(console.In(text)); };
  Table table({{heading({"number", "文号"})},
               {heading({"status", "状态"})},
               {heading({"level", "级别"})},
               {heading({"due", "期限"})},
               {heading({"ledger", "台账"})},
               {heading({"hazard", "隐患"})},
               {heading({"its status", "隐患状态"})},
               {heading({"description", "描述"}), Table::Align::kLeft, 44},
               {heading({"responsible unit", "责任单位"}), Table::Align::kLeft, 24}});
  for (const v1::OrderRow& row : response.orders()) {
    std::string status = console::NameOf(row.status(), language);
    if (row.tag_in_doubt()) status += console.In({", in doubt", "，存疑"});
    table.AddRow({row.number().empty() ? console::ShortId(row.record()) : row.number(), status,
                  console::NameOf(row.level(), language), console::DateText(row.due_date()),
                  row.ledger(), row.hazard_number(), console::NameOf(row.hazard_status(), language),
                  row.hazard_description(), row.responsible_unit_name()});
  }
  console.Show(table, {"no order matches", "没有符合条件的督办"});
}

absl::Status ListOrders(Clerk& clerk, const Arguments& arguments) {
  v1::ListOrdersRequest request;
  for (const std::string& text : arguments.All("--status")) {
    const auto status = console::ParseEnum<v1::OrderStatus>(text);
    if (!status) {
      return console::UsageError(
          "--status: '" + text + "' is none of " +
          console::EnumChoices(*google::protobuf::GetEnumDescriptor<v1::OrderStatus>()));
    }
    request.add_statuses(*status);
  }
  request.set_ledger(arguments.Value("--ledger"));
  VIGIL_RETURN_IF_ERROR(TakeAsOf(arguments, request));
  if (const auto hazard = arguments.Find("--hazard")) {
    VIGIL_ASSIGN_OR_RETURN(*request.mutable_hazard(), verbs::FindId(clerk, "hazard", *hazard));
  }
  VIGIL_ASSIGN_OR_RETURN(const int page_size, TakePageSize(arguments));
  request.set_page_size(page_size);
  request.set_page_token(arguments.Value("--page-token"));
  v1::ListOrdersResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(v1::ListOrdersResponse page, clerk.office().ListOrders(request));
    request.set_page_token(page.next_page_token());
    all.mutable_orders()->MergeFrom(page.orders());
    all.set_total_size(page.total_size());
    all.set_next_page_token(page.next_page_token());
  } while (arguments.Has("--all") && !all.next_page_token().empty());
  clerk.console().Json(all);
  ShowOrders(clerk, all);
  clerk.console().Say({"$0 of $1", "$0 条，共 $1 条"},
                      {std::to_string(all.orders_size()), std::to_string(all.total_size())});
  if (!all.next_page_token().empty()) {
    clerk.console().Say({"next page: --page-token $0", "下一页：--page-token $0"},
                        {all.next_page_token()});
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> LedgerCommands() {
  return {
      {{"ledger",
        {"the hazard ledger: filter, sort, page", "隐患台账：筛选、排序、分页"},
        verbs::Join({FilterOptions(),
                     {{"--sort",
                       "FIELD",
                       {"number, due_date, found_at, grade or status; 'due_date desc' turns it",
                        "排序：number、due_date、found_at、grade、status；加 desc 为倒序"}}},
                     PageOptions()}),
        {"--tagged yes", "--overdue yes --sort due_date --all",
         "--unit DEP-LF --grade major --json", "--text 渗水 --lang zh",
         "--as-of 2017-06-30 --overdue yes --all"}},
       ListHazards},
      {{"orders",
        {"the ledger of tagged supervision", "挂牌督办台账"},
        verbs::Join({{{"--status",
                       "STATUS",
                       {"proposed, issued, served, in_progress, extension_pending, acceptance, "
                        "passed, transferred, lifted",
                        "状态，可多次给出"},
                       Count::kRepeated},
                      {"--ledger", "NAME", {"hazards, park slopes …", "台账名"}},
                      {"--hazard", "HAZARD", {"orders of this hazard", "该隐患的督办"}}},
                     PageOptions()}),
        {"--ledger hazards --all", "--status in_progress --status acceptance"}},
       ListOrders},
  };
}

}  // namespace vigil::office
