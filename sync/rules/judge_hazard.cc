#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/status.h"
#include "sync/rules/judge_internal.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"

// The events of a hazard's life, with their guards.

namespace vigil::rules::internal {
namespace {

using H = v1::Hazard;

absl::StatusOr<const v1::Record*> SeenHazard(Case& judged, const std::string& id) {
  return judged.Seen(id, "hazard");
}

const v1::Hazard& Body(const v1::Record* hazard) { return hazard->entity().hazard(); }

google::protobuf::Timestamp Now(Case& judged) {
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(
      absl::ToUnixMillis(judged.world().ObservedAt()));
}

absl::Status ReportHazard(Case& judged) {
  const v1::ReportHazard& command = judged.operation().report_hazard();
  const EntityInfo& info = *Schema::Get().FindEntity("hazard");
  VIGIL_RETURN_IF_ERROR(ValidateNewBody(info, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.CheckReferences(info, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.hazard_id()));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* source,
                         judged.world().Current(command.hazard().risk_source()));
  if (source != nullptr) VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*source));
  v1::Hazard hazard = command.hazard();
  hazard.set_status(v1::HAZARD_STATUS_REPORTED);
  judged.Create(command.hazard_id(), "hazard", "", hazard);
  judged.decision().needs_number = command.hazard_id();
  return absl::OkStatus();
}

// Anybody may raise a grade, only the safety office lowers it, in a confirmation too.
absl::Status CheckLowering(Case& judged, const v1::Record& hazard, v1::HazardGrade grade) {
  if (RankOf(grade) >= RankOf(Body(&hazard).grade())) return absl::OkStatus();
  google::protobuf::RepeatedField<int> office;
  office.Add(v1::ROLE_SAFETY_OFFICE);
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, judged.ScopeOf(hazard));
  return judged.RequireAuthorityOver(unit, office);
}

absl::Status ConfirmHazard(Case& judged) {
  const v1::ConfirmHazard& command = judged.operation().confirm_hazard();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  VIGIL_RETURN_IF_ERROR(judged.HazardEvent(*hazard, command.from_status(), Event::kConfirm));
  // Grade, unit and due date are decided together. What the command leaves as it was is written
  // too: a finder who changes it without having seen the decision then stands beside it.
  v1::Hazard changes;
  changes.set_grade(command.grade() == v1::HAZARD_GRADE_UNSPECIFIED ? Body(hazard).grade()
                                                                    : command.grade());
  changes.set_responsible_unit(command.responsible_unit().empty() ? Body(hazard).responsible_unit()
                                                                  : command.responsible_unit());
  *changes.mutable_due_date() =
      command.has_due_date() ? command.due_date() : Body(hazard).due_date();
  *changes.mutable_confirmed_at() = Now(judged);
  if (changes.grade() == v1::HAZARD_GRADE_UNSPECIFIED) {
    return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, "a confirmed hazard needs a grade")
        .With("field", "grade");
  }
  if (changes.responsible_unit().empty()) {
    return Refuse(v1::REASON_UNIT_REQUIRED, "a confirmed hazard needs a responsible unit")
        .With("field", "responsible_unit");
  }
  if (changes.due_date().year() == 0) {
    return Refuse(v1::REASON_DUE_DATE_REQUIRED, "a confirmed hazard needs a due date")
        .With("field", "due_date");
  }
  VIGIL_RETURN_IF_ERROR(judged.CheckReference(changes.responsible_unit(), "org_unit"));
  VIGIL_RETURN_IF_ERROR(CheckLowering(judged, *hazard, changes.grade()));
  judged.Write(*hazard, changes,
               {H::kGradeFieldNumber, H::kResponsibleUnitFieldNumber, H::kDueDateFieldNumber,
                H::kConfirmedAtFieldNumber});
  if (!command.supervising_unit().empty()) {
    VIGIL_RETURN_IF_ERROR(judged.CheckReference(command.supervising_unit(), "org_unit"));
    changes.set_supervising_unit(command.supervising_unit());
    judged.Write(*hazard, changes, {H::kSupervisingUnitFieldNumber});
  }
  return absl::OkStatus();
}

absl::Status RejectHazard(Case& judged) {
  const v1::RejectHazard& command = judged.operation().reject_hazard();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  VIGIL_RETURN_IF_ERROR(RequireText(command.reason(), v1::REASON_REASON_REQUIRED, "reason"));
  VIGIL_RETURN_IF_ERROR(judged.HazardEvent(*hazard, command.from_status(), Event::kReject));
  v1::Hazard changes;
  changes.set_rejection_reason(command.reason());
  judged.Write(*hazard, changes, {H::kRejectionReasonFieldNumber});
  return absl::OkStatus();
}

