#ifndef VIGIL_TESTS_BENCH_PUSH_LOAD_H_
#define VIGIL_TESTS_BENCH_PUSH_LOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "tests/bench/report.h"
#include "tests/bench/seed.h"
#include "tests/bench/servers.h"

namespace vigil::bench {

// The requests of one phone, in their order: as they go over the wire, made and signed before any
// time is taken.
struct PhoneLoad {
  // "Bearer …"
  std::string authorization;
  std::vector<grpc::ByteBuffer> pushes;
};

struct PushSpec {
  int phones = 64;
  int pushes = 1;
  // In each push; every other one is a new inspection, the others edit one field of a risk source
  // or of a hazard.
  int operations = 50;
  // Edits alone: the register does not grow, its history does.
  bool edits_only = false;
  // So many pushes of 50 come first.
  int history = 0;

  int total() const { return phones * pushes * operations; }
};

// What the phones of a seed have to say: each of them edits records of its own.
absl::StatusOr<std::vector<PhoneLoad>> PreparePushes(Seed& seed, const PushSpec& spec);

struct PushOptions {
  // These connect and say hello first, within the time; none: connections are made before the time
  // begins.
  const std::vector<std::shared_ptr<transport::ProgramAccess>>* greeters = nullptr;
};

struct PushResult {
  absl::Time began_at;
  double seconds = 0;
  // Of each push, in milliseconds.
  Figures latency_ms;
};

// All phones at once, each over a connection of its own; a phone's next push follows the answer to
// the one before. INTERNAL unless every operation was applied.
absl::StatusOr<PushResult> RunPushes(const Server& server, const std::vector<PhoneLoad>& load,
                                     const PushOptions& options = {});

}  // namespace vigil::bench

#endif  // VIGIL_TESTS_BENCH_PUSH_LOAD_H_
