#ifndef VIGIL_TESTS_SUPPORT_SIM_FILES_H_
#define VIGIL_TESTS_SUPPORT_SIM_FILES_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/file.h"
#include "tests/support/sim_disk.h"

namespace vigil::testing {

// Files on a simulated disk: what was not synced is lost or torn by a crash, and every effect can
// be made the last one. Directories are durable at once. Not thread-safe.
class SimFiles final : public FileSystem {
 public:
  explicit SimFiles(std::uint64_t seed) : disk_(seed) {}

  // So many effects pass; the next one is done by half, and all from then on fail.
  void FailAfter(std::int64_t effects) { effects_left_ = effects; }
  // Effects up to now.
  std::int64_t effects() const { return effects_; }
  // The power fails, and comes back.
  void Crash();
  SimDisk& disk() { return disk_; }

  using FileSystem::WriteAtomic;
  absl::StatusOr<std::string> Read(const std::string& path, std::size_t bytes_max) override;
  absl::Status WriteAtomic(const std::string& path, std::string_view bytes,
                           const WriteOptions& options) override;
  absl::StatusOr<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                        std::size_t bytes_max) override;
  absl::Status Append(const std::string& path, std::string_view bytes) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& path, const std::string& also) override;
  bool Exists(const std::string& path) override;
  absl::StatusOr<std::int64_t> Size(const std::string& path) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeDirectories(const std::string& path, unsigned mode) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override;
  absl::Status Sync(const std::string& path) override;
  // It never fills up by itself.
  absl::StatusOr<std::int64_t> FreeBytes(const std::string& path) override;

 private:
  enum class Effect { kWhole, kHalf, kNone };
  Effect Next();
  absl::StatusOr<SimDisk::FilePtr> Find(const std::string& path) const;

  SimDisk disk_;
  std::set<std::string> directories_;
  std::int64_t effects_ = 0;
  std::int64_t effects_left_ = -1;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SIM_FILES_H_