absl::Status MergeHazard(Case& judged) {
  const v1::MergeHazard& command = judged.operation().merge_hazard();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  if (command.into() == command.hazard()) {
    return Refuse(v1::REASON_MERGE_CYCLE, "a hazard cannot duplicate itself").With("field", "into");
  }
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* target, SeenHazard(judged, command.into()));
  if (Body(target).status() == v1::HAZARD_STATUS_REJECTED ||
      Body(target).status() == v1::HAZARD_STATUS_MERGED) {
    return Refuse(v1::REASON_HAZARD_FINISHED,
                  "the other hazard is itself rejected or a duplicate; name the one that is open")
        .With("record", command.into());
  }
  VIGIL_RETURN_IF_ERROR(judged.HazardEvent(*hazard, command.from_status(), Event::kMerge));
  v1::Hazard changes;
  changes.set_merged_into(command.into());
  judged.Write(*hazard, changes, {H::kMergedIntoFieldNumber});
  return absl::OkStatus();
}

absl::Status AcceptHazard(Case& judged) {
  const v1::AcceptHazard& command = judged.operation().accept_hazard();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  VIGIL_RETURN_IF_ERROR(judged.HazardEvent(*hazard, command.from_status(), Event::kAccept));
  return judged
      .TakePlan({.plan_id = command.plan_id(),
                 .plan = command.has_plan() ? &command.plan() : nullptr,
                 .existing = command.existing_plan(),
                 .hazard = hazard->id(),
                 .must_be_complete = Body(hazard).grade() == v1::HAZARD_GRADE_MAJOR})
      .status();
}

template <typename Photos>
bool HasCaption(const Photos& photos, std::string_view caption) {
  return std::any_of(photos.begin(), photos.end(),
                     [&](const v1::Evidence& photo) { return photo.caption() == caption; });
}

// What a rectification leaves in the hazard, whichever command brings it.
void WriteRectification(Case& judged, const v1::Record& hazard, const std::string& text,
                        const google::protobuf::RepeatedPtrField<v1::Evidence>& photos) {
  v1::Hazard changes;
  changes.set_rectification(text);
  changes.set_rectified_by(judged.author().person);
  *changes.mutable_rectified_at() = Now(judged);
  *changes.mutable_photos() = photos;
  judged.Write(
      hazard, changes,
      {H::kRectificationFieldNumber, H::kRectifiedByFieldNumber, H::kRectifiedAtFieldNumber});
  if (!photos.empty()) judged.Write(hazard, changes, {H::kPhotosFieldNumber});
}

absl::Status FixOnSpot(Case& judged) {
  const v1::FixOnSpot& command = judged.operation().fix_on_spot();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  VIGIL_RETURN_IF_ERROR(judged.HazardEvent(*hazard, command.from_status(), Event::kFixOnSpot));
  if (Body(hazard).grade() != v1::HAZARD_GRADE_GENERAL) {
    return Refuse(v1::REASON_GRADE_TOO_GRAVE,
                  "only a general hazard is fixed on the spot; this one needs a plan")
        .With("record", hazard->id());
  }
  for (const std::string_view caption : {"before", "after"}) {
    if (!HasCaption(command.photos(), caption) && !HasCaption(Body(hazard).photos(), caption)) {
      return Refuse(v1::REASON_EVIDENCE_REQUIRED,
                    "fixing on the spot needs a photo from before and one from after")
          .With("caption", caption);
    }
  }
  WriteRectification(judged, *hazard, command.rectification(), command.photos());
  return absl::OkStatus();
}

absl::Status SubmitRectification(Case& judged) {
  const v1::SubmitRectification& command = judged.operation().submit_rectification();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  VIGIL_RETURN_IF_ERROR(judged.HazardEvent(*hazard, command.from_status(), Event::kSubmit));
  if (command.photos().empty()) {
    return Refuse(v1::REASON_EVIDENCE_REQUIRED,
                  "a rectification is submitted with at least one photo or document");
  }
  WriteRectification(judged, *hazard, command.rectification(), command.photos());
  return absl::OkStatus();
}

