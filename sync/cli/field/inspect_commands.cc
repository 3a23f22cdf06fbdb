#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/photo.h"
#include "sync/cli/console/table.h"
#include "sync/cli/field/checklist.h"
#include "sync/cli/field/program.h"
#include "sync/cli/verbs/take.h"
#include "sync/rules/reason.h"

// Inspections. What is under way is a draft on the phone, saved after each answer, so that a dead
// battery costs at most one.

namespace vigil::field {

using console::Arguments;
using console::Count;
using console::Table;
using replica::RecordView;

namespace {

constexpr std::string_view kDraftPrefix = "inspection/";

struct Work {
  std::string key;
  // The record that it becomes, with the id that it will have.
  v1::CreateRecord record;
  // Without items, where the risk source's kind has no checklist.
  v1::Checklist checklist;

  v1::Inspection& inspection() { return *record.mutable_entity()->mutable_inspection(); }
};

absl::Status Save(Phone& phone, const Work& work) {
  return phone.replica().PutDraft(work.key, work.record.SerializeAsString());
}

// The newest edition for the kind of site.
absl::StatusOr<std::optional<v1::Record>> ChecklistFor(Phone& phone, v1::SiteType site) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<RecordView> views,
                         phone.replica().List({.kind = "checklist", .parent = "", .after = ""}));
  std::optional<v1::Record> newest;
  for (const RecordView& view : views) {
    const v1::Checklist& checklist = view.record.entity().checklist();
    if (checklist.site_type() != site || !view.record.withdrawn_by().empty()) continue;
    if (!newest || newest->entity().checklist().edition() < checklist.edition()) {
      newest = view.record;
    }
  }
  return newest;
}

absl::Status BeginWork(Phone& phone, const Arguments& arguments, const v1::Record& source,
                       Work& work) {
  work.record.set_record(phone.NewId());
  v1::Inspection& inspection = work.inspection();
  inspection.set_risk_source(source.id());
  VIGIL_ASSIGN_OR_RETURN(*inspection.mutable_started_at(),
                         verbs::TimeOrNow(phone, arguments, "--started-at"));
  std::optional<v1::Record> checklist;
  if (const auto name = arguments.Find("--checklist")) {
    VIGIL_ASSIGN_OR_RETURN(checklist, phone.Find("checklist", *name));
  } else {
    VIGIL_ASSIGN_OR_RETURN(checklist,
                           ChecklistFor(phone, source.entity().risk_source().site_type()));
  }
  if (checklist) inspection.set_checklist(checklist->id());
  return Save(phone, work);
}

absl::StatusOr<Work> TakeWork(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record source,
                         phone.Find("risk_source", arguments.Value("SOURCE")));
  Work work;
  work.key = absl::StrCat(ToAbsl(kDraftPrefix), source.id());
  VIGIL_ASSIGN_OR_RETURN(const std::optional<replica::Draft> draft,
                         phone.replica().FindDraft(work.key));
  if (draft) {
    if (!work.record.ParseFromString(draft->bytes)) {
      return absl::DataLossError("the draft of this inspection cannot be read");
    }
    phone.console().Note(
        {"resuming the draft of $0: $1 answers so far", "继续 $0 的草稿：已答 $1 项"},
        {console::TimeText(work.inspection().started_at(), phone.zone()),
         std::to_string(work.inspection().answers_size())});
  } else {
    VIGIL_RETURN_IF_ERROR(BeginWork(phone, arguments, source, work));
  }
  if (!work.inspection().checklist().empty()) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record checklist,
                           phone.Find("checklist", work.inspection().checklist()));
    work.checklist = checklist.entity().checklist();
  }
  return work;
}

