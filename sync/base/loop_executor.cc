#include "sync/base/loop_executor.h"

#include <algorithm>

namespace vigil {

void LoopExecutor::Post(Task task) {
  const MutexLock lock(mutex_);
  ready_.push_back(std::move(task));
  wake_.NotifyOne();
}

void LoopExecutor::PostAt(absl::Time when, Task task) {
  const MutexLock lock(mutex_);
  LookAtClock();
  timed_.emplace(std::make_pair(when, posted_++), std::move(task));
  wake_.NotifyOne();
}

void LoopExecutor::Run() {
  RunUntil([] { return false; });
}

bool LoopExecutor::RunUntil(const std::function<bool()>& done) {
  while (!done()) {
    Task task;
    {
      const MutexLock lock(mutex_);
      while (!stopped_ && !(task = TakeDue())) WaitForWork();
      if (stopped_) return false;
    }
    task();
  }
  return true;
}

int LoopExecutor::RunReady() {
  int count = 0;
  while (true) {
    Task task;
    {
      const MutexLock lock(mutex_);
      if (stopped_ || !(task = TakeDue())) return count;
    }
    task();
    ++count;
  }
}

void LoopExecutor::Stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  wake_.NotifyAll();
}

absl::Time LoopExecutor::LookAtClock() {
  const absl::Time now = clock_.Now();
  if (now < seen_) {
    std::map<std::pair<absl::Time, std::uint64_t>, Task> moved;
    for (auto& [key, task] : timed_) {
      moved.emplace(std::make_pair(key.first - (seen_ - now), key.second), std::move(task));
    }
    timed_ = std::move(moved);
  }
  seen_ = now;
  return now;
}

Executor::Task LoopExecutor::TakeDue() {
  // What has become due joins the queue, so that neither kind can starve the other.
  const absl::Time now = LookAtClock();
  while (!timed_.empty() && timed_.begin()->first.first <= now) {
    ready_.push_back(std::move(timed_.begin()->second));
    timed_.erase(timed_.begin());
  }
  if (ready_.empty()) return nullptr;
  Task task = std::move(ready_.front());
  ready_.pop_front();
  return task;
}

void LoopExecutor::WaitForWork() {
  if (timed_.empty()) {
    wake_.Wait(mutex_);
    return;
  }
  // The clock may be set while we wait, so a long wait is taken in steps.
  const absl::Duration left = timed_.begin()->first.first - clock_.Now();
  wake_.WaitFor(mutex_, std::clamp(left, absl::ZeroDuration(), absl::Seconds(1)));
}

}  // namespace vigil
