// The server of the hazard register: command line, configuration, signals.

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <string>
#include <vector>

#include "server/service/config.h"
#include "server/service/log.h"
#include "server/service/options.h"
#include "server/service/server_process.h"
#include "sync/base/file.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

namespace {

using vigil::service::Options;
using vigil::service::ServerProcess;
namespace v1 = vigil::v1;

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr std::size_t kConfigBytesMax = 1024 * 1024;

int Complain(const absl::Status& status, int exit_code) {
  std::fprintf(stderr, "vigild: %s\n", std::string(vigil::ToStd(status.message())).c_str());
  return exit_code;
}

absl::StatusOr<v1::ServerConfig> LoadConfig(const Options& options) {
  v1::ServerConfig config = vigil::service::DefaultConfig();
  if (!options.config_path.empty()) {
    vigil::PosixFileSystem files;
    VIGIL_ASSIGN_OR_RETURN(const std::string text,
                           files.Read(options.config_path, kConfigBytesMax));
    VIGIL_ASSIGN_OR_RETURN(config, vigil::service::ParseConfig(text, options.config_path));
  }
  if (!options.data_dir.empty()) config.set_data_dir(options.data_dir);
  if (options.port) config.set_listen_port(*options.port);
  VIGIL_RETURN_IF_ERROR(vigil::service::CheckConfig(config));
  return config;
}

// A server that runs out of file descriptors does not accept connections again, even after it has
// some: it takes all that it may have.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    vigil::service::Log(v1::LOG_LEVEL_WARNING, "the limit of open files stays low");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const absl::StatusOr<Options> options =
      vigil::service::ParseOptions(std::vector<std::string>(argv + 1, argv + argc));
  if (!options.ok()) return Complain(options.status(), kExitUsage);
  if (options->help) {
    std::fputs(std::string(vigil::service::HelpText()).c_str(), stdout);
    return 0;
  }
  if (options->version) {
    std::fputs("vigild 0.1.0\n", stdout);
    return 0;
  }
  const absl::StatusOr<v1::ServerConfig> config = LoadConfig(*options);
  if (!config.ok()) return Complain(config.status(), kExitUsage);

  // What it makes is its own: registers hold names of people.
  umask(077);
  // Before any thread starts: all of them leave these signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  vigil::service::InitLog(config->log_level());
  RaiseFileLimit();

  const vigil::SystemClock clock;
  absl::StatusOr<std::unique_ptr<ServerProcess>> process = ServerProcess::Start(*config, clock);
  if (!process.ok()) return Complain(process.status(), kExitFailure);
  int received = 0;
  sigwait(&signals, &received);
  // A second one does not wait for the drain.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*process)->Drain();
  return 0;
}
