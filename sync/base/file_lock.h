#ifndef VIGIL_SYNC_BASE_FILE_LOCK_H_
#define VIGIL_SYNC_BASE_FILE_LOCK_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace vigil {

// A lock that processes hold on a file, made where there is none; it ends with its holder, however
// that ends. Two locks of one process on one file exclude each other, too.
class FileLock {
 public:
  // Waits for as long as somebody else holds it.
  static absl::StatusOr<FileLock> Wait(const std::string& path);
  // Nullopt: somebody else holds it.
  static absl::StatusOr<std::optional<FileLock>> Try(const std::string& path);

  ~FileLock();
  FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }

 private:
  explicit FileLock(int file) : file_(file) {}

  int file_;
};

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_FILE_LOCK_H_
