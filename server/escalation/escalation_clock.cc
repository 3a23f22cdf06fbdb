#include "server/escalation/escalation_clock.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::escalation {

using google::protobuf::util::TimeUtil;
using registry::Incoming;
using registry::OpenStep;
using registry::Register;

namespace {

Uuid OperationIdOf(const OpenStep& due) {
  return DerivedUuid({.name_space = "vigil/operation", .name = due.escalation.ToString()});
}

Incoming Fire(const OpenStep& due, const rules::Author& author, absl::Time now) {
  v1::Operation operation;
  operation.set_id(OperationIdOf(due).ToString());
  operation.set_device(author.device);
  operation.set_person(author.person);
  *operation.mutable_made_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(now));
  v1::FireEscalation& fire = *operation.mutable_fire_escalation();
  fire.set_escalation_id(due.escalation.ToString());
  v1::Escalation& escalation = *fire.mutable_escalation();
  escalation.set_item(due.step.item);
  escalation.set_step(due.step.step);
  escalation.set_due_version(due.step.due_version);
  *escalation.mutable_fell_due_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(due.falls_due));
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

absl::StatusOr<std::vector<OpenStep>> DueSteps(const Uuid& item, registry::WorkingSet& records,
                                               absl::Time now, const rules::LadderRules& rules) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<OpenStep> steps, registry::OpenStepsOf(item, records, rules));
  std::erase_if(steps, [&](const OpenStep& step) { return step.falls_due > now; });
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
  // How far the register's clock is from the steady one where it is trusted; of a jump, how far it
  // is since then, and since when by the steady clock.
  std::optional<absl::Duration> trusted;
  std::optional<absl::Duration> jumped;
  absl::Duration jumped_since;
};

struct EscalationClock::UnderWay {
  std::int64_t fired = 0;
  TickDone done;
};

EscalationClock::EscalationClock(Register& target, Executor& executor, Options options)
    : state_(std::make_shared<State>(target, executor, std::move(options))) {}

void EscalationClock::Start() { Schedule(state_, absl::ZeroDuration()); }

void EscalationClock::Tick(TickDone done) {
  const std::shared_ptr<State> state = state_;
  state->executor.Post([state, done = std::move(done)] {
    state->trusted.reset();
    MayTick(*state);
    BeginTick(state, done);
  });
}

void EscalationClock::Schedule(const std::shared_ptr<State>& state, absl::Duration delay) {
  const std::weak_ptr<State> weak = state;
  state->executor.PostAfter(delay, [weak] {
    const std::shared_ptr<State> alive = weak.lock();
    if (!alive) return;
    if (!MayTick(*alive)) return Schedule(alive, alive->options.tick);
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

bool EscalationClock::MayTick(State& state) {
  const Options& options = state.options;
  if (!options.steady) return true;
  const absl::Duration steady = options.steady();
  const absl::Duration offset = state.executor.Now() - absl::UnixEpoch() - steady;
  const auto is_near = [&](absl::Duration other) {
    return absl::AbsDuration(offset - other) <= options.jump_max;
  };
  if (state.trusted && !is_near(*state.trusted)) {
    if (!state.jumped || !is_near(*state.jumped)) {
      state.jumped = offset;
      state.jumped_since = steady;
      if (options.on_jump) options.on_jump(offset - *state.trusted);
    }
    if (steady - state.jumped_since < options.jump_lasts) return false;
  }
  // What it drifts is the steady clock's fault as likely as not.
  state.trusted = offset;
  if (state.jumped && options.on_jump) options.on_jump(absl::ZeroDuration());
  state.jumped.reset();
  return true;
}

void EscalationClock::BeginTick(const std::shared_ptr<State>& state, TickDone done) {
  auto tick = std::make_shared<UnderWay>();
  tick->done = std::move(done);
  RunTick(state, tick);
}

absl::StatusOr<EscalationClock::Batch> EscalationClock::Collect(const State& state) {
  Batch batch;
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, state.target.store().Read());
  const absl::Time now = state.target.Now();
  const rules::LadderRules rules = state.target.ladder_rules();
  const int limit = state.options.batch + static_cast<int>(state.refused.size());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::Waiting> due,
                         snapshot->DueForEscalation(now, limit));
  registry::WorkingSet records(*snapshot);
  for (const store::Waiting& waiting : due) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<OpenStep> steps,
                           DueSteps(waiting.item, records, now, rules));
    for (const OpenStep& step : steps) {
      const Uuid id = OperationIdOf(step);
      if (state.refused.contains(id)) continue;
      batch.operations.push_back(Fire(step, state.author, now));
      batch.ids.push_back(id);
    }
  }
  batch.more = static_cast<int>(due.size()) == limit;
  return batch;
}

void EscalationClock::RunTick(const std::shared_ptr<State>& state,
                              const std::shared_ptr<UnderWay>& tick) {
  absl::StatusOr<Batch> batch = Collect(*state);
  if (!batch.ok()) return tick->done(batch.status());
  if (batch->operations.empty()) return tick->done(tick->fired);
  state->target.Submit(state->author, std::move(batch->operations),
                       [state, tick, ids = std::move(batch->ids),
                        more = batch->more](const absl::StatusOr<Register::Outcomes>& outcomes) {
                         if (!outcomes.ok()) return tick->done(outcomes.status());
                         bool is_over = !more;
                         for (std::size_t i = 0; i < outcomes->size(); ++i) {
                           const v1::Outcome& outcome = (*outcomes)[i];
                           if (outcome.verdict() == v1::VERDICT_APPLIED && !outcome.repeat()) {
                             ++tick->fired;
                           } else if (outcome.verdict() == v1::VERDICT_DEFERRED) {
                             is_over = true;
                           } else {
                             state->refused.insert(ids[i]);
                           }
                         }
                         if (is_over) return tick->done(tick->fired);
                         // Not from inside the register's answer: other work gets its turn.
                         state->executor.Post([state, tick] { RunTick(state, tick); });
                       });
}

}  // namespace vigil::escalation
