#include "tests/bench/servers.h"

#include <signal.h>

#include <cstdio>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/grpc.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "sync/base/file.h"
#include "sync/base/status.h"

namespace vigil::bench {
namespace {

constexpr int kMessageBytesMax = 64 * 1024 * 1024;

// One machine plays a whole city's phones.
constexpr char kConfig[] = R"(
listen_address: "127.0.0.1"
escalation_tick_s: 3600
log_level: LOG_LEVEL_WARNING
limits {
  connections_max: 4000
  connections_per_address_max: 4000
  calls_per_address_s: 1000000
  calls_per_person_s: 1000000
  calls_per_device_s: 1000000
  queue_operations_max: 1000000
  streams_per_person_max: 1000
}
)";

}  // namespace

absl::StatusOr<Identity> Identity::Make(const std::string& directory) {
  const testing::TestAuthority authority;
  const testing::TestAuthority::Issued issued = authority.Issue();
  Identity identity;
  identity.certificate_file_ = JoinPath(directory, "server.pem");
  identity.key_file_ = JoinPath(directory, "server.key");
  identity.authority_ = authority.certificate();
  PosixFileSystem files;
  VIGIL_RETURN_IF_ERROR(files.WriteAtomic(identity.key_file_, issued.key, {.mode = 0400}));
  VIGIL_RETURN_IF_ERROR(files.WriteAtomic(identity.certificate_file_, issued.certificate));
  return identity;
}

Server::Server(const Start& start)
    : process_(start.command, {.directory = start.directory, .name = start.name}) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Run(const Start& start, const Identity* identity) {
  // One that was killed leaves its port behind.
  std::remove(start.port_file.c_str());
  auto server = std::unique_ptr<Server>(new Server(start));
  const std::string port = testing::WaitForFile(start.port_file, server->process_);
  if (port.empty()) {
    return Error(absl::StatusCode::kUnavailable,
                 absl::StrCat(start.name, " did not start: ", server->process_.Errors()));
  }
  server->connection_.server = absl::StrCat("127.0.0.1:", port);
  server->connection_.plain_text = identity == nullptr;
  if (identity != nullptr) server->connection_.authorities = identity->authority();
  return server;
}

absl::StatusOr<std::unique_ptr<Server>> Server::StartVigild(const std::string& data_dir,
                                                            const Identity* identity) {
  PosixFileSystem files;
  const std::string config = data_dir + ".textproto";
  VIGIL_RETURN_IF_ERROR(files.WriteAtomic(config, kConfig));
  Start start{.command = {testing::ProgramPath("vigild"), "--config", config, "--data-dir",
                          data_dir, "--port", "0"},
              .directory = data_dir.substr(0, data_dir.rfind('/')),
              .name = "vigild",
              .port_file = JoinPath(data_dir, "port")};
  const std::vector<std::string> speech =
      identity == nullptr
          ? std::vector<std::string>{"--plain-text"}
          : std::vector<std::string>{"--tls-certificate", identity->certificate_file(), "--tls-key",
                                     identity->key_file()};
  start.command.insert(start.command.end(), speech.begin(), speech.end());
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<Server> server, Run(start, identity));
  // A start looks through what has come since the last one for photos: that is no push and no pull.
  absl::SleepFor(absl::Milliseconds(500));
  return server;
}

absl::StatusOr<std::unique_ptr<Server>> Server::StartFloor(const std::string& file,
                                                           const Identity* identity) {
  const std::string port_file = file + ".port";
  Start start{.command = {testing::ProgramPath("../tests/bin/vigil_bench_floor"), file, port_file},
              .directory = file.substr(0, file.rfind('/')),
              .name = "floor",
              .port_file = port_file};
  if (identity != nullptr) {
    start.command.push_back(identity->certificate_file());
    start.command.push_back(identity->key_file());
  }
  return Run(start, identity);
}

int Server::port() const {
  int port = 0;
  const std::string& address = connection_.server;
  return absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port) ? port : 0;
}

std::shared_ptr<grpc::Channel> Server::ConnectTo(const std::string& address) const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  if (connection_.plain_text) {
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = connection_.authorities;
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

absl::Status Server::Stop() {
  process_.Signal(SIGTERM);
  const std::optional<int> code = process_.Wait(absl::Seconds(60));
  if (code == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kInternal,
               absl::StrCat("a server ended with ", code.value_or(-1), ": ", process_.Errors()));
}

}  // namespace vigil::bench
