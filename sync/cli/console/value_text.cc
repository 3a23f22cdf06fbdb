#include "sync/cli/console/value_text.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/field_mask.pb.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "vigil/v1/inspection.pb.h"
#include "vigil/v1/risk_source.pb.h"

namespace vigil::console {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr Text kYes{"yes", "是"};
constexpr Text kNo{"no", "否"};

std::string NameOfRecord(std::string_view id, const Display& display) {
  if (id.empty()) return "";
  const std::string name = display.name_of ? display.name_of(id) : std::string();
  return name.empty() ? std::string(id) : name;
}

std::string NumberText(double value) { return absl::StrCat(value); }

std::string EvidenceText(const v1::Evidence& evidence) {
  return absl::StrCat(evidence.caption(), evidence.caption().empty() ? "" : " ",
                      evidence.sha256().substr(0, 12), " (", evidence.media_type(), ", ",
                      evidence.size_bytes(), " B)");
}

std::string PositionText(const v1::Position& position, Language language) {
  std::string text = absl::StrFormat("%.6f, %.6f", position.latitude(), position.longitude());
  if (position.accuracy_m() > 0) absl::StrAppend(&text, " ±", position.accuracy_m(), " m");
  const std::string datum = NameOf(position.datum(), language);
  if (!datum.empty()) absl::StrAppend(&text, " ", datum);
  return text;
}

std::string AnswerText(const v1::Answer& answer, Language language) {
  std::string text = answer.item() + ":";
  if (answer.yes_no() != v1::ANSWER_VALUE_UNSPECIFIED) {
    absl::StrAppend(&text, " ", NameOf(answer.yes_no(), language));
  }
  if (answer.has_number()) absl::StrAppend(&text, " ", NumberText(answer.number()));
  if (!answer.choice().empty()) absl::StrAppend(&text, " ", answer.choice());
  if (!answer.text().empty()) absl::StrAppend(&text, " ", answer.text());
  if (!answer.photos().empty()) absl::StrAppend(&text, " [", answer.photos_size(), "]");
  return text;
}

std::string RatingText(const v1::Rating& rating, Language language) {
  std::string text = NameOf(rating.method(), language);
  if (rating.method() == v1::RATING_METHOD_LEC) {
    absl::StrAppend(&text, " ", NumberText(rating.l()), " × ", NumberText(rating.e()), " × ",
                    NumberText(rating.c()), " = ",
                    NumberText(rating.l() * rating.e() * rating.c()));
  }
  if (!rating.cell().empty()) absl::StrAppend(&text, " ", rating.cell());
  return text;
}

std::string PathsText(const google::protobuf::FieldMask& mask, Language language) {
  std::vector<std::string> fields;
  for (const std::string& path : mask.paths()) fields.push_back(FieldLabel(path, language));
  return absl::StrJoin(fields, ", ");
}

std::string MessageText(const Message& value, const Display& display) {
  const std::string& type = value.GetDescriptor()->full_name();
  if (type == "google.protobuf.Timestamp") {
    return TimeText(static_cast<const google::protobuf::Timestamp&>(value), display.zone);
  }
  if (type == "vigil.v1.Date") return DateText(static_cast<const v1::Date&>(value));
  if (type == "vigil.v1.Money") {
    const std::int64_t fen = static_cast<const v1::Money&>(value).fen();
    return absl::StrFormat("%s%d.%02d %s", fen < 0 ? "-" : "", std::abs(fen / 100),
                           std::abs(fen % 100),
                           display.language == Language::kChinese ? "元" : "yuan");
  }
  if (type == "vigil.v1.Evidence") return EvidenceText(static_cast<const v1::Evidence&>(value));
  if (type == "vigil.v1.Position") {
    return PositionText(static_cast<const v1::Position&>(value), display.language);
  }
  if (type == "vigil.v1.RoleGrant") {
    return GrantText(static_cast<const v1::RoleGrant&>(value), display);
  }
  if (type == "vigil.v1.ImportSource") {
    const auto& source = static_cast<const v1::ImportSource&>(value);
    return absl::StrCat(source.file(), ":", source.line());
  }
  if (type == "vigil.v1.Answer") {
    return AnswerText(static_cast<const v1::Answer&>(value), display.language);
  }
  if (type == "vigil.v1.Rating") {
    return RatingText(static_cast<const v1::Rating&>(value), display.language);
  }
  if (type == "vigil.v1.ChecklistItem") {
    const auto& item = static_cast<const v1::ChecklistItem&>(value);
    const bool english = display.language == Language::kEnglish && !item.text_en().empty();
    return item.code() + " " + (english ? item.text_en() : item.text());
  }
  if (type == "vigil.v1.Entity") {
    const auto& entity = static_cast<const v1::Entity&>(value);
    if (entity.entity_case() == v1::Entity::ENTITY_NOT_SET) return "";
    return BodyText(rules::BodyOf(entity), display);
  }
  if (type == "google.protobuf.FieldMask") {
    return PathsText(static_cast<const google::protobuf::FieldMask&>(value), display.language);
  }
  return BodyText(value, display);
}

struct Element {
  const Message& body;
  const FieldDescriptor& field;
  // -1: the field is not repeated.
  int index;
};

std::string ScalarText(const Element& element, const Display& display) {
  const auto& reflection = *element.body.GetReflection();
  const FieldDescriptor* field = &element.field;
  const bool one = element.index < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value = one ? reflection.GetEnumValue(element.body, field)
                            : reflection.GetRepeatedEnumValue(element.body, field, element.index);
      return EnumName(*field->enum_type(), value, display.language);
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = one ? reflection.GetBool(element.body, field)
                             : reflection.GetRepeatedBool(element.body, field, element.index);
      return std::string((value ? kYes : kNo).In(display.language));
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return NumberText(one ? reflection.GetDouble(element.body, field)
                            : reflection.GetRepeatedDouble(element.body, field, element.index));
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(one ? reflection.GetInt32(element.body, field)
                              : reflection.GetRepeatedInt32(element.body, field, element.index));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string value =
          one ? reflection.GetString(element.body, field)
              : reflection.GetRepeatedString(element.body, field, element.index);
      if (field->type() == FieldDescriptor::TYPE_BYTES) {
        return absl::StrCat("(", value.size(), " B)");
      }
      return Uuid::Parse(value) ? NameOfRecord(value, display) : value;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(one ? reflection.GetMessage(element.body, field)
                             : reflection.GetRepeatedMessage(element.body, field, element.index),
                         display);
    default:
      return "";
  }
}

