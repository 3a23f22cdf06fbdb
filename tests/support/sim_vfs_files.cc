#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/file.h"
#include "sync/base/mutex.h"
#include "sync/base/status.h"
#include "tests/support/sim_disk.h"
#include "tests/support/sim_vfs_internal.h"

namespace vigil::testing {
namespace {

using Machine = SimVfs::Machine;

absl::Status Failed() { return absl::UnavailableError("the simulated disk fails"); }
absl::Status Full() { return absl::ResourceExhaustedError("the simulated disk is full"); }

class Files final : public FileSystem {
 public:
  explicit Files(Machine& machine) : machine_(machine) {}

  using FileSystem::WriteAtomic;

  absl::StatusOr<std::string> Read(const std::string& path, std::size_t bytes_max) override {
    const MutexLock lock(machine_.mutex);
    VIGIL_ASSIGN_OR_RETURN(const SimDisk::FilePtr file, FindToRead(path));
    if (file->current().size() > bytes_max) return absl::OutOfRangeError(path);
    return file->current();
  }

  absl::StatusOr<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                        std::size_t bytes_max) override {
    const MutexLock lock(machine_.mutex);
    VIGIL_ASSIGN_OR_RETURN(const SimDisk::FilePtr file, FindToRead(path));
    const auto from = std::min(static_cast<std::size_t>(offset), file->current().size());
    return file->current().substr(from, bytes_max);
  }

  // Written aside and renamed, as one step: whole or not at all.
  absl::Status WriteAtomic(const std::string& path, std::string_view bytes,
                           const WriteOptions& options) override {
    const MutexLock lock(machine_.mutex);
    const SimDisk::FilePtr there = machine_.disk.Find(path);
    if (there != nullptr && options.must_be_new) return absl::AlreadyExistsError(path);
    if (Fails(SimVfs::kWrite, machine_.counts.writes)) return Failed();
    if (!HasRoomFor(bytes.size())) return Full();
    machine_.disk.SetContent(path, bytes);
    machine_.counts.bytes_written += static_cast<std::int64_t>(bytes.size());
    return absl::OkStatus();
  }

  absl::Status Append(const std::string& path, std::string_view bytes) override {
    const MutexLock lock(machine_.mutex);
    const bool fails = Fails(SimVfs::kWrite, machine_.counts.writes);
    if (fails && machine_.fault.torn) bytes = bytes.substr(0, Draw(bytes.size() + 1));
    if (fails && !machine_.fault.torn) return Failed();
    if (!HasRoomFor(bytes.size())) return Full();
    SimDisk::FilePtr file = machine_.disk.Find(path);
    if (file == nullptr) file = machine_.disk.Create(path);
    file->Write(file->current().size(), bytes);
    machine_.counts.bytes_written += static_cast<std::int64_t>(bytes.size());
    return fails ? Failed() : absl::OkStatus();
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    const MutexLock lock(machine_.mutex);
    if (machine_.disk.Find(from) == nullptr) return absl::NotFoundError(from);
    const End end = Ends(SimVfs::kRename, machine_.counts.renames);
    if (end != End::kUndone) machine_.disk.Rename(from, to, end == End::kWell);
    return end == End::kWell ? absl::OkStatus() : Failed();
  }

  absl::Status Link(const std::string& path, const std::string& also) override {
    const MutexLock lock(machine_.mutex);
    if (machine_.disk.Find(path) == nullptr) return absl::NotFoundError(path);
    if (machine_.disk.Find(also) != nullptr) return absl::AlreadyExistsError(also);
    const End end = Ends(SimVfs::kLink, machine_.counts.links);
    if (end != End::kUndone) machine_.disk.Link(path, also, end == End::kWell);
    return end == End::kWell ? absl::OkStatus() : Failed();
  }

  bool Exists(const std::string& path) override {
    const MutexLock lock(machine_.mutex);
    return machine_.disk.Find(path) != nullptr;
  }

  absl::StatusOr<std::int64_t> Size(const std::string& path) override {
    const MutexLock lock(machine_.mutex);
    const SimDisk::FilePtr file = machine_.disk.Find(path);
    if (file == nullptr) return absl::NotFoundError(path);
    return static_cast<std::int64_t>(file->current().size());
  }

  absl::Status Remove(const std::string& path) override {
    const MutexLock lock(machine_.mutex);
    if (machine_.disk.Find(path) == nullptr) return absl::OkStatus();
    const End end = Ends(SimVfs::kDelete, machine_.counts.deletes);
    if (end != End::kUndone) machine_.disk.Remove(path, false);
    return end == End::kWell ? absl::OkStatus() : Failed();
  }

  absl::Status MakeDirectories(const std::string&, unsigned) override { return absl::OkStatus(); }

  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    const MutexLock lock(machine_.mutex);
    const std::string prefix = path.empty() ? "" : path + "/";
    std::vector<std::string> names;
    for (const std::string& file : machine_.disk.Paths()) {
      if (file.starts_with(prefix)) names.push_back(file.substr(prefix.size()));
    }
    return names;
  }

  absl::Status Sync(const std::string& path) override {
    const MutexLock lock(machine_.mutex);
    const SimDisk::FilePtr file = machine_.disk.Find(path);
    if (file == nullptr) return absl::NotFoundError(path);
    if (Fails(SimVfs::kSync, machine_.counts.syncs)) {
      file->FailSync(machine_.disk.random());
      return Failed();
    }
    machine_.disk.Sync(file, path);
    machine_.disk.SyncNames();
    return absl::OkStatus();
  }

  absl::StatusOr<std::int64_t> FreeBytes(const std::string&) override {
    const MutexLock lock(machine_.mutex);
    if (machine_.capacity == 0) return std::numeric_limits<std::int64_t>::max();
    return machine_.capacity - machine_.disk.bytes_used();
  }

 private:
  // How a change of names ends. Of those that fail, the first may have happened; a program that has
  // died changes nothing.
  enum class End { kWell, kCutOff, kUndone };
  End Ends(SimVfs::Operation operation, std::int64_t& count) {
    const bool died_before = machine_.fault_set && machine_.fault_struck;
    if (!Fails(operation, count)) return End::kWell;
    return died_before || Draw(2) == 0 ? End::kUndone : End::kCutOff;
  }
  bool Fails(SimVfs::Operation operation, std::int64_t& count) {
    return machine_.Begin(operation, count, SQLITE_IOERR) != SQLITE_OK;
  }
  std::uint64_t Draw(std::uint64_t bound) { return machine_.disk.random().Below(bound); }
  bool HasRoomFor(std::size_t bytes) const {
    return machine_.capacity == 0 ||
           machine_.disk.bytes_used() + static_cast<std::int64_t>(bytes) <= machine_.capacity;
  }
  absl::StatusOr<SimDisk::FilePtr> FindToRead(const std::string& path) {
    SimDisk::FilePtr file = machine_.disk.Find(path);
    if (file == nullptr) return absl::NotFoundError(path);
    if (Fails(SimVfs::kRead, machine_.counts.reads)) return Failed();
    return file;
  }

  Machine& machine_;
};

}  // namespace

std::unique_ptr<FileSystem> MakeSimVfsFiles(Machine& machine) {
  return std::make_unique<Files>(machine);
}

}  // namespace vigil::testing
