#ifndef VIGIL_SERVER_SERVICE_LOOP_THREAD_H_
#define VIGIL_SERVER_SERVICE_LOOP_THREAD_H_

#include <thread>

#include "sync/base/loop_executor.h"
#include "sync/base/time.h"

namespace vigil::service {

// An executor with a thread of its own.
class LoopThread {
 public:
  // `clock` must outlive this object.
  explicit LoopThread(const Clock& clock) : loop_(clock), thread_([this] { loop_.Run(); }) {}
  ~LoopThread() { Stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  Executor& executor() { return loop_; }

  // Runs what was posted before, then ends the thread. Not from the thread itself.
  void Stop() {
    if (!thread_.joinable()) return;
    loop_.Post([this] { loop_.Stop(); });
    thread_.join();
  }

 private:
  LoopExecutor loop_;
  std::thread thread_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_LOOP_THREAD_H_
