#ifndef VIGIL_TESTS_SUPPORT_SIM_DISK_H_
#define VIGIL_TESTS_SUPPORT_SIM_DISK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/random.h"

namespace vigil::testing {

// The content of one file: as programs see it, and as the platter has it.
class SimFile {
 public:
  SimFile() = default;
  explicit SimFile(std::string_view durable) : current_(durable), durable_(durable) {}

  const std::string& current() const { return current_; }
  void Write(std::size_t offset, std::string_view bytes);
  void Truncate(std::size_t size);
  // All that was written reaches the platter.
  void Sync();
  // Some of it does, by chance, and nobody will try again: what a failing fsync means on Linux.
  void FailSync(Random& random);
  // What the platter holds after a power failure: each unsynced step kept, dropped or torn.
  std::string Survivor(Random& random) const;

 private:
  struct Step {
    std::size_t offset;
    std::string bytes;  // of a write
    bool truncates;     // to `offset`
  };
  static void Apply(const Step& step, std::string& content);

  std::string current_;
  std::string durable_;
  std::vector<Step> unsynced_;
};

// A disk's files and names. Names, too, are lost unless they were synced. Not thread-safe.
class SimDisk {
 public:
  using FilePtr = std::shared_ptr<SimFile>;

  explicit SimDisk(std::uint64_t seed) : random_(seed) {}

  // Null if there is none.
  FilePtr Find(std::string_view path) const;
  FilePtr Create(std::string_view path);
  // False: there was none. `durably`: the directory is synced too.
  bool Remove(std::string_view path, bool durably);
  // False: there was none. `durably`: the directory is synced too; the content is not.
  bool Rename(std::string_view from, std::string_view to, bool durably);
  // A second name for the same file. False: there is no such file, or the name is taken.
  bool Link(std::string_view path, std::string_view also, bool durably);
  // The directory is synced.
  void SyncNames() { durable_names_ = names_; }
  // Syncs the file. The first time, the directory is synced with it, as SQLite does for its
  // journals (and so is what was made and removed before).
  void Sync(const FilePtr& file, std::string_view path);
  void SetContent(std::string_view path, std::string_view content);
  std::vector<std::string> Paths() const;

  // Power failure: all files are new objects afterwards, so those that are held see nothing of it.
  void Crash();
  // The same without loss.
  void Restart();

  std::int64_t bytes_used() const;
  Random& random() { return random_; }

 private:
  using Names = std::map<std::string, FilePtr, std::less<>>;

  SeededRandom random_;
  Names names_;
  Names durable_names_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SIM_DISK_H_