// What the options say beside the answers.
absl::Status TakeOptions(Phone& phone, const Arguments& arguments, v1::Inspection& inspection) {
  if (const auto campaign = arguments.Find("--campaign")) {
    VIGIL_ASSIGN_OR_RETURN(*inspection.mutable_campaign(),
                           verbs::FindId(phone, "campaign", *campaign));
  }
  if (arguments.Has("--unannounced")) inspection.set_unannounced(true);
  for (const std::string& person : arguments.All("--with")) {
    VIGIL_ASSIGN_OR_RETURN(*inspection.add_inspectors(), verbs::FindId(phone, "person", person));
  }
  if (const auto text = arguments.Find("--position")) {
    VIGIL_ASSIGN_OR_RETURN(*inspection.mutable_position(), console::ParsePosition(*text));
  }
  if (const auto text = arguments.Find("--signature-refused")) {
    inspection.set_signature_refused_because(*text);
  }
  if (const auto path = arguments.Find("--signature")) {
    VIGIL_ASSIGN_OR_RETURN(*inspection.mutable_signature(), phone.TakePhoto(*path, "signature"));
  }
  if (const auto text = arguments.Find("--remark")) inspection.set_remark(*text);
  VIGIL_ASSIGN_OR_RETURN(const auto photos, verbs::TakePhotos(phone, arguments));
  inspection.mutable_photos()->MergeFrom(photos);
  return absl::OkStatus();
}

absl::StatusOr<const v1::ChecklistItem*> FindItem(const v1::Checklist& checklist,
                                                  std::string_view code) {
  for (const v1::ChecklistItem& item : checklist.items()) {
    if (item.code() == code) return &item;
  }
  return console::UsageError(absl::StrCat("the checklist has no item '", ToAbsl(code), "'"));
}

absl::Status TakeAnswers(const Arguments& arguments, Work& work) {
  for (const std::string& text : arguments.All("--answer")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return console::UsageError("--answer takes CODE=VALUE, not '" + text + "'");
    }
    VIGIL_ASSIGN_OR_RETURN(const v1::ChecklistItem* item,
                           FindItem(work.checklist, std::string_view(text).substr(0, equals)));
    VIGIL_ASSIGN_OR_RETURN(const v1::Answer answer,
                           ParseAnswer(*item, std::string_view(text).substr(equals + 1)));
    SetAnswer(answer, work.inspection());
  }
  return absl::OkStatus();
}

// Asks what is not answered. False: the input ended before the last item.
absl::StatusOr<bool> AskAnswers(Phone& phone, Work& work) {
  console::Console& console = phone.console();
  for (const v1::ChecklistItem& item : work.checklist.items()) {
    while (FindAnswer(work.inspection(), item.code()) == nullptr) {
      console.Ask(Prompt(item, console.language()) + ": ");
      std::string line;
      if (!std::getline(console.in(), line)) {
        console.Ask("\n");
        return false;
      }
      const absl::StatusOr<v1::Answer> answer = ParseAnswer(item, line);
      if (!answer.ok()) {
        console.Ask(absl::StrCat("  ", answer.status().message(), "\n"));
        continue;
      }
      SetAnswer(*answer, work.inspection());
      VIGIL_RETURN_IF_ERROR(Save(phone, work));
    }
  }
  return true;
}

bool IsSigned(const v1::Inspection& inspection) {
  return inspection.has_signature() || !inspection.signature_refused_because().empty();
}

// Asks why nobody signed, where nobody has. False: the input ended.
absl::StatusOr<bool> AskSignature(Phone& phone, Work& work) {
  console::Console& console = phone.console();
  while (!IsSigned(work.inspection())) {
    console.Ask(std::string(console.In({"nobody has signed; why", "被检查单位未签名，原因"})) +
                ": ");
    std::string line;
    if (!std::getline(console.in(), line)) {
      console.Ask("\n");
      return false;
    }
    work.inspection().set_signature_refused_because(line);
    VIGIL_RETURN_IF_ERROR(Save(phone, work));
  }
  return true;
}

void SayFindings(Phone& phone, Work& work) {
  console::Console& console = phone.console();
  for (const v1::ChecklistItem& item : work.checklist.items()) {
    const v1::Answer* answer = FindAnswer(work.inspection(), item.code());
    if (answer == nullptr) continue;
    const Finding finding = Judge(item, *answer);
    if (finding == Finding::kGood) continue;
    console.Say({"$0  $1", "$0  $1"},
                {finding == Finding::kAlarm ? console.In({"ALARM", "报警"})
                                            : console.In({"not as it should be", "不符合要求"}),
                 Prompt(item, console.language())});
  }
}

