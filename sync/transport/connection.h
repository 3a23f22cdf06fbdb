#ifndef VIGIL_SYNC_TRANSPORT_CONNECTION_H_
#define VIGIL_SYNC_TRANSPORT_CONNECTION_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sync/base/file.h"

namespace vigil::transport {

// Where the register is, and by what it is recognised.
struct Connection {
  // "register.example:7433"
  std::string server = {};
  // Certificates (PEM) of the authorities that are trusted; empty: the system's.
  std::string authorities = {};
  // The program's own certificate and key (PEM), for registers that ask for one; both or none.
  std::string certificate = {};
  std::string key = {};
  // Without encryption, to this machine only.
  bool plain_text = false;
};

// What somebody asked for on a command line.
struct ConnectionFiles {
  std::string server = {};
  std::string ca_file = {};
  std::string certificate_file = {};
  std::string key_file = {};
  bool plain_text = false;
};

// Reads the files. INVALID_CONFIGURATION for what does not go together, and for plain text to
// anywhere but a loopback address; CERTIFICATE_INVALID for a file without what belongs in it; the
// errors of FileSystem.
absl::StatusOr<Connection> ReadConnection(FileSystem& files, const ConnectionFiles& asked);

// "127.0.0.1:7433", "[::1]:7433", "localhost:7433".
bool IsLoopback(std::string_view server);

// What stands above, for connections that were not read.
absl::Status CheckConnection(const Connection& connection);

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_CONNECTION_H_
