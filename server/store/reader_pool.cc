#include "server/store/reader_pool.h"

#include "sync/base/status.h"

namespace vigil::store {

absl::StatusOr<std::unique_ptr<sqlite::Database>> ReaderPool::Take() {
  {
    const MutexLock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<sqlite::Database> database = std::move(idle_.back());
      idle_.pop_back();
      return database;
    }
  }
  VIGIL_ASSIGN_OR_RETURN(sqlite::Database opened, sqlite::Database::Open(path_, options_));
  return std::make_unique<sqlite::Database>(std::move(opened));
}

void ReaderPool::Give(std::unique_ptr<sqlite::Database> database) {
  const MutexLock lock(mutex_);
  // Beyond the limit it is closed, outside of the lock: by the argument's end.
  if (idle_.size() < idle_max_) idle_.push_back(std::move(database));
}

}  // namespace vigil::store
