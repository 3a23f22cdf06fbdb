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

  // Opens the register, makes the first administrator where there is none, listens, and writes the
  // port to the data directory. Errors are for people who start servers. A storage error later on
  // ends the process with exit code 70: nothing in memory may be trusted after it.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const v1::ServerConfig& config,
                                                              const Clock& clock);

  // Stops listening, lets calls under way finish, runs the writer's queue out, closes the register.
  virtual void Drain() = 0;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_SERVER_PROCESS_H_
