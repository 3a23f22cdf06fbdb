#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/mutex.h"
#include "tests/support/sim_disk.h"
#include "tests/support/sim_vfs_internal.h"

namespace vigil::testing {
namespace {

using Machine = SimVfs::Machine;

SimHandle& Of(sqlite3_file* file) { return *static_cast<SimHandle*>(file); }

int Close(sqlite3_file* file) {
  SimHandle& handle = Of(file);
  Machine& machine = *handle.machine;
  const MutexLock lock(machine.mutex);
  std::vector<SimHandle*>& handles = handle.shared->handles;
  handles.erase(std::remove(handles.begin(), handles.end(), &handle), handles.end());
  if (!handle.is_stale()) {
    if (handles.empty()) machine.shared.erase(handle.shared->file.get());
    if (handle.delete_on_close) machine.disk.Remove(handle.path, false);
  }
  --machine.open_handles;
  handle.~SimHandle();
  return SQLITE_OK;
}

int Read(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  if (handle.is_stale()) return SQLITE_IOERR;
  Machine& machine = *handle.machine;
  const int failure = machine.Begin(SimVfs::kRead, machine.counts.reads, SQLITE_IOERR_READ);
  if (failure != SQLITE_OK) return failure;
  const std::string& content = handle.shared->file->current();
  const auto wanted = static_cast<std::size_t>(size);
  const std::size_t begin = std::min(static_cast<std::size_t>(offset), content.size());
  const std::size_t found = std::min(wanted, content.size() - begin);
  std::memcpy(buffer, content.data() + begin, found);
  if (found == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(buffer) + found, 0, wanted - found);
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* file, const void* buffer, int size, sqlite3_int64 offset) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  if (handle.is_stale()) return SQLITE_IOERR;
  Machine& machine = *handle.machine;
  SimFile& target = *handle.shared->file;
  std::string_view bytes(static_cast<const char*>(buffer), static_cast<std::size_t>(size));
  const auto begin = static_cast<std::size_t>(offset);
  const int failure = machine.Begin(SimVfs::kWrite, machine.counts.writes, SQLITE_IOERR_WRITE);
  if (failure != SQLITE_OK) {
    if (machine.fault.torn) {
      target.Write(begin, bytes.substr(0, machine.disk.random().Below(bytes.size() + 1)));
    }
    return machine.fault.full ? SQLITE_FULL : failure;
  }
  const std::size_t end = begin + bytes.size();
  if (machine.capacity > 0 && end > target.current().size()) {
    const auto growth = static_cast<std::int64_t>(end - target.current().size());
    if (machine.disk.bytes_used() + growth > machine.capacity) return SQLITE_FULL;
  }
  target.Write(begin, bytes);
  machine.counts.bytes_written += size;
  return SQLITE_OK;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  if (handle.is_stale()) return SQLITE_IOERR;
  Machine& machine = *handle.machine;
  const int failure =
      machine.Begin(SimVfs::kTruncate, machine.counts.truncates, SQLITE_IOERR_TRUNCATE);
  if (failure != SQLITE_OK) return failure;
  handle.shared->file->Truncate(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int Sync(sqlite3_file* file, int /*flags*/) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  if (handle.is_stale()) return SQLITE_IOERR;
  Machine& machine = *handle.machine;
  const int failure = machine.Begin(SimVfs::kSync, machine.counts.syncs, SQLITE_IOERR_FSYNC);
  if (failure != SQLITE_OK) {
    handle.shared->file->FailSync(machine.disk.random());
    return failure;
  }
  machine.disk.Sync(handle.shared->file, handle.path);
  return SQLITE_OK;
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  if (handle.is_stale()) return SQLITE_IOERR;
  *size = static_cast<sqlite3_int64>(handle.shared->file->current().size());
  return SQLITE_OK;
}

// The highest lock that another handle of the same file holds.
int OthersLock(const SimHandle& handle) {
  int highest = SQLITE_LOCK_NONE;
  for (const SimHandle* const other : handle.shared->handles) {
    if (other != &handle) highest = std::max(highest, other->lock);
  }
  return highest;
}

int Lock(sqlite3_file* file, int level) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  if (handle.is_stale()) return SQLITE_IOERR_LOCK;
  if (handle.lock >= level) return SQLITE_OK;
  const int others = OthersLock(handle);
  if (level == SQLITE_LOCK_SHARED) {
    if (others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
  } else if (others >= SQLITE_LOCK_RESERVED) {
    return SQLITE_BUSY;
  } else if (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
    handle.lock = SQLITE_LOCK_PENDING;  // keeps new readers out
    return SQLITE_BUSY;
  }
  handle.lock = level;
  return SQLITE_OK;
}

int Unlock(sqlite3_file* file, int level) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  handle.lock = std::min(handle.lock, level);
  return SQLITE_OK;
}

int CheckReservedLock(sqlite3_file* file, int* result) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  if (handle.is_stale()) return SQLITE_IOERR_CHECKRESERVEDLOCK;
  *result = std::max(handle.lock, OthersLock(handle)) >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}

