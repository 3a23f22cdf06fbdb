#ifndef VIGIL_SERVER_SERVICE_SERVER_PROCESS_H_
#define VIGIL_SERVER_SERVICE_SERVER_PROCESS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/time.h"
#include "vigil/v1/config.pb.h"

namespace vigil::service {

// Everything that runs in one server, from the database to the port.
class ServerProcess {
 public:
  virtual ~ServerProcess() = default;

  struct Options {
    // Makes a new code for the first administrator, although he has a password.
    bool invite_administrator = false;
  };

  // Opens the register, listens, and writes the port to the data directory; until the first
  // administrator has a password, also a one-time code for it.  Errors are for people who start
  // servers. A storage error later on ends the process with exit code 70: nothing in memory may be
  // trusted after it.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const v1::ServerConfig& config,
                                                              const Clock& clock,
                                                              const Options& options);

  // Stops listening, lets calls under way finish, runs the writer's queue out, closes the register.
  virtual void Drain() = 0;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_SERVER_PROCESS_H_
