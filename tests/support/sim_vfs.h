#ifndef VIGIL_TESTS_SUPPORT_SIM_VFS_H_
#define VIGIL_TESTS_SUPPORT_SIM_VFS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/file.h"
#include "sync/base/time.h"

namespace vigil::testing {

// A machine's disk for SQLite: files in memory that can lose what was not synced, fail and fill up,
// by a seed. Each object is a VFS of its own (a machine); several connections of this process may
// share its files, in WAL mode too (the shared memory is on the heap). Safe to use from several
// threads. All connections must be closed before it is destroyed.
//
//   SimVfs disk({.seed = 7});
//   auto database = sqlite::Database::Open("register.db", {.vfs = disk.name()});
//   disk.Crash();   // every open connection now gets I/O errors; close them and open again
class SimVfs {
 public:
  // The kinds of calls that can be counted and made to fail.
  enum Operation : std::uint32_t {
    kOpen = 1U << 0,
    kRead = 1U << 1,
    kWrite = 1U << 2,
    kSync = 1U << 3,
    kTruncate = 1U << 4,
    kDelete = 1U << 5,
    // Of files() alone; SQLite does neither.
    kRename = 1U << 6,
    kLink = 1U << 7,
    kAny = (1U << 8) - 1,
  };

  struct Options {
    std::uint64_t seed = 1;
    // What SQLite takes for the time; not owned, may be null (a fixed time).
    const Clock* clock = nullptr;
  };

  struct Fault {
    std::uint32_t operations = kAny;  // a set of Operation
    std::int64_t after = 0;           // this many such calls pass first
    bool sticky = false;              // all later ones fail too, until ClearFaults
    // A failing write leaves a part of its bytes behind. (Names need no such thing: one that fails
    // to be made, changed or removed may be so all the same, though not durably.)
    bool torn = false;
    // A failing write says that the disk is full.
    bool full = false;
  };

  struct Counts {
    std::int64_t opens = 0;
    std::int64_t reads = 0;
    std::int64_t writes = 0;
    std::int64_t syncs = 0;
    std::int64_t truncates = 0;
    std::int64_t deletes = 0;
    std::int64_t renames = 0;
    std::int64_t links = 0;
    std::int64_t bytes_written = 0;
  };

  SimVfs() : SimVfs(Options()) {}
  explicit SimVfs(const Options& options);
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  // What OpenOptions::vfs takes.
  const std::string& name() const;
  // The same files for what is not SQLite's: as durable, and failing in the same way. There is one
  // directory, which needs no making.
  FileSystem& files();

  // The power fails. Of each file's writes since its last sync, each one is kept, dropped or torn
  // at a sector of 512 bytes; files made or deleted since may be there or not. Handles that were
  // open answer IOERR from now on, and hold no locks. Faults are cleared, the size limit stays.
  void Crash();
  // The process dies, the machine does not: what was written stays; otherwise as Crash.
  void KillProcess();

  // Makes calls fail with an I/O error. One fault at a time: the last one stands.
  void SetFault(const Fault& fault);
  void ClearFaults();
  // Whether the fault has struck.
  bool fault_struck() const;

  // SQLITE_FULL for a write that would bring the files above this total; 0: no limit.
  void SetCapacity(std::int64_t bytes);
  std::int64_t bytes_used() const;
  // What the limit leaves.
  std::int64_t bytes_free() const;

  Counts counts() const;

  // For the test's own hands: files as they are now (not as a crash would leave them).
  bool Exists(std::string_view path) const;
  std::string Content(std::string_view path) const;
  // Replaces or makes a file, durably.
  void SetContent(std::string_view path, std::string_view content);
  void Remove(std::string_view path);
  std::vector<std::string> Paths() const;

  struct Machine;  // internal: sim_vfs.cc

 private:
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<FileSystem> files_;
};

// Seeds SQLite's own random numbers (random rowids, WAL salts, randomblob), which all connections
// of the process share. Call it first thing in a run that must repeat.
void SeedSqliteRandom(std::uint64_t seed);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SIM_VFS_H_