// A field in conflict: every value that somebody wrote, the one in force marked.
std::vector<std::string> ConflictLines(const v1::Record& record, const rules::FieldInfo& field,
                                       const Display& display) {
  const rules::EntityInfo& info = *rules::InfoOf(record);
  const std::string in_force = rules::FieldBytes(rules::BodyOf(record.entity()), field);
  std::vector<std::string> lines;
  for (const v1::Write& write : rules::LiveWrites(record, field)) {
    v1::Entity alone;
    Message& body = rules::MutableBodyOf(alone, info);
    std::string value(Text("(cleared)", "（已清空）").In(display.language));
    if (!write.value().empty() && rules::SetFieldBytes(field, write.value(), body)) {
      value = FieldText(body, *field.descriptor, display);
    }
    lines.push_back(absl::StrCat(write.value() == in_force ? "* " : "  ", value, "  — ",
                                 NameOfRecord(write.stamp().person(), display), ", ",
                                 TimeText(write.stamp().observed_at(), display.zone)));
  }
  return lines;
}

}  // namespace

std::string DateText(const v1::Date& date) {
  if (date.year() == 0) return "";
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

std::string TimeText(const google::protobuf::Timestamp& time, const absl::TimeZone& zone) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixSeconds(time.seconds()), zone);
}

std::string FieldText(const Message& body, const FieldDescriptor& field, const Display& display) {
  const auto& reflection = *body.GetReflection();
  if (!field.is_repeated()) {
    if (field.has_presence() && !reflection.HasField(body, &field)) return "";
    return ScalarText({body, field, -1}, display);
  }
  std::vector<std::string> elements;
  for (int i = 0; i < reflection.FieldSize(body, &field); ++i) {
    elements.push_back(ScalarText({body, field, i}, display));
  }
  return absl::StrJoin(elements, "; ");
}

std::string BodyText(const Message& body, const Display& display) {
  std::vector<const FieldDescriptor*> fields;
  body.GetReflection()->ListFields(body, &fields);
  std::vector<std::string> parts;
  for (const FieldDescriptor* field : fields) {
    const std::string text = FieldText(body, *field, display);
    if (text.empty()) continue;
    const std::string label = FieldLabel(field->name(), display.language);
    parts.push_back(
        absl::StrCat(label, display.language == Language::kChinese ? "：" : ": ", text));
  }
  return absl::StrJoin(parts, display.language == Language::kChinese ? "，" : ", ");
}

