#include "server/escalation/escalation_clock.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/register/escalation_id.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/record.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::escalation {

using google::protobuf::util::TimeUtil;
using registry::Incoming;
using registry::Register;

namespace {

absl::StatusOr<std::optional<v1::Record>> Find(store::Snapshot& snapshot, const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored, snapshot.FindRecord(id));
  if (!stored) return std::optional<v1::Record>();
  v1::Record record;
  if (!record.ParseFromString(stored->bytes)) {
    return Error(absl::StatusCode::kDataLoss, "a stored record cannot be read")
        .With("record", id.ToString());
  }
  return std::optional<v1::Record>(std::move(record));
}

// When a record was imported, if the import also set the due version.
std::optional<absl::Time> ImportOf(const v1::Record& record, bool imported,
                                   const std::string& due_version) {
  if (!imported ||
      !absl::EndsWith(due_version, absl::StrCat("@", rules::IdentityOf(record.made_by())))) {
    return std::nullopt;
  }
  return FromMicros(TimeUtil::TimestampToMicroseconds(record.made_by().observed_at()));
}

absl::StatusOr<bool> IsPast(store::Snapshot& snapshot, const store::HazardProjection& hazard,
                            absl::Time fell_due_at) {
  const std::string& due_version = hazard.state.due_version();
  std::optional<absl::Time> imported_at;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> record, Find(snapshot, hazard.id));
  if (record) {
    imported_at = ImportOf(*record, record->entity().hazard().has_imported_from(), due_version);
  }
  if (const std::optional<Uuid> order_id = Uuid::Parse(hazard.state.order()); order_id) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> order, Find(snapshot, *order_id));
    if (order && !imported_at) {
      imported_at =
          ImportOf(*order, order->entity().supervision_order().has_imported_from(), due_version);
    }
  }
  return imported_at && fell_due_at <= *imported_at;
}

Incoming Fire(const DueStep& due, const rules::Author& author, absl::Time now) {
  const std::string item = due.item.ToString();
  const Uuid id =
      registry::EscalationId({.item = item, .due_version = due.due_version, .step = due.step});
  v1::Operation operation;
  operation.set_id(
      DerivedUuid({.name_space = "vigil/operation", .name = id.ToString()}).ToString());
  operation.set_device(author.device);
  operation.set_person(author.person);
  *operation.mutable_made_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(now));
  v1::FireEscalation& fire = *operation.mutable_fire_escalation();
  fire.set_escalation_id(id.ToString());
  v1::Escalation& escalation = *fire.mutable_escalation();
  escalation.set_item(item);
  escalation.set_step(due.step);
  escalation.set_due_version(due.due_version);
  *escalation.mutable_fell_due_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(due.fell_due_at));
  *escalation.mutable_fired_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(now));
  if (due.past) escalation.set_past(true);
  Incoming incoming;
  incoming.bytes = operation.SerializeAsString();
  return incoming;
}

}  // namespace

rules::Author ClockAuthor() {
  rules::Author author;
  author.device =
      DerivedUuid({.name_space = "vigil/device", .name = "escalation clock"}).ToString();
  author.person =
      DerivedUuid({.name_space = "vigil/person", .name = "escalation clock"}).ToString();
  author.channel = v1::CHANNEL_CLOCK;
  author.roles.emplace_back().set_role(v1::ROLE_ESCALATION_CLOCK);
  return author;
}

absl::StatusOr<std::vector<DueStep>> DueSteps(store::Snapshot& snapshot, const Uuid& hazard,
                                              absl::Time now, const absl::TimeZone& zone) {
  std::vector<DueStep> steps;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::HazardProjection> projection,
                         snapshot.FindHazardProjection(hazard));
  if (!projection || !projection->next_step_at || *projection->next_step_at > now) return steps;
  const v1::Date& date = projection->state.due_date();
  DueStep due;
  due.item = hazard;
  due.step = v1::ESCALATION_STEP_E4_OVERDUE;
  due.due_version = projection->state.due_version();
  due.fell_due_at = StartOfDay(absl::CivilDay(date.year(), date.month(), date.day()) + 1, zone);
  VIGIL_ASSIGN_OR_RETURN(due.past, IsPast(snapshot, *projection, due.fell_due_at));
  steps.push_back(std::move(due));
  return steps;
}

struct EscalationClock::State {
  State(Register& the_register, Executor& the_executor, Options the_options)
      : target(the_register), executor(the_executor), options(std::move(the_options)) {}

  Register& target;
  Executor& executor;
  const Options options;
  const rules::Author author = ClockAuthor();
  // Items that the register did not take: not offered again before a restart, so that a bad one can
  // neither fill the log nor keep a tick from its end.
  absl::flat_hash_set<Uuid> not_applied;
};

EscalationClock::EscalationClock(Register& target, Executor& executor, Options options)
    : state_(std::make_shared<State>(target, executor, std::move(options))) {}

void EscalationClock::Start() { Schedule(state_, absl::ZeroDuration()); }

void EscalationClock::Tick(TickDone done) {
  const std::shared_ptr<State> state = state_;
  state->executor.Post([state, done = std::move(done)] { RunTick(state, 0, done); });
}

void EscalationClock::Schedule(const std::shared_ptr<State>& state, absl::Duration delay) {
  const std::weak_ptr<State> weak = state;
  state->executor.PostAfter(delay, [weak] {
    const std::shared_ptr<State> alive = weak.lock();
    if (!alive) return;
    RunTick(alive, 0, [weak](absl::StatusOr<std::int64_t> fired) {
      const std::shared_ptr<State> still_alive = weak.lock();
      if (!still_alive) return;
      if (!fired.ok() && still_alive->options.on_error) {
        still_alive->options.on_error(fired.status());
      }
      Schedule(still_alive, still_alive->options.tick);
    });
  });
}

absl::StatusOr<EscalationClock::Batch> EscalationClock::Collect(const State& state) {
  Batch batch;
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, state.target.store().Read());
  const absl::Time now = state.target.Now();
  const int limit = state.options.batch + static_cast<int>(state.not_applied.size());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> hazards, snapshot->DueForEscalation(now, limit));
  for (const Uuid& hazard : hazards) {
    if (state.not_applied.contains(hazard)) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::vector<DueStep> steps,
                           DueSteps(*snapshot, hazard, now, state.target.zone()));
    for (const DueStep& step : steps) {
      batch.operations.push_back(Fire(step, state.author, now));
      batch.items.push_back(hazard);
    }
  }
  batch.more = static_cast<int>(hazards.size()) == limit;
  return batch;
}

void EscalationClock::RunTick(const std::shared_ptr<State>& state, std::int64_t fired,
                              const TickDone& done) {
  absl::StatusOr<Batch> batch = Collect(*state);
  if (!batch.ok()) return done(batch.status());
  if (batch->operations.empty()) return done(fired);
  state->target.Submit(
      state->author, std::move(batch->operations),
      [state, fired, done, items = std::move(batch->items),
       more = batch->more](const absl::StatusOr<Register::Outcomes>& outcomes) {
        if (!outcomes.ok()) return done(outcomes.status());
        std::int64_t total = fired;
        for (std::size_t i = 0; i < outcomes->size(); ++i) {
          const v1::Outcome& outcome = (*outcomes)[i];
          if (outcome.verdict() == v1::VERDICT_APPLIED && !outcome.repeat()) {
            ++total;
          } else {
            state->not_applied.insert(items[i]);
          }
        }
        if (!more) return done(total);
        // Not from inside the register's answer: other work gets its turn.
        state->executor.Post([state, total, done] { RunTick(state, total, done); });
      });
}

}  // namespace vigil::escalation
