#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/value_parse.h"
#include "sync/cli/console/value_text.h"
#include "sync/rules/record.h"
#include "vigil/v1/hazard.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/record_command.pb.h"
#include "vigil/v1/risk_source.pb.h"
#include "vigil/v1/supervision_command.pb.h"

namespace vigil::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::TimeZone Zone() { return LoadZone("Asia/Shanghai").value(); }

Reading TestReading() {
  return {.zone = Zone(),
          .find = [](std::string_view kind, std::string_view name) -> absl::StatusOr<std::string> {
            return "<" + std::string(kind) + ":" + std::string(name) + ">";
          }};
}

const rules::EntityInfo& Info(std::string_view kind) {
  return *rules::Schema::Get().FindEntity(kind);
}

TEST(ParseValueTest, ReadsTimesInTheRegistersZone) {
  for (const char* text : {"2017-07-31 08:30", "2017-07-31T08:30", "2017-07-31T00:30:00Z"}) {
    const auto time = ParseTime(text, Zone());
    ASSERT_TRUE(time.ok()) << text;
    EXPECT_EQ(TimeText(*time, Zone()), "2017-07-31 08:30");
  }
  for (const char* text : {"", "31.7.2017", "2017-13-01", "2017-07-31 25:00", "1776-07-04 10:00"}) {
    EXPECT_EQ(ExitCodeOf(ParseTime(text, Zone()).status()), kUsage) << text;
  }
}

TEST(ParseValueTest, ReadsMoneyInYuan) {
  EXPECT_EQ(ParseMoney("86.5")->fen(), 8650);
  EXPECT_EQ(ParseMoney("120000")->fen(), 12000000);
  EXPECT_EQ(ParseMoney("0.07")->fen(), 7);
  for (const char* text : {"", ".", "1.", "1.234", "-3", "1e3", "99999999999999999999"}) {
    EXPECT_FALSE(ParseMoney(text).ok()) << text;
  }
}

TEST(ParseValueTest, ReadsPositions) {
  const auto position = ParsePosition("22.56,114.13,10,gcj02");
  ASSERT_TRUE(position.ok());
  EXPECT_EQ(position->latitude(), 22.56);
  EXPECT_EQ(position->accuracy_m(), 10.0F);
  EXPECT_EQ(position->datum(), v1::DATUM_GCJ02);
  EXPECT_FALSE(ParsePosition("22.56").ok());
  EXPECT_FALSE(ParsePosition("nan,1").ok());
}

Arguments EditArguments(const std::vector<std::pair<std::string, std::string>>& words) {
  Arguments arguments;
  for (const OptionSpec& option : EditOptions()) arguments.Declare(option.name);
  for (const auto& [name, value] : words) arguments.Add(name, value);
  return arguments;
}

TEST(BuildEditTest, SetsClearsAddsAndRemoves) {
  const auto edit = BuildEdit(Info("risk_source"),
                              EditArguments({{"--set", "name=一号坝"},
                                             {"--set", "level=red"},
                                             {"--set", "responsible_unit=LFU-01"},
                                             {"--clear", "park"},
                                             {"--add", "control_measures=巡查"},
                                             {"--remove", "control_measures=旧措施"}}),
                              TestReading());
  ASSERT_TRUE(edit.ok()) << edit.status();
  EXPECT_THAT(edit->update_mask().paths(),
              ElementsAre("name", "level", "responsible_unit", "control_measures", "park"));
  const v1::RiskSource& body = edit->entity().risk_source();
  EXPECT_EQ(body.name(), "一号坝");
  EXPECT_EQ(body.level(), v1::RISK_LEVEL_RED);
  EXPECT_EQ(body.responsible_unit(), "<org_unit:LFU-01>");
  EXPECT_FALSE(body.has_park());
  EXPECT_THAT(body.control_measures(), ElementsAre("巡查"));
  EXPECT_THAT(edit->removed().risk_source().control_measures(), ElementsAre("旧措施"));
}

TEST(BuildEditTest, RefusesWhatCannotBeMeant) {
  for (const auto& word : std::vector<std::pair<std::string, std::string>>{
           {"--set", "no_such_field=1"},
           {"--set", "name"},
           {"--set", "control_measures=x"},
           {"--add", "name=x"},
           {"--set", "level=pink"},
           {"--set", "inspection_interval_days=often"}}) {
    const auto edit = BuildEdit(Info("risk_source"), EditArguments({word}), TestReading());
    EXPECT_EQ(ExitCodeOf(edit.status()), kUsage) << word.second;
  }
  EXPECT_FALSE(BuildEdit(Info("risk_source"), EditArguments({}), TestReading()).ok());
}

