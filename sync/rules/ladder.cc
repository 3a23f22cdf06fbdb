#include "sync/rules/ladder.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

namespace vigil::rules {
namespace {

constexpr int kWorkingDaysMax = 250;
constexpr int kDaysMax = 366;
// Raised when the same records and the same deadlines give other steps.
constexpr int kEdition = 2;

int KindOf(std::string_view kind) { return Schema::Get().FindEntity(kind)->number; }

v1::Stamp StampOf(const v1::Record& record, std::string_view field) {
  return StampInForce(record, *InfoOf(record)->Find(field));
}

// When it was imported, if it was.
std::optional<absl::Time> ImportedAt(const v1::Record& record) {
  const FieldInfo* field = InfoOf(record)->Find("imported_from");
  if (field == nullptr || FieldBytes(BodyOf(record.entity()), *field).empty()) return std::nullopt;
  return TimesOf(record.made_by()).received;
}

// Quarters since the year 0.
int QuarterOf(absl::CivilDay day) {
  return static_cast<int>(day.year()) * 4 + (day.month() - 1) / 3;
}

absl::CivilDay LastDayOf(int quarter) {
  return absl::CivilDay(absl::CivilMonth(quarter / 4, quarter % 4 * 3 + 1) + 3) - 1;
}

// Every value of the field that somebody set is one that a copy told.
bool IsByCopies(const v1::Record& record, std::string_view field) {
  const std::vector<v1::Write> writes = LiveWrites(record, *InfoOf(record)->Find(field));
  return std::all_of(writes.begin(), writes.end(), [](const v1::Write& write) {
    return write.value().empty() || write.stamp().witnessed();
  });
}

bool AreByCopies(const std::vector<const v1::Record*>& records, std::string_view field) {
  return std::all_of(records.begin(), records.end(),
                     [&](const v1::Record* record) { return IsByCopies(*record, field); });
}

// What a step waits for.
struct Wait {
  v1::Date date;
  std::string due_version;
  std::optional<absl::Time> imported_at;
  bool by_copies = false;
};

class Climb {
 public:
  Climb(const HazardRecords& records, const v1::HazardState& state, RecordSource& source,
        const LadderRules& rules)
      : records_(records), state_(state), source_(source), rules_(rules) {}

  absl::StatusOr<std::vector<LadderStep>> Run() {
    for (const v1::Record* order : records_.orders) {
      VIGIL_RETURN_IF_ERROR(TakeOrder(*order));
    }
    if (state_.status() == v1::HAZARD_STATUS_REPORTED && !state_.finished()) {
      Add(v1::ESCALATION_STEP_REPORT_UNCONFIRMED, *records_.hazard,
          SinceItsStatus(*records_.hazard));
    }
    VIGIL_RETURN_IF_ERROR(TakeTransfers());
    VIGIL_RETURN_IF_ERROR(TakeOverdue());
    return std::move(steps_);
  }

 private:
  v1::Date DateOf(const v1::Stamp& stamp) const {
    return DateAt(TimesOf(stamp).received, rules_.zone);
  }

  // The date that stands in a record since the field's write.
  static Wait On(const v1::Record& record, std::string_view field, const v1::Date& date) {
    const v1::Stamp stamp = StampOf(record, field);
    Wait wait{date, DueVersion(date, stamp), std::nullopt, IsByCopies(record, field)};
    if (SameStamp(stamp, record.made_by())) wait.imported_at = ImportedAt(record);
    return wait;
  }
  static Wait OfItsMaking(const v1::Record& record, const v1::Date& date) {
    return {date, DueVersion(date, record.made_by()), ImportedAt(record),
            record.made_by().witnessed()};
  }
  Wait SinceItsStatus(const v1::Record& record) const {
    return On(record, "status", DateOf(StampOf(record, "status")));
  }

  void Add(v1::EscalationStep step, const v1::Record& item, Wait wait) {
    const v1::Rung* rung = FindRung(rules_.deadlines->ladder, step);
    if (rung == nullptr || RankOf(state_.grade()) < RankOf(rung->grade_min())) return;
    const v1::Date date = rules_.deadlines->working_days.Add(wait.date, rung->working_days()).date;
    steps_.push_back({.step = step,
                      .item = item.id(),
                      .due_version = std::move(wait.due_version),
                      .day = ToDay(date) + rung->days(),
                      .imported_at = wait.imported_at,
                      .by_copies = wait.by_copies});
  }

