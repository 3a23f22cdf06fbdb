#ifndef VIGIL_TESTS_SUPPORT_SIM_VFS_INTERNAL_H_
#define VIGIL_TESTS_SUPPORT_SIM_VFS_INTERNAL_H_

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sync/base/file.h"
#include "sync/base/mutex.h"
#include "sync/base/time.h"
#include "tests/support/sim_disk.h"
#include "tests/support/sim_vfs.h"

// What sim_vfs.cc (names), sim_vfs_file.cc (open files) and sim_vfs_files.cc (all but SQLite)
// share.
namespace vigil::testing {

struct SimHandle;

// What connections of one file share beside its content: locks and the WAL's shared memory. After
// a crash old handles keep the old one, new ones get a new one.
struct SimShared {
  SimDisk::FilePtr file;
  std::vector<SimHandle*> handles;
  std::vector<std::unique_ptr<std::vector<char>>> regions;
};

struct SimVfs::Machine {
  explicit Machine(const Options& options) : disk(options.seed), clock(options.clock) {}

  // Counts a call; the code with which it is to fail, or SQLITE_OK.
  int Begin(Operation operation, std::int64_t& count, int failure) {
    ++count;
    if (!fault_set || (fault.operations & operation) == 0) return SQLITE_OK;
    if (fault.after > 0) {
      --fault.after;
      return SQLITE_OK;
    }
    fault_struck = true;
    fault_set = fault.sticky;
    return failure;
  }

  std::string name;
  sqlite3_vfs vfs{};
  mutable Mutex mutex;
  SimDisk disk;
  const Clock* clock;
  std::int64_t open_handles = 0;
  // Handles of an earlier life answer IOERR.
  std::int64_t life = 0;
  std::map<SimFile*, std::shared_ptr<SimShared>> shared;
  Fault fault;
  bool fault_set = false;
  bool fault_struck = false;
  std::int64_t capacity = 0;
  Counts counts;
};

// One open file. SQLite allocates it; Open constructs and Close destroys it.
struct SimHandle : sqlite3_file {
  SimVfs::Machine* machine = nullptr;
  std::int64_t life = 0;
  std::shared_ptr<SimShared> shared;
  std::string path;  // empty for a temporary file
  bool delete_on_close = false;
  int lock = SQLITE_LOCK_NONE;
  bool has_memory = false;
  unsigned memory_shared = 0;  // bit sets of the WAL locks held
  unsigned memory_exclusive = 0;

  bool is_stale() const { return life != machine->life; }
};

extern const sqlite3_io_methods kSimFileMethods;

// The machine must outlive it.
std::unique_ptr<FileSystem> MakeSimVfsFiles(SimVfs::Machine& machine);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SIM_VFS_INTERNAL_H_
