#include <string>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/cli/console/photo.h"
#include "sync/cli/verbs/take.h"
#include "sync/cli/verbs/verbs.h"
#include "sync/rules/derive.h"
#include "sync/rules/reason.h"
#include "sync/rules/work_calendar.h"

// The events of a hazard's life.

namespace vigil::verbs {

using console::Arguments;
using console::Count;
using console::OptionSpec;
using Op = v1::Operation;

namespace {

absl::StatusOr<v1::Record> TakeHazard(Desk& desk, const Arguments& arguments) {
  return desk.Find("hazard", arguments.Value("HAZARD"));
}

// References that a report may make beside its risk source.
absl::Status TakeReportReferences(Desk& desk, const Arguments& arguments, v1::Hazard& hazard) {
  VIGIL_ASSIGN_OR_RETURN(*hazard.mutable_risk_source(),
                         FindId(desk, "risk_source", arguments.Value("--source")));
  if (const auto unit = arguments.Find("--unit")) {
    VIGIL_ASSIGN_OR_RETURN(*hazard.mutable_responsible_unit(), FindId(desk, "org_unit", *unit));
  }
  if (const auto inspection = arguments.Find("--inspection")) {
    VIGIL_ASSIGN_OR_RETURN(*hazard.mutable_inspection(), FindId(desk, "inspection", *inspection));
  }
  if (const auto campaign = arguments.Find("--campaign")) {
    VIGIL_ASSIGN_OR_RETURN(*hazard.mutable_campaign(), FindId(desk, "campaign", *campaign));
  }
  return absl::OkStatus();
}

absl::Status Report(Desk& desk, const Arguments& arguments) {
  v1::Operation operation;
  v1::ReportHazard& command = *operation.mutable_report_hazard();
  v1::Hazard& hazard = *command.mutable_hazard();
  command.set_hazard_id(desk.NewId());
  VIGIL_RETURN_IF_ERROR(TakeReportReferences(desk, arguments, hazard));
  hazard.set_description(arguments.Value("--description"));
  VIGIL_ASSIGN_OR_RETURN(*hazard.mutable_found_at(), TimeOrNow(desk, arguments, "--found-at"));
  if (const auto text = arguments.Find("--category")) hazard.set_category(*text);
  if (const auto text = arguments.Find("--interim")) hazard.set_interim_controls(*text);
  VIGIL_ASSIGN_OR_RETURN(const auto grade, TakeEnum<v1::HazardGrade>(arguments, "--grade"));
  if (grade != v1::HAZARD_GRADE_UNSPECIFIED) hazard.set_grade(grade);
  VIGIL_ASSIGN_OR_RETURN(const auto origin, TakeEnum<v1::HazardOrigin>(arguments, "--origin"));
  if (origin != v1::HAZARD_ORIGIN_UNSPECIFIED) hazard.set_origin(origin);
  if (arguments.Has("--due")) {
    VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--due", hazard.mutable_due_date()));
  }
  if (const auto text = arguments.Find("--position")) {
    VIGIL_ASSIGN_OR_RETURN(*hazard.mutable_position(), console::ParsePosition(*text));
  }
  VIGIL_ASSIGN_OR_RETURN(*hazard.mutable_photos(), TakePhotos(desk, arguments));
  return desk.Submit(std::move(operation));
}

absl::Status Confirm(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  v1::Operation operation;
  v1::ConfirmHazard& command = *operation.mutable_confirm_hazard();
  Name(hazard, command);
  VIGIL_ASSIGN_OR_RETURN(const auto grade, TakeEnum<v1::HazardGrade>(arguments, "--grade"));
  command.set_grade(grade);
  if (const auto unit = arguments.Find("--unit")) {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_responsible_unit(), FindId(desk, "org_unit", *unit));
  }
  if (const auto unit = arguments.Find("--supervisor")) {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_supervising_unit(), FindId(desk, "org_unit", *unit));
  }
  if (arguments.Has("--due")) {
    VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--due", command.mutable_due_date()));
  }
  const bool is_past =
      rules::CompareDates(command.due_date(), rules::DateAt(desk.Now(), desk.zone())) < 0;
  VIGIL_RETURN_IF_ERROR(desk.Submit(std::move(operation)));
  if (is_past) {
    desk.console().Note({"its due date has passed: it is overdue and escalates at once",
                         "整改期限已过：即为超期，将立即升级"});
  }
  return absl::OkStatus();
}

