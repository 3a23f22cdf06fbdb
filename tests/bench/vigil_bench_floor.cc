// The floor as a process: vigil_bench_floor FILE PORT_FILE [CERTIFICATE KEY]. Serves the file until
// it is told to end, on a free port of loopback that it writes to PORT_FILE.

#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "sync/base/file.h"
#include "sync/base/lock_order.h"
#include "sync/base/status.h"
#include "tests/bench/floor_service.h"

namespace vigil::bench {
namespace {

constexpr std::size_t kPemBytesMax = 1024 * 1024;

struct Words {
  std::string file;
  std::string port_file;
  std::string certificate;
  std::string key;
};

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(const Words& words) {
  if (words.certificate.empty()) return grpc::InsecureServerCredentials();
  PosixFileSystem files;
  grpc::SslServerCredentialsOptions options;
  VIGIL_ASSIGN_OR_RETURN(std::string certificate, files.Read(words.certificate, kPemBytesMax));
  VIGIL_ASSIGN_OR_RETURN(std::string key, files.Read(words.key, kPemBytesMax));
  options.pem_key_cert_pairs.push_back({std::move(key), std::move(certificate)});
  return grpc::SslServerCredentials(options);
}

absl::Status Serve(const Words& words, const sigset_t& ends) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<FloorService> service,
                         FloorService::Make(words.file));
  VIGIL_ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(words));
  AllowLocksInAnyOrder();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port);
  builder.RegisterService(service.get());
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::UnavailableError("the server does not start");
  PosixFileSystem files;
  VIGIL_RETURN_IF_ERROR(files.WriteAtomic(words.port_file, std::to_string(port)));
  int signal = 0;
  sigwait(&ends, &signal);
  server->Shutdown(std::chrono::system_clock::now());
  server->Wait();
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    std::fprintf(stderr, "Usage: vigil_bench_floor FILE PORT_FILE [CERTIFICATE KEY]\n");
    return 2;
  }
  // Before there is any other thread.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  Words words{.file = argv[1], .port_file = argv[2], .certificate = {}, .key = {}};
  if (argc == 5) {
    words.certificate = argv[3];
    words.key = argv[4];
  }
  const absl::Status status = Serve(words, ends);
  if (status.ok()) return 0;
  std::fprintf(stderr, "vigil_bench_floor: %s\n", std::string(ToStd(status.message())).c_str());
  return 1;
}

}  // namespace
}  // namespace vigil::bench

int main(int argc, char** argv) { return vigil::bench::Main(argc, argv); }
