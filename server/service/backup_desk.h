#ifndef VIGIL_SERVER_SERVICE_BACKUP_DESK_H_
#define VIGIL_SERVER_SERVICE_BACKUP_DESK_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/register/register.h"
#include "server/service/stream_sink.h"
#include "sync/base/executor.h"
#include "sync/base/file.h"
#include "sync/base/mutex.h"
#include "sync/base/random.h"
#include "sync/rules/judge.h"
#include "vigil/v1/admin_service.pb.h"

// Backups that are made while the register goes on, which of them are kept, and what phones
// returned after a restore, without gRPC.

namespace vigil::service {

class BackupDesk {
 public:
  // Copies are made and read on `worker`. All must outlive this and the calls under way.
  struct Parts {
    registry::Register& target;
    FileSystem& files;
    Executor& worker;
    Random& random;
  };
  // Copies stand in `directory` while they are sent.
  BackupDesk(const Parts& parts, std::string directory);

  // Removes copies that an earlier process left behind.
  absl::Status RemoveLeftovers();

  // Makes a copy, checks it and sends it: first what it is, then its bytes, then what it is once
  // more with the SHA-256 of the bytes. One at a time: RATE_LIMITED. The copy is removed
  // afterwards, however that ends.
  using Sink = StreamSink<v1::DownloadBackupResponse>;
  void Download(const rules::Author& author, std::shared_ptr<Sink> sink);

  // A downloaded copy is kept. BACKUP_INVALID for what this process has not sent to its end.
  using ConfirmDone = std::function<void(absl::StatusOr<v1::ConfirmBackupResponse>)>;
  void Confirm(const v1::ConfirmBackupRequest& request, ConfirmDone done);
  // NOT_FOUND.
  using ForgetDone = std::function<void(absl::StatusOr<v1::ForgetBackupResponse>)>;
  void Forget(const v1::ForgetBackupRequest& request, ForgetDone done);
  absl::StatusOr<v1::ListBackupsResponse> List();

  absl::StatusOr<v1::ListWitnessCopiesResponse> ListCopies(
      const v1::ListWitnessCopiesRequest& request);
  // NOT_FOUND.
  using SettleDone = std::function<void(absl::StatusOr<v1::SettleWitnessCopyResponse>)>;
  void Settle(const v1::SettleWitnessCopyRequest& request, SettleDone done);

 private:
  class Copying;

  bool Begin() ABSL_LOCKS_EXCLUDED(mutex_);
  void End() ABSL_LOCKS_EXCLUDED(mutex_);
  void Remember(const v1::Backup& sent) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::uint64_t> ArchivedSeq();

  const Parts parts_;
  const std::string directory_;

  Mutex mutex_;
  bool copying_ ABSL_GUARDED_BY(mutex_) = false;
  // The last ones.
  std::deque<v1::Backup> sent_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_BACKUP_DESK_H_