absl::Status Reject(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  v1::Operation operation;
  v1::RejectHazard& command = *operation.mutable_reject_hazard();
  Name(hazard, command);
  command.set_reason(arguments.Value("--reason"));
  return desk.Submit(std::move(operation));
}

absl::Status Merge(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  v1::Operation operation;
  v1::MergeHazard& command = *operation.mutable_merge_hazard();
  Name(hazard, command);
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_into(),
                         FindId(desk, "hazard", arguments.Value("--into")));
  return desk.Submit(std::move(operation));
}

absl::Status Accept(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  v1::Operation operation;
  v1::AcceptHazard& command = *operation.mutable_accept_hazard();
  Name(hazard, command);
  if (const auto plan = arguments.Find("--existing-plan")) {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_existing_plan(),
                           FindId(desk, "rectification_plan", *plan));
  } else if (HasPlan(arguments)) {
    command.set_plan_id(desk.NewId());
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_plan(), TakePlan(arguments));
    command.mutable_plan()->set_hazard(hazard.id());
  } else {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_existing_plan(), NewestPlan(desk, hazard.id()));
  }
  return desk.Submit(std::move(operation));
}

template <typename Command>
absl::Status FillRectification(Desk& desk, const Arguments& arguments, const v1::Record& hazard,
                               Command& command) {
  Name(hazard, command);
  command.set_rectification(arguments.Value("--text"));
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_photos(), TakePhotos(desk, arguments));
  return absl::OkStatus();
}

absl::Status FixOnSpot(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  v1::Operation operation;
  VIGIL_RETURN_IF_ERROR(
      FillRectification(desk, arguments, hazard, *operation.mutable_fix_on_spot()));
  return desk.Submit(std::move(operation));
}

absl::Status SubmitRectification(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  v1::Operation operation;
  VIGIL_RETURN_IF_ERROR(
      FillRectification(desk, arguments, hazard, *operation.mutable_submit_rectification()));
  return desk.Submit(std::move(operation));
}

absl::Status Verify(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  if (arguments.Has("--passed") == arguments.Has("--failed")) {
    return console::UsageError("give --passed or --failed");
  }
  v1::Operation operation;
  v1::VerifyHazard& command = *operation.mutable_verify_hazard();
  Name(hazard, command);
  command.set_verification_id(desk.NewId());
  VIGIL_ASSIGN_OR_RETURN(const auto kind, TakeEnum<v1::VerificationKind>(arguments, "--kind"));
  command.set_kind(kind == v1::VERIFICATION_KIND_UNSPECIFIED ? v1::VERIFICATION_KIND_GOVERNMENT
                                                             : kind);
  command.set_result(arguments.Has("--passed") ? v1::VERIFICATION_RESULT_PASSED
                                               : v1::VERIFICATION_RESULT_FAILED);
  command.set_opinion(arguments.Value("--opinion"));
  for (const std::string& person : arguments.All("--with")) {
    VIGIL_ASSIGN_OR_RETURN(*command.add_verifiers(), FindId(desk, "person", person));
  }
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_photos(), TakePhotos(desk, arguments));
  return desk.Submit(std::move(operation));
}

absl::Status Recur(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  v1::Operation operation;
  v1::ReportRecurrence& command = *operation.mutable_report_recurrence();
  Name(hazard, command);
  command.set_recurrence_id(desk.NewId());
  command.set_description(arguments.Value("--description"));
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_observed_at(), TimeOrNow(desk, arguments, "--at"));
  if (const auto text = arguments.Find("--position")) {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_position(), console::ParsePosition(*text));
  }
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_photos(), TakePhotos(desk, arguments));
  return desk.Submit(std::move(operation));
}

absl::Status Progress(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  v1::Operation operation;
  v1::ReportProgress& command = *operation.mutable_report_progress();
  command.set_progress_report_id(desk.NewId());
  v1::ProgressReport& report = *command.mutable_progress_report();
  report.set_hazard(hazard.id());
  report.set_text(arguments.Value("--text"));
  if (const auto text = arguments.Find("--percent")) {
    VIGIL_ASSIGN_OR_RETURN(const double percent, console::ParseNumber(*text));
    report.set_percent(static_cast<std::int32_t>(percent));
  }
  if (const auto text = arguments.Find("--spent")) {
    VIGIL_ASSIGN_OR_RETURN(*report.mutable_funds_spent(), console::ParseMoney(*text));
  }
  if (arguments.Has("--from")) {
    VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--from", report.mutable_period_start()));
  }
  if (arguments.Has("--to")) {
    VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--to", report.mutable_period_end()));
  }
  if (const auto name = arguments.Find("--order")) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, *name));
    report.set_order(order.id());
  }
  VIGIL_ASSIGN_OR_RETURN(*report.mutable_photos(), TakePhotos(desk, arguments));
  return desk.Submit(std::move(operation));
}