absl::Status SubmitWork(Phone& phone, const Arguments& arguments, Work& work) {
  if (!IsSigned(work.inspection())) {
    return console::UsageError(
        "the inspected unit signs (--signature FILE), or its refusal is recorded "
        "(--signature-refused TEXT); until then this is kept as a draft");
  }
  VIGIL_ASSIGN_OR_RETURN(*work.inspection().mutable_ended_at(),
                         verbs::TimeOrNow(phone, arguments, "--ended-at"));
  v1::Operation operation;
  *operation.mutable_create_record() = work.record;
  replica::Replica::MakeOptions options;
  options.draft = work.key;
  VIGIL_RETURN_IF_ERROR(phone.Queue(std::move(operation), options));
  phone.console().Say({"inspection: $0 ($1 of $2 items answered)", "检查：$0（已答 $1 / $2 项）"},
                      {work.record.record(), std::to_string(work.inspection().answers_size()),
                       std::to_string(work.checklist.items_size())});
  SayFindings(phone, work);
  for (const std::string& description : arguments.All("--hazard")) {
    v1::Operation report;
    v1::ReportHazard& command = *report.mutable_report_hazard();
    command.set_hazard_id(phone.NewId());
    v1::Hazard& hazard = *command.mutable_hazard();
    hazard.set_risk_source(work.inspection().risk_source());
    hazard.set_inspection(work.record.record());
    hazard.set_description(description);
    hazard.set_origin(v1::HAZARD_ORIGIN_INSPECTION);
    *hazard.mutable_found_at() = work.inspection().ended_at();
    VIGIL_RETURN_IF_ERROR(phone.Submit(std::move(report)));
  }
  return absl::OkStatus();
}

// A dialogue is for somebody who gave nothing on the command line, or asked for it.
bool Asks(const Arguments& arguments) {
  if (arguments.Has("--ask")) return true;
  for (const char* option :
       {"--answer", "--submit", "--hazard", "--remark", "--signature", "--signature-refused"}) {
    if (arguments.Has(option)) return false;
  }
  return true;
}

absl::Status Inspect(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(Work work, TakeWork(phone, arguments));
  VIGIL_RETURN_IF_ERROR(TakeOptions(phone, arguments, work.inspection()));
  VIGIL_RETURN_IF_ERROR(TakeAnswers(arguments, work));
  VIGIL_RETURN_IF_ERROR(Save(phone, work));
  bool complete = !arguments.Has("--draft");
  if (complete && Asks(arguments)) {
    VIGIL_ASSIGN_OR_RETURN(complete, AskAnswers(phone, work));
    if (complete) {
      VIGIL_ASSIGN_OR_RETURN(complete, AskSignature(phone, work));
    }
  }
  if (complete) return SubmitWork(phone, arguments, work);
  console::JsonObject object;
  object.Set("draft", work.key)
      .Set("answers", static_cast<std::int64_t>(work.inspection().answers_size()))
      .Set("items", static_cast<std::int64_t>(work.checklist.items_size()));
  phone.console().Json(object.ToString());
  phone.console().Say({"kept as a draft: $0 of $1 answered; `inspect $2` resumes it",
                       "已存为草稿：已答 $0 / $1；inspect $2 可继续"},
                      {std::to_string(work.inspection().answers_size()),
                       std::to_string(work.checklist.items_size()), arguments.Value("SOURCE")});
  return absl::OkStatus();
}

