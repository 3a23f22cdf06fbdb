#ifndef VIGIL_TESTS_BENCH_BENCH_H_
#define VIGIL_TESTS_BENCH_BENCH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/report.h"
#include "tests/bench/seed.h"
#include "tests/bench/servers.h"

namespace vigil::bench {

// What the workloads of one run share: where they work, what was filled once, what they found.
class Bench {
 public:
  struct Options {
    // An empty directory.
    std::string directory;
    int repetitions = 3;
    // Small registers and one repetition: whether it runs, not how fast.
    bool quick = false;
    // Where the register of the last push workload is left; empty: nowhere.
    std::string keep;
    std::function<void(const std::string&)> say;
    // With each row as it is found.
    std::function<void(const Row&)> on_row;
  };

  explicit Bench(Options options) : options_(std::move(options)) {}

  int repetitions() const { return options_.quick ? 1 : options_.repetitions; }
  // A size, or a fiftieth of it in a quick run; never less than `least`.
  int Sized(int full, int least = 1) const;
  void Say(const std::string& text) const { options_.say(text); }
  void Add(Row row);
  const std::vector<Row>& rows() const { return rows_; }

  // Filled once for each spec.
  absl::StatusOr<Seed*> SeedOf(const SeedSpec& spec);
  absl::StatusOr<const Identity*> ServerIdentity();
  // Leaves the register in the directory that was asked for, if one was, and says what it holds.
  absl::Status Keep(const std::string& data_dir, std::uint64_t seq, int pushed) const;
  // A directory of its own for each name; what an earlier repetition left there is removed.
  absl::StatusOr<std::string> FreshDirectory(const std::string& name) const;

 private:
  const Options options_;
  std::map<SeedSpec, std::unique_ptr<Seed>> seeds_;
  std::unique_ptr<Identity> identity_;
  std::vector<Row> rows_;
};

// One figure of each side.
struct Measured {
  double ours = 0;
  double floor = 0;
};
using Measure = std::function<absl::StatusOr<Measured>()>;

// The row, with as many figures as there are repetitions.
absl::Status AddRepeated(Bench& bench, Row row, const Measure& once);
// Both sides in turn, so many times: the medians.
absl::StatusOr<Measured> MediansOf(int times, const Measure& once);

// A register over a copy of a seed, and the floor with the same records.
struct ServerPair {
  std::unique_ptr<Server> ours;
  std::unique_ptr<Server> floor;
};
// In plain text without an identity.
absl::StatusOr<ServerPair> StartBoth(Bench& bench, const Seed& seed, const Identity* identity);

// One workload: it adds a row or several.
struct Workload {
  std::string name;
  // One line, for people.
  std::string what;
  std::function<absl::Status(Bench&)> run;
};

std::vector<Workload> PushWorkloads();
std::vector<Workload> PullWorkloads();
std::vector<Workload> PhoneWorkloads();
std::vector<Workload> WatchWorkloads();
std::vector<Workload> OfficeWorkloads();

}  // namespace vigil::bench

#endif  // VIGIL_TESTS_BENCH_BENCH_H_
