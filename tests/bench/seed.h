#ifndef VIGIL_TESTS_BENCH_SEED_H_
#define VIGIL_TESTS_BENCH_SEED_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/file.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "sync/transport/program_access.h"
#include "tests/bench/servers.h"
#include "vigil/v1/record.pb.h"

namespace vigil::bench {

// What a register is filled with.
struct SeedSpec {
  // Risk sources and hazards together, seven of the first to three of the second: 1,270 are the
  // 900 and 370 of the public notice.
  int records = 1270;
  // Hazards alone, all of them open and none due, but for the 900 risk sources that they are about.
  bool hazards_only = false;
  int phones = 64;

  auto operator<=>(const SeedSpec&) const = default;
};

// A record as its phones know it.
struct KnownRecord {
  std::string id;
  std::uint64_t version = 0;
  bool is_hazard = false;
};

// A register that was filled by an import, with phones that have enrolled, as files of a server
// that has ended: each repetition begins with a copy of them.
class Seed {
 public:
  using Say = std::function<void(const std::string&)>;

  // Makes it in `directory`, which must be there and empty.
  static absl::StatusOr<std::unique_ptr<Seed>> Make(const SeedSpec& spec,
                                                    const std::string& directory, const Say& say);

  // A copy of the data directory.
  absl::Status CopyTo(const std::string& data_dir) const;

  // Each an inspector of the whole bureau, with a program of his own.
  const std::vector<std::shared_ptr<transport::ProgramAccess>>& phones() const { return phones_; }
  // Who may ask for reports and the like.
  const std::string& office_place() const { return office_place_; }
  transport::AccessParts parts() { return {files_, clock_, random_}; }
  // Risk sources and hazards.
  const std::vector<KnownRecord>& records() const { return records_; }
  // All records as the register sends them.
  const std::vector<std::string>& stored() const { return stored_; }
  std::int64_t stored_bytes() const;
  const std::string& epoch() const { return epoch_; }
  // Operations in its log.
  std::uint64_t seq() const { return seq_; }

 private:
  explicit Seed(std::string directory) : directory_(std::move(directory)) {}

  std::string data_dir() const { return JoinPath(directory_, "reg"); }
  absl::Status Fill(const SeedSpec& spec, const Say& say);
  absl::Status Enrol(const SeedSpec& spec, const transport::Connection& connection);
  absl::Status Learn(Server& server);

  const std::string directory_;
  PosixFileSystem files_;
  SystemClock clock_;
  SystemRandom random_;
  std::string office_place_;
  std::vector<std::shared_ptr<transport::ProgramAccess>> phones_;
  std::vector<KnownRecord> records_;
  std::vector<std::string> stored_;
  std::string epoch_;
  std::uint64_t seq_ = 0;
};

}  // namespace vigil::bench

#endif  // VIGIL_TESTS_BENCH_SEED_H_
