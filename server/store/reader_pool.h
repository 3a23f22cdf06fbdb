#ifndef VIGIL_SERVER_STORE_READER_POOL_H_
#define VIGIL_SERVER_STORE_READER_POOL_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "sync/base/mutex.h"
#include "sync/sqlite/database.h"

namespace vigil::store {

// Read-only connections to one file, for reuse: opening one and preparing its statements costs
// more than a query. Opens as many as are in use at a time, keeps some. Thread-safe.
class ReaderPool {
 public:
  ReaderPool(std::string path, sqlite::OpenOptions options, std::size_t idle_max)
      : path_(std::move(path)), options_(std::move(options)), idle_max_(idle_max) {}

  absl::StatusOr<std::unique_ptr<sqlite::Database>> Take() ABSL_LOCKS_EXCLUDED(mutex_);
  // Without an open snapshot.
  void Give(std::unique_ptr<sqlite::Database> database) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const std::string path_;
  const sqlite::OpenOptions options_;
  const std::size_t idle_max_;

  Mutex mutex_;
  std::vector<std::unique_ptr<sqlite::Database>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_READER_POOL_H_
