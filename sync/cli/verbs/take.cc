#include "sync/cli/verbs/take.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "google/protobuf/util/time_util.h"
#include "sync/base/time.h"
#include "sync/cli/console/photo.h"
#include "sync/rules/reason.h"
#include "sync/rules/work_calendar.h"

namespace vigil::verbs {

using console::Arguments;
using console::Count;
using console::OptionSpec;

namespace {

constexpr std::string_view kPlanOptions[] = {"--goal",        "--measures", "--person",
                                             "--funds",       "--starts",   "--plan-end",
                                             "--contingency", "--interim"};

bool IsOpen(const v1::Record& order) {
  const v1::OrderStatus status = order.entity().supervision_order().status();
  return status != v1::ORDER_STATUS_LIFTED && status != v1::ORDER_STATUS_TRANSFERRED;
}

bool IsLifted(const v1::Record& order) {
  return order.entity().supervision_order().status() == v1::ORDER_STATUS_LIFTED;
}

bool IsUnpublished(const v1::Record& order) {
  return IsLifted(order) && !order.entity().supervision_order().has_published_on();
}

// The order of that name, else of the hazard of that name the only one that the first of these
// holds for, the second where it holds for none, and so on; else its only one.
absl::StatusOr<v1::Record> FindOrderAmong(
    Desk& desk, std::string_view name, const std::vector<bool (*)(const v1::Record&)>& preferred) {
  absl::StatusOr<v1::Record> order = desk.Find("supervision_order", name);
  if (order.ok() || console::ExitCodeOf(order.status()) != console::kNotFound) return order;
  const absl::StatusOr<v1::Record> hazard = desk.Find("hazard", name);
  if (!hazard.ok()) return order;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> orders,
                         desk.Children(*hazard, "supervision_order"));
  if (orders.empty()) {
    return rules::Refuse(v1::REASON_NOT_FOUND, "this hazard has no supervision order")
        .With("hazard", name);
  }
  for (const auto& is_meant : preferred) {
    const auto count = std::count_if(orders.begin(), orders.end(), is_meant);
    if (count == 1) return *std::find_if(orders.begin(), orders.end(), is_meant);
    if (count > 1) break;
  }
  if (orders.size() == 1) return orders.front();
  return console::UsageError("this hazard has several orders: name one by its number or id");
}

}  // namespace

console::Reading Desk::reading() {
  return {.zone = zone(), .find = [this](std::string_view kind, std::string_view name) {
            return FindId(*this, kind, name);
          }};
}

absl::StatusOr<std::string> FindId(Desk& desk, std::string_view kind, std::string_view name) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record, desk.Find(kind, name));
  return record.id();
}

absl::StatusOr<v1::Record> FindOrder(Desk& desk, std::string_view name) {
  return FindOrderAmong(desk, name, {IsOpen});
}

absl::StatusOr<v1::Record> FindLiftedOrder(Desk& desk, std::string_view name) {
  return FindOrderAmong(desk, name, {IsUnpublished, IsLifted});
}

absl::StatusOr<std::string> NewestPlan(Desk& desk, const std::string& hazard) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record, desk.Find("hazard", hazard));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> plans,
                         desk.Children(record, "rectification_plan"));
  return plans.empty() ? std::string() : plans.back().id();
}

absl::Status TakeDate(const Arguments& arguments, std::string_view option, v1::Date* date) {
  if (!arguments.Has(option)) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(*date, console::ParseDate(arguments.Value(option)));
  return absl::OkStatus();
}

absl::StatusOr<v1::Date> DateOrToday(Desk& desk, const Arguments& arguments,
                                     std::string_view option) {
  if (arguments.Has(option)) return console::ParseDate(arguments.Value(option));
  return rules::DateAt(desk.Now(), desk.zone());
}

absl::StatusOr<google::protobuf::Timestamp> TimeOrNow(Desk& desk, const Arguments& arguments,
                                                      std::string_view option) {
  if (arguments.Has(option)) return console::ParseTime(arguments.Value(option), desk.zone());
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(desk.Now()));
}

OptionSpec HazardArgument() {
  return {"HAZARD", "", {"its number or id", "编号或 id"}, Count::kRequired};
}

OptionSpec OrderArgument() {
  return {"ORDER", "", {"its number or id, or its hazard", "文号、id 或其隐患"}, Count::kRequired};
}

std::vector<OptionSpec> PlanOptions() {
  return {
      {"--goal", "TEXT", {"plan: what is to be reached", "方案：治理目标"}},
      {"--measures", "TEXT", {"plan: measures", "方案：措施"}},
      {"--person", "TEXT", {"plan: responsible person", "方案：责任人"}},
      {"--funds", "YUAN", {"plan: funds", "方案：资金（元）"}},
      {"--starts", "DATE", {"plan: first day", "方案：开始日期"}},
      {"--plan-end", "DATE", {"plan: time limit", "方案：完成期限"}},
      {"--contingency", "TEXT", {"plan: contingency plan", "方案：应急预案"}},
      {"--interim", "TEXT", {"plan: interim controls", "方案：临时管控措施"}},
  };
}

OptionSpec ExistingPlanOption() {
  return {"--existing-plan",
          "ID",
          {"a plan that exists; default: the newest one, unless one is given here",
           "已有方案；未另给方案时默认最近一份"}};
}

bool HasPlan(const Arguments& arguments) {
  for (const std::string_view option : kPlanOptions) {
    if (arguments.Has(option)) return true;
  }
  return false;
}

absl::StatusOr<v1::RectificationPlan> TakePlan(const Arguments& arguments) {
  v1::RectificationPlan plan;
  if (const auto text = arguments.Find("--goal")) plan.set_goal(*text);
  if (const auto text = arguments.Find("--measures")) plan.set_measures(*text);
  if (const auto text = arguments.Find("--person")) plan.set_responsible_person(*text);
  if (const auto text = arguments.Find("--contingency")) plan.set_contingency_plan(*text);
  if (const auto text = arguments.Find("--interim")) plan.set_interim_controls(*text);
  if (const auto text = arguments.Find("--funds")) {
    VIGIL_ASSIGN_OR_RETURN(*plan.mutable_funds(), console::ParseMoney(*text));
  }
  if (arguments.Has("--starts")) {
    VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--starts", plan.mutable_starts_on()));
  }
  if (arguments.Has("--plan-end")) {
    VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--plan-end", plan.mutable_due_on()));
  }
  return plan;
}

std::vector<OptionSpec> Join(std::vector<std::vector<OptionSpec>> lists) {
  std::vector<OptionSpec> all;
  for (std::vector<OptionSpec>& list : lists) {
    all.insert(all.end(), std::make_move_iterator(list.begin()),
               std::make_move_iterator(list.end()));
  }
  return all;
}

absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Evidence>> TakePhotos(
    Desk& desk, const Arguments& arguments) {
  return console::PhotosOf(arguments, [&](const std::string& path, const std::string& caption) {
    return desk.TakePhoto(path, caption);
  });
}

}  // namespace vigil::verbs