absl::Status Drafts(Phone& phone, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<replica::Draft> drafts,
                         phone.replica().Drafts(kDraftPrefix));
  console::Console& console = phone.console();
  Table table({{std::string(console.In({"risk source", "风险源"}))},
               {std::string(console.In({"begun", "开始"}))},
               {std::string(console.In({"answers", "已答"})), Table::Align::kRight}});
  console::JsonArray array;
  for (const replica::Draft& draft : drafts) {
    v1::CreateRecord record;
    if (!record.ParseFromString(draft.bytes)) continue;
    const v1::Inspection& inspection = record.entity().inspection();
    array.AddRaw(console::ProtoJson(record));
    table.AddRow({phone.NameOf(inspection.risk_source()),
                  console::TimeText(inspection.started_at(), phone.zone()),
                  std::to_string(inspection.answers_size())});
  }
  console.Json(array.ToString());
  console.Show(table, {"no draft", "没有草稿"});
  return absl::OkStatus();
}

absl::Status Discard(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::string source,
                         verbs::FindId(phone, "risk_source", arguments.Value("SOURCE")));
  const std::string key = absl::StrCat(ToAbsl(kDraftPrefix), source);
  VIGIL_ASSIGN_OR_RETURN(const auto draft, phone.replica().FindDraft(key));
  if (!draft) {
    return rules::Refuse(v1::REASON_NOT_FOUND, "there is no draft for this risk source");
  }
  VIGIL_RETURN_IF_ERROR(phone.replica().DeleteDraft(key));
  phone.console().Json("{}");
  phone.console().Say({"the draft is gone", "草稿已删除"});
  return absl::OkStatus();
}

std::vector<console::OptionSpec> InspectOptions() {
  return verbs::Join(
      {{{"SOURCE", "", {"code of the risk source", "风险源编码"}, Count::kRequired},
        {"--answer",
         "CODE=VALUE",
         {"answer an item (yes, no, na, a number, a choice, text)", "回答一项"},
         Count::kRepeated},
        {"--draft", "", {"save and stop; the same command resumes", "存为草稿，稍后继续"}},
        {"--ask", "", {"ask what is not answered yet", "逐项询问尚未回答的内容"}},
        {"--submit", "", {"submit with what is answered", "按已答内容提交"}},
        {"--hazard",
         "TEXT",
         {"report a hazard found in it", "上报检查中发现的隐患"},
         Count::kRepeated},
        {"--checklist", "CODE", {"default: the newest for its kind of site", "检查表；默认最新版"}},
        {"--campaign", "CODE", {"the campaign", "专项行动"}},
        {"--unannounced", "", {"an unannounced visit", "暗访（四不两直）"}},
        {"--with", "PERSON", {"who took part, too", "共同检查人"}, Count::kRepeated},
        {"--position", "LAT,LON", {"where", "位置"}},
        {"--signature", "FILE", {"signature of the inspected unit", "被检查单位签名"}},
        {"--signature-refused", "TEXT", {"it refused to sign, and why", "拒签及理由"}},
        {"--remark", "TEXT", {"remark", "备注"}},
        {"--started-at", "TIME", {"default: now", "开始时间；默认现在"}},
        {"--ended-at", "TIME", {"default: now", "结束时间；默认现在"}}},
       console::PhotoOptions()});
}

}  // namespace

std::vector<Command> InspectCommands() {
  return {
      {{"inspect",
        {"inspect a risk source with its checklist; asks item by item, unless answers or a remark "
         "are given here",
         "按检查表检查风险源；未在命令行给出回答或备注时逐项提问"},
        InspectOptions(),
        {"RS-LF-001", "RS-LF-001 --answer LF-01=0.4 --answer LF-04=yes --draft",
         "RS-LF-001 --submit --signature-refused '负责人不在场' --hazard '报警器两台失效'"},
        {v1::Operation::kCreateRecord, v1::Operation::kReportHazard}},
       Inspect},
      {{"inspect drafts", {"inspections under way", "进行中的检查"}, {}, {""}}, Drafts},
      {{"inspect discard",
        {"drop a draft", "删除草稿"},
        {{"SOURCE", "", {"code of the risk source", "风险源编码"}, Count::kRequired}},
        {"RS-LF-001"}},
       Discard},
  };
}

}  // namespace vigil::field