  absl::Status TakeOrder(const v1::Record& order) {
    const v1::SupervisionOrder& body = order.entity().supervision_order();
    if (body.status() == v1::ORDER_STATUS_LIFTED && body.has_lifted_on() &&
        !body.has_published_on()) {
      Add(v1::ESCALATION_STEP_LIFTING_UNPUBLISHED, order, On(order, "lifted_on", body.lifted_on()));
    }
    if (!IsTagging(order, *records_.hazard) || state_.rectified()) return absl::OkStatus();
    const bool is_unserved = body.status() == v1::ORDER_STATUS_ISSUED;
    const bool is_unplanned = is_unserved || body.status() == v1::ORDER_STATUS_SERVED;
    const bool is_in_progress = body.status() == v1::ORDER_STATUS_IN_PROGRESS;
    const bool asks_for_more = body.status() == v1::ORDER_STATUS_EXTENSION_PENDING;
    if (is_unserved && body.has_issued_on()) {
      Add(v1::ESCALATION_STEP_ORDER_NOT_SERVED, order, On(order, "issued_on", body.issued_on()));
    }
    if (is_unplanned && body.has_plan_due()) {
      Add(v1::ESCALATION_STEP_E0_PLAN_DUE_MISSED, order, On(order, "plan_due", body.plan_due()));
    }
    if ((is_unplanned || is_in_progress) && body.has_due_date()) {
      const Wait due = On(order, "due_date", body.due_date());
      Add(v1::ESCALATION_STEP_E1_EXTENSION_WINDOW_CLOSING, order, due);
      Add(v1::ESCALATION_STEP_E2_EXTENSION_WINDOW_CLOSED, order, due);
    }
    if (is_in_progress || asks_for_more) VIGIL_RETURN_IF_ERROR(TakeQuarters(order));
    if (asks_for_more) TakeExtensions(order);
    if (body.status() == v1::ORDER_STATUS_ACCEPTANCE) {
      Add(v1::ESCALATION_STEP_ACCEPTANCE_UNDECIDED, order, SinceItsStatus(order));
    }
    return absl::OkStatus();
  }

  void TakeExtensions(const v1::Record& order) {
    for (const v1::Record* extension : records_.extensions) {
      const v1::Extension& body = extension->entity().extension();
      if (body.order() != order.id() || body.status() != v1::EXTENSION_STATUS_APPLIED) continue;
      Add(v1::ESCALATION_STEP_EXTENSION_UNDECIDED, order,
          OfItsMaking(*extension, DateOf(extension->made_by())));
    }
  }

  // The first day on which a report of progress was owed.
  absl::CivilDay InProgressSince(const v1::Record& order) const {
    const v1::SupervisionOrder& body = order.entity().supervision_order();
    std::optional<absl::CivilDay> since;
    for (const v1::Write& write : StatusTrail(order, *InfoOf(order)->status_field)) {
      v1::SupervisionOrder written;
      if (!written.ParseFromString(write.value()) ||
          written.status() != v1::ORDER_STATUS_IN_PROGRESS) {
        continue;
      }
      // Imported as such: it began when the order came.
      const bool is_import = SameStamp(write.stamp(), order.made_by()) && body.has_issued_on();
      const absl::CivilDay day = ToDay(is_import ? body.issued_on() : DateOf(write.stamp()));
      if (!since || day < *since) since = day;
    }
    return since.value_or(rules_.today);
  }

  absl::Status TakeQuarters(const v1::Record& order) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<const v1::Record*> reports,
                           source_.Children(records_.hazard->id(), KindOf("progress_report")));
    std::set<int> reported;
    for (const v1::Record* report : reports) {
      const v1::ProgressReport& body = report->entity().progress_report();
      if (!report->withdrawn_by().empty()) continue;
      if (!body.order().empty() && body.order() != order.id()) continue;
      reported.insert(QuarterOf(body.has_period_end()
                                    ? ToDay(body.period_end())
                                    : DayAt(TimesOf(report->made_by()).observed, rules_.zone)));
    }
    for (int quarter = QuarterOf(InProgressSince(order));; ++quarter) {
      if (reported.count(quarter) != 0) continue;
      Add(v1::ESCALATION_STEP_E3_PROGRESS_MISSING, order,
          OfItsMaking(order, ToDate(LastDayOf(quarter))));
      if (quarter >= QuarterOf(rules_.today)) return absl::OkStatus();
    }
  }

