#include "server/escalation/deadline_pass.h"

#include <string>
#include <utility>

#include "server/store/register_store.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/rules/ladder.h"
#include "vigil/v1/entity.pb.h"

namespace vigil::escalation {

struct DeadlinePass::State {
  State(registry::Register& the_register, Executor& the_executor, Options the_options)
      : target(the_register), executor(the_executor), options(std::move(the_options)) {}

  registry::Register& target;
  Executor& executor;
  const Options options;
  // Of the pass that is under way: an older one ends.
  std::uint64_t number = 0;
};

struct DeadlinePass::Place {
  std::uint64_t pass = 0;
  Sha256 fingerprint;
  int kind = v1::Entity::kHazard;
  std::string page_token;
  std::int64_t seen = 0;
};

DeadlinePass::DeadlinePass(registry::Register& target, Executor& executor, Options options)
    : state_(std::make_shared<State>(target, executor, std::move(options))) {}

void DeadlinePass::Start() { Begin(state_); }

void DeadlinePass::Begin(const std::shared_ptr<State>& state) {
  Place place;
  place.pass = ++state->number;
  place.fingerprint = rules::FingerprintOf(*state->target.deadlines(), state->target.zone().name());
  const auto in_force = [&]() -> absl::StatusOr<Sha256> {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, state->target.store().Read());
    return snapshot->DeadlinesInForce();
  }();
  if (!in_force.ok()) return Fail(state, in_force.status());
  if (*in_force != place.fingerprint) Next(state, place);
}

void DeadlinePass::Next(const std::shared_ptr<State>& state, const Place& place) {
  const auto page = [&]() -> absl::StatusOr<store::RecordPage> {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, state->target.store().Read());
    return snapshot->Records(place.kind, Uuid(), state->options.page_size, place.page_token,
                             store::RecordScope::Everything());
  }();
  if (!page.ok()) return Fail(state, page.status());
  registry::Register::Again again;
  for (const store::StoredRecord& record : page->records) again.items.push_back(record.id);
  Place next = place;
  next.page_token = page->next_page_token;
  next.seen += static_cast<std::int64_t>(page->records.size());
  const bool ends_kind = next.page_token.empty();
  const bool is_last = ends_kind && place.kind == v1::Entity::kRiskSource;
  if (ends_kind) next.kind = v1::Entity::kRiskSource;
  if (is_last) again.deadlines = place.fingerprint;
  const std::weak_ptr<State> weak = state;
  state->target.LookAgain(std::move(again), [weak, next, is_last](const absl::Status& status) {
    const std::shared_ptr<State> alive = weak.lock();
    if (!alive || alive->number != next.pass) return;
    if (!status.ok()) return Fail(alive, status);
    if (is_last) {
      if (alive->options.on_done) alive->options.on_done(next.seen);
      return;
    }
    // Not from inside the register's answer: other work gets its turn.
    alive->executor.Post([weak, next] {
      const std::shared_ptr<State> still_alive = weak.lock();
      if (still_alive && still_alive->number == next.pass) Next(still_alive, next);
    });
  });
}

void DeadlinePass::Fail(const std::shared_ptr<State>& state, const absl::Status& status) {
  if (state->options.on_error) state->options.on_error(status);
  const std::weak_ptr<State> weak = state;
  state->executor.PostAfter(state->options.retry, [weak, pass = state->number] {
    const std::shared_ptr<State> alive = weak.lock();
    if (alive && alive->number == pass) Begin(alive);
  });
}

}  // namespace vigil::escalation
