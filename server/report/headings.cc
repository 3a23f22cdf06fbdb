#include "server/report/headings.h"

#include <algorithm>

namespace vigil::report {
namespace {

struct OwnHeading {
  std::string_view column;
  Text text;
};

constexpr OwnHeading kOwn[] = {
    {"average_days", {"average days", "平均整改天数"}},
    {"circulated", {"circulated", "通报项数"}},
    {"code", {"code", "编码"}},
    {"days_to_rectify", {"days to rectify", "整改天数"}},
    {"figure", {"figure", "指标"}},
    {"found", {"found", "排查数"}},
    {"goal", {"goal", "治理目标"}},
    {"hazard_description", {"hazard", "隐患描述"}},
    {"hazard_number", {"hazard number", "隐患编号"}},
    {"hazard_status", {"hazard's status", "隐患状态"}},
    {"in_hand", {"in hand", "在办"}},
    {"open", {"open", "未整改"}},
    {"overdue", {"overdue", "超期"}},
    {"percent", {"progress %", "进度（%）"}},
    {"position_accuracy_m", {"accuracy (m)", "位置精度（米）"}},
    {"position_datum", {"datum", "坐标系"}},
    {"position_latitude", {"latitude", "纬度"}},
    {"position_longitude", {"longitude", "经度"}},
    {"rate", {"rate %", "整改率（%）"}},
    {"rectified", {"rectified", "已整改"}},
    {"risk_source_name", {"site", "风险源名称"}},
    {"state", {"state", "现状"}},
    {"tag_in_doubt", {"tag in doubt", "摘牌存疑"}},
    {"tagged", {"tagged", "挂牌督办"}},
    {"transferred", {"of it transferred", "其中已移交"}},
    {"funds", {"funds (yuan)", "资金（元）"}},
};

}  // namespace

std::string HeadingOf(std::string_view column, Language language) {
  const auto* const own =
      std::find_if(std::begin(kOwn), std::end(kOwn),
                   [&](const OwnHeading& each) { return each.column == column; });
  return own == std::end(kOwn) ? Label(column, language) : In(own->text, language);
}

Column ColumnOf(const ColumnSpec& spec, Language language) {
  return {.name = std::string(spec.name),
          .heading = HeadingOf(spec.name, language),
          .type = spec.type,
          .width = spec.width};
}

}  // namespace vigil::report
