#ifndef VIGIL_SYNC_CLI_VERBS_TAKE_H_
#define VIGIL_SYNC_CLI_VERBS_TAKE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/status.h"
#include "sync/cli/console/command.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/names.h"
#include "sync/cli/verbs/desk.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/hazard.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/supervision.pb.h"

// What the verbs take from the command line.

namespace vigil::verbs {

// The record's id.
absl::StatusOr<std::string> FindId(Desk& desk, std::string_view kind, std::string_view name);
// A supervision order by its number or id, or by its hazard, where that has one open order.
absl::StatusOr<v1::Record> FindOrder(Desk& desk, std::string_view name);
// The same where that has one lifted order, or one whose lifting is not published.
absl::StatusOr<v1::Record> FindLiftedOrder(Desk& desk, std::string_view name);
// The id of the hazard's newest rectification plan; empty where it has none.
absl::StatusOr<std::string> NewestPlan(Desk& desk, const std::string& hazard);

// The option's date into `date`, if it is given.
absl::Status TakeDate(const console::Arguments& arguments, std::string_view option, v1::Date* date);
// The same, or today in the register's zone.
absl::StatusOr<v1::Date> DateOrToday(Desk& desk, const console::Arguments& arguments,
                                     std::string_view option);
// The option's time, or now.
absl::StatusOr<google::protobuf::Timestamp> TimeOrNow(Desk& desk,
                                                      const console::Arguments& arguments,
                                                      std::string_view option);

// The option's enum value; the unspecified one where it is not given.
template <typename Enum>
absl::StatusOr<Enum> TakeEnum(const console::Arguments& arguments, std::string_view option) {
  if (!arguments.Has(option)) return static_cast<Enum>(0);
  const std::string text = arguments.Value(option);
  if (const auto value = console::ParseEnum<Enum>(text)) return *value;
  return console::UsageError(std::string(option) + ": '" + text + "' is none of " +
                             console::EnumChoices(*google::protobuf::GetEnumDescriptor<Enum>()));
}

// The arguments that name a hazard or an order.
console::OptionSpec HazardArgument();
console::OptionSpec OrderArgument();

// An event begins so: the hazard or order as seen, and its status.
template <typename Command>
void Name(const v1::Record& hazard, Command& command) {
  command.set_hazard(hazard.id());
  command.set_from_status(hazard.entity().hazard().status());
}
template <typename Command>
void NameOrder(const v1::Record& order, Command& command) {
  command.set_order(order.id());
  command.set_from_status(order.entity().supervision_order().status());
}

// The photos of --photo, --before and --after.
absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Evidence>> TakePhotos(
    Desk& desk, const console::Arguments& arguments);

// The options of a rectification plan, and the plan that they give.
std::vector<console::OptionSpec> PlanOptions();
console::OptionSpec ExistingPlanOption();
bool HasPlan(const console::Arguments& arguments);
absl::StatusOr<v1::RectificationPlan> TakePlan(const console::Arguments& arguments);

std::vector<console::OptionSpec> Join(std::vector<std::vector<console::OptionSpec>> lists);

}  // namespace vigil::verbs

#endif  // VIGIL_SYNC_CLI_VERBS_TAKE_H_
