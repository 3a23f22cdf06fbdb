#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/cli/console/value_parse.h"
#include "sync/cli/verbs/take.h"
#include "sync/cli/verbs/verbs.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

// Commands on any kind of record.

namespace vigil::verbs {

using console::Arguments;
using console::Count;
using console::OptionSpec;
using google::protobuf::Message;
using Op = v1::Operation;

namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

OptionSpec RecordArgument() {
  return {"RECORD", "", {"number, code or id", "编号、编码或 id"}, Count::kRequired};
}

OptionSpec KindOption() {
  return {
      "--kind", "KIND", {"its kind, where a code is not enough", "记录种类（编码不足以确定时）"}};
}

absl::StatusOr<v1::Record> TakeRecord(Desk& desk, const Arguments& arguments) {
  return desk.Find(arguments.Value("--kind"), arguments.Value("RECORD"));
}

absl::StatusOr<const rules::EntityInfo*> KnownInfo(const v1::Record& record) {
  const rules::EntityInfo* info = rules::InfoOf(record);
  if (info != nullptr) return info;
  return rules::Refuse(v1::REASON_WRONG_ENTITY, "a kind of record that this program does not know");
}

absl::Status Create(Desk& desk, const Arguments& arguments) {
  const std::string kind = arguments.Value("KIND");
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(kind);
  if (info == nullptr) return console::UsageError("'" + kind + "' is no kind of record");
  v1::Operation operation;
  v1::CreateRecord& command = *operation.mutable_create_record();
  command.set_record(desk.NewId());
  Message& body = rules::MutableBodyOf(*command.mutable_entity(), *info);
  if (const auto file = arguments.Find("--from")) {
    VIGIL_ASSIGN_OR_RETURN(const std::string json, desk.files().Read(*file, kFileBytesMax));
    VIGIL_RETURN_IF_ERROR(console::ParseJson(json, body));
  }
  VIGIL_RETURN_IF_ERROR(
      console::SetFields(*info, arguments.All("--set"), desk.reading(), *command.mutable_entity()));
  return desk.Submit(std::move(operation));
}

absl::Status Edit(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record, TakeRecord(desk, arguments));
  VIGIL_ASSIGN_OR_RETURN(const rules::EntityInfo* info, KnownInfo(record));
  v1::Operation operation;
  VIGIL_ASSIGN_OR_RETURN(*operation.mutable_edit_record(),
                         console::BuildEdit(*info, arguments, desk.reading()));
  operation.mutable_edit_record()->set_record(record.id());
  return desk.Submit(std::move(operation));
}

absl::Status Withdraw(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record, TakeRecord(desk, arguments));
  VIGIL_ASSIGN_OR_RETURN(const rules::EntityInfo* info, KnownInfo(record));
  v1::Operation operation;
  v1::WithdrawRecord& command = *operation.mutable_withdraw_record();
  command.set_record(record.id());
  command.set_reason(arguments.Value("--reason"));
  if (arguments.Has("--set")) {
    command.set_replacement_id(desk.NewId());
    *command.mutable_replacement() = record.entity();
    // What is said anew replaces lists, too.
    Message& body = rules::MutableBodyOf(*command.mutable_replacement(), *info);
    for (const std::string& assignment : arguments.All("--set")) {
      const rules::FieldInfo* field =
          info->Find(std::string_view(assignment).substr(0, assignment.find('=')));
      if (field != nullptr) body.GetReflection()->ClearField(&body, field->descriptor);
    }
    VIGIL_RETURN_IF_ERROR(console::SetFields(*info, arguments.All("--set"), desk.reading(),
                                             *command.mutable_replacement()));
  }
  return desk.Submit(std::move(operation));
}

struct Question {
  const rules::EntityInfo* info = nullptr;
  const rules::FieldInfo* field = nullptr;
};

absl::StatusOr<Question> FindQuestion(const v1::Record& record, const Arguments& arguments) {
  Question question;
  VIGIL_ASSIGN_OR_RETURN(question.info, KnownInfo(record));
  std::string name = arguments.Value("FIELD");
  const std::vector<const rules::FieldInfo*> conflicts = rules::ConflictsOf(record);
  if (name.empty() && conflicts.size() == 1) name = conflicts.front()->name();
  if (name.empty()) {
    return console::UsageError(absl::StrCat(conflicts.size(), " fields are in conflict: name one"));
  }
  question.field = question.info->Find(std::string_view(name));
  if (question.field == nullptr) return console::UsageError("there is no field '" + name + "'");
  return question;
}