absl::Status Suspend(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  VIGIL_ASSIGN_OR_RETURN(auto level, TakeEnum<v1::Suspension>(arguments, "--level"));
  if (level != v1::SUSPENSION_PARTIAL && level != v1::SUSPENSION_FULL) {
    return console::UsageError("--level is partial or full; `resume` lets work go on");
  }
  v1::Operation operation;
  v1::EditRecord& command = *operation.mutable_edit_record();
  command.set_record(hazard.id());
  command.mutable_entity()->mutable_hazard()->set_suspension(level);
  command.mutable_update_mask()->add_paths("suspension");
  return desk.Submit(std::move(operation));
}

// The newest verification by which work may resume.
absl::StatusOr<std::string> PassedVerification(Desk& desk, const v1::Record& hazard) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> verifications,
                         desk.Children(hazard, "verification"));
  for (auto record = verifications.rbegin(); record != verifications.rend(); ++record) {
    const v1::Verification& body = record->entity().verification();
    if (body.result() == v1::VERIFICATION_RESULT_PASSED &&
        body.kind() != v1::VERIFICATION_KIND_SELF && record->withdrawn_by().empty()) {
      return record->id();
    }
  }
  return rules::Refuse(v1::REASON_SUSPENSION_NEEDS_VERIFICATION,
                       "this hazard has no verification that passed");
}

absl::Status Resume(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, TakeHazard(desk, arguments));
  v1::Operation operation;
  v1::ResumeWork& command = *operation.mutable_resume_work();
  command.set_hazard(hazard.id());
  if (const auto name = arguments.Find("--verification")) {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_verification(), FindId(desk, "verification", *name));
  } else {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_verification(), PassedVerification(desk, hazard));
  }
  // Read, so that the operation can say that it was seen.
  VIGIL_RETURN_IF_ERROR(desk.Find("verification", command.verification()));
  return desk.Submit(std::move(operation));
}

std::vector<OptionSpec> ReportOptions() {
  return Join(
      {{
           {"--source", "CODE", {"its risk source", "所属风险源编码"}, Count::kRequired},
           {"--description", "TEXT", {"what is dangerous", "隐患描述"}, Count::kRequired},
           {"--category", "TEXT", {"its category", "类别"}},
           {"--origin",
            "ORIGIN",
            {"self_check, inspection, unannounced_visit, campaign, assessment, bulletin or "
             "public_report",
             "来源：self_check、inspection、unannounced_visit、campaign、assessment、"
             "bulletin 或 public_report"}},
           {"--grade", "GRADE", {"general or major, as you see it", "一般或重大（初判）"}},
           {"--found-at", "TIME", {"when it was found; default: now", "发现时间；默认现在"}},
           {"--due", "DATE", {"proposed due date", "建议整改期限"}},
           {"--unit", "CODE", {"responsible unit", "责任单位编码"}},
           {"--position", "LAT,LON", {"where it is", "位置"}},
           {"--inspection", "ID", {"the inspection in which it was found", "所属检查"}},
           {"--campaign", "CODE", {"the campaign", "专项行动编码"}},
           {"--interim", "TEXT", {"measures taken on the spot", "现场临时措施"}},
       },
       console::PhotoOptions()});
}

std::vector<OptionSpec> RectificationOptions() {
  return Join(
      {{HazardArgument(), {"--text", "TEXT", {"what was done", "整改情况"}, Count::kRequired}},
       console::PhotoOptions()});
}

