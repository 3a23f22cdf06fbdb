#include "tests/support/sim_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <new>
#include <thread>
#include <utility>

#include "sync/base/check.h"
#include "sync/base/mutex.h"
#include "tests/support/manual_clock.h"
#include "tests/support/sim_disk.h"
#include "tests/support/sim_vfs_internal.h"

namespace vigil::testing {
namespace {

using Machine = SimVfs::Machine;

constexpr int kPathBytesMax = 512;

Machine& MachineOf(sqlite3_vfs* vfs) { return *static_cast<Machine*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  Machine& machine = MachineOf(vfs);
  const MutexLock lock(machine.mutex);
  file->pMethods = nullptr;  // SQLite does not close what was not opened
  const int failure = machine.Begin(SimVfs::kOpen, machine.counts.opens, SQLITE_CANTOPEN);
  if (failure != SQLITE_OK) return failure;
  SimDisk::FilePtr content = path == nullptr ? nullptr : machine.disk.Find(path);
  if (content == nullptr) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    content = path == nullptr ? std::make_shared<SimFile>() : machine.disk.Create(path);
  }
  std::shared_ptr<SimShared>& shared = machine.shared[content.get()];
  if (shared == nullptr) shared = std::make_shared<SimShared>(SimShared{content, {}, {}});
  auto* const handle = new (file) SimHandle;
  handle->pMethods = &kSimFileMethods;
  handle->machine = &machine;
  handle->life = machine.life;
  handle->shared = shared;
  handle->path = path == nullptr ? "" : path;
  handle->delete_on_close = path != nullptr && (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  shared->handles.push_back(handle);
  ++machine.open_handles;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  Machine& machine = MachineOf(vfs);
  const MutexLock lock(machine.mutex);
  const int failure = machine.Begin(SimVfs::kDelete, machine.counts.deletes, SQLITE_IOERR_DELETE);
  if (failure != SQLITE_OK) return failure;
  return machine.disk.Remove(path, sync_directory != 0) ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

int Access(sqlite3_vfs* vfs, const char* path, int /*flags*/, int* result) {
  Machine& machine = MachineOf(vfs);
  const MutexLock lock(machine.mutex);
  *result = machine.disk.Find(path) != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs* /*vfs*/, const char* path, int size, char* result) {
  const std::string_view text(path);
  if (text.size() + 1 > static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(result, path, text.size() + 1);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs* vfs, int size, char* result) {
  Machine& machine = MachineOf(vfs);
  const MutexLock lock(machine.mutex);
  const std::string bytes = machine.disk.random().Bytes(static_cast<std::size_t>(size));
  std::memcpy(result, bytes.data(), bytes.size());
  return size;
}

// Waiting for another connection in the same thread would be for ever; other threads get a turn.
int Sleep(sqlite3_vfs* /*vfs*/, int micros) {
  std::this_thread::yield();
  return micros;
}

int CurrentTimeMillis(sqlite3_vfs* vfs, sqlite3_int64* result) {
  constexpr sqlite3_int64 kUnixEpochInJulianMillis = 210866760000000;
  const Clock* const clock = MachineOf(vfs).clock;
  const absl::Time now = clock != nullptr ? clock->Now() : StoryBegin();
  *result = kUnixEpochInJulianMillis + absl::ToUnixMillis(now);
  return SQLITE_OK;
}

int CurrentTimeDays(sqlite3_vfs* vfs, double* result) {
  sqlite3_int64 millis = 0;
  CurrentTimeMillis(vfs, &millis);
  *result = static_cast<double>(millis) / 86400000.0;
  return SQLITE_OK;
}

int LastError(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*result*/) { return 0; }

sqlite3_vfs MakeVfs(Machine& machine) {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(SimHandle);
  vfs.mxPathname = kPathBytesMax;
  vfs.zName = machine.name.c_str();
  vfs.pAppData = &machine;
  vfs.xOpen = &Open;
  vfs.xDelete = &Delete;
  vfs.xAccess = &Access;
  vfs.xFullPathname = &FullPathname;
  vfs.xRandomness = &Randomness;
  vfs.xSleep = &Sleep;
  vfs.xCurrentTime = &CurrentTimeDays;
  vfs.xCurrentTimeInt64 = &CurrentTimeMillis;
  vfs.xGetLastError = &LastError;
  return vfs;
}

}  // namespace

SimVfs::SimVfs(const Options& options) : machine_(std::make_unique<Machine>(options)) {
  static std::atomic<int> made{0};
  machine_->name = "sim-" + std::to_string(made.fetch_add(1));
  machine_->vfs = MakeVfs(*machine_);
  VIGIL_CHECK(sqlite3_vfs_register(&machine_->vfs, 0) == SQLITE_OK);
  files_ = MakeSimVfsFiles(*machine_);
}

SimVfs::~SimVfs() {
  VIGIL_CHECK(machine_->open_handles == 0) << "connections of " << machine_->name << " are open";
  sqlite3_vfs_unregister(&machine_->vfs);
}

const std::string& SimVfs::name() const { return machine_->name; }
FileSystem& SimVfs::files() { return *files_; }

void SimVfs::Crash() {
  const MutexLock lock(machine_->mutex);
  machine_->disk.Crash();
  machine_->shared.clear();
  machine_->fault_set = false;
  ++machine_->life;
}

void SimVfs::KillProcess() {
  const MutexLock lock(machine_->mutex);
  machine_->disk.Restart();
  machine_->shared.clear();
  machine_->fault_set = false;
  ++machine_->life;
}

void SimVfs::SetFault(const Fault& fault) {
  const MutexLock lock(machine_->mutex);
  machine_->fault = fault;
  machine_->fault_set = true;
  machine_->fault_struck = false;
}

void SimVfs::ClearFaults() {
  const MutexLock lock(machine_->mutex);
  machine_->fault_set = false;
}

bool SimVfs::fault_struck() const {
  const MutexLock lock(machine_->mutex);
  return machine_->fault_struck;
}

void SimVfs::SetCapacity(std::int64_t bytes) {
  const MutexLock lock(machine_->mutex);
  machine_->capacity = bytes;
}

std::int64_t SimVfs::bytes_used() const {
  const MutexLock lock(machine_->mutex);
  return machine_->disk.bytes_used();
}

std::int64_t SimVfs::bytes_free() const {
  const MutexLock lock(machine_->mutex);
  if (machine_->capacity == 0) return std::numeric_limits<std::int64_t>::max();
  return machine_->capacity - machine_->disk.bytes_used();
}

SimVfs::Counts SimVfs::counts() const {
  const MutexLock lock(machine_->mutex);
  return machine_->counts;
}

bool SimVfs::Exists(std::string_view path) const {
  const MutexLock lock(machine_->mutex);
  return machine_->disk.Find(path) != nullptr;
}

std::string SimVfs::Content(std::string_view path) const {
  const MutexLock lock(machine_->mutex);
  const SimDisk::FilePtr file = machine_->disk.Find(path);
  return file == nullptr ? "" : file->current();
}

void SimVfs::SetContent(std::string_view path, std::string_view content) {
  const MutexLock lock(machine_->mutex);
  machine_->disk.SetContent(path, content);
}

void SimVfs::Remove(std::string_view path) {
  const MutexLock lock(machine_->mutex);
  machine_->disk.Remove(path, true);
}

std::vector<std::string> SimVfs::Paths() const {
  const MutexLock lock(machine_->mutex);
  return machine_->disk.Paths();
}

void SeedSqliteRandom(std::uint64_t seed) {
  // 0 would mean "seed from the operating system".
  const auto folded = static_cast<int>((seed ^ (seed >> 32U)) & 0x7fffffffU) | 1;
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, folded, nullptr);
}

}  // namespace vigil::testing