int FileControl(sqlite3_file* /*file*/, int /*operation*/, void* /*argument*/) {
  return SQLITE_NOTFOUND;
}
int SectorSize(sqlite3_file* /*file*/) { return 512; }
int DeviceCharacteristics(sqlite3_file* /*file*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// ---- Shared memory of the WAL index

int MemoryMap(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  *memory = nullptr;
  if (handle.is_stale()) return SQLITE_IOERR_SHMMAP;
  handle.has_memory = true;
  auto& regions = handle.shared->regions;
  const auto index = static_cast<std::size_t>(region);
  if (index >= regions.size()) {
    if (extend == 0) return SQLITE_OK;
    while (regions.size() <= index) {
      regions.push_back(std::make_unique<std::vector<char>>(static_cast<std::size_t>(size)));
    }
  }
  *memory = regions[index]->data();
  return SQLITE_OK;
}

int MemoryLock(sqlite3_file* file, int first, int count, int flags) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  const unsigned mask = ((1U << static_cast<unsigned>(count)) - 1U) << static_cast<unsigned>(first);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    handle.memory_shared &= ~mask;
    handle.memory_exclusive &= ~mask;
    return SQLITE_OK;
  }
  if (handle.is_stale()) return SQLITE_IOERR_SHMLOCK;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (const SimHandle* const other : handle.shared->handles) {
    if (other == &handle) continue;
    const unsigned bars = other->memory_exclusive | (exclusive ? other->memory_shared : 0U);
    if ((bars & mask) != 0) return SQLITE_BUSY;
  }
  (exclusive ? handle.memory_exclusive : handle.memory_shared) |= mask;
  return SQLITE_OK;
}

// A lock and its release order memory as a fence does, and the thread sanitizer knows them.
void MemoryBarrier(sqlite3_file* file) { const MutexLock lock(Of(file).machine->mutex); }

int MemoryUnmap(sqlite3_file* file, int /*remove*/) {
  SimHandle& handle = Of(file);
  const MutexLock lock(handle.machine->mutex);
  handle.has_memory = false;
  handle.memory_shared = 0;
  handle.memory_exclusive = 0;
  const auto& handles = handle.shared->handles;
  // The first to map it afterwards finds it empty, as after a restart of the machine.
  if (std::none_of(handles.begin(), handles.end(), [](SimHandle* h) { return h->has_memory; })) {
    handle.shared->regions.clear();
  }
  return SQLITE_OK;
}

}  // namespace

const sqlite3_io_methods kSimFileMethods = {
    .iVersion = 2,
    .xClose = &Close,
    .xRead = &Read,
    .xWrite = &Write,
    .xTruncate = &Truncate,
    .xSync = &Sync,
    .xFileSize = &FileSize,
    .xLock = &Lock,
    .xUnlock = &Unlock,
    .xCheckReservedLock = &CheckReservedLock,
    .xFileControl = &FileControl,
    .xSectorSize = &SectorSize,
    .xDeviceCharacteristics = &DeviceCharacteristics,
    .xShmMap = &MemoryMap,
    .xShmLock = &MemoryLock,
    .xShmBarrier = &MemoryBarrier,
    .xShmUnmap = &MemoryUnmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

}  // namespace vigil::testing
