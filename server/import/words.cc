#include "server/import/words.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sync/base/status.h"
#include "sync/cli/console/names.h"

namespace vigil::importer {
namespace {

using console::Language;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;

// Chinese headings. Most columns are fields, whose words stand with the console's names; here are
// those that are none, or are called otherwise in a file, and what else offices write above them.
// What a file has of its own stands before what holds for all.
struct Heading {
  // Empty: of every file with such a column.
  std::string_view file;
  std::string_view column;
  // Empty: the field's.
  std::string_view chinese;
  std::array<std::string_view, 4> others = {};
};

constexpr Heading kHeadings[] = {
    {"hazards.csv", "number", "编号", {"隐患编号", "序列编号"}},
    {"hazards.csv", "risk_source", "风险源", {"风险源编号", "风险源编码", "所属风险源"}},
    {"hazards.csv", "description", "隐患描述", {"描述", "隐患内容", "隐患情况", "问题描述"}},
    {"hazards.csv", "category", "类别", {"隐患类别", "隐患类型"}},
    {"hazards.csv", "origin", "来源", {"隐患来源", "发现方式"}},
    {"hazards.csv", "grade", "隐患等级", {"等级", "隐患级别"}},
    {"hazards.csv", "found_at", "发现时间", {"发现日期", "排查时间", "检查日期"}},
    {"hazards.csv", "due_date", "整改期限", {"期限", "完成期限", "整改时限", "限期"}},
    {"hazards.csv", "responsible_unit", "责任单位", {"整改责任单位", "整改单位"}},
    {"hazards.csv", "supervising_unit", "", {"监管单位", "督办单位", "监管部门"}},
    {"hazards.csv", "status", "状态", {"隐患状态", "整改状态"}},
    {"hazards.csv", "rectification", "整改情况", {"整改措施", "整改结果"}},
    {"hazards.csv", "rectified_at", "整改时间", {"整改完成时间", "整改日期"}},
    {"hazards.csv", "verified_at", "复查时间", {"复查日期", "验收时间"}},
    {"risk_sources.csv", "code", "编码", {"编号", "风险源编号", "风险源编码"}},
    {"risk_sources.csv", "name", "名称", {"风险源名称", "风险源"}},
    {"risk_sources.csv", "level", "风险等级", {"级别", "风险级别"}},
    {"risk_sources.csv", "district", "", {"区", "行政区"}},
    {"risk_sources.csv", "subdistrict", "", {"街道"}},
    {"supervision_orders.csv", "number", "文号", {"编号", "督办文号", "通知书文号"}},
    {"supervision_orders.csv", "hazard", "隐患编号", {"隐患"}},
    {"supervision_orders.csv", "due_date", "整改期限", {"期限", "督办期限"}},
    {"org_units.csv", "code", "编码", {"单位编码", "单位编号"}},
    {"org_units.csv", "name", "名称", {"单位名称"}},
    {"persons.csv", "code", "编码", {"工号", "人员编号"}},
    {"persons.csv", "name", "姓名", {"名称"}},
    {"bulletins.csv", "number", "文号", {"编号", "通报文号"}},
    {"checklist_items.csv", "code", "编码", {"编号", "检查项编码"}},
    {"checklist_items.csv", "text", "检查内容", {"内容"}},
    {"checklist_items.csv", "text_en", "英文内容"},
    {"checklist_items.csv", "type", "类型"},
    {"checklist_items.csv", "choices", "选项"},
    {"checklist_items.csv", "unit", "计量单位", {"单位"}},
    {"checklist_items.csv", "warning_value", "预警值"},
    {"checklist_items.csv", "alarm_value", "报警值"},
    {"checklist_items.csv", "low_is_bad", "低值为差"},
    {"checklist_items.csv", "source", "出处", {"来源"}},
    {"checklist_items.csv", "verified", "已核实"},
    {"checklist_items.csv", "good_answer", "合格答案"},
    {"", "hazard", "", {"隐患编号"}},
    {"", "risk_source", "", {"风险源编号", "风险源编码"}},
    {"", "code", "", {"编号"}},
    // Parts of fields, and what is no field.
    {"", "position_latitude", "纬度"},
    {"", "position_longitude", "经度"},
    {"", "position_accuracy_m", "定位精度（米）", {"定位精度"}},
    {"", "position_datum", "坐标系", {"坐标基准"}},
    {"", "rating_method", "评级方法"},
    {"", "rating_l", "可能性L", {"L"}},
    {"", "rating_e", "暴露频度E", {"E"}},
    {"", "rating_c", "后果C", {"C"}},
    {"", "rating_d", "危险性D", {"D", "风险值"}},
    {"", "rating_cell", "矩阵单元格"},
    {"", "funds_fen", "资金（分）", {"资金"}},
    {"", "checklist", "检查表"},
    {"", "assessment", "评估"},
    {"", "duty_list", "权责清单"},
};

bool IsAbout(const Heading& heading, const FileLayout& layout, const Column& column) {
  return heading.column == column.name && (heading.file.empty() || heading.file == layout.file);
}

std::string ChineseOf(const FileLayout& layout, const Column& column) {
  for (const Heading& heading : kHeadings) {
    if (IsAbout(heading, layout, column) && !heading.chinese.empty()) {
      return std::string(heading.chinese);
    }
  }
  return console::FieldLabel(column.name, Language::kChinese);
}

std::string Normal(std::string_view heading) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(ToAbsl(heading)), {{" ", ""},
                                                                      {"\n", ""},
                                                                      {"\t", ""},
                                                                      {"\r", ""},
                                                                      {"_", ""},
                                                                      {"*", ""},
                                                                      {"\u3000", ""},
                                                                      {"\u00A0", ""},
                                                                      {"（", "("},
                                                                      {"）", ")"}});
}

