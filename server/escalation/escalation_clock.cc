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

Uuid IdOf(const DueStep& due) {
  return registry::EscalationId(
      {.item = due.item.ToString(), .due_version = due.due_version, .step = due.step});
}

Uuid OperationIdOf(const DueStep& due) {
  return DerivedUuid({.name_space = "vigil/operation", .name = IdOf(due).ToString()});
}

Incoming Fire(const DueStep& due, const rules::Author& author, absl::Time now) {
  v1::Operation operation;
  operation.set_id(OperationIdOf(due).ToString());
  operation.set_device(author.device);
  operation.set_person(author.person);
  *operation.mutable_made_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(now));
  v1::FireEscalation& fire = *operation.mutable_fire_escalation();
  fire.set_escalation_id(IdOf(due).ToString());
  v1::Escalation& escalation = *fire.mutable_escalation();
  escalation.set_item(due.item.ToString());
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
  // Operations that the register refused: they can neither fill the log nor keep a tick from its
  // end.
  absl::flat_hash_set<Uuid> refused;
};

struct EscalationClock::UnderWay {
  std::int64_t fired = 0;
  // Deferred by the register in this tick.
  absl::flat_hash_set<Uuid> deferred;
  TickDone done;
};

EscalationClock::EscalationClock(Register& target, Executor& executor, Options options)
    : state_(std::make_shared<State>(target, executor, std::move(options))) {}

void EscalationClock::Start() { Schedule(state_, absl::ZeroDuration()); }

void EscalationClock::Tick(TickDone done) {
  const std::shared_ptr<State> state = state_;
  state->executor.Post([state, done = std::move(done)] { BeginTick(state, done); });
}

void EscalationClock::Schedule(const std::shared_ptr<State>& state, absl::Duration delay) {
  const std::weak_ptr<State> weak = state;
  state->executor.PostAfter(delay, [weak] {
    const std::shared_ptr<State> alive = weak.lock();
    if (!alive) return;
    BeginTick(alive, [weak](absl::StatusOr<std::int64_t> fired) {
      const std::shared_ptr<State> still_alive = weak.lock();
      if (!still_alive) return;
      if (!fired.ok() && still_alive->options.on_error) {
        still_alive->options.on_error(fired.status());
      }
      Schedule(still_alive, still_alive->options.tick);
    });
  });
}

void EscalationClock::BeginTick(const std::shared_ptr<State>& state, TickDone done) {
  auto tick = std::make_shared<UnderWay>();
  tick->done = std::move(done);
  RunTick(state, tick);
}

absl::StatusOr<EscalationClock::Batch> EscalationClock::Collect(const State& state,
                                                                const UnderWay& tick) {
  Batch batch;
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, state.target.store().Read());
  const absl::Time now = state.target.Now();
  const int limit =
      state.options.batch + static_cast<int>(state.refused.size() + tick.deferred.size());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> hazards, snapshot->DueForEscalation(now, limit));
  for (const Uuid& hazard : hazards) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<DueStep> steps,
                           DueSteps(*snapshot, hazard, now, state.target.zone()));
    for (const DueStep& step : steps) {
      const Uuid id = OperationIdOf(step);
      if (state.refused.contains(id) || tick.deferred.contains(id)) continue;
      batch.operations.push_back(Fire(step, state.author, now));
      batch.ids.push_back(id);
    }
  }
  batch.more = static_cast<int>(hazards.size()) == limit;
  return batch;
}

void EscalationClock::RunTick(const std::shared_ptr<State>& state,
                              const std::shared_ptr<UnderWay>& tick) {
  absl::StatusOr<Batch> batch = Collect(*state, *tick);
  if (!batch.ok()) return tick->done(batch.status());
  if (batch->operations.empty()) return tick->done(tick->fired);
  state->target.Submit(state->author, std::move(batch->operations),
                       [state, tick, ids = std::move(batch->ids),
                        more = batch->more](const absl::StatusOr<Register::Outcomes>& outcomes) {
                         if (!outcomes.ok()) return tick->done(outcomes.status());
                         for (std::size_t i = 0; i < outcomes->size(); ++i) {
                           const v1::Outcome& outcome = (*outcomes)[i];
                           if (outcome.verdict() == v1::VERDICT_APPLIED && !outcome.repeat()) {
                             ++tick->fired;
                           } else if (outcome.verdict() == v1::VERDICT_DEFERRED) {
                             tick->deferred.insert(ids[i]);
                           } else {
                             state->refused.insert(ids[i]);
                           }
                         }
                         if (!more) return tick->done(tick->fired);
                         // Not from inside the register's answer: other work gets its turn.
                         state->executor.Post([state, tick] { RunTick(state, tick); });
                       });
}

}  // namespace vigil::escalation
