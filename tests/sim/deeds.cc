#include "tests/sim/deeds.h"

#include <array>

#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "tests/sim/deeds_internal.h"

namespace vigil::sim {
namespace internal {
namespace {

Made Report(DeedContext& c) {
  const auto source = AnyOf(c, "risk_source");
  if (!source) return std::nullopt;
  v1::Operation operation;
  v1::ReportHazard& report = *operation.mutable_report_hazard();
  report.set_hazard_id(c.new_id());
  v1::Hazard& hazard = *report.mutable_hazard();
  hazard.set_risk_source(source->id());
  hazard.set_description(Words(c, "crack"));
  if (c.random.Chance(0.5)) hazard.set_grade(v1::HAZARD_GRADE_GENERAL);
  *hazard.mutable_found_at() = Stamp(c.now);
  return operation;
}

Made Reading(DeedContext& c) {
  const auto source = AnyOf(c, "risk_source");
  if (!source) return std::nullopt;
  v1::Operation operation;
  v1::CreateRecord& create = *operation.mutable_create_record();
  create.set_record(c.new_id());
  v1::Reading& reading = *create.mutable_entity()->mutable_reading();
  reading.set_risk_source(source->id());
  reading.set_monitoring_point("M-1");
  reading.set_kind("displacement");
  reading.set_value(static_cast<double>(c.random.Below(100)));
  *reading.mutable_measured_at() = Stamp(c.now);
  return operation;
}

Made Inspect(DeedContext& c) {
  const auto source = AnyOf(c, "risk_source");
  if (!source) return std::nullopt;
  v1::Operation operation;
  v1::CreateRecord& create = *operation.mutable_create_record();
  create.set_record(c.new_id());
  v1::Inspection& inspection = *create.mutable_entity()->mutable_inspection();
  inspection.set_risk_source(source->id());
  *inspection.mutable_started_at() = Stamp(c.now);
  inspection.set_remark(Words(c, "looked at"));
  return operation;
}

// A mistake in a reading is corrected by a new one that withdraws it.
Made Withdraw(DeedContext& c) {
  const auto reading = PickWhere(
      c, "reading", [](const v1::Record& record) { return record.withdrawn_by().empty(); });
  if (!reading) return std::nullopt;
  v1::Operation operation;
  v1::WithdrawRecord& withdraw = *operation.mutable_withdraw_record();
  withdraw.set_record(reading->id());
  withdraw.set_reason("misread");
  if (c.random.Chance(0.5)) {
    withdraw.set_replacement_id(c.new_id());
    *withdraw.mutable_replacement() = reading->entity();
    withdraw.mutable_replacement()->mutable_reading()->set_value(1);
  }
  return operation;
}

v1::Operation Edit(const v1::Record& record, std::string_view field) {
  v1::Operation operation;
  operation.mutable_edit_record()->set_record(record.id());
  operation.mutable_edit_record()->mutable_update_mask()->add_paths(std::string(field));
  return operation;
}

Made EditHazard(Deed deed, DeedContext& c) {
  const auto hazard = AnyOf(c, "hazard");
  if (!hazard) return std::nullopt;
  v1::Entity entity;
  v1::Hazard& body = *entity.mutable_hazard();
  v1::Operation operation;
  switch (deed) {
    case Deed::kDescribe:
      operation = Edit(*hazard, "description");
      body.set_description(Words(c, "wide"));
      break;
    case Deed::kCategory:
      operation = Edit(*hazard, "category");
      if (c.random.Chance(0.8)) body.set_category(Words(c, "slope"));
      break;
    case Deed::kControls:
      operation = Edit(*hazard, "interim_controls");
      body.set_interim_controls(Words(c, "fence"));
      break;
    case Deed::kGrade:
      operation = Edit(*hazard, "grade");
      body.set_grade(c.random.Chance(0.6) ? v1::HAZARD_GRADE_MAJOR : v1::HAZARD_GRADE_GENERAL);
      break;
    case Deed::kDueDate:
      operation = Edit(*hazard, "due_date");
      *body.mutable_due_date() = DayFrom(c.now, static_cast<std::int64_t>(c.random.Below(40)) - 2);
      break;
    default:
      operation = Edit(*hazard, "suspension");
      body.set_suspension(static_cast<v1::Suspension>(1 + c.random.Below(3)));
  }
  *operation.mutable_edit_record()->mutable_entity() = std::move(entity);
  return operation;
}

Made Photos(DeedContext& c) {
  const auto hazard = AnyOf(c, "hazard");
  if (!hazard) return std::nullopt;
  v1::Operation operation = Edit(*hazard, "photos");
  v1::EditRecord& edit = *operation.mutable_edit_record();
  const auto& photos = hazard->entity().hazard().photos();
  edit.mutable_entity()->mutable_hazard();
  const bool removes = !photos.empty() && c.random.Chance(0.4);
  if (removes) {
    *edit.mutable_removed()->mutable_hazard()->add_photos() =
        photos[static_cast<int>(c.random.Below(static_cast<std::uint64_t>(photos.size())))];
  } else {
    *edit.mutable_entity()->mutable_hazard()->add_photos() = Photo(c, "site");
  }
  return operation;
}

Made Confirm(DeedContext& c) {
  const auto hazard = HazardIn(c, {v1::HAZARD_STATUS_REPORTED});
  if (!hazard) return std::nullopt;
  v1::Operation operation;
  v1::ConfirmHazard& confirm = *operation.mutable_confirm_hazard();
  confirm.set_hazard(hazard->id());
  confirm.set_from_status(hazard->entity().hazard().status());
  confirm.set_grade(c.random.Chance(0.3) ? v1::HAZARD_GRADE_MAJOR : v1::HAZARD_GRADE_GENERAL);
  confirm.set_responsible_unit(hazard->unit());
  *confirm.mutable_due_date() = DayFrom(c.now, static_cast<std::int64_t>(c.random.Below(30)));
  return operation;
}

Made Reject(DeedContext& c) {
  const auto hazard = HazardIn(c, {v1::HAZARD_STATUS_REPORTED});
  if (!hazard) return std::nullopt;
  v1::Operation operation;
  operation.mutable_reject_hazard()->set_hazard(hazard->id());
  operation.mutable_reject_hazard()->set_from_status(hazard->entity().hazard().status());
  operation.mutable_reject_hazard()->set_reason("no hazard");
  return operation;
}

Made MergeInto(DeedContext& c) {
  const auto hazard = HazardIn(c, {v1::HAZARD_STATUS_REPORTED});
  const auto into = AnyOf(c, "hazard");
  if (!hazard || !into) return std::nullopt;
  v1::Operation operation;
  operation.mutable_merge_hazard()->set_hazard(hazard->id());
  operation.mutable_merge_hazard()->set_from_status(hazard->entity().hazard().status());
  operation.mutable_merge_hazard()->set_into(into->id());
  return operation;
}

Made Accept(DeedContext& c) {
  const auto hazard = HazardIn(c, {v1::HAZARD_STATUS_CONFIRMED});
  if (!hazard) return std::nullopt;
  v1::Operation operation;
  v1::AcceptHazard& accept = *operation.mutable_accept_hazard();
  accept.set_hazard(hazard->id());
  accept.set_from_status(hazard->entity().hazard().status());
  if (c.random.Chance(0.5) || hazard->entity().hazard().grade() == v1::HAZARD_GRADE_MAJOR) {
    accept.set_plan_id(c.new_id());
    accept.mutable_plan()->set_hazard(hazard->id());
    FillPlan(c, *accept.mutable_plan());
  }
  return operation;
}

Made FixOnSpot(DeedContext& c) {
  const auto hazard = HazardIn(c, {v1::HAZARD_STATUS_CONFIRMED});
  if (!hazard) return std::nullopt;
  v1::Operation operation;
  v1::FixOnSpot& fix = *operation.mutable_fix_on_spot();
  fix.set_hazard(hazard->id());
  fix.set_from_status(hazard->entity().hazard().status());
  fix.set_rectification(Words(c, "filled"));
  *fix.add_photos() = Photo(c, "before");
  *fix.add_photos() = Photo(c, "after");
  return operation;
}

Made Submit(DeedContext& c) {
  const auto hazard = HazardIn(c, {v1::HAZARD_STATUS_RECTIFYING});
  if (!hazard) return std::nullopt;
  v1::Operation operation;
  v1::SubmitRectification& submit = *operation.mutable_submit_rectification();
  submit.set_hazard(hazard->id());
  submit.set_from_status(hazard->entity().hazard().status());
  submit.set_rectification(Words(c, "built"));
  *submit.add_photos() = Photo(c, "done");
  return operation;
}

Made Verify(DeedContext& c) {
  const auto hazard = HazardIn(c, {v1::HAZARD_STATUS_SUBMITTED});
  if (!hazard) return std::nullopt;
  v1::Operation operation;
  v1::VerifyHazard& verify = *operation.mutable_verify_hazard();
  verify.set_hazard(hazard->id());
  verify.set_from_status(hazard->entity().hazard().status());
  verify.set_verification_id(c.new_id());
  verify.set_kind(v1::VERIFICATION_KIND_GOVERNMENT);
  const bool passed = c.random.Chance(0.75);
  verify.set_result(passed ? v1::VERIFICATION_RESULT_PASSED : v1::VERIFICATION_RESULT_FAILED);
  if (!passed) verify.set_opinion("still loose");
  return operation;
}

Made Recur(DeedContext& c) {
  const auto hazard = HazardIn(c, {v1::HAZARD_STATUS_VERIFIED, v1::HAZARD_STATUS_SUBMITTED});
  if (!hazard) return std::nullopt;
  v1::Operation operation;
  v1::ReportRecurrence& recur = *operation.mutable_report_recurrence();
  recur.set_hazard(hazard->id());
  recur.set_from_status(hazard->entity().hazard().status());
  recur.set_recurrence_id(c.new_id());
  recur.set_description(Words(c, "loose again"));
  return operation;
}

Made Progress(DeedContext& c) {
  const auto hazard = AnyOf(c, "hazard");
  if (!hazard) return std::nullopt;
  v1::Operation operation;
  operation.mutable_report_progress()->set_progress_report_id(c.new_id());
  v1::ProgressReport& report = *operation.mutable_report_progress()->mutable_progress_report();
  report.set_hazard(hazard->id());
  report.set_text(Words(c, "dug"));
  report.set_percent(static_cast<std::int32_t>(c.random.Below(101)));
  return operation;
}

// One of the values is chosen.
Made Settle(DeedContext& c) {
  std::vector<v1::Record> records;
  for (const std::string_view kind : {"hazard", "supervision_order", "transfer"}) {
    for (v1::Record& record : c.sight.Records(kind)) {
      if (!rules::ConflictsOf(record).empty()) records.push_back(std::move(record));
    }
  }
  const v1::Record* record = Pick(c, records);
  if (record == nullptr) return std::nullopt;
  const auto conflicts = rules::ConflictsOf(*record);
  const rules::FieldInfo& field = *conflicts[c.random.Below(conflicts.size())];
  const auto writes = rules::LiveWrites(*record, field);
  const v1::Write& chosen = writes[c.random.Below(writes.size())];
  v1::Operation operation;
  v1::SettleConflict& settle = *operation.mutable_settle_conflict();
  settle.set_record(record->id());
  settle.set_field(field.name());
  settle.set_reason("looked again");
  google::protobuf::Message& body =
      rules::MutableBodyOf(*settle.mutable_value(), *rules::InfoOf(*record));
  (void)rules::SetFieldBytes(field, chosen.value(), body);
  return operation;
}

using Maker = Made (*)(DeedContext&);
template <Deed deed>
Made EditOf(DeedContext& c) {
  return EditHazard(deed, c);
}

struct Row {
  std::string_view name;
  Maker make;
};

// In the order of Deed.
constexpr std::array<Row, kDeeds> kRows = {{
    {"report", &Report},
    {"reading", &Reading},
    {"inspect", &Inspect},
    {"describe", &EditOf<Deed::kDescribe>},
    {"category", &EditOf<Deed::kCategory>},
    {"controls", &EditOf<Deed::kControls>},
    {"grade", &EditOf<Deed::kGrade>},
    {"due-date", &EditOf<Deed::kDueDate>},
    {"suspend", &EditOf<Deed::kSuspend>},
    {"photos", &Photos},
    {"confirm", &Confirm},
    {"reject", &Reject},
    {"merge-into", &MergeInto},
    {"accept", &Accept},
    {"fix-on-spot", &FixOnSpot},
    {"submit", &Submit},
    {"verify", &Verify},
    {"recur", &Recur},
    {"progress", &Progress},
    {"withdraw", &Withdraw},
    {"propose-transfer", &ProposeTransfer},
    {"decide-transfer", &DecideTransfer},
    {"propose-order", &ProposeOrder},
    {"issue-order", &IssueOrder},
    {"receive-order", &ReceiveOrder},
    {"file-plan", &FilePlan},
    {"apply-acceptance", &ApplyAcceptance},
    {"decide-acceptance", &DecideAcceptance},
    {"lift-tag", &LiftTag},
    {"reinstate-tag", &ReinstateTag},
    {"settle", &Settle},
}};

}  // namespace
}  // namespace internal

std::string_view NameOf(Deed deed) { return internal::kRows[static_cast<std::size_t>(deed)].name; }

std::optional<v1::Operation> MakeDeed(Deed deed, DeedContext& context) {
  return internal::kRows[static_cast<std::size_t>(deed)].make(context);
}

}  // namespace vigil::sim
