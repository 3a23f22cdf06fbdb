#include "sync/sqlite/gathering_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>

#include "sync/base/check.h"

namespace vigil::sqlite {
namespace {

// SQLite's own VFS for Unix takes no more at once (seekAndWriteFd in os_unix.c).
constexpr std::size_t kGatheredMax = 0x1ffff;

// A log; behind it, in the memory that SQLite gave for both, the file below.
struct LogFile : sqlite3_file {
  sqlite3_file* below = nullptr;
  // What the file below lacks, and where it begins.
  std::string gathered;
  sqlite3_int64 begin = 0;
};

LogFile& Of(sqlite3_file* file) { return *static_cast<LogFile*>(file); }
sqlite3_file* Below(sqlite3_file* file) { return Of(file).below; }

int WriteDown(LogFile& log) {
  if (log.gathered.empty()) return SQLITE_OK;
  const int code = log.below->pMethods->xWrite(log.below, log.gathered.data(),
                                               static_cast<int>(log.gathered.size()), log.begin);
  log.gathered.clear();
  return code;
}

int Close(sqlite3_file* file) {
  LogFile& log = Of(file);
  const int written = WriteDown(log);
  const int closed = log.below->pMethods->xClose(log.below);
  log.~LogFile();
  return written != SQLITE_OK ? written : closed;
}

int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  LogFile& log = Of(file);
  const auto end = log.begin + static_cast<sqlite3_int64>(log.gathered.size());
  const auto more = static_cast<std::size_t>(size);
  if (offset != end || log.gathered.size() + more > kGatheredMax) {
    if (const int code = WriteDown(log); code != SQLITE_OK) return code;
    log.begin = offset;
  }
  log.gathered.append(static_cast<const char*>(bytes), more);
  return SQLITE_OK;
}

// What any other call finds is what was written.
int Read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
  LogFile& log = Of(file);
  if (const int code = WriteDown(log); code != SQLITE_OK) return code;
  return log.below->pMethods->xRead(log.below, bytes, size, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  LogFile& log = Of(file);
  if (const int code = WriteDown(log); code != SQLITE_OK) return code;
  return log.below->pMethods->xTruncate(log.below, size);
}

int Sync(sqlite3_file* file, int flags) {
  LogFile& log = Of(file);
  if (const int code = WriteDown(log); code != SQLITE_OK) return code;
  return log.below->pMethods->xSync(log.below, flags);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  LogFile& log = Of(file);
  if (const int code = WriteDown(log); code != SQLITE_OK) return code;
  return log.below->pMethods->xFileSize(log.below, size);
}

int Lock(sqlite3_file* file, int level) { return Below(file)->pMethods->xLock(Below(file), level); }
int Unlock(sqlite3_file* file, int level) {
  return Below(file)->pMethods->xUnlock(Below(file), level);
}
int CheckReservedLock(sqlite3_file* file, int* result) {
  return Below(file)->pMethods->xCheckReservedLock(Below(file), result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Below(file)->pMethods->xFileControl(Below(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return Below(file)->pMethods->xSectorSize(Below(file)); }
int DeviceCharacteristics(sqlite3_file* file) {
  return Below(file)->pMethods->xDeviceCharacteristics(Below(file));
}

// A log is neither mapped nor shared as memory: the first version of the methods.
constexpr sqlite3_io_methods kLogMethods = {
    .iVersion = 1,
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
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

sqlite3_vfs* Below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* const below = Below(vfs);
  if ((flags & SQLITE_OPEN_WAL) == 0) return below->xOpen(below, path, file, flags, out_flags);
  file->pMethods = nullptr;
  auto* const lower =
      reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(LogFile));
  lower->pMethods = nullptr;
  const int code = below->xOpen(below, path, lower, flags, out_flags);
  if (code != SQLITE_OK) {
    if (lower->pMethods != nullptr) lower->pMethods->xClose(lower);
    return code;
  }
  auto* const log = new (file) LogFile();
  log->below = lower;
  log->pMethods = &kLogMethods;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync) {
  return Below(vfs)->xDelete(Below(vfs), path, sync);
}
int Access(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
  return Below(vfs)->xAccess(Below(vfs), path, flags, result);
}
int FullPathname(sqlite3_vfs* vfs, const char* path, int size, char* full) {
  return Below(vfs)->xFullPathname(Below(vfs), path, size, full);
}
int Randomness(sqlite3_vfs* vfs, int size, char* bytes) {
  return Below(vfs)->xRandomness(Below(vfs), size, bytes);
}
int Sleep(sqlite3_vfs* vfs, int microseconds) {
  return Below(vfs)->xSleep(Below(vfs), microseconds);
}
int CurrentTime(sqlite3_vfs* vfs, double* days) {
  return Below(vfs)->xCurrentTime(Below(vfs), days);
}
int GetLastError(sqlite3_vfs* vfs, int size, char* text) {
  return Below(vfs)->xGetLastError(Below(vfs), size, text);
}
int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* milliseconds) {
  return Below(vfs)->xCurrentTimeInt64(Below(vfs), milliseconds);
}

}  // namespace

std::unique_ptr<GatheringVfs> GatheringVfs::Make(const std::string& below) {
  sqlite3_vfs* const found = sqlite3_vfs_find(below.empty() ? nullptr : below.c_str());
  if (found == nullptr) return nullptr;
  return std::unique_ptr<GatheringVfs>(new GatheringVfs(*found));
}

GatheringVfs::GatheringVfs(sqlite3_vfs& below) : vfs_(std::make_unique<sqlite3_vfs>()) {
  static std::atomic<std::uint64_t> last = 0;
  name_ = std::string("gathering-") + std::to_string(++last) + "-" + below.zName;
  vfs_->iVersion = std::min(below.iVersion, 2);
  vfs_->szOsFile = static_cast<int>(sizeof(LogFile)) + below.szOsFile;
  vfs_->mxPathname = below.mxPathname;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = &below;
  vfs_->xOpen = &Open;
  vfs_->xDelete = &Delete;
  vfs_->xAccess = &Access;
  vfs_->xFullPathname = &FullPathname;
  vfs_->xRandomness = &Randomness;
  vfs_->xSleep = &Sleep;
  vfs_->xCurrentTime = &CurrentTime;
  vfs_->xGetLastError = &GetLastError;
  if (below.iVersion >= 2) vfs_->xCurrentTimeInt64 = &CurrentTimeInt64;
  VIGIL_CHECK(sqlite3_vfs_register(vfs_.get(), 0) == SQLITE_OK);
}

GatheringVfs::~GatheringVfs() { sqlite3_vfs_unregister(vfs_.get()); }

}  // namespace vigil::sqlite
