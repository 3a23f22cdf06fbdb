#include "sync/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "sync/base/status.h"

namespace vigil {
namespace {

constexpr mode_t kMode = 0600;

absl::Status Failure(int error, const std::string& path) {
  const auto code =
      error == EACCES ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kUnavailable;
  return Error(code, "locking " + path + ": " + std::generic_category().message(error));
}

// The open file with the lock; nullopt: somebody else holds it.
absl::StatusOr<std::optional<int>> Lock(const std::string& path, int how) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (file < 0) return Failure(errno, path);
  int result = ::flock(file, how);
  while (result != 0 && errno == EINTR) result = ::flock(file, how);
  if (result == 0) return std::optional<int>(file);
  const int error = errno;
  ::close(file);
  if (error == EWOULDBLOCK) return std::optional<int>();
  return Failure(error, path);
}

}  // namespace

absl::StatusOr<FileLock> FileLock::Wait(const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<int> file, Lock(path, LOCK_EX));
  VIGIL_CHECK(file.has_value());
  return FileLock(*file);
}

absl::StatusOr<std::optional<FileLock>> FileLock::Try(const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<int> file, Lock(path, LOCK_EX | LOCK_NB));
  if (!file) return std::optional<FileLock>();
  return std::optional<FileLock>(FileLock(*file));
}

FileLock::~FileLock() {
  // Closing it is what ends the lock.
  if (file_ >= 0) ::close(file_);
}

}  // namespace vigil