// Whoever rectified does not verify, neither as author nor among those named.
absl::Status CheckNotRectifier(Case& judged, const v1::Record& hazard,
                               const v1::VerifyHazard& command) {
  const FieldInfo& field = *InfoOf(hazard)->Find(H::kRectifiedByFieldNumber);
  bool may = true;
  // Of two who submitted the same rectification neither verifies it.
  for (const v1::Write& write : LiveWrites(hazard, field)) {
    v1::Hazard body;
    if (!body.ParseFromString(write.value()) || body.rectified_by().empty()) continue;
    const bool named = std::find(command.verifiers().begin(), command.verifiers().end(),
                                 body.rectified_by()) != command.verifiers().end();
    may = may && !named && body.rectified_by() != judged.author().person;
  }
  if (may) return absl::OkStatus();
  return Refuse(v1::REASON_RECTIFIER_MAY_NOT_VERIFY,
                "whoever rectified a hazard does not verify it; somebody else must")
      .With("record", hazard.id());
}

absl::Status VerifyHazard(Case& judged) {
  const v1::VerifyHazard& command = judged.operation().verify_hazard();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, command.hazard()));
  if (command.kind() == v1::VERIFICATION_KIND_UNSPECIFIED ||
      command.result() == v1::VERIFICATION_RESULT_UNSPECIFIED) {
    return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, "say who verifies and with what result")
        .With("field", "kind, result");
  }
  const bool self = command.kind() == v1::VERIFICATION_KIND_SELF;
  google::protobuf::RepeatedField<int> roles;
  roles.Add(self ? v1::ROLE_RESPONSIBLE_UNIT : v1::ROLE_VERIFIER);
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, judged.ScopeOf(*hazard));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthorityOver(unit, roles));
  const bool passed = command.result() == v1::VERIFICATION_RESULT_PASSED;
  if (!passed) {
    VIGIL_RETURN_IF_ERROR(RequireText(command.opinion(), v1::REASON_REASON_REQUIRED, "opinion"));
  }
  if (!self) {
    VIGIL_RETURN_IF_ERROR(judged.HazardEvent(*hazard, command.from_status(),
                                             passed ? Event::kVerifyPassed : Event::kVerifyFailed));
    VIGIL_RETURN_IF_ERROR(CheckNotRectifier(judged, *hazard, command));
    if (passed) {
      v1::Hazard changes;
      *changes.mutable_verified_at() = Now(judged);
      judged.Write(*hazard, changes, {H::kVerifiedAtFieldNumber});
    }
  }
  VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.verification_id()));
  v1::Verification verification;
  verification.set_hazard(hazard->id());
  verification.set_kind(command.kind());
  verification.set_result(command.result());
  verification.set_opinion(command.opinion());
  *verification.mutable_photos() = command.photos();
  verification.add_verifiers(judged.author().person);
  verification.mutable_verifiers()->MergeFrom(command.verifiers());
  *verification.mutable_verified_at() = Now(judged);
  VIGIL_RETURN_IF_ERROR(
      judged.CheckReferences(*Schema::Get().FindEntity("verification"), verification));
  judged.Create(command.verification_id(), "verification", hazard->id(), verification);
  return absl::OkStatus();
}

absl::Status ReportRecurrence(Case& judged) {
  const v1::ReportRecurrence& command = judged.operation().report_recurrence();
  absl::StatusOr<const v1::Record*> hazard = SeenHazard(judged, command.hazard());
  // A fact is taken in from somebody who was never shown the hazard, too.
  const bool unseen = !hazard.ok() && ReasonOf(hazard.status()) == v1::REASON_NOT_SEEN;
  if (unseen) hazard = judged.world().Current(command.hazard());
  VIGIL_RETURN_IF_ERROR(hazard);
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(**hazard));
  VIGIL_RETURN_IF_ERROR(
      RequireText(command.description(), v1::REASON_REQUIRED_FIELD_MISSING, "description"));
  // Whatever the status; one that is open already, or that nobody was shown, it does not move.
  if (!unseen && Find(Body(*hazard).status(), Event::kRecur) != nullptr) {
    VIGIL_RETURN_IF_ERROR(
        judged.HazardEvent(**hazard, v1::HAZARD_STATUS_UNSPECIFIED, Event::kRecur));
  }
  VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.recurrence_id()));
  v1::Recurrence recurrence;
  recurrence.set_hazard(command.hazard());
  recurrence.set_description(command.description());
  *recurrence.mutable_observed_at() =
      command.has_observed_at() ? command.observed_at() : Now(judged);
  if (command.has_position()) *recurrence.mutable_position() = command.position();
  *recurrence.mutable_photos() = command.photos();
  judged.Create(command.recurrence_id(), "recurrence", command.hazard(), recurrence);
  return absl::OkStatus();
}

