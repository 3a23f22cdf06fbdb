#ifndef VIGIL_TESTS_BENCH_WATCH_LOAD_H_
#define VIGIL_TESTS_BENCH_WATCH_LOAD_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/mutex.h"
#include "sync/transport/program_access.h"
#include "tests/bench/servers.h"

namespace vigil::bench {

// Phones that watch, each over a connection of its own.
class Watchers {
 public:
  // Returns once each has been told how things stand. Of a null access: the floor asks nobody.
  static absl::StatusOr<std::unique_ptr<Watchers>> Open(
      const Server& server, const std::vector<std::shared_ptr<transport::ProgramAccess>>& phones);
  // Ends all watches.
  ~Watchers();

  // How often anybody was told something.
  std::int64_t messages() ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on everybody is to be told once more.
  void ExpectNews() ABSL_LOCKS_EXCLUDED(mutex_);
  // When the last one was told; UNAVAILABLE where that takes longer than `patience`.
  absl::StatusOr<absl::Time> WaitForAll(absl::Duration patience = absl::Seconds(60))
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Watch;

  Watchers() = default;
  void Told(Watch& watch) ABSL_LOCKS_EXCLUDED(mutex_);
  void Ended() ABSL_LOCKS_EXCLUDED(mutex_);

  std::vector<std::unique_ptr<Watch>> watches_;
  Mutex mutex_;
  CondVar changed_;
  std::int64_t messages_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of those who were told since ExpectNews: how many, and when the last one.
  std::size_t told_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time last_told_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t round_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace vigil::bench

#endif  // VIGIL_TESTS_BENCH_WATCH_LOAD_H_