std::vector<Verb> OfficeVerbs() {
  return {
      {{"confirm",
        {"confirm a reported hazard: grade, unit, due date", "确认隐患：等级、责任单位、期限"},
        {HazardArgument(),
         {"--grade", "GRADE", {"general or major", "一般或重大"}},
         {"--unit", "CODE", {"responsible unit", "责任单位编码"}},
         {"--supervisor", "CODE", {"supervising department", "督办责任部门编码"}},
         {"--due", "DATE", {"due date", "整改期限"}}},
        {"YH-2017-0371 --grade general --unit LFU-01 --due 2017-09-30"},
        {Op::kConfirmHazard}},
       Confirm},
      {{"reject",
        {"a report that is no hazard", "不予认定"},
        {HazardArgument(), {"--reason", "TEXT", {"why", "理由"}, Count::kRequired}},
        {"YH-2017-0371 --reason 'the crack is in the plaster'"},
        {Op::kRejectHazard}},
       Reject},
      {{"merge",
        {"mark a report as a duplicate of another hazard", "标记为另一隐患的重复"},
        {HazardArgument(),
         {"--into", "HAZARD", {"the one that stays", "保留的隐患"}, Count::kRequired}},
        {"YH-2017-0372 --into YH-2017-0371"},
        {Op::kMergeHazard}},
       Merge},
      {{"suspend",
        {"order work to stop, in part or in full", "责令局部或全部停产停业"},
        {HazardArgument(),
         {"--level", "LEVEL", {"partial or full", "partial 或 full"}, Count::kRequired}},
        {"YH-2017-0371 --level partial"},
        {Op::kEditRecord}},
       Suspend},
      {{"resume",
        {"let work resume after a verification that passed", "复查通过后恢复生产"},
        {HazardArgument(),
         {"--verification",
          "ID",
          {"default: the newest one that passed", "默认最近一次通过的复查"}}},
        {"YH-2017-0371"},
        {Op::kResumeWork}},
       Resume},
  };
}

}  // namespace

std::vector<Verb> HazardVerbs() {
  std::vector<Verb> verbs = {
      {{"report",
        {"report a hazard", "上报隐患"},
        ReportOptions(),
        {"--source RS-LF-001 --description '坝体北侧出现渗水' --grade general --photo seep.jpg"},
        {Op::kReportHazard}},
       Report},
      {{"accept",
        {"the responsible unit takes a hazard on; a major one needs a complete plan",
         "责任单位受理整改；重大隐患须有完整方案"},
        Join({{HazardArgument(), ExistingPlanOption()}, PlanOptions()}),
        {"YH-2017-0371"},
        {Op::kAcceptHazard}},
       Accept},
      {{"fix-on-spot",
        {"a general hazard, mended at once, with photos before and after",
         "一般隐患当场整改，须有前后照片"},
        RectificationOptions(),
        {"YH-2017-0371 --text 'drain cleared' --before b.jpg --after a.jpg"},
        {Op::kFixOnSpot}},
       FixOnSpot},
      {{"submit",
        {"submit a rectification for verification", "提交整改，申请复查"},
        RectificationOptions(),
        {"YH-2017-0371 --text '已加固' --photo after.jpg"},
        {Op::kSubmitRectification}},
       SubmitRectification},
      {{"verify",
        {"verify a rectification; whoever rectified does not verify", "复查；整改人不得复查"},
        Join({{HazardArgument(),
               {"--passed", "", {"it passed", "通过"}},
               {"--failed", "", {"it failed; say why with --opinion", "不通过；须写 --opinion"}},
               {"--kind",
                "KIND",
                {"government (default), expert or self", "government（默认）、expert 或 self"}},
               {"--opinion", "TEXT", {"opinion", "意见"}},
               {"--with", "PERSON", {"who verified too", "共同复查人"}, Count::kRepeated}},
              console::PhotoOptions()}),
        {"YH-2017-0371 --passed", "YH-2017-0371 --failed --opinion 'still seeping'"},
        {Op::kVerifyHazard}},
       Verify},
      {{"recur",
        {"report that a hazard is still dangerous, or came back", "报告隐患复发或仍有危险"},
        Join({{HazardArgument(),
               {"--description", "TEXT", {"what was seen", "情况"}, Count::kRequired},
               {"--at", "TIME", {"when; default: now", "时间；默认现在"}},
               {"--position", "LAT,LON", {"where", "位置"}}},
              console::PhotoOptions()}),
        {"YH-2017-0371 --description '再次渗水' --photo again.jpg"},
        {Op::kReportRecurrence}},
       Recur},
      {{"progress",
        {"report progress of a rectification", "报告整改进展"},
        Join({{HazardArgument(),
               {"--text", "TEXT", {"what was done", "进展"}, Count::kRequired},
               {"--percent", "N", {"0 to 100", "0 至 100"}},
               {"--spent", "YUAN", {"funds spent", "已用资金（元）"}},
               {"--from", "DATE", {"first day of the period", "报告期起"}},
               {"--to", "DATE", {"last day of the period", "报告期止"}},
               {"--order", "ORDER", {"the supervision order", "督办通知书"}}},
              console::PhotoOptions()}),
        {"YH-2017-0371 --text 'half of the wall is done' --percent 50"},
        {Op::kReportProgress}},
       Progress},
  };
  for (Verb& verb : OfficeVerbs()) verbs.push_back(std::move(verb));
  return verbs;
}

}  // namespace vigil::verbs