absl::Status TakeChoice(const v1::Record& record, const Question& question,
                        const std::string& choice, v1::Entity& value) {
  const std::vector<v1::Write> siblings = rules::LiveWrites(record, *question.field);
  std::size_t number = 0;
  if (!absl::SimpleAtoi(choice, &number) || number < 1 || number > siblings.size()) {
    return console::UsageError(absl::StrCat("--choose takes 1 to ", siblings.size()));
  }
  Message& body = rules::MutableBodyOf(value, *question.info);
  rules::SetFieldBytes(*question.field, siblings[number - 1].value(), body);
  return absl::OkStatus();
}

absl::Status Resolve(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record, TakeRecord(desk, arguments));
  VIGIL_ASSIGN_OR_RETURN(const Question question, FindQuestion(record, arguments));
  if (arguments.Has("--choose") + arguments.Has("--value") + arguments.Has("--clear") != 1) {
    return console::UsageError("give one of --choose, --value and --clear");
  }
  v1::Operation operation;
  v1::SettleConflict& command = *operation.mutable_settle_conflict();
  command.set_record(record.id());
  command.set_field(question.field->name());
  command.set_reason(arguments.Value("--reason"));
  Message& body = rules::MutableBodyOf(*command.mutable_value(), *question.info);
  if (const auto choice = arguments.Find("--choose")) {
    VIGIL_RETURN_IF_ERROR(TakeChoice(record, question, *choice, *command.mutable_value()));
  } else if (const auto text = arguments.Find("--value")) {
    VIGIL_RETURN_IF_ERROR(console::SetField(*question.field, *text, desk.reading(), body));
  }
  return desk.Submit(std::move(operation));
}

}  // namespace

std::vector<Verb> RecordVerbs() {
  return {
      {{"edit",
        {"change fields of a record", "修改记录的字段"},
        Join({{RecordArgument(), KindOption()}, console::EditOptions()}),
        {"YH-2017-0371 --set 'description=坝体北侧渗水，约3升/分' --set grade=major",
         "RS-LF-001 --kind risk_source --add 'control_measures=每日巡查'"},
        {Op::kEditRecord}},
       Edit},
      {{"create",
        {"make a record of any kind that people may make", "新建记录"},
        {{"KIND",
          "",
          {"bulletin, supervision_letter, campaign …", "种类：bulletin、campaign 等"},
          Count::kRequired},
         {"--set", "FIELD=VALUE", {"write a field", "写入字段"}, Count::kRepeated},
         {"--from", "FILE", {"its content as JSON", "内容（JSON 文件）"}}},
        {"org_unit --set code=LFU-09 --set name=九号填埋场 --set kind=responsible_unit "
         "--set parent_unit=DEP-LF",
         "bulletin --from bulletin.json"},
        {Op::kCreateRecord}},
       Create},
      {{"withdraw",
        {"withdraw a record that is never edited; with --set another one takes its place",
         "撤回不可修改的记录；给出 --set 时另立新记录"},
        {RecordArgument(),
         KindOption(),
         {"--reason", "TEXT", {"why", "理由"}, Count::kRequired},
         {"--set",
          "FIELD=VALUE",
          {"a field of the record that replaces it", "替代记录的字段"},
          Count::kRepeated}},
        {"018f3b1c --kind reading --reason 'wrong unit' --set value=0.8"},
        {Op::kWithdrawRecord}},
       Withdraw},
      {{"resolve",
        {"settle a conflict: choose a value (as `conflicts` numbers them) or give another",
         "裁定冲突：选用其中一个值，或另给新值"},
        {RecordArgument(),
         {"FIELD",
          "",
          {"field; may be left out where one alone is in conflict", "字段；仅一处冲突时可省略"}},
         KindOption(),
         {"--choose", "N", {"the value with this number", "选用第 N 个值"}},
         {"--value", "VALUE", {"another value", "另给的值"}},
         {"--clear", "", {"no value", "清空"}},
         {"--reason", "TEXT", {"why", "理由"}}},
        {"YH-2017-0371 description --choose 2 --reason 'seen on site'"},
        {Op::kSettleConflict}},
       Resolve},
  };
}

}  // namespace vigil::verbs
