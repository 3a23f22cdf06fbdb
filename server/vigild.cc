// The server of the hazard register: command line, configuration, signals.

#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
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
// The database with its readers, certificates, logs.
constexpr rlim_t kFilesOfItsOwn = 128;
constexpr rlim_t kFilesPerConnection = 2;

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
  if (options.plain_text) {
    config.set_plain_text(true);
    config.clear_tls();
  }
  if (!options.tls_certificate.empty()) {
    config.mutable_tls()->set_certificate_file(options.tls_certificate);
  }
  if (!options.tls_key.empty()) config.mutable_tls()->set_key_file(options.tls_key);
  if (!options.tls_client_authorities.empty()) {
    config.mutable_tls()->set_client_authorities_file(options.tls_client_authorities);
  }
  VIGIL_RETURN_IF_ERROR(vigil::service::CheckConfig(config));
  return config;
}

// Takes all file descriptors that it may have, and no more connections than go with them: one that
// has none left can neither accept nor open a file.
void FitToFileLimit(v1::ServerConfig& config) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (limit.rlim_cur != limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  }
  const rlim_t spare = limit.rlim_cur > kFilesOfItsOwn ? limit.rlim_cur - kFilesOfItsOwn : 0;
  const rlim_t connections = std::max<rlim_t>(1, spare / kFilesPerConnection);
  if (config.limits().connections_max() <= connections) return;
  config.mutable_limits()->set_connections_max(static_cast<std::uint32_t>(connections));
  vigil::service::Log(v1::LOG_LEVEL_WARNING, "fewer connections than configured",
                      {{"connections_max", static_cast<std::int64_t>(connections)},
                       {"open_files_max", static_cast<std::int64_t>(limit.rlim_cur)}});
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
  absl::StatusOr<v1::ServerConfig> config = LoadConfig(*options);
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
  FitToFileLimit(*config);

  const vigil::SystemClock clock;
  absl::StatusOr<std::unique_ptr<ServerProcess>> process =
      ServerProcess::Start(*config, clock, {.invite_administrator = options->invite_administrator});
  if (!process.ok()) return Complain(process.status(), kExitFailure);
  int received = 0;
  sigwait(&signals, &received);
  // A second one does not wait for the drain.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*process)->Drain();
  return 0;
}
