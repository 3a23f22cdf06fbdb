#ifndef VIGIL_TESTS_BENCH_SERVERS_H_
#define VIGIL_TESTS_BENCH_SERVERS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "sync/transport/connection.h"
#include "tests/support/process.h"
#include "tests/support/test_authority.h"

namespace vigil::bench {

// By which servers are known where they speak TLS.
class Identity {
 public:
  // Writes certificate and key into the directory.
  static absl::StatusOr<Identity> Make(const std::string& directory);

  const std::string& certificate_file() const { return certificate_file_; }
  const std::string& key_file() const { return key_file_; }
  // PEM: of the authority that clients trust.
  const std::string& authority() const { return authority_; }

 private:
  std::string certificate_file_;
  std::string key_file_;
  std::string authority_;
};

// A server of SyncService on loopback, as a process of its own: vigild or the floor. The destructor
// kills what still runs.
class Server {
 public:
  // vigild over a data directory, half a second after its start; its limits are out of the way.
  // Plain text without an identity.
  static absl::StatusOr<std::unique_ptr<Server>> StartVigild(const std::string& data_dir,
                                                             const Identity* identity = nullptr);
  // The floor over a file that OpenFloorFile has made.
  static absl::StatusOr<std::unique_ptr<Server>> StartFloor(const std::string& file,
                                                            const Identity* identity = nullptr);

  const transport::Connection& connection() const { return connection_; }
  pid_t pid() const { return process_.pid(); }
  // A connection of its own, as each phone has one.
  std::shared_ptr<grpc::Channel> Connect() const { return ConnectTo(connection_.server); }
  // The same to another address, from which a relay leads here.
  std::shared_ptr<grpc::Channel> ConnectTo(const std::string& address) const;
  int port() const;
  // Asks it to end and waits.
  absl::Status Stop();

 private:
  struct Start {
    std::vector<std::string> command;
    // Where its output goes.
    std::string directory;
    std::string name;
    std::string port_file;
  };

  explicit Server(const Start& start);
  static absl::StatusOr<std::unique_ptr<Server>> Run(const Start& start, const Identity* identity);

  testing::Process process_;
  transport::Connection connection_;
};

}  // namespace vigil::bench

#endif  // VIGIL_TESTS_BENCH_SERVERS_H_