  absl::Status TakeTransfers() {
    if (state_.status() != v1::HAZARD_STATUS_TRANSFER_PENDING) return absl::OkStatus();
    VIGIL_ASSIGN_OR_RETURN(const std::vector<const v1::Record*> transfers,
                           source_.Children(records_.hazard->id(), KindOf("transfer")));
    for (const v1::Record* transfer : transfers) {
      if (transfer->entity().transfer().status() != v1::TRANSFER_STATUS_PROPOSED) continue;
      Add(v1::ESCALATION_STEP_TRANSFER_UNDECIDED, *transfer,
          OfItsMaking(*transfer, DateOf(transfer->made_by())));
    }
    return absl::OkStatus();
  }

  absl::Status TakeOverdue() {
    if (state_.finished() || state_.rectified() || state_.escalation_paused()) {
      return absl::OkStatus();
    }
    const v1::Record& hazard = *records_.hazard;
    const Wait due{state_.due_date(), state_.due_version(), DueImportedAt(), IsDueByCopies()};
    if (state_.has_due_date()) Add(v1::ESCALATION_STEP_E4_OVERDUE, hazard, due);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<const v1::Record*> letters,
                           source_.Children(hazard.id(), KindOf("supervision_letter")));
    VIGIL_ASSIGN_OR_RETURN(const std::vector<const v1::Record*> talks,
                           source_.Children(hazard.id(), KindOf("talk")));
    if (state_.has_due_date()) {
      VIGIL_ASSIGN_OR_RETURN(const bool is_explained, IsExplained());
      const bool has_letter = std::any_of(letters.begin(), letters.end(), [&](const auto* letter) {
        return IsSinceDue(letter->entity().supervision_letter().sent_on());
      });
      if (!is_explained && !has_letter) Add(v1::ESCALATION_STEP_E5_PROPOSE_LETTER, hazard, due);
      const bool has_talk = std::any_of(talks.begin(), talks.end(), [&](const auto* talk) {
        return IsSinceDue(talk->entity().talk().held_on());
      });
      if (!has_talk) Add(v1::ESCALATION_STEP_E7_PROPOSE_TALK, hazard, due);
    }
    for (const v1::Record* letter : letters) {
      const v1::SupervisionLetter& body = letter->entity().supervision_letter();
      if (!body.has_sent_on() || !body.has_limit() || body.has_answered_on()) continue;
      Add(v1::ESCALATION_STEP_E6_PROPOSE_CRITICISM, hazard, On(*letter, "limit", body.limit()));
    }
    for (const v1::Record* talk : talks) {
      const v1::Talk& body = talk->entity().talk();
      if (!body.has_measures_due() || body.has_done_on()) continue;
      Add(v1::ESCALATION_STEP_E8_PROPOSE_REPORT_UPWARD, hazard,
          On(*talk, "measures_due", body.measures_due()));
    }
    return absl::OkStatus();
  }

  // Not one of the dates that compete for being in force is the register's own.
  bool IsDueByCopies() const {
    return IsByCopies(*records_.hazard, "due_date") && AreByCopies(records_.orders, "due_date") &&
           AreByCopies(records_.duplicates, "due_date");
  }

  // When what gave the due date in force was imported with it.
  std::optional<absl::Time> DueImportedAt() const {
    const auto brought = [&](const v1::Record& record) {
      return absl::EndsWith(state_.due_version(), "@" + IdentityOf(record.made_by()))
                 ? ImportedAt(record)
                 : std::nullopt;
    };
    for (const v1::Record* order : records_.orders) {
      if (order->id() == state_.order()) return brought(*order);
    }
    return brought(*records_.hazard);
  }

  // On such a day, if there is one, the due date in force had come.
  bool IsSinceDue(const v1::Date& day) const {
    return day.year() != 0 && CompareDates(day, state_.due_date()) >= 0;
  }

  // The unit has explained itself since the due date.
  absl::StatusOr<bool> IsExplained() {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<const v1::Record*> explanations,
                           source_.Children(records_.hazard->id(), KindOf("explanation")));
    return std::any_of(
        explanations.begin(), explanations.end(), [&](const v1::Record* explanation) {
          return explanation->withdrawn_by().empty() && IsSinceDue(DateOf(explanation->made_by()));
        });
  }

  const HazardRecords& records_;
  const v1::HazardState& state_;
  RecordSource& source_;
  const LadderRules& rules_;
  std::vector<LadderStep> steps_;
};