std::string GrantText(const v1::RoleGrant& grant, const Display& display) {
  std::string text = NameOf(grant.role(), display.language);
  if (!grant.unit().empty()) text += " @ " + NameOfRecord(grant.unit(), display);
  if (grant.has_until()) {
    text += Fill(Text(" until $0", "（至 $0）").In(display.language), {DateText(grant.until())});
  }
  if (!grant.delegated_by().empty()) {
    text += Fill(Text(" for $0", "（代 $0）").In(display.language),
                 {NameOfRecord(grant.delegated_by(), display)});
  }
  return text;
}

std::string StateText(const v1::HazardState& state, Language language) {
  std::string text;
  if (state.closed()) {
    text = Text("closed", "已销号").In(language);
  } else if (state.rectified()) {
    text = Text("rectified", "已整改待摘牌").In(language);
  } else {
    text = NameOf(state.status(), language);
  }
  if (state.tag_in_doubt()) {
    text += Text(", tag in doubt", "，摘牌存疑").In(language);
  } else if (state.tagged()) {
    text += Text(", tagged", "，挂牌督办").In(language);
  }
  return text;
}

std::string RecordTitle(const v1::Record& record) {
  const rules::EntityInfo* info = rules::InfoOf(record);
  if (info == nullptr) return "";
  std::string title = rules::KeyOf(record);
  const rules::FieldInfo* name = info->Find(std::string_view("name"));
  if (name != nullptr) {
    const std::string text = rules::TextOf(rules::BodyOf(record.entity()), *name);
    if (!text.empty()) absl::StrAppend(&title, title.empty() ? "" : " ", text);
  }
  return title;
}

std::string RecordGist(const v1::Record& record, const Display& display) {
  const rules::EntityInfo* info = rules::InfoOf(record);
  if (info == nullptr) return "";
  const Message& body = rules::BodyOf(record.entity());
  std::string gist;
  if (!record.withdrawn_by().empty()) gist = Text("withdrawn", "已撤回").In(display.language);
  for (const char* name : {"step", "status", "kind", "result", "in_place", "due_date", "due_on",
                           "held_on", "measures_due", "control_measure", "measures", "description",
                           "text", "opinion", "reason", "goal", "basis", "remark", "value"}) {
    const rules::FieldInfo* field = info->Find(std::string_view(name));
    if (field == nullptr) continue;
    const std::string text = FieldText(body, *field->descriptor, display);
    if (!text.empty()) absl::StrAppend(&gist, gist.empty() ? "" : ", ", text);
  }
  return gist;
}

std::string DigestText(const std::vector<std::uint64_t>& sums) { return HashOfSums(sums).ToHex(); }

std::string ShortId(std::string_view id) { return std::string(id.substr(0, 8)); }

std::string RecordName(const v1::Record& record, Language language) {
  const std::string key = rules::KeyOf(record);
  if (!key.empty()) return key;
  const rules::EntityInfo* info = rules::InfoOf(record);
  const std::string kind = info == nullptr ? "" : KindLabel(info->kind, language) + " ";
  return kind + record.id();
}

std::string RecordText(const v1::Record& record, const Display& display) {
  const rules::EntityInfo* info = rules::InfoOf(record);
  if (info == nullptr) return "";
  std::vector<std::pair<std::string, std::string>> lines;
  lines.emplace_back("id", record.id());
  lines.emplace_back(Text("version", "版本").In(display.language),
                     std::to_string(record.version()));
  const Message& body = rules::BodyOf(record.entity());
  for (const rules::FieldInfo& field : info->fields) {
    const std::string label = FieldLabel(field.name(), display.language);
    if (rules::InConflict(record, field)) {
      lines.emplace_back(
          label,
          Text("IN CONFLICT (* is in force)", "有冲突（* 为当前生效值）").In(display.language));
      for (std::string& line : ConflictLines(record, field, display)) {
        lines.emplace_back("", std::move(line));
      }
      continue;
    }
    std::string text = FieldText(body, *field.descriptor, display);
    if (!text.empty()) lines.emplace_back(label, std::move(text));
  }
  if (record.outside_scope()) {
    lines.emplace_back(Text("outside scope", "辖区外").In(display.language), "✓");
  }
  if (!record.withdrawn_by().empty()) {
    lines.emplace_back(Text("withdrawn by", "撤回于").In(display.language), record.withdrawn_by());
  }
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, DisplayWidth(line.first));
  std::string text;
  for (const auto& [label, value] : lines) {
    absl::StrAppend(&text, Pad(label, width), "  ", OneLine(value), "\n");
  }
  return text;
}

}  // namespace vigil::console
