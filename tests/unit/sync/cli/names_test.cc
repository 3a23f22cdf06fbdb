#include "sync/cli/console/names.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sync/rules/schema.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/hazard.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/register_service.pb.h"
#include "vigil/v1/risk_source.pb.h"

namespace vigil::console {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;

// Every enum type that a message shows, and those of the messages within it.
void CollectEnums(const Descriptor& type, std::set<const Descriptor*>& seen,
                  std::set<const EnumDescriptor*>& enums) {
  if (!seen.insert(&type).second) return;
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->enum_type() != nullptr) enums.insert(type.field(i)->enum_type());
    if (type.field(i)->message_type() != nullptr) {
      CollectEnums(*type.field(i)->message_type(), seen, enums);
    }
  }
}

TEST(NamesTest, EveryEnumValueThatIsShownHasAChineseName) {
  std::set<const Descriptor*> seen;
  std::set<const EnumDescriptor*> enums;
  for (const Descriptor* type :
       {v1::Operation::descriptor(), v1::Outcome::descriptor(), v1::Entity::descriptor(),
        v1::HazardRow::descriptor(), v1::OrderRow::descriptor(), v1::ConflictRow::descriptor(),
        v1::EscalationRow::descriptor(), v1::Notification::descriptor()}) {
    CollectEnums(*type, seen, enums);
  }
  EXPECT_GT(enums.size(), 20U);
  for (const EnumDescriptor* type : enums) {
    if (type->name() == "Reason") continue;  // Has words of its own.
    for (int i = 0; i < type->value_count(); ++i) {
      const auto& value = *type->value(i);
      if (value.number() == 0) continue;
      EXPECT_FALSE(internal::ChineseValue(value.name()).empty()) << value.name();
    }
  }
}

TEST(NamesTest, EveryKindFieldAndCommandHasAChineseName) {
  for (const rules::EntityInfo& info : rules::Schema::Get().entities()) {
    EXPECT_FALSE(internal::ChineseKind(info.kind).empty()) << info.kind;
    for (const rules::FieldInfo& field : info.fields) {
      EXPECT_FALSE(internal::ChineseField(field.name()).empty())
          << info.kind << "." << field.name();
    }
  }
  for (const rules::CommandInfo& command : rules::Schema::Get().commands()) {
    EXPECT_FALSE(internal::ChineseCommand(command.name).empty()) << command.name;
    for (int i = 0; i < command.descriptor->field_count(); ++i) {
      const std::string& field = command.descriptor->field(i)->name();
      EXPECT_FALSE(internal::ChineseField(field).empty()) << command.name << "." << field;
    }
  }
}

TEST(NamesTest, EveryReasonSaysWhatItMeansAndWhatToDo) {
  const auto& type = *google::protobuf::GetEnumDescriptor<v1::Reason>();
  for (int i = 0; i < type.value_count(); ++i) {
    const auto reason = static_cast<v1::Reason>(type.value(i)->number());
    if (reason == v1::REASON_UNSPECIFIED) continue;
    EXPECT_NE(FindReasonWords(reason), nullptr) << type.value(i)->name();
  }
}

TEST(NamesTest, NamesValuesInBothLanguages) {
  EXPECT_EQ(NameOf(v1::HAZARD_GRADE_MAJOR, Language::kEnglish), "major");
  EXPECT_EQ(NameOf(v1::HAZARD_GRADE_MAJOR, Language::kChinese), "重大");
  EXPECT_EQ(NameOf(v1::SITE_TYPE_CONSTRUCTION_WASTE_SITE, Language::kEnglish),
            "construction waste site");
  EXPECT_EQ(NameOf(v1::HAZARD_GRADE_UNSPECIFIED, Language::kEnglish), "");
  EXPECT_EQ(NameOf(static_cast<v1::HazardGrade>(77), Language::kChinese), "77");
  EXPECT_EQ(FieldLabel("due_date", Language::kEnglish), "due date");
  EXPECT_EQ(KindLabel("supervision_order", Language::kChinese), "督办通知书");
  EXPECT_EQ(CommandLabel("lift_tag", Language::kChinese), "摘牌");
}

TEST(NamesTest, ReadsValuesAsPeopleWriteThem) {
  EXPECT_EQ(ParseEnum<v1::HazardGrade>("Major"), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(ParseEnum<v1::HazardGrade>("重大"), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(ParseEnum<v1::HazardGrade>("HAZARD_GRADE_GENERAL"), v1::HAZARD_GRADE_GENERAL);
  EXPECT_EQ(ParseEnum<v1::SiteType>("construction-waste site"),
            v1::SITE_TYPE_CONSTRUCTION_WASTE_SITE);
  EXPECT_EQ(ParseEnum<v1::HazardGrade>("grave"), std::nullopt);
  EXPECT_EQ(ParseEnum<v1::HazardGrade>("unspecified"), std::nullopt);
  EXPECT_EQ(ParseEnum<v1::HazardGrade>(""), std::nullopt);
  EXPECT_EQ(EnumChoices(*google::protobuf::GetEnumDescriptor<v1::HazardGrade>()), "general, major");
}

}  // namespace
}  // namespace vigil::console
