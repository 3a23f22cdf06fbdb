#ifndef VIGIL_SERVER_STORE_CLOSED_REGISTER_H_
#define VIGIL_SERVER_STORE_CLOSED_REGISTER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/reader_pool.h"
#include "server/store/register_store.h"
#include "sync/base/file.h"

namespace vigil::store {

// A register's file that nobody serves, for reading. Nothing is changed, neither the file nor its
// directory, which may be read-only; as long as this lives, no register can be started on it.
class ClosedRegister {
 public:
  // UNAVAILABLE: it is served, or the disk fails. PERMISSION_DENIED. FAILED_PRECONDITION: it was
  // not left in order (what was acknowledged last stands beside the file), or an older program
  // wrote it: the register has to be started once. FOREIGN_FILE, SCHEMA_TOO_NEW, CORRUPT_FILE as
  // SqliteRegisterStore.
  static absl::StatusOr<std::unique_ptr<ClosedRegister>> Open(FileSystem& files,
                                                              const std::string& path);
  // Snapshots must be gone.
  ~ClosedRegister();
  ClosedRegister(const ClosedRegister&) = delete;
  ClosedRegister& operator=(const ClosedRegister&) = delete;

  absl::StatusOr<std::unique_ptr<Snapshot>> Read();

 private:
  ClosedRegister(int file, std::string path) : file_(file), path_(std::move(path)) {}

  absl::Status CheckIsWhole(FileSystem& files);
  absl::Status OpenDatabase();

  // Holds the lock.
  const int file_;
  const std::string path_;
  std::shared_ptr<ReaderPool> readers_;
};

// The file as one that nobody writes: SQLite then neither locks it nor looks beside it.
std::string ImmutableUri(const std::string& path);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_CLOSED_REGISTER_H_
