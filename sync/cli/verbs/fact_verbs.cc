#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "sync/base/status.h"
#include "sync/cli/console/photo.h"
#include "sync/cli/verbs/take.h"
#include "sync/cli/verbs/verbs.h"

// What people saw or measured at a risk source.

namespace vigil::verbs {

using console::Arguments;
using console::Count;
using console::OptionSpec;
using Op = v1::Operation;

namespace {

OptionSpec SourceArgument() {
  return {"SOURCE", "", {"code of the risk source", "风险源编码"}, Count::kRequired};
}

absl::Status AddReading(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record source,
                         desk.Find("risk_source", arguments.Value("SOURCE")));
  v1::Operation operation;
  v1::CreateRecord& command = *operation.mutable_create_record();
  command.set_record(desk.NewId());
  v1::Reading& reading = *command.mutable_entity()->mutable_reading();
  reading.set_risk_source(source.id());
  reading.set_monitoring_point(arguments.Value("--point"));
  reading.set_kind(arguments.Value("--kind"));
  VIGIL_ASSIGN_OR_RETURN(const double value, console::ParseNumber(arguments.Value("--value")));
  reading.set_value(value);
  if (const auto unit = arguments.Find("--unit")) reading.set_unit(*unit);
  VIGIL_ASSIGN_OR_RETURN(*reading.mutable_measured_at(), TimeOrNow(desk, arguments, "--at"));
  return desk.Submit(std::move(operation));
}

// The measure by its text, or by its place in the risk source's list.
absl::StatusOr<std::string> TakeMeasure(const v1::RiskSource& source, const std::string& text) {
  std::size_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) return text;
  if (number < 1 || number > static_cast<std::size_t>(source.control_measures_size())) {
    return console::UsageError("there is no measure number " + text + "; see `show`");
  }
  return source.control_measures(static_cast<int>(number) - 1);
}

absl::Status CheckMeasure(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record source,
                         desk.Find("risk_source", arguments.Value("SOURCE")));
  if (arguments.Has("--in-place") == arguments.Has("--missing")) {
    return console::UsageError("give --in-place or --missing");
  }
  v1::Operation operation;
  v1::CreateRecord& command = *operation.mutable_create_record();
  command.set_record(desk.NewId());
  v1::MeasureCheck& check = *command.mutable_entity()->mutable_measure_check();
  check.set_risk_source(source.id());
  VIGIL_ASSIGN_OR_RETURN(*check.mutable_control_measure(),
                         TakeMeasure(source.entity().risk_source(), arguments.Value("--measure")));
  check.set_in_place(arguments.Has("--in-place"));
  VIGIL_ASSIGN_OR_RETURN(*check.mutable_checked_at(), TimeOrNow(desk, arguments, "--at"));
  if (const auto remark = arguments.Find("--remark")) check.set_remark(*remark);
  VIGIL_ASSIGN_OR_RETURN(*check.mutable_photos(), TakePhotos(desk, arguments));
  return desk.Submit(std::move(operation));
}

}  // namespace

std::vector<Verb> FactVerbs() {
  return {
      {{"reading",
        {"record a reading of a monitoring point", "登记监测读数"},
        {SourceArgument(),
         {"--point", "NAME", {"monitoring point", "监测点"}, Count::kRequired},
         {"--kind",
          "KIND",
          {"CH4, displacement, leachate level …", "种类：CH4、位移、渗滤液水位等"},
          Count::kRequired},
         {"--value", "NUMBER", {"its value", "数值"}, Count::kRequired},
         {"--unit", "UNIT", {"% vol, mm, m …", "单位"}},
         {"--at", "TIME", {"when; default: now", "时间；默认现在"}}},
        {"RS-LF-001 --point 'GW-3' --kind CH4 --value 0.4 --unit '% vol'"},
        {Op::kCreateRecord}},
       AddReading},
      {{"measure-check",
        {"record whether a control measure is in place", "检查管控措施是否到位"},
        Join({{SourceArgument(),
               {"--measure",
                "TEXT|N",
                {"the measure, or its number in `show`", "措施内容，或其序号"},
                Count::kRequired},
               {"--in-place", "", {"it is in place", "到位"}},
               {"--missing", "", {"it is not", "不到位"}},
               {"--at", "TIME", {"when; default: now", "时间；默认现在"}},
               {"--remark", "TEXT", {"remark", "备注"}}},
              console::PhotoOptions()}),
        {"RS-LF-001 --measure 1 --in-place"},
        {Op::kCreateRecord}},
       CheckMeasure},
  };
}

}  // namespace vigil::verbs
