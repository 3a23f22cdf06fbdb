#ifndef VIGIL_SERVER_SERVICE_REPORT_DESK_H_
#define VIGIL_SERVER_SERVICE_REPORT_DESK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/register/register.h"
#include "server/service/stream_sink.h"
#include "sync/base/executor.h"
#include "sync/base/file.h"
#include "sync/base/mutex.h"
#include "sync/base/random.h"
#include "sync/rules/judge.h"
#include "vigil/v1/report_service.pb.h"

namespace vigil::service {

// Reports, without gRPC. Each is made into a file first, of one snapshot that is let go of at once,
// and sent from there as fast as its reader takes it.
class ReportDesk {
 public:
  // Reports are made and read on `worker`, one after the other. All must outlive this and the calls
  // under way.
  struct Parts {
    registry::Register& target;
    FileSystem& files;
    Executor& worker;
    Random& random;
  };
  struct Options {
    // Where the files stand while they are made and sent.
    std::string directory = {};
    absl::TimeZone zone = {};
    // What a report leaves free of the disk.
    std::int64_t storage_reserve_bytes = 0;
    int under_way_max = 16;
  };
  ReportDesk(const Parts& parts, Options options);

  // Removes files that an earlier process left behind.
  absl::Status RemoveLeftovers();

  // What the caller may see, and nothing else. Errors: see report::Describe and report::Write;
  // RATE_LIMITED while too many are under way, STORAGE_UNAVAILABLE where the disk is nearly full.
  using Sink = StreamSink<v1::ExportReportResponse>;
  void Export(const rules::Author& caller, const v1::ExportReportRequest& request,
              std::shared_ptr<Sink> sink);

 private:
  class Exporting;

  bool Begin() ABSL_LOCKS_EXCLUDED(mutex_);
  void End() ABSL_LOCKS_EXCLUDED(mutex_);

  const Parts parts_;
  const Options options_;

  Mutex mutex_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_REPORT_DESK_H_
