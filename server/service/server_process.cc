#include "server/service/server_process.h"

#include <unistd.h>

#include <future>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/access/access_control.h"
#include "server/access/enrolment.h"
#include "server/escalation/escalation_clock.h"
#include "server/escalation/notification_sender.h"
#include "server/register/register.h"
#include "server/service/admin_service.h"
#include "server/service/grpc_server.h"
#include "server/service/guard.h"
#include "server/service/log.h"
#include "server/service/loop_thread.h"
#include "server/service/register_core.h"
#include "server/service/register_service.h"
#include "server/service/sync_core.h"
#include "server/service/sync_service.h"
#include "server/service/watch_hub.h"
#include "server/store/sqlite_store.h"
#include "sync/base/file.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "sync/rules/schema.h"

namespace vigil::service {

namespace {

constexpr char kServerName[] = "vigild/0.1.0";
constexpr int kExitUnknown = 70;
constexpr std::size_t kTokenFileBytesMax = 4096;

// Nobody may go on with what is in memory: whether the last group is on the disk is unknown.
[[noreturn]] void Die(const absl::Status& status) {
  Log(v1::LOG_LEVEL_ERROR, "the register cannot go on", {{"error", ToStd(status.message())}});
  _exit(kExitUnknown);
}

// The only channel of this stage. Texts may name places and people: they stay out of the log.
absl::Status LogNotification(const v1::Notification& notification) {
  Log(v1::LOG_LEVEL_INFO, "notification",
      {{"id", notification.id()},
       {"topic", notification.topic()},
       {"recipient", notification.recipient()},
       {"record", notification.record()}});
  return absl::OkStatus();
}

void LogFailure(std::string_view what, const absl::Status& status) {
  Log(v1::LOG_LEVEL_ERROR, what, {{"error", ToStd(status.message())}});
}

class Process final : public ServerProcess {
 public:
  Process(v1::ServerConfig config, const Clock& clock)
      : config_(std::move(config)), clock_(clock) {}
  ~Process() override { Drain(); }

  absl::Status Begin();
  void Drain() override;

 private:
  std::string Path(std::string_view name) const { return JoinPath(config_.data_dir(), name); }
  absl::Status OpenStore(const absl::TimeZone& zone);
  void MakeRegister(const absl::TimeZone& zone);
  absl::Status EnsureOfficeToken();
  absl::Status Listen();