absl::Status ProposeTransfer(Case& judged) {
  const v1::ProposeTransfer& command = judged.operation().propose_transfer();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  VIGIL_RETURN_IF_ERROR(RequireText(command.basis(), v1::REASON_REASON_REQUIRED, "basis"));
  VIGIL_RETURN_IF_ERROR(judged.CheckReference(command.to_unit(), "org_unit"));
  VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.transfer_id()));
  VIGIL_RETURN_IF_ERROR(
      judged.HazardEvent(*hazard, command.from_status(), Event::kProposeTransfer));
  VIGIL_ASSIGN_OR_RETURN(const std::string from_unit, judged.ScopeOf(*hazard));
  if (command.to_unit() == from_unit) {
    return Refuse(v1::REASON_INVALID_VALUE, "the hazard is this unit's already")
        .With("field", "to_unit");
  }
  v1::Transfer transfer;
  transfer.set_hazard(hazard->id());
  if (!from_unit.empty()) transfer.set_from_unit(from_unit);
  transfer.set_to_unit(command.to_unit());
  transfer.set_basis(command.basis());
  *transfer.mutable_handed_over_at() = Now(judged);
  transfer.set_status(v1::TRANSFER_STATUS_PROPOSED);
  transfer.set_status_before(Body(hazard).status());
  judged.Create(command.transfer_id(), "transfer", hazard->id(), transfer);
  return absl::OkStatus();
}

struct TransferDecision {
  std::string hazard;
  std::string transfer;
  v1::HazardStatus from_status = v1::HAZARD_STATUS_UNSPECIFIED;
  bool accepted = false;
  std::string reason;
};

// The receiver's authority counts over the unit that receives, not the one that gives away.
absl::Status DecideTransfer(Case& judged, const TransferDecision& decision) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, decision.hazard));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* transfer, judged.Seen(decision.transfer, "transfer"));
  const v1::Transfer& body = transfer->entity().transfer();
  if (body.hazard() != hazard->id()) {
    return Refuse(v1::REASON_WRONG_ENTITY, "this transfer is another hazard's");
  }
  VIGIL_RETURN_IF_ERROR(
      judged.RequireAuthorityOver(body.to_unit(), judged.command().rules.roles()));
  if (body.status() != v1::TRANSFER_STATUS_PROPOSED) {
    return Refuse(v1::REASON_EVENT_NOT_ALLOWED, "this transfer is decided already")
        .With("record", transfer->id());
  }
  VIGIL_RETURN_IF_ERROR(judged.HazardEvent(
      *hazard, decision.from_status,
      decision.accepted ? Event::kAcceptTransfer : Event::kRefuseTransfer, body.status_before()));
  v1::Transfer changes;
  changes.set_status(decision.accepted ? v1::TRANSFER_STATUS_ACCEPTED
                                       : v1::TRANSFER_STATUS_REFUSED);
  *changes.mutable_decided_at() = Now(judged);
  changes.set_refusal_reason(decision.reason);
  judged.Write(*transfer, changes,
               {v1::Transfer::kStatusFieldNumber, v1::Transfer::kDecidedAtFieldNumber});
  if (!decision.accepted) {
    judged.Write(*transfer, changes, {v1::Transfer::kRefusalReasonFieldNumber});
    return absl::OkStatus();
  }
  v1::Hazard moved;
  moved.set_responsible_unit(body.to_unit());
  judged.Write(*hazard, moved, {H::kResponsibleUnitFieldNumber});
  return absl::OkStatus();
}

absl::Status AcceptTransfer(Case& judged) {
  const v1::AcceptTransfer& command = judged.operation().accept_transfer();
  return DecideTransfer(judged, {.hazard = command.hazard(),
                                 .transfer = command.transfer(),
                                 .from_status = command.from_status(),
                                 .accepted = true,
                                 .reason = ""});
}

absl::Status RefuseTransfer(Case& judged) {
  const v1::RefuseTransfer& command = judged.operation().refuse_transfer();
  VIGIL_RETURN_IF_ERROR(RequireText(command.reason(), v1::REASON_REASON_REQUIRED, "reason"));
  return DecideTransfer(judged, {.hazard = command.hazard(),
                                 .transfer = command.transfer(),
                                 .from_status = command.from_status(),
                                 .accepted = false,
                                 .reason = command.reason()});
}

