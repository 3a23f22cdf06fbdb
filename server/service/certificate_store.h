#ifndef VIGIL_SERVER_SERVICE_CERTIFICATE_STORE_H_
#define VIGIL_SERVER_SERVICE_CERTIFICATE_STORE_H_

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/access/certificate.h"
#include "sync/base/file.h"
#include "sync/base/mutex.h"
#include "vigil/v1/config.pb.h"

namespace vigil::service {

// The certificate in force. New files are checked aside and take its place only if a server can run
// with them. Thread-safe.
class CertificateStore {
 public:
  // The files must outlive the store.
  CertificateStore(FileSystem& files, const v1::Tls& tls) : files_(files), tls_(tls) {}

  // Looks at the files. OK: what stands there is in force, since now or before (`changed`). An
  // error says what is wrong with them, once for each change: what was in force stays so.
  struct Look {
    bool changed = false;
    access::CertificateInfo info;
  };
  absl::StatusOr<Look> Refresh(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  struct InForce {
    access::CertificateFiles files;
    access::CertificateInfo info;
    // Counts the changes, from 1.
    std::uint64_t version = 0;
  };
  // Null before the first Refresh that went well.
  std::shared_ptr<const InForce> in_force() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::StatusOr<access::CertificateFiles> ReadFiles();

  FileSystem& files_;
  const v1::Tls tls_;
  mutable Mutex mutex_;
  std::shared_ptr<const InForce> in_force_ ABSL_GUARDED_BY(mutex_);
  // What was found wrong last.
  absl::Status fault_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_CERTIFICATE_STORE_H_
