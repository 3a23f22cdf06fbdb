#ifndef VIGIL_SERVER_ESCALATION_ESCALATION_CLOCK_H_
#define VIGIL_SERVER_ESCALATION_ESCALATION_CLOCK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/register/open_steps.h"
#include "server/register/register.h"
#include "server/register/working_set.h"
#include "server/store/register_store.h"
#include "sync/base/executor.h"
#include "sync/base/ids.h"
#include "sync/rules/judge.h"

namespace vigil::escalation {

// Who the clock is in the register: a device and a person of its own.
rules::Author ClockAuthor();

// The steps that are due now of a risk source, or of a hazard, its orders and its transfers.
absl::StatusOr<std::vector<registry::OpenStep>> DueSteps(const Uuid& item,
                                                         registry::WorkingSet& records,
                                                         absl::Time now,
                                                         const rules::LadderRules& rules);

// Fires what is due, through the register's one write path. There are no timers to lose: each tick
// asks the register what is past due, so that whatever a downtime missed is fired at the next tick,
// with the time at which it fell due. Each (item, due version, step) has one derived id and fires
// once, ever. A step that the register refuses is not offered again before a restart, or another
// due version; where it defers one, the tick ends, and the next one tries again.
//
// What has fired has fired for good: where the machine's clock jumps, nothing fires before the jump
// is taken back, has lasted for an hour, or somebody who knows the time asks for a tick.
class EscalationClock {
 public:
  struct Options {
    absl::Duration tick = absl::Seconds(30);
    // Items of one submission, and so of one message for each recipient; a tick goes on until
    // nothing is due.
    int batch = 2000;
    // Told of a tick that failed; the next one tries again.
    std::function<void(const absl::Status&)> on_error;
    // Time since some moment, by a clock that nobody can set; none: jumps are not noticed.
    std::function<absl::Duration()> steady = {};
    // How far the register's clock may run away from that one, and how long it is waited then.
    absl::Duration jump_max = absl::Minutes(10);
    absl::Duration jump_lasts = absl::Hours(1);
    // Told when a jump is noticed, by how much; and zero when it is over.
    std::function<void(absl::Duration)> on_jump = {};
  };
  // The number of steps that a tick fired.
  using TickDone = std::function<void(absl::StatusOr<std::int64_t>)>;

  // Both must outlive this object. Everything but the constructor and Tick is called on the
  // executor.
  EscalationClock(registry::Register& target, Executor& executor, Options options);

  // Ticks now and then again and again, until this object is destroyed.
  void Start();
  // The time is right, says who asks. Any thread.
  void Tick(TickDone done);

 private:
  struct State;
  struct Batch {
    std::vector<registry::Incoming> operations;
    // Of each of them.
    std::vector<Uuid> ids;
    // The register may have more than these.
    bool more = false;
  };

  static void Schedule(const std::shared_ptr<State>& state, absl::Duration delay);
  struct UnderWay;
  static bool MayTick(State& state);
  static void BeginTick(const std::shared_ptr<State>& state, TickDone done);
  static absl::StatusOr<Batch> Collect(const State& state);
  static void RunTick(const std::shared_ptr<State>& state, const std::shared_ptr<UnderWay>& tick);

  // Shared with the tasks that wait: they do nothing once it is gone.
  std::shared_ptr<State> state_;
};

}  // namespace vigil::escalation

#endif  // VIGIL_SERVER_ESCALATION_ESCALATION_CLOCK_H_
