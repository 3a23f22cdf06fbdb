#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "tests/support/rules_scene.h"

namespace vigil::testing {
namespace {

v1::Date DateOf(int year, int month, int day) {
  v1::Date date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

std::string NewId(const v1::Operation& operation, std::string_view what) {
  return IdOf(absl::StrCat(operation.id(), " ", ToAbsl(what)));
}

void AddPhoto(std::string_view caption, const v1::Operation& operation,
              google::protobuf::RepeatedPtrField<v1::Evidence>& photos) {
  v1::Evidence& photo = *photos.Add();
  std::string hash;
  for (const char c : operation.id() + operation.id()) {
    if (c != '-') hash += c;
  }
  photo.set_sha256(hash);
  photo.set_media_type("image/jpeg");
  photo.set_caption(std::string(caption));
}

v1::HazardStatus StatusIn(const Scene& scene) { return scene.world.Hazard(scene.hazard).status(); }
v1::OrderStatus OrderStatusIn(const Scene& scene) {
  return scene.world.Order(scene.order).status();
}

void FillPlan(v1::RectificationPlan& plan) {
  plan.set_measures("drain, then anchor");
  plan.set_responsible_person("the site's manager");
  plan.mutable_funds()->set_fen(12'000'000);
  *plan.mutable_due_on() = DateOf(2017, 9, 1);
  plan.set_contingency_plan("close the path");
}

template <typename Command>
Command& OnHazard(const Scene& scene, Command* command) {
  command->set_hazard(scene.hazard);
  command->set_from_status(StatusIn(scene));
  return *command;
}

template <typename Command>
Command& OnOrder(const Scene& scene, Command* command) {
  command->set_order(scene.order);
  command->set_from_status(OrderStatusIn(scene));
  return *command;
}

v1::Hazard& EditHazard(const Scene& scene, v1::Operation& op, std::string_view field) {
  v1::EditRecord& edit = *op.mutable_edit_record();
  edit.set_record(scene.hazard);
  edit.mutable_update_mask()->add_paths(std::string(field));
  return *edit.mutable_entity()->mutable_hazard();
}

void Confirm(const Scene& scene, v1::Operation& op, v1::HazardGrade grade) {
  auto& command = OnHazard(scene, op.mutable_confirm_hazard());
  command.set_grade(grade);
  command.set_responsible_unit(scene.world.landfill);
  *command.mutable_due_date() = DateOf(2017, 8, 15);
}

void Verify(const Scene& scene, v1::Operation& op, v1::VerificationKind kind, bool passed) {
  auto& command = OnHazard(scene, op.mutable_verify_hazard());
  command.set_verification_id(NewId(op, "verification"));
  command.set_kind(kind);
  command.set_result(passed ? v1::VERIFICATION_RESULT_PASSED : v1::VERIFICATION_RESULT_FAILED);
  command.set_opinion("looked at on site");
}

std::vector<Act> HazardActs() {
  using S = const Scene&;
  using Op = v1::Operation&;
  constexpr Needs kNothing = Needs::kNothing;
  return {
      {"confirm_general", kNothing, [](S s, Op op) { Confirm(s, op, v1::HAZARD_GRADE_GENERAL); }},
      {"confirm_major", kNothing, [](S s, Op op) { Confirm(s, op, v1::HAZARD_GRADE_MAJOR); }},
      {"confirm_as_seen", kNothing, [](S s, Op op) { OnHazard(s, op.mutable_confirm_hazard()); }},
      {"reject", kNothing,
       [](S s, Op op) { OnHazard(s, op.mutable_reject_hazard()).set_reason("no hazard"); }},
      {"merge", kNothing,
       [](S s, Op op) { OnHazard(s, op.mutable_merge_hazard()).set_into(s.other_hazard); }},
      {"merge_other_into_this", kNothing,
       [](S s, Op op) {
         op.mutable_merge_hazard()->set_hazard(s.other_hazard);
         op.mutable_merge_hazard()->set_into(s.hazard);
       }},
      {"accept", kNothing, [](S s, Op op) { OnHazard(s, op.mutable_accept_hazard()); }},
      {"accept_with_plan", kNothing,
       [](S s, Op op) {
         auto& command = OnHazard(s, op.mutable_accept_hazard());
         command.set_plan_id(NewId(op, "plan"));
         FillPlan(*command.mutable_plan());
       }},
      {"fix_on_spot", kNothing,
       [](S s, Op op) {
         auto& command = OnHazard(s, op.mutable_fix_on_spot());
         command.set_rectification("filled");
         AddPhoto("before", op, *command.mutable_photos());
         AddPhoto("after", op, *command.mutable_photos());
       }},
      {"submit", kNothing,
       [](S s, Op op) {
         auto& command = OnHazard(s, op.mutable_submit_rectification());
         command.set_rectification("anchored");
         AddPhoto("after", op, *command.mutable_photos());
       }},
      {"verify_passed", kNothing,
       [](S s, Op op) { Verify(s, op, v1::VERIFICATION_KIND_GOVERNMENT, true); }},
      {"verify_failed", kNothing,
       [](S s, Op op) { Verify(s, op, v1::VERIFICATION_KIND_GOVERNMENT, false); }},
      {"verify_self", kNothing,
       [](S s, Op op) { Verify(s, op, v1::VERIFICATION_KIND_SELF, true); }},
      {"recur", kNothing,
       [](S s, Op op) {
         auto& command = OnHazard(s, op.mutable_report_recurrence());
         command.set_recurrence_id(NewId(op, "recurrence"));
         command.set_description("the crack is back");
       }},
      {"propose_transfer", kNothing,
       [](S s, Op op) {
         auto& command = OnHazard(s, op.mutable_propose_transfer());
         command.set_transfer_id(NewId(op, "transfer"));
         command.set_to_unit(s.world.district);
         command.set_basis("it lies in the district");
       }},
      {"accept_transfer", Needs::kTransfer,
       [](S s, Op op) { OnHazard(s, op.mutable_accept_transfer()).set_transfer(s.transfer); }},
      {"refuse_transfer", Needs::kTransfer,
       [](S s, Op op) {
         auto& command = OnHazard(s, op.mutable_refuse_transfer());
         command.set_transfer(s.transfer);
         command.set_reason("not ours");
       }},
      {"resume_work", kNothing,
       [](S s, Op op) {
         op.mutable_resume_work()->set_hazard(s.hazard);
         op.mutable_resume_work()->set_verification(s.verification);
       }},
      {"report_progress", kNothing,
       [](S s, Op op) {
         op.mutable_report_progress()->set_progress_report_id(NewId(op, "progress"));
         op.mutable_report_progress()->mutable_progress_report()->set_hazard(s.hazard);
         op.mutable_report_progress()->mutable_progress_report()->set_text("half done");
       }},
      {"report_hazard", kNothing,
       [](S s, Op op) {
         op.mutable_report_hazard()->set_hazard_id(NewId(op, "hazard"));
         v1::Hazard& hazard = *op.mutable_report_hazard()->mutable_hazard();
         hazard.set_risk_source(s.world.source);
         hazard.set_description("another crack");
         *hazard.mutable_found_at() = op.made_at();
       }},
  };
}

std::vector<Act> OrderActs() {
  using S = const Scene&;
  using Op = v1::Operation&;
  constexpr Needs kOrder = Needs::kOrder;
  return {
      {"propose_supervision", Needs::kNothing,
       [](S s, Op op) {
         op.mutable_propose_supervision()->set_order_id(NewId(op, "order"));
         op.mutable_propose_supervision()->set_hazard(s.hazard);
         op.mutable_propose_supervision()->set_level(v1::SUPERVISION_LEVEL_DISTRICT);
         op.mutable_propose_supervision()->set_reason("it hangs over a path");
       }},
      {"issue_order", kOrder,
       [](S s, Op op) {
         auto& command = OnOrder(s, op.mutable_issue_order());
         command.set_number("7");
         command.set_level(v1::SUPERVISION_LEVEL_CITY);
         command.set_signatory("the director");
         command.set_content("rectify and report");
         *command.mutable_plan_due() = DateOf(2017, 7, 20);
         *command.mutable_due_date() = DateOf(2017, 10, 31);
       }},
      {"sign_receipt", kOrder,
       [](S s, Op op) {
         auto& command = OnOrder(s, op.mutable_sign_receipt());
         command.set_received_by("the manager");
         *command.mutable_received_on() = DateOf(2017, 7, 3);
       }},
      {"file_plan", kOrder,
       [](S s, Op op) {
         auto& command = OnOrder(s, op.mutable_file_plan());
         command.set_plan_id(NewId(op, "plan"));
         FillPlan(*command.mutable_plan());
       }},
      {"apply_extension", kOrder,
       [](S s, Op op) {
         auto& command = OnOrder(s, op.mutable_apply_extension());
         command.set_extension_id(NewId(op, "extension"));
         command.set_reason("rain");
         command.set_interim_controls("the path is closed");
         *command.mutable_requested_until() = DateOf(2017, 12, 29);
       }},
      {"approve_extension", Needs::kExtension,
       [](S s, Op op) { OnOrder(s, op.mutable_approve_extension()).set_extension(s.extension); }},
      {"refuse_extension", Needs::kExtension,
       [](S s, Op op) {
         auto& command = OnOrder(s, op.mutable_refuse_extension());
         command.set_extension(s.extension);
         command.set_opinion("no reason to wait");
       }},
      {"apply_acceptance", kOrder, [](S s, Op op) { OnOrder(s, op.mutable_apply_acceptance()); }},
      {"pass_acceptance", kOrder,
       [](S s, Op op) { OnOrder(s, op.mutable_pass_acceptance()).set_opinion("done"); }},
      {"fail_acceptance", kOrder,
       [](S s, Op op) { OnOrder(s, op.mutable_fail_acceptance()).set_opinion("not done"); }},
      {"lift_tag", kOrder, [](S s, Op op) { OnOrder(s, op.mutable_lift_tag()); }},
      {"reinstate_tag", kOrder,
       [](S s, Op op) { OnOrder(s, op.mutable_reinstate_tag()).set_reason("it moved again"); }},
      {"transfer_order", kOrder, [](S s, Op op) { OnOrder(s, op.mutable_transfer_order()); }},
      {"record_publication", kOrder,
       [](S s, Op op) {
         op.mutable_record_publication()->set_order(s.order);
         *op.mutable_record_publication()->mutable_published_on() = DateOf(2017, 7, 2);
       }},
      {"edit_order_due_later", kOrder,
       [](S s, Op op) {
         op.mutable_edit_record()->set_record(s.order);
         op.mutable_edit_record()->mutable_update_mask()->add_paths("due_date");
         *op.mutable_edit_record()
              ->mutable_entity()
              ->mutable_supervision_order()
              ->mutable_due_date() = DateOf(2017, 11, 30);
       }},
      {"acknowledge_escalation", Needs::kNothing,
       [](S s, Op op) {
         op.mutable_acknowledge_escalation()->set_escalation(s.escalation);
         op.mutable_acknowledge_escalation()->set_text("we go there today");
       }},
      {"fire_escalation", Needs::kNothing,
       [](S s, Op op) {
         op.mutable_fire_escalation()->set_escalation_id(NewId(op, "escalation"));
         v1::Escalation& fired = *op.mutable_fire_escalation()->mutable_escalation();
         fired.set_item(s.hazard);
         fired.set_step(v1::ESCALATION_STEP_E4_OVERDUE);
         fired.set_due_version(absl::StrCat("2017-08-15@", op.id(), ":1"));
       }},
  };
}

std::vector<Act> RecordActs() {
  using S = const Scene&;
  using Op = v1::Operation&;
  constexpr Needs kNothing = Needs::kNothing;
  return {
      {"edit_grade_major", kNothing,
       [](S s, Op op) { EditHazard(s, op, "grade").set_grade(v1::HAZARD_GRADE_MAJOR); }},
      {"edit_grade_general", kNothing,
       [](S s, Op op) { EditHazard(s, op, "grade").set_grade(v1::HAZARD_GRADE_GENERAL); }},
      {"edit_due_earlier", kNothing,
       [](S s, Op op) { *EditHazard(s, op, "due_date").mutable_due_date() = DateOf(2017, 7, 10); }},
      {"edit_due_later", kNothing,
       [](S s, Op op) { *EditHazard(s, op, "due_date").mutable_due_date() = DateOf(2017, 12, 1); }},
      {"clear_due", kNothing, [](S s, Op op) { EditHazard(s, op, "due_date"); }},
      {"edit_description", kNothing,
       [](S s, Op op) {
         EditHazard(s, op, "description").set_description(absl::StrCat("seen by ", op.person()));
       }},
      {"suspend_fully", kNothing,
       [](S s, Op op) { EditHazard(s, op, "suspension").set_suspension(v1::SUSPENSION_FULL); }},
      {"edit_unit", kNothing,
       [](S s, Op op) {
         EditHazard(s, op, "responsible_unit").set_responsible_unit(s.world.other_unit);
       }},
      {"add_photo", kNothing,
       [](S s, Op op) { AddPhoto("", op, *EditHazard(s, op, "photos").mutable_photos()); }},
      {"remove_photos", kNothing,
       [](S s, Op op) {
         EditHazard(s, op, "photos");
         *op.mutable_edit_record()->mutable_removed()->mutable_hazard()->mutable_photos() =
             s.world.Hazard(s.hazard).photos();
       }},
      {"settle_description", kNothing,
       [](S s, Op op) {
         v1::SettleConflict& command = *op.mutable_settle_conflict();
         command.set_record(s.hazard);
         command.set_field("description");
         command.mutable_value()->mutable_hazard()->set_description("a crack, as both saw it");
       }},
      {"withdraw_verification", kNothing,
       [](S s, Op op) {
         op.mutable_withdraw_record()->set_record(s.verification);
         op.mutable_withdraw_record()->set_reason("of another hazard");
       }},
      {"create_plan", kNothing,
       [](S s, Op op) {
         op.mutable_create_record()->set_record(NewId(op, "plan"));
         v1::RectificationPlan& plan =
             *op.mutable_create_record()->mutable_entity()->mutable_rectification_plan();
         plan.set_hazard(s.hazard);
         FillPlan(plan);
       }},
      {"create_explanation", kNothing,
       [](S s, Op op) {
         op.mutable_create_record()->set_record(NewId(op, "explanation"));
         v1::Explanation& explanation =
             *op.mutable_create_record()->mutable_entity()->mutable_explanation();
         explanation.set_hazard(s.hazard);
         explanation.set_text("the contractor left");
       }},
  };
}

}  // namespace

const std::vector<Act>& Acts() {
  static const std::vector<Act> acts = [] {
    std::vector<Act> all = HazardActs();
    for (Act& act : OrderActs()) all.push_back(std::move(act));
    for (Act& act : RecordActs()) all.push_back(std::move(act));
    return all;
  }();
  return acts;
}

}  // namespace vigil::testing
