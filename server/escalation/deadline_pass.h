#ifndef VIGIL_SERVER_ESCALATION_DEADLINE_PASS_H_
#define VIGIL_SERVER_ESCALATION_DEADLINE_PASS_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/register/register.h"
#include "sync/base/executor.h"

namespace vigil::escalation {

// Works out anew what every hazard and every risk source waits for, if the ladder, the lists of
// working days or the zone are others than when all were last looked at: page by page, through the
// register's one writer, beside all other work. One that was interrupted begins again at its start.
// A step that another ladder brings nearer fires once its page has had its turn.
class DeadlinePass {
 public:
  struct Options {
    // Records on a page.
    int page_size = 500;
    absl::Duration retry = absl::Seconds(30);
    // Told of an attempt that failed; after `retry` comes the next one.
    std::function<void(const absl::Status&)> on_error = {};
    // Told how many were looked at; not where nothing had changed.
    std::function<void(std::int64_t)> on_done = {};
  };

  // Both must outlive this object. Everything but the constructor is called on the executor, which
  // is the register's.
  DeadlinePass(registry::Register& target, Executor& executor, Options options);

  // At the start, and whenever the register uses other deadlines. A pass that is under way ends.
  void Start();

 private:
  struct State;
  struct Place;

  static void Begin(const std::shared_ptr<State>& state);
  static void Next(const std::shared_ptr<State>& state, const Place& place);
  static void Fail(const std::shared_ptr<State>& state, const absl::Status& status);

  // Shared with the tasks that wait: they do nothing once it is gone.
  std::shared_ptr<State> state_;
};

}  // namespace vigil::escalation

#endif  // VIGIL_SERVER_ESCALATION_DEADLINE_PASS_H_
