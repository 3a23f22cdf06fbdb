#ifndef VIGIL_TESTS_BENCH_PULL_LOAD_H_
#define VIGIL_TESTS_BENCH_PULL_LOAD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/transport/program_access.h"
#include "tests/bench/servers.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::bench {

// What a pull brought.
struct Pulled {
  std::vector<std::string> records;
  std::uint64_t seq = 0;
  std::string epoch;
  // Where the next pull goes on.
  std::vector<v1::ScopeCursor> cursors;
  // From before the call until its end.
  double seconds = 0;
};

// Called with each page as it comes, inside the time that is measured.
using TakePage = std::function<absl::Status(const v1::PullResponse&)>;

// One pull; the connection is made before the time begins. `access`: null for the floor, which asks
// nobody. Without `take`, records are kept in memory.
absl::StatusOr<Pulled> PullAll(const std::shared_ptr<grpc::Channel>& channel,
                               transport::ProgramAccess* access,
                               const std::vector<v1::ScopeCursor>& cursors,
                               const TakePage& take = nullptr);
// Over a connection of its own.
absl::StatusOr<Pulled> PullAll(const Server& server, transport::ProgramAccess* access,
                               const std::vector<v1::ScopeCursor>& cursors,
                               const TakePage& take = nullptr);

}  // namespace vigil::bench

#endif  // VIGIL_TESTS_BENCH_PULL_LOAD_H_
