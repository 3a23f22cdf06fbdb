#include "sync/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "sync/base/descriptor.h"
#include "sync/base/status.h"

namespace vigil {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case EFBIG:
    case ENOMEM:
      return absl::StatusCode::kResourceExhausted;
    case EISDIR:
    case ENOTDIR:
    case ENOTEMPTY:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::Status Failure(int error, std::string_view doing, const std::string& path) {
  std::string message(doing);
  message += ' ';
  message += path;
  message += ": ";
  message += std::generic_category().message(error);
  return Error(CodeOf(error), message);
}

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Opens a file or a directory and syncs it.
absl::Status SyncPath(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return Failure(errno, "opening", path);
  if (::fsync(file.number()) != 0) return Failure(errno, "syncing", path);
  return absl::OkStatus();
}

absl::Status WriteAll(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failure(errno, "writing", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

// Fills the open file `file`, closes it and gives it the name `path`.
absl::Status FillAndName(Descriptor& file, const std::string& temporary, const std::string& path,
                         std::string_view bytes, const FileSystem::WriteOptions& options) {
  if (::fchmod(file.number(), options.mode) != 0) return Failure(errno, "setting mode of", path);
  VIGIL_RETURN_IF_ERROR(WriteAll(file.number(), bytes, path));
  if (::fsync(file.number()) != 0) return Failure(errno, "syncing", path);
  if (const int error = file.Close(); error != 0) return Failure(error, "closing", path);
  if (options.must_be_new) {
    // Unlike rename, link refuses to replace a file. The caller removes the temporary name.
    if (::link(temporary.c_str(), path.c_str()) != 0) return Failure(errno, "making", path);
  } else if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return Failure(errno, "replacing", path);
  }
  return SyncPath(DirectoryOf(path));
}

}  // namespace

absl::StatusOr<std::string> PosixFileSystem::Read(const std::string& path, std::size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return Failure(errno, "opening", path);
  std::string content;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t count = ::read(file.number(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failure(errno, "reading", path);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > bytes_max) {
      return Error(absl::StatusCode::kOutOfRange,
                   path + " is longer than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

absl::Status PosixFileSystem::WriteAtomic(const std::string& path, std::string_view bytes,
                                          const WriteOptions& options) {
  std::string temporary = path + ".XXXXXX";
  Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.is_open()) return Failure(errno, "making", path);
  const absl::Status status = FillAndName(file, temporary, path, bytes, options);
  if (!status.ok() || options.must_be_new) ::unlink(temporary.c_str());
  return status;
}

absl::StatusOr<std::string> PosixFileSystem::ReadRange(const std::string& path, std::int64_t offset,
                                                       std::size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return Failure(errno, "opening", path);
  std::string bytes(bytes_max, '\0');
  std::size_t size = 0;
  while (size < bytes_max) {
    const ssize_t count = ::pread(file.number(), bytes.data() + size, bytes_max - size,
                                  offset + static_cast<std::int64_t>(size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failure(errno, "reading", path);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  bytes.resize(size);
  return bytes;
}

absl::Status PosixFileSystem::Append(const std::string& path, std::string_view bytes) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) return Failure(errno, "opening", path);
  VIGIL_RETURN_IF_ERROR(WriteAll(file.number(), bytes, path));
  if (const int error = file.Close(); error != 0) return Failure(error, "closing", path);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return Failure(errno, "renaming", from);
  return SyncPath(DirectoryOf(to));
}

bool PosixFileSystem::Exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

absl::StatusOr<std::int64_t> PosixFileSystem::Size(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return Failure(errno, "looking at", path);
  return static_cast<std::int64_t>(info.st_size);
}

absl::Status PosixFileSystem::Link(const std::string& path, const std::string& also) {
  if (::link(path.c_str(), also.c_str()) != 0) return Failure(errno, "linking", also);
  return SyncPath(DirectoryOf(also));
}

absl::Status PosixFileSystem::Remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return Failure(errno, "removing", path);
}

absl::Status PosixFileSystem::MakeDirectories(const std::string& path, unsigned mode) {
  for (std::size_t slash = path.find('/', 1); true; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), mode) != 0) {
      const int error = errno;
      struct stat info {};
      const bool is_directory = ::stat(part.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
      if (!is_directory) {
        return Failure(error == EEXIST ? ENOTDIR : error, "making directory", part);
      }
    }
    if (slash == std::string::npos) return absl::OkStatus();
  }
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::List(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (directory == nullptr) return Failure(errno, "opening", path);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* const entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return Failure(errno, "reading", path);
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status PosixFileSystem::Sync(const std::string& path) {
  VIGIL_RETURN_IF_ERROR(SyncPath(path));
  return SyncPath(DirectoryOf(path));
}

absl::StatusOr<std::int64_t> PosixFileSystem::FreeBytes(const std::string& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0) return Failure(errno, "asking for the disk of", path);
  // What is kept for the administrator is not ours.
  return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (directory.empty() || (!name.empty() && name.front() == '/')) return std::string(name);
  std::string path(directory);
  if (path.back() != '/') path += '/';
  path += name;
  return path;
}

}  // namespace vigil