// Whoever verified it knew of every suspension that stands. Nobody says what an imported one knew,
// but that the hazard came with its suspension.
bool KnewOfSuspension(const v1::Record& verification, const v1::Record& hazard) {
  const EntityInfo& info = *InfoOf(hazard);
  const std::vector<v1::Write> trail = StatusTrail(hazard, *info.status_field);
  const auto verified = std::find_if(trail.begin(), trail.end(), [&](const v1::Write& write) {
    return SameStamp(write.stamp(), verification.made_by());
  });
  const std::vector<v1::Write> standing = LiveWrites(hazard, *info.Find(H::kSuspensionFieldNumber));
  return std::all_of(standing.begin(), standing.end(), [&](const v1::Write& suspension) {
    return verified == trail.end() ? SameStamp(suspension.stamp(), hazard.made_by())
                                   : Knew(verified->stamp(), suspension.stamp());
  });
}

absl::Status ResumeWork(Case& judged) {
  const v1::ResumeWork& command = judged.operation().resume_work();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, SeenHazard(judged, command.hazard()));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record,
                         judged.Seen(command.verification(), "verification"));
  const v1::Verification& verification = record->entity().verification();
  if (verification.hazard() != hazard->id() || !record->withdrawn_by().empty() ||
      verification.kind() == v1::VERIFICATION_KIND_SELF ||
      verification.result() != v1::VERIFICATION_RESULT_PASSED) {
    return Refuse(v1::REASON_SUSPENSION_NEEDS_VERIFICATION,
                  "work resumes only after a verification of this hazard that passed");
  }
  if (Body(hazard).status() != v1::HAZARD_STATUS_VERIFIED || !KnewOfSuspension(*record, *hazard)) {
    return Refuse(v1::REASON_SUSPENSION_NEEDS_VERIFICATION,
                  "the hazard came back or work was suspended after that verification; it is "
                  "verified again before work resumes");
  }
  v1::Hazard changes;
  changes.set_suspension(v1::SUSPENSION_NONE);
  judged.Write(*hazard, changes, {H::kSuspensionFieldNumber});
  return absl::OkStatus();
}

absl::Status ReportProgress(Case& judged) {
  const v1::ReportProgress& command = judged.operation().report_progress();
  const EntityInfo& info = *Schema::Get().FindEntity("progress_report");
  const v1::ProgressReport& report = command.progress_report();
  VIGIL_RETURN_IF_ERROR(ValidateNewBody(info, report));
  if (report.percent() < 0 || report.percent() > 100) {
    return Refuse(v1::REASON_INVALID_NUMBER, "progress is 0 to 100 per cent")
        .With("field", "percent");
  }
  VIGIL_RETURN_IF_ERROR(judged.CheckReferences(info, report));
  VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.progress_report_id()));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, judged.world().Current(report.hazard()));
  if (hazard != nullptr) VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  judged.Create(command.progress_report_id(), "progress_report", report.hazard(), report);
  return absl::OkStatus();
}

}  // namespace

absl::Status JudgeHazardCommand(Case& judged) {
  switch (judged.operation().command_case()) {
    case v1::Operation::kReportHazard:
      return ReportHazard(judged);
    case v1::Operation::kConfirmHazard:
      return ConfirmHazard(judged);
    case v1::Operation::kRejectHazard:
      return RejectHazard(judged);
    case v1::Operation::kMergeHazard:
      return MergeHazard(judged);
    case v1::Operation::kAcceptHazard:
      return AcceptHazard(judged);
    case v1::Operation::kFixOnSpot:
      return FixOnSpot(judged);
    case v1::Operation::kSubmitRectification:
      return SubmitRectification(judged);
    case v1::Operation::kVerifyHazard:
      return VerifyHazard(judged);
    case v1::Operation::kReportRecurrence:
      return ReportRecurrence(judged);
    case v1::Operation::kProposeTransfer:
      return ProposeTransfer(judged);
    case v1::Operation::kAcceptTransfer:
      return AcceptTransfer(judged);
    case v1::Operation::kRefuseTransfer:
      return RefuseTransfer(judged);
    case v1::Operation::kResumeWork:
      return ResumeWork(judged);
    case v1::Operation::kReportProgress:
      return ReportProgress(judged);
    default:
      return Refuse(v1::REASON_COMMAND_UNKNOWN, "no rule for this command");
  }
}

}  // namespace vigil::rules::internal
