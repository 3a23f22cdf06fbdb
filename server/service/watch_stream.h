#ifndef VIGIL_SERVER_SERVICE_WATCH_STREAM_H_
#define VIGIL_SERVER_SERVICE_WATCH_STREAM_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/register/register.h"
#include "server/service/stream_sink.h"
#include "server/service/watch_hub.h"
#include "sync/base/ids.h"
#include "sync/base/mutex.h"
#include "sync/rules/judge.h"

namespace vigil::service {

// One open watch. At most one message is under way; what happens meanwhile becomes one message
// afterwards, with the newest seq. Looks at its scope again when org units may have changed, on the
// thread that calls `ready` and not on the writer's.
class WatchStream : public std::enable_shared_from_this<WatchStream> {
 public:
  struct Target {
    registry::Register& store;
    WatchHub& hub;
  };

  WatchStream(Target target, rules::Author author, std::shared_ptr<WatchSink> sink);

  absl::Status Start(Seq known);
  // No new message begins after this. Must be called once.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void OnChange(Seq head, bool everybodys) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnWritten(bool ok) ABSL_LOCKS_EXCLUDED(mutex_);
  // Writes what is pending, if nothing is under way.
  void Flush() ABSL_LOCKS_EXCLUDED(mutex_);
  // Listens to the scope as it is now; asks for a message if it has changed since `known`.
  absl::Status LookAgain(Seq known) ABSL_LOCKS_EXCLUDED(mutex_);

  registry::Register& register_;
  WatchHub& hub_;
  const rules::Author author_;
  const std::shared_ptr<WatchSink> sink_;
  WatchHub::Token token_ = 0;

  Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool scope_may_have_moved_ ABSL_GUARDED_BY(mutex_) = false;
  // Newest seq to tell and newest told.
  Seq pending_ ABSL_GUARDED_BY(mutex_);
  Seq told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_WATCH_STREAM_H_
