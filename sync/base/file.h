#ifndef VIGIL_SYNC_BASE_FILE_H_
#define VIGIL_SYNC_BASE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vigil {

// The few effects on files that Vigil needs outside SQLite (keys, tokens, configuration, exports,
// photos);
// injected, so that tests can make them fail. Errors: NOT_FOUND, ALREADY_EXISTS,
// PERMISSION_DENIED, RESOURCE_EXHAUSTED (disk full, too many open files), FAILED_PRECONDITION
// (not a file, not a directory), else UNAVAILABLE; messages name the path and the cause.
class FileSystem {
 public:
  struct WriteOptions {
    // The permission bits of the file, whatever the umask is.
    unsigned mode = 0644;
    // Refuses (ALREADY_EXISTS) to replace a file.
    bool must_be_new = false;
  };

  virtual ~FileSystem() = default;

  // The whole file; OUT_OF_RANGE when it is longer than `bytes_max`.
  virtual absl::StatusOr<std::string> Read(const std::string& path, std::size_t bytes_max) = 0;
  // After OK the file has exactly these bytes, even after a power failure; after an error it has
  // its former content or the new one, never a mixture.
  virtual absl::Status WriteAtomic(const std::string& path, std::string_view bytes,
                                   const WriteOptions& options) = 0;
  absl::Status WriteAtomic(const std::string& path, std::string_view bytes) {
    return WriteAtomic(path, bytes, WriteOptions());
  }
  // From this place on; fewer bytes only where the file ends.
  virtual absl::StatusOr<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                                std::size_t bytes_max) = 0;
  // Adds to the end of a file, which is made where there is none. Durable after Sync only; after an
  // error some of the bytes, from the first on, may be there.
  virtual absl::Status Append(const std::string& path, std::string_view bytes) = 0;
  // Durable when it returns. In the same directory; replaces a file that has the name.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual bool Exists(const std::string& path) = 0;
  virtual absl::StatusOr<std::int64_t> Size(const std::string& path) = 0;
  // A second name for the same file, in the same directory; durable when it returns.
  // ALREADY_EXISTS.
  virtual absl::Status Link(const std::string& path, const std::string& also) = 0;
  // OK also when there was no such file.
  virtual absl::Status Remove(const std::string& path) = 0;
  // Makes the directory and its parents; one that exists is OK and keeps its mode.
  virtual absl::Status MakeDirectories(const std::string& path, unsigned mode) = 0;
  // The names in a directory (without "." and ".."), sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& path) = 0;
  // Makes a file that something else wrote, and its name, durable.
  virtual absl::Status Sync(const std::string& path) = 0;
  // What may still be written to the disk that the file or directory is on, in bytes.
  virtual absl::StatusOr<std::int64_t> FreeBytes(const std::string& path) = 0;
};

// The operating system's files. Safe to use from several threads.
class PosixFileSystem final : public FileSystem {
 public:
  using FileSystem::WriteAtomic;

  absl::StatusOr<std::string> Read(const std::string& path, std::size_t bytes_max) override;
  absl::Status WriteAtomic(const std::string& path, std::string_view bytes,
                           const WriteOptions& options) override;
  absl::StatusOr<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                        std::size_t bytes_max) override;
  absl::Status Append(const std::string& path, std::string_view bytes) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  bool Exists(const std::string& path) override;
  absl::StatusOr<std::int64_t> Size(const std::string& path) override;
  absl::Status Link(const std::string& path, const std::string& also) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeDirectories(const std::string& path, unsigned mode) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override;
  absl::Status Sync(const std::string& path) override;
  absl::StatusOr<std::int64_t> FreeBytes(const std::string& path) override;
};

// "a" + "b" gives "a/b"; an absolute `name` stands for itself.
std::string JoinPath(std::string_view directory, std::string_view name);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_FILE_H_