TEST(SetFieldsTest, ReadsEveryTypeOfField) {
  v1::Entity entity;
  ASSERT_TRUE(SetFields(Info("person"), {"name=甲", "roles=inspector@LFU-01", "roles=auditor"},
                        TestReading(), entity)
                  .ok());
  ASSERT_EQ(entity.person().roles_size(), 2);
  EXPECT_EQ(entity.person().roles(0).unit(), "<org_unit:LFU-01>");
  EXPECT_EQ(entity.person().roles(1).role(), v1::ROLE_AUDITOR);
  v1::Entity hazard;
  ASSERT_TRUE(SetFields(Info("hazard"),
                        {"due_date=2017-09-30", "found_at=2017-07-31 09:00", "grade=重大",
                         R"(photos={"sha256":"ab","caption":"before"})"},
                        TestReading(), hazard)
                  .ok());
  EXPECT_EQ(DateText(hazard.hazard().due_date()), "2017-09-30");
  EXPECT_EQ(hazard.hazard().photos(0).caption(), "before");
}

TEST(RecordTextTest, ShowsFieldsAndEveryValueInConflict) {
  v1::Record record;
  record.set_id("018f3b1c-9d2e-7c31-8f3a-2b6d5e4f7a90");
  record.set_version(12);
  v1::Hazard& hazard = *record.mutable_entity()->mutable_hazard();
  hazard.set_number("YH-2017-0001");
  hazard.set_grade(v1::HAZARD_GRADE_MAJOR);
  hazard.set_description("later words");
  const rules::FieldInfo& field = *Info("hazard").Find(std::string_view("description"));
  v1::FieldState& state = *record.add_states();
  state.set_field(static_cast<std::uint32_t>(field.number()));
  for (const char* words : {"first words", "later words"}) {
    v1::Hazard alone;
    alone.set_description(words);
    v1::Write& write = *state.add_writes();
    write.set_value(rules::FieldBytes(alone, field));
    write.mutable_stamp()->set_device(words);
    write.mutable_stamp()->set_device_seq(1);
    write.mutable_stamp()->set_person("018f3b1c-0000-7c31-8f3a-2b6d5e4f7a90");
  }
  const Display display{.language = Language::kEnglish,
                        .zone = Zone(),
                        .name_of = [](std::string_view) { return std::string("somebody"); }};
  const std::string text = RecordText(record, display);
  EXPECT_THAT(text, HasSubstr("grade        major\n"));
  EXPECT_THAT(text, HasSubstr("description  IN CONFLICT"));
  EXPECT_THAT(text, HasSubstr("first words  — somebody"));
  EXPECT_THAT(text, HasSubstr("* later words  — somebody"));
}

TEST(BodyTextTest, SaysWhatACommandAsks) {
  constexpr char kOrder[] = "018f3b1c-9d2e-7c31-8f3a-2b6d5e4f7a90";
  Display display{.language = Language::kEnglish, .zone = Zone(), .name_of = [](std::string_view) {
                    return "order 12";
                  }};
  v1::LiftTag lift;
  lift.set_order(kOrder);
  lift.set_from_status(v1::ORDER_STATUS_PASSED);
  EXPECT_EQ(BodyText(lift, display), "order: order 12, from status: passed");
  display.language = Language::kChinese;
  EXPECT_EQ(BodyText(lift, display), "督办通知书：order 12，所见状态：验收通过");
  v1::EditRecord edit;
  edit.set_record(kOrder);
  edit.mutable_entity()->mutable_hazard()->set_description("crack");
  edit.mutable_update_mask()->add_paths("description");
  edit.mutable_update_mask()->add_paths("due_date");
  display.language = Language::kEnglish;
  EXPECT_EQ(BodyText(edit, display),
            "record: order 12, entity: description: crack, update mask: description, due date");
  edit.clear_entity();
  edit.mutable_entity();
  EXPECT_EQ(BodyText(edit, display), "record: order 12, update mask: description, due date");
}

TEST(StateTextTest, SaysDerivedStatesFirst) {
  v1::HazardState state;
  state.set_status(v1::HAZARD_STATUS_VERIFIED);
  state.set_tagged(true);
  state.set_rectified(true);
  EXPECT_EQ(StateText(state, Language::kEnglish), "rectified, tagged");
  state.set_tag_in_doubt(true);
  EXPECT_EQ(StateText(state, Language::kEnglish), "rectified, tag in doubt");
  state = v1::HazardState();
  state.set_status(v1::HAZARD_STATUS_VERIFIED);
  state.set_closed(true);
  EXPECT_EQ(StateText(state, Language::kChinese), "已销号");
}

}  // namespace
}  // namespace vigil::console