  const v1::ServerConfig config_;
  const Clock& clock_;
  PosixFileSystem files_;
  SystemRandom random_;
  std::unique_ptr<store::SqliteRegisterStore> store_;
  WatchHub hub_;
  // The writer's thread, and the one on which imports are planned.
  std::optional<LoopThread> writer_;
  std::optional<LoopThread> worker_;
  std::optional<registry::Register> register_;
  std::optional<escalation::EscalationClock> escalation_clock_;
  std::optional<escalation::NotificationSender> sender_;
  std::optional<SyncCore> sync_core_;
  std::optional<RegisterCore> register_core_;
  std::optional<Guard> guard_;
  std::optional<SyncService> sync_service_;
  std::optional<RegisterService> register_service_;
  std::optional<AdminService> admin_service_;
  std::unique_ptr<GrpcServer> server_;
};

absl::Status Process::Begin() {
  // Compiles the contract: a fault in it ends the process here and not at the first call.
  (void)rules::Schema::Get();
  VIGIL_RETURN_IF_ERROR(Guard::CheckContract());
  VIGIL_ASSIGN_OR_RETURN(const absl::TimeZone zone, LoadZone(config_.time_zone()));
  VIGIL_RETURN_IF_ERROR(files_.MakeDirectories(config_.data_dir(), 0700));
  VIGIL_RETURN_IF_ERROR(OpenStore(zone));
  VIGIL_RETURN_IF_ERROR(files_.Remove(Path("port")));
  writer_.emplace(clock_);
  worker_.emplace(clock_);
  MakeRegister(zone);
  VIGIL_RETURN_IF_ERROR(EnsureOfficeToken());
  VIGIL_RETURN_IF_ERROR(Listen());
  writer_->executor().Post([this] {
    escalation_clock_->Start();
    sender_->Start();
  });
  return absl::OkStatus();
}

absl::Status Process::OpenStore(const absl::TimeZone& zone) {
  store::SqliteStoreOptions options;
  options.first_epoch = MakeUuidV7(clock_.Now(), random_);
  options.created_at = clock_.Now();
  options.zone = zone;
  options.files = &files_;
  absl::StatusOr<std::unique_ptr<store::SqliteRegisterStore>> opened =
      store::SqliteRegisterStore::Open(Path("register.db"), options);
  if (opened.status().code() == absl::StatusCode::kUnavailable) {
    return Annotate(opened.status(),
                    "cannot open the register (does another vigild run on this directory?)");
  }
  VIGIL_ASSIGN_OR_RETURN(store_, std::move(opened));
  return absl::OkStatus();
}

void Process::MakeRegister(const absl::TimeZone& zone) {
  const v1::Limits& limits = config_.limits();
  registry::RegisterOptions options;
  options.queue_operations_max = limits.queue_operations_max();
  options.operation_bytes_max = limits.operation_bytes_max();
  options.zone = zone;
  options.on_committed = [this](const registry::Committed& committed) { hub_.Publish(committed); };
  options.on_fatal = Die;
  register_.emplace(*store_, writer_->executor(), std::move(options));

  escalation::EscalationClock::Options clock_options;
  clock_options.tick = absl::Seconds(config_.escalation_tick_s());
  clock_options.on_error = [](const absl::Status& status) {
    LogFailure("the escalation clock failed", status);
  };
  escalation_clock_.emplace(*register_, writer_->executor(), std::move(clock_options));
  escalation::NotificationSender::Options sender_options;
  sender_options.on_error = [](const absl::Status& status) {
    LogFailure("the outbox failed", status);
  };
  sender_.emplace(*register_, writer_->executor(), LogNotification, std::move(sender_options));

  SyncOptions sync_options;
  sync_options.push_operations_max = limits.push_operations_max();
  sync_options.operation_bytes_max = limits.operation_bytes_max();
  sync_options.server_name = kServerName;
  sync_options.time_zone_name = config_.time_zone();
  sync_core_.emplace(*register_, hub_, std::move(sync_options));
  register_core_.emplace(*register_, config_.time_zone());
  guard_.emplace(*store_);
  sync_service_.emplace(*guard_, *sync_core_);
  register_service_.emplace(*guard_, *register_core_);
  admin_service_.emplace(
      AdminService::Parts{*guard_, *register_, *escalation_clock_, worker_->executor(), random_});
}

// The token is written before the register knows it: a start that is cut off in between is
// completed by the next one, and a token that somebody removed is not made again.
absl::Status Process::EnsureOfficeToken() {
  const std::string path = Path("office.token");
  if (!files_.Exists(path)) {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_->Read());
    VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
    if (head.seq != Seq(0)) return absl::OkStatus();
    VIGIL_RETURN_IF_ERROR(
        files_.WriteAtomic(path, absl::StrCat(access::MakeToken(random_), "\n"), {.mode = 0400}));
    Log(v1::LOG_LEVEL_INFO, "first administrator made",
        {{"person", access::kFirstAdministratorCode}, {"credential", path}});
  }
  VIGIL_ASSIGN_OR_RETURN(std::string text, files_.Read(path, kTokenFileBytesMax));
  const std::string token(absl::StripSuffix(text, "\n"));
  std::promise<absl::Status> done;
  access::EnsureFirstAdministrator(*register_, random_, token,
                                   [&done](const absl::Status& status) { done.set_value(status); });
  return Annotate(done.get_future().get(), "cannot make the first administrator");
}

absl::Status Process::Listen() {
  GrpcServer::Options options;
  options.address = config_.listen_address();
  options.port = config_.listen_port();
  // A full push of the largest operations would not fit; a client that meets the limit splits it.
  VIGIL_ASSIGN_OR_RETURN(
      server_, GrpcServer::Start({*sync_service_, *register_service_, *admin_service_}, options));
  VIGIL_RETURN_IF_ERROR(files_.WriteAtomic(Path("port"), absl::StrCat(server_->port(), "\n")));
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_->Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  Log(v1::LOG_LEVEL_INFO, "listening",
      {{"address", config_.listen_address()},
       {"port", std::int64_t{server_->port()}},
       {"reach", "loopback only, until access control is complete"},
       {"epoch", head.epoch.id()},
       {"seq", head.seq.signed_value()},
       {"time_zone", config_.time_zone()}});
  return absl::OkStatus();
}

void Process::Drain() {
  if (server_) {
    Log(v1::LOG_LEVEL_INFO, "draining");
    server_->Drain(absl::Seconds(config_.limits().drain_s()));
    server_.reset();
    if (const absl::Status status = files_.Remove(Path("port")); !status.ok()) {
      LogFailure("the port's file stays", status);
    }
  }
  // What the worker has under way still needs the writer.
  if (worker_) worker_->Stop();
  if (writer_) {
    writer_->executor().Post([this] {
      escalation_clock_.reset();
      sender_.reset();
    });
    writer_->Stop();
  }
  if (store_) {
    register_.reset();
    store_.reset();
    Log(v1::LOG_LEVEL_INFO, "stopped");
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const v1::ServerConfig& config,
                                                                    const Clock& clock) {
  auto process = std::make_unique<Process>(config, clock);
  VIGIL_RETURN_IF_ERROR(process->Begin());
  return std::unique_ptr<ServerProcess>(std::move(process));
}

}  // namespace vigil::service