std::optional<LadderFault> FindRungFault(const v1::Rung& rung, int number) {
  LadderFault fault;
  fault.rung = number;
  const auto in = [&](std::string field, std::string reason, int index = 0) {
    fault.field = std::move(field);
    fault.reason = std::move(reason);
    fault.index = index;
    return fault;
  };
  if (rung.step() == v1::ESCALATION_STEP_UNSPECIFIED) return in("step", "the step is missing");
  if (std::abs(rung.working_days()) > kWorkingDaysMax) {
    return in("working_days",
              absl::StrCat("working_days is ", rung.working_days(), "; it must be between -",
                           kWorkingDaysMax, " and ", kWorkingDaysMax));
  }
  if (rung.days() < 0 || rung.days() > kDaysMax) {
    return in("days",
              absl::StrCat("days is ", rung.days(), "; it must be between 0 and ", kDaysMax));
  }
  if (rung.tell().empty()) return in("tell", "nobody is told");
  for (int i = 0; i < rung.tell_size(); ++i) {
    if (rung.tell(i) == v1::ADDRESSEE_UNSPECIFIED) return in("tell", "nobody is told", i);
  }
  return std::nullopt;
}

}  // namespace

std::optional<LadderFault> FindFault(const v1::Ladder& ladder) {
  if (ladder.edition().empty()) {
    return LadderFault{.field = "edition", .reason = "the edition is missing"};
  }
  std::set<int> steps;
  for (int i = 0; i < ladder.rung_size(); ++i) {
    if (std::optional<LadderFault> fault = FindRungFault(ladder.rung(i), i)) return fault;
    if (!steps.insert(ladder.rung(i).step()).second) {
      return LadderFault{.rung = i, .field = "step", .reason = "the step has two rungs"};
    }
  }
  return std::nullopt;
}

v1::Ladder OverdueAlone() {
  v1::Ladder ladder;
  ladder.set_edition("overdue alone");
  v1::Rung& rung = *ladder.add_rung();
  rung.set_step(v1::ESCALATION_STEP_E4_OVERDUE);
  rung.set_days(1);
  rung.add_tell(v1::ADDRESSEE_DEPARTMENT);
  return ladder;
}

Sha256 FingerprintOf(const Deadlines& deadlines, std::string_view zone) {
  return Sha256Of(absl::StrCat(kEdition, "\n", ToAbsl(zone), "\n", CanonicalBytes(deadlines.ladder),
                               "\n", CanonicalBytes(deadlines.working_days.lists())));
}

const v1::Rung* FindRung(const v1::Ladder& ladder, v1::EscalationStep step) {
  const auto found = std::find_if(ladder.rung().begin(), ladder.rung().end(),
                                  [&](const v1::Rung& rung) { return rung.step() == step; });
  return found == ladder.rung().end() ? nullptr : &*found;
}

absl::StatusOr<std::vector<LadderStep>> StepsOfHazard(const HazardRecords& records,
                                                      const v1::HazardState& state,
                                                      RecordSource& source,
                                                      const LadderRules& rules) {
  return Climb(records, state, source, rules).Run();
}

absl::CivilDay InspectedOn(const v1::Record& inspection, const absl::TimeZone& zone) {
  const absl::Time began = FromMicros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(
      inspection.entity().inspection().started_at()));
  return DayAt(std::min(began, TimesOf(inspection.made_by()).observed), zone);
}

std::optional<absl::CivilDay> InspectionDueOn(const v1::Record& risk_source,
                                              const std::optional<absl::CivilDay>& inspected_on,
                                              const absl::TimeZone& zone) {
  const v1::RiskSource& body = risk_source.entity().risk_source();
  if (body.retired() || body.inspection_interval_days() <= 0) return std::nullopt;
  const absl::CivilDay begins = body.has_interval_starts_on()
                                    ? ToDay(body.interval_starts_on())
                                    : DayAt(TimesOf(risk_source.made_by()).received, zone);
  return inspected_on.value_or(begins) + body.inspection_interval_days();
}

std::optional<LadderStep> InspectionStep(const v1::Record& risk_source,
                                         const std::optional<absl::CivilDay>& inspected_on,
                                         const LadderRules& rules) {
  const v1::Rung* rung = FindRung(rules.deadlines->ladder, v1::ESCALATION_STEP_INSPECTION_OVERDUE);
  const std::optional<absl::CivilDay> day = InspectionDueOn(risk_source, inspected_on, rules.zone);
  if (rung == nullptr || !day) return std::nullopt;
  const v1::Date due = ToDate(*day);
  return LadderStep{
      .step = v1::ESCALATION_STEP_INSPECTION_OVERDUE,
      .item = risk_source.id(),
      .due_version = DueVersion(due, risk_source.made_by()),
      .day =
          ToDay(rules.deadlines->working_days.Add(due, rung->working_days()).date) + rung->days(),
      .imported_at = inspected_on ? std::nullopt : ImportedAt(risk_source)};
}

}  // namespace vigil::rules
