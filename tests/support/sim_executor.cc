#include "tests/support/sim_executor.h"

#include <algorithm>

#include "sync/base/check.h"

namespace vigil::testing {

SimExecutor::SimExecutor(const Options& options)
    : clock_(options.begin), random_(options.seed), shuffle_(options.shuffle) {}

void SimExecutor::PostAt(absl::Time when, Task task) {
  const std::uint64_t draw = shuffle_ ? random_.Next() : 0;
  tasks_.emplace(Key(std::max(when, Now()), draw, posted_++), std::move(task));
}

bool SimExecutor::RunOne() {
  if (tasks_.empty()) return false;
  auto next = tasks_.extract(tasks_.begin());
  clock_.Set(std::get<0>(next.key()));
  ++tasks_run_;
  next.mapped()();
  return true;
}

void SimExecutor::RunUntilIdle(std::int64_t tasks_max) {
  for (std::int64_t run = 0; RunOne(); ++run) VIGIL_CHECK(run < tasks_max) << "never idle";
}

void SimExecutor::RunUntil(absl::Time end) {
  while (!tasks_.empty() && std::get<0>(tasks_.begin()->first) <= end) RunOne();
  clock_.Set(std::max(Now(), end));
}

bool SimExecutor::RunUntilDone(const std::function<bool()>& done, absl::Time end) {
  while (!done()) {
    if (tasks_.empty() || std::get<0>(tasks_.begin()->first) > end) return false;
    RunOne();
  }
  return true;
}

void SimExecutor::SetBack(absl::Duration by) {
  clock_.Advance(-by);
  std::map<Key, Task> moved;
  for (auto& [key, task] : tasks_) {
    const auto& [when, draw, number] = key;
    moved.emplace(Key(when - by, draw, number), std::move(task));
  }
  tasks_ = std::move(moved);
}

}  // namespace vigil::testing
