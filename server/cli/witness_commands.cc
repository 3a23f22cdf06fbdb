#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"

// What phones returned after a restore, and the register did not take by itself.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;

namespace {

constexpr int kPageSize = 500;

absl::StatusOr<v1::ListWitnessCopiesResponse> AllCopies(Clerk& clerk, bool settled_too) {
  v1::ListWitnessCopiesRequest request;
  request.set_page_size(kPageSize);
  request.set_all(settled_too);
  v1::ListWitnessCopiesResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListWitnessCopiesResponse page,
                           clerk.office().ListWitnessCopies(request));
    all.mutable_copies()->MergeFrom(page.copies());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

absl::StatusOr<v1::ReturnedCopy> FindCopy(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::ListWitnessCopiesResponse all, AllCopies(clerk, true));
  for (const v1::ReturnedCopy& copy : all.copies()) {
    if (std::to_string(copy.id()) == arguments.Value("ID")) return copy;
  }
  return rules::Refuse(v1::REASON_NOT_FOUND, "there is no such copy")
      .With("id", arguments.Value("ID"));
}

v1::Record RecordOf(const v1::ReturnedCopy& copy) {
  v1::Record record;
  // One that cannot be read is shown as what it is: nothing.
  if (!record.ParseFromString(copy.record())) record.Clear();
  return record;
}

std::string KindOf(const v1::Record& record, console::Language language) {
  const rules::EntityInfo* info = rules::InfoOf(record);
  return info == nullptr ? "?" : console::KindLabel(info->kind, language);
}

std::string NameOf(const v1::Record& record) {
  const std::string key = rules::InfoOf(record) == nullptr ? "" : rules::KeyOf(record);
  return key.empty() ? console::ShortId(record.id()) : key;
}

absl::Status ListCopies(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::ListWitnessCopiesResponse all,
                         AllCopies(clerk, arguments.Has("--all")));
  console::Console& console = clerk.console();
  console.Json(all);
  Table table({{"", Table::Align::kRight},
               {std::string(console.In({"kind", "类别"}))},
               {std::string(console.In({"record", "记录"}))},
               {std::string(console.In({"lost", "已丢失"}))},
               {std::string(console.In({"differs in", "不同之处"})), Table::Align::kLeft, 48},
               {std::string(console.In({"returned", "交回"}))},
               {std::string(console.In({"by", "交回人"}))}});
  for (const v1::ReturnedCopy& copy : all.copies()) {
    const v1::Record record = RecordOf(copy);
    std::vector<std::string> differing;
    for (const std::string& field : copy.differing()) {
      differing.push_back(console::FieldLabel(field, console.language()));
    }
    table.AddRow(
        {std::to_string(copy.id()), KindOf(record, console.language()), NameOf(record),
         copy.lost() ? std::string(console.In({"yes", "是"})) : "", absl::StrJoin(differing, ", "),
         console::TimeText(copy.returned_at(), clerk.zone()), clerk.NameOf(copy.person())});
  }
  console.Show(table,
               {"phones returned nothing that is left to deal with", "没有待处理的交回副本"});
  return absl::OkStatus();
}

absl::Status ShowCopy(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::ReturnedCopy copy, FindCopy(clerk, arguments));
  const v1::Record record = RecordOf(copy);
  console::Console& console = clerk.console();
  console.Json(record);
  console.Say({"$0 $1, as a phone had it at version $2 of epoch $3; id $4",
               "$0 $1，手机副本，纪元 $3 版本 $2；标识 $4"},
              {KindOf(record, console.language()), NameOf(record), std::to_string(record.version()),
               copy.epoch(), record.id()});
  if (rules::InfoOf(record) != nullptr) {
    console.Write(console::RecordText(record, clerk.display()) + "\n");
  }
  return absl::OkStatus();
}

absl::Status Settle(Clerk& clerk, const v1::ReturnedCopy& copy) {
  v1::SettleWitnessCopyRequest request;
  request.set_id(copy.id());
  VIGIL_RETURN_IF_ERROR(clerk.office().SettleWitnessCopy(request).status());
  clerk.console().Say({"copy $0 is dealt with", "副本 $0 已处理"}, {std::to_string(copy.id())});
  return absl::OkStatus();
}

absl::Status SettleCopy(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::ReturnedCopy copy, FindCopy(clerk, arguments));
  clerk.console().Json(copy);
  return Settle(clerk, copy);
}

// Makes a lost record again under its old id, with the clerk as the one who answers for it.
absl::Status TakeCopy(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::ReturnedCopy copy, FindCopy(clerk, arguments));
  const v1::Record record = RecordOf(copy);
  if (!copy.lost() || rules::InfoOf(record) == nullptr) {
    return console::UsageError(
        "the register has this record: change it with the commands for its kind");
  }
  v1::Operation operation;
  v1::CreateRecord& made = *operation.mutable_create_record();
  made.set_record(record.id());
  *made.mutable_entity() = record.entity();
  const rules::EntityInfo& info = *rules::InfoOf(record);
  google::protobuf::Message& body = rules::MutableBodyOf(*made.mutable_entity(), info);
  for (const rules::FieldInfo& field : info.fields) {
    if (field.policy == v1::MERGE_POLICY_SERVER) {
      body.GetReflection()->ClearField(&body, field.descriptor);
    }
  }
  VIGIL_RETURN_IF_ERROR(clerk.Submit(std::move(operation)));
  return Settle(clerk, copy);
}

}  // namespace

std::vector<Command> WitnessCommands() {
  const console::OptionSpec id = {
      "ID", "", {"as `witness list` shows it", "见 witness list"}, Count::kRequired};
  return {
      {{"witness list",
        {"what phones returned after a restore and the register lacks or has otherwise",
         "恢复后手机交回、而登记库缺少或不同的副本"},
        {{"--all", "", {"also what is dealt with", "含已处理的"}}},
        {"", "--all --json"}},
       ListCopies},
      {{"witness show", {"one of them, whole", "显示副本全文"}, {id}, {"7"}}, ShowCopy},
      {{"witness take",
        {"make a lost record again from its copy", "按副本重建已丢失的记录"},
        {id},
        {"7"},
        {v1::Operation::kCreateRecord}},
       TakeCopy},
      {{"witness settle",
        {"it is dealt with; it stays readable", "标为已处理；仍可查看"},
        {id},
        {"7"}},
       SettleCopy},
  };
}

}  // namespace vigil::office
