#include "tests/sim/waits.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/register/open_steps.h"
#include "sync/base/status.h"
#include "sync/rules/work_calendar.h"

namespace vigil::sim {
namespace {

// The clock has had its ticks by then.
constexpr absl::Duration kFiresWithin = absl::Minutes(15);
constexpr int kPageSize = 500;

struct Noted {
  std::optional<absl::Time> next_step_at;
  v1::Date inspected_on;
};

absl::StatusOr<Noted> NotedOf(const store::StoredRecord& record, store::Snapshot& snapshot) {
  if (record.kind == v1::Entity::kHazard) {
    VIGIL_ASSIGN_OR_RETURN(const auto row, snapshot.FindHazardProjection(record.id));
    return Noted{row ? row->next_step_at : std::nullopt, {}};
  }
  VIGIL_ASSIGN_OR_RETURN(const auto row, snapshot.FindRiskSourceProjection(record.id));
  return row ? Noted{row->next_step_at, row->inspected_on} : Noted{};
}

// By every inspection that stands.
absl::StatusOr<v1::Date> LastInspection(const Uuid& source, registry::WorkingSet& records,
                                        const absl::TimeZone& zone) {
  v1::Date last;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<registry::Entry*> inspections,
                         records.Children(source, v1::Entity::kInspection));
  for (const registry::Entry* inspection : inspections) {
    if (!inspection->record.withdrawn_by().empty()) continue;
    const v1::Date day = rules::ToDate(rules::InspectedOn(inspection->record, zone));
    if (last.year() == 0 || rules::CompareDates(day, last) > 0) last = day;
  }
  return last;
}

std::string TextOf(const std::optional<absl::Time>& time) {
  return time ? FormatInstant(*time) : "never";
}

}  // namespace

v1::Ladder EveryStep(int days) {
  v1::Ladder ladder;
  ladder.set_edition(absl::StrCat("after ", days));
  for (int step = v1::EscalationStep_MIN; step <= v1::EscalationStep_MAX; ++step) {
    if (!v1::EscalationStep_IsValid(step) || step == v1::ESCALATION_STEP_UNSPECIFIED) continue;
    v1::Rung& rung = *ladder.add_rung();
    rung.set_step(static_cast<v1::EscalationStep>(step));
    rung.set_days(days);
    rung.add_tell(v1::ADDRESSEE_RESPONSIBLE_UNIT);
  }
  return ladder;
}

void Waits::Check(Server& server) {
  const absl::Status status = [&]() -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, server.store().Read());
    registry::WorkingSet records(*snapshot);
    const rules::LadderRules rules = server.reg().ladder_rules();
    VIGIL_RETURN_IF_ERROR(CheckKind(v1::Entity::kHazard, records, rules));
    VIGIL_RETURN_IF_ERROR(CheckKind(v1::Entity::kRiskSource, records, rules));
    return CheckDue(server, *snapshot);
  }();
  if (!status.ok()) world_.Violation("waits", status.ToString());
}

absl::Status Waits::CheckKind(int kind, registry::WorkingSet& records,
                              const rules::LadderRules& rules) {
  std::string token;
  do {
    VIGIL_ASSIGN_OR_RETURN(const store::RecordPage page,
                           records.snapshot().Records(kind, Uuid(), kPageSize, token,
                                                      store::RecordScope::Everything()));
    for (const store::StoredRecord& record : page.records) {
      VIGIL_ASSIGN_OR_RETURN(const Noted noted, NotedOf(record, records.snapshot()));
      if (kind == v1::Entity::kRiskSource) {
        VIGIL_ASSIGN_OR_RETURN(const v1::Date last, LastInspection(record.id, records, rules.zone));
        if (rules::CompareDates(last, noted.inspected_on) != 0) {
          world_.Violation("waits", absl::StrCat(record.id.ToString(), ": last inspected on ",
                                                 last.ShortDebugString(), ", noted is ",
                                                 noted.inspected_on.ShortDebugString()));
        }
      }
      VIGIL_ASSIGN_OR_RETURN(const std::vector<registry::OpenStep> open,
                             registry::OpenStepsOf(record.id, records, rules));
      std::optional<absl::Time> first;
      if (!open.empty()) first = open.front().falls_due;
      if (first == noted.next_step_at) continue;
      world_.Violation("waits", absl::StrCat(record.id.ToString(), ": waits until ", TextOf(first),
                                             ", noted is ", TextOf(noted.next_step_at)));
    }
    token = page.next_page_token;
  } while (!token.empty());
  return absl::OkStatus();
}

absl::Status Waits::CheckDue(Server& server, store::Snapshot& snapshot) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::Waiting> due,
                         snapshot.DueForEscalation(server.Now() - kFiresWithin, 10));
  registry::WorkingSet records(snapshot);
  for (const store::Waiting& waiting : due) {
    VIGIL_ASSIGN_OR_RETURN(
        const std::vector<registry::OpenStep> open,
        registry::OpenStepsOf(waiting.item, records, server.reg().ladder_rules()));
    world_.Violation(
        "waits",
        absl::StrCat(waiting.item.ToString(), ": due since ", FormatInstant(waiting.next_step_at),
                     ", and nothing has fired; next ",
                     open.empty() ? "nothing" : v1::EscalationStep_Name(open.front().step.step),
                     " of ", open.empty() ? "" : open.front().step.due_version));
  }
  return absl::OkStatus();
}

}  // namespace vigil::sim
