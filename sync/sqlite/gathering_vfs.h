#ifndef VIGIL_SYNC_SQLITE_GATHERING_VFS_H_
#define VIGIL_SYNC_SQLITE_GATHERING_VFS_H_

#include <memory>
#include <string>

struct sqlite3_vfs;

namespace vigil::sqlite {

// A VFS of one connection over another one (named; empty: SQLite's default). SQLite writes each
// frame of the write-ahead log by two system calls; this one gathers them, and writes them together
// before the log is synced, or looked at in any other way by this connection. Its other files, and
// whatever other connections do, go straight through.
//
// Only for a connection that syncs the log with each commit (Synchronous::kFull): others see a
// commit as soon as SQLite has told them of it, and that is after the sync.
//
// An error of the gathered writes is that of the call that brought them down; what was gathered is
// dropped, as SQLite then drops the transaction.
class GatheringVfs {
 public:
  // Null: there is no such VFS below. Must outlive the connection.
  static std::unique_ptr<GatheringVfs> Make(const std::string& below);
  ~GatheringVfs();
  GatheringVfs(const GatheringVfs&) = delete;
  GatheringVfs& operator=(const GatheringVfs&) = delete;

  const std::string& name() const { return name_; }

 private:
  explicit GatheringVfs(sqlite3_vfs& below);

  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace vigil::sqlite

#endif  // VIGIL_SYNC_SQLITE_GATHERING_VFS_H_