bool IsCalled(const FileLayout& layout, const Column& column, const std::string& normal) {
  if (Normal(column.name) == normal || Normal(ChineseOf(layout, column)) == normal) return true;
  for (const std::string& other : OtherHeadings(layout, column)) {
    if (Normal(other) == normal) return true;
  }
  return false;
}

}  // namespace

std::string HeadingOf(const FileLayout& layout, const Column& column, Language language) {
  return language == Language::kChinese ? ChineseOf(layout, column) : column.name;
}

std::vector<std::string> OtherHeadings(const FileLayout& layout, const Column& column) {
  std::vector<std::string> others;
  for (const Heading& heading : kHeadings) {
    if (!IsAbout(heading, layout, column)) continue;
    for (const std::string_view other : heading.others) {
      if (!other.empty()) others.emplace_back(other);
    }
    // What a file has of its own comes first, and stands alone.
    if (!heading.file.empty()) break;
  }
  return others;
}

const Column* FindByHeading(const FileLayout& layout, std::string_view heading) {
  const std::string normal = Normal(heading);
  if (normal.empty()) return nullptr;
  for (const Column& column : layout.columns) {
    if (IsCalled(layout, column, normal)) return &column;
  }
  return nullptr;
}

std::string BothHeadings(const FileLayout& layout, const Column& column) {
  return absl::StrCat(column.name, " (", ChineseOf(layout, column), ")");
}

std::string EnumWord(const EnumValueDescriptor& value, Language language) {
  if (language == Language::kEnglish) return EnumText(value);
  return console::EnumName(*value.type(), value.number(), language);
}

std::optional<int> ParseEnumWord(const EnumDescriptor& type, std::string_view text) {
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    if (value.number() == 0) continue;
    const bool named = text == EnumText(value) ||
                       text == console::EnumName(type, value.number(), Language::kEnglish) ||
                       text == console::EnumName(type, value.number(), Language::kChinese);
    if (named) return value.number();
  }
  return std::nullopt;
}

}  // namespace vigil::importer
