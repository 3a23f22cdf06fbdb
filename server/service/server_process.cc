#include "server/service/server_process.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"
#include "server/access/access_desk.h"
#include "server/access/authenticator.h"
#include "server/escalation/deadline_pass.h"
#include "server/escalation/escalation_clock.h"
#include "server/evidence/evidence_store.h"
#include "server/register/register.h"
#include "server/service/access_service.h"
#include "server/service/admin_service.h"
#include "server/service/backup_desk.h"
#include "server/service/certificate_store.h"
#include "server/service/deadlines.h"
#include "server/service/evidence_core.h"
#include "server/service/evidence_service.h"
#include "server/service/first_calls.h"
#include "server/service/grpc_server.h"
#include "server/service/guard.h"
#include "server/service/keeper.h"
#include "server/service/log.h"
#include "server/service/loop_thread.h"
#include "server/service/open_streams.h"
#include "server/service/outbox_desk.h"
#include "server/service/register_core.h"
#include "server/service/register_key.h"
#include "server/service/register_service.h"
#include "server/service/report_service.h"
#include "server/service/sync_core.h"
#include "server/service/sync_service.h"
#include "server/service/tls_credentials.h"
#include "server/service/watch_hub.h"
#include "server/store/sqlite_store.h"
#include "sync/base/file.h"
#include "sync/base/p256.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "sync/rules/schema.h"

namespace vigil::service {

namespace {

constexpr char kServerName[] = "vigild/0.1.0";
constexpr int kExitUnknown = 70;
constexpr unsigned kSecretMode = 0400;
// What a connection takes beside its messages: handshake, headers, frames.
constexpr std::uint64_t kConnectionBytes = 256 * 1024;

// Nobody may go on with what is in memory: whether the last group is on the disk is unknown.
[[noreturn]] void Die(const absl::Status& status) {
  Log(v1::LOG_LEVEL_ERROR, "the register cannot go on", {{"error", ToStd(status.message())}});
  _exit(kExitUnknown);
}

class Process final : public ServerProcess {
 public:
  Process(v1::ServerConfig config, const Clock& clock, const Options& options)
      : config_(std::move(config)),
        options_(options),
        clock_(clock),
        deadline_files_(files_, config_) {}
  ~Process() override { Drain(); }

  absl::Status Begin();
  void Drain() override;

 private:
  std::string Path(std::string_view name) const { return JoinPath(config_.data_dir(), name); }
  absl::Status OpenStore(const absl::TimeZone& zone);
  absl::Status OpenEvidence();
  void MakeRegister(const absl::TimeZone& zone, std::shared_ptr<const rules::Deadlines> deadlines);
  void MakeClock();
  void MakeAccess(const absl::TimeZone& zone);
  void MakeServices(const absl::TimeZone& zone);
  absl::StatusOr<bool> NeedsAdministrator();
  absl::Status InviteAdministrator();
  absl::Status LoadCertificate();
  absl::Status Listen();
  void Keep();
  void UseDeadlines(std::shared_ptr<const rules::Deadlines> deadlines);

  const v1::ServerConfig config_;
  const Options options_;
  const Clock& clock_;
  PosixFileSystem files_;
  SystemRandom random_;
  std::unique_ptr<store::SqliteRegisterStore> store_;
  WatchHub hub_;
  std::optional<P256PrivateKey> key_;
  DeadlineFiles deadline_files_;
  std::optional<CertificateStore> certificates_;
  std::unique_ptr<evidence::EvidenceStore> evidence_store_;
  // The writer's thread; those on which imports are planned, passwords hashed and photos kept, each
  // of which takes its time; and the one that looks after things.
  std::optional<LoopThread> writer_;
  std::optional<LoopThread> worker_;
  std::optional<LoopThread> hasher_;
  std::optional<LoopThread> evidence_;
  std::optional<LoopThread> keeper_;
  std::optional<registry::Register> register_;
  std::optional<escalation::DeadlinePass> deadline_pass_;
  std::optional<escalation::EscalationClock> escalation_clock_;
  std::optional<OutboxDesk> outbox_;
  std::optional<SyncCore> sync_core_;
  std::optional<RegisterCore> register_core_;
  std::optional<EvidenceCore> evidence_core_;
  std::optional<BackupDesk> backup_desk_;
  std::optional<access::Authenticator> authenticator_;
  std::optional<access::AccessDesk> desk_;
  std::optional<OpenStreams> streams_;
  std::optional<FirstCalls> first_calls_;
  std::optional<Guard> guard_;
  std::optional<AccessService> access_service_;
  std::optional<SyncService> sync_service_;
  std::optional<RegisterService> register_service_;
  std::optional<AdminService> admin_service_;
  std::optional<EvidenceService> evidence_service_;
  std::optional<ReportService> report_service_;
  std::unique_ptr<GrpcServer> server_;
  std::optional<Keeper> keeping_;
  // One look sees all that came before it.
  std::atomic<bool> look_posted_ = false;
};

absl::Status Process::Begin() {
  // Compiles the contract: a fault in it ends the process here and not at the first call.
  (void)rules::Schema::Get();
  VIGIL_RETURN_IF_ERROR(Guard::CheckContract());
  VIGIL_ASSIGN_OR_RETURN(const absl::TimeZone zone, LoadZone(config_.time_zone()));
  VIGIL_RETURN_IF_ERROR(files_.MakeDirectories(config_.data_dir(), 0700));
  VIGIL_RETURN_IF_ERROR(OpenStore(zone));
  VIGIL_RETURN_IF_ERROR(OpenEvidence());
  VIGIL_RETURN_IF_ERROR(files_.Remove(Path("port")));
  VIGIL_ASSIGN_OR_RETURN(key_, LoadRegisterKey(files_, Path("register.key"), *store_));
  VIGIL_RETURN_IF_ERROR(LoadCertificate());
  VIGIL_RETURN_IF_ERROR(OutboxDesk::CheckFiles(config_.notifications()));
  VIGIL_ASSIGN_OR_RETURN(std::shared_ptr<const rules::Deadlines> deadlines,
                         deadline_files_.Refresh());
  writer_.emplace(clock_);
  worker_.emplace(clock_);
  hasher_.emplace(clock_);
  evidence_.emplace(clock_);
  keeper_.emplace(clock_);
  MakeRegister(zone, std::move(deadlines));
  MakeClock();
  MakeAccess(zone);
  MakeServices(zone);
  VIGIL_RETURN_IF_ERROR(InviteAdministrator());
  VIGIL_RETURN_IF_ERROR(Listen());
  writer_->executor().Post([this] {
    deadline_pass_->Start();
    escalation_clock_->Start();
    outbox_->Start();
  });
  Keep();
  return absl::OkStatus();
}

void Process::Keep() {
  keeping_.emplace(
      Keeper::Parts{.executor = keeper_->executor(),
                    .clock = clock_,
                    .guard = *guard_,
                    .streams = *streams_,
                    .first_calls = *first_calls_,
                    .gate = server_->gate(),
                    .certificates = certificates_ ? &*certificates_ : nullptr,
                    .deadlines = deadline_files_,
                    .evidence = *evidence_core_,
                    .evidence_executor = evidence_->executor(),
                    .use_deadlines = [this](std::shared_ptr<const rules::Deadlines> deadlines) {
                      UseDeadlines(std::move(deadlines));
                    }});
  keeping_->Start();
}

void Process::UseDeadlines(std::shared_ptr<const rules::Deadlines> deadlines) {
  Log(v1::LOG_LEVEL_INFO, "the ladder and the lists of working days were read again",
      {{"ladder", deadlines->ladder.edition()}});
  register_->UseDeadlines(std::move(deadlines));
  writer_->executor().Post([this] { deadline_pass_->Start(); });
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

absl::Status Process::OpenEvidence() {
  constexpr std::int64_t kMib = std::int64_t{1} << 20;
  const v1::EvidenceLimits& limits = config_.evidence();
  absl::StatusOr<std::unique_ptr<evidence::EvidenceStore>> opened = evidence::EvidenceStore::Open(
      files_, Path("evidence"),
      {.content_bytes_max = kMib * limits.content_mib_max(),
       .person_bytes_max = kMib * limits.person_mib_max(),
       .total_bytes_max = kMib * limits.total_mib_max(),
       .grace = absl::Hours(24) * limits.unreferenced_days(),
       .media_types = {limits.media_types().begin(), limits.media_types().end()}},
      clock_.Now());
  if (!opened.ok()) return Annotate(opened.status(), "cannot open the store of photos");
  evidence_store_ = *std::move(opened);
  return absl::OkStatus();
}

void Process::MakeRegister(const absl::TimeZone& zone,
                           std::shared_ptr<const rules::Deadlines> deadlines) {
  const v1::Limits& limits = config_.limits();
  registry::RegisterOptions options;
  options.queue_operations_max = limits.queue_operations_max();
  options.operation_bytes_max = limits.operation_bytes_max();
  options.zone = zone;
  options.deadlines = std::move(deadlines);
  options.on_committed = [this](const registry::Committed& committed) { hub_.Publish(committed); };
  options.on_access_changed = [this] {
    authenticator_->Forget();
    if (look_posted_.exchange(true)) return;
    keeper_->executor().Post([this] {
      look_posted_ = false;
      streams_->LookAgain(clock_.Now());
    });
  };
  options.storage_reserve_bytes = std::int64_t{limits.storage_reserve_mib()} * 1024 * 1024;
  options.on_room = [](bool has_room, std::int64_t free_bytes) {
    if (has_room) return Log(v1::LOG_LEVEL_INFO, "the disk has room again");
    Log(v1::LOG_LEVEL_ERROR, "the disk is nearly full: nothing is taken in, all can be read",
        {{"free_bytes", free_bytes}});
  };
  options.head_signer = &*key_;
  options.on_fatal = Die;
  register_.emplace(*store_, writer_->executor(), std::move(options));
}

void Process::MakeClock() {
  escalation::DeadlinePass::Options pass_options;
  pass_options.on_error = [](const absl::Status& status) {
    LogFailure("what waits could not be worked out anew", status);
  };
  pass_options.on_done = [](std::int64_t records) {
    if (records == 0) return;
    Log(v1::LOG_LEVEL_INFO, "by another ladder, other lists or another zone: all looked at again",
        {{"records", records}});
  };
  deadline_pass_.emplace(*register_, writer_->executor(), std::move(pass_options));
  escalation::EscalationClock::Options clock_options;
  clock_options.tick = absl::Seconds(config_.escalation_tick_s());
  clock_options.on_error = [](const absl::Status& status) {
    // The register has said so.
    if (rules::ReasonOf(status) == v1::REASON_STORAGE_UNAVAILABLE) return;
    LogFailure("the escalation clock failed", status);
  };
  clock_options.steady = [] {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  };
  clock_options.on_jump = [](absl::Duration by) {
    if (by == absl::ZeroDuration()) {
      return Log(v1::LOG_LEVEL_INFO, "the machine's clock is trusted again: what is due escalates");
    }
    Log(v1::LOG_LEVEL_ERROR,
        "the machine's clock was set: nothing escalates for an hour, or until somebody who has "
        "checked the time asks for a tick",
        {{"by_s", absl::ToInt64Seconds(by)}});
  };
  escalation_clock_.emplace(*register_, writer_->executor(), std::move(clock_options));
  outbox_.emplace(OutboxDesk::Parts{*register_, writer_->executor(), random_, clock_},
                  config_.notifications());
}

void Process::MakeAccess(const absl::TimeZone& zone) {
  authenticator_.emplace(*store_,
                         access::Authenticator::Options{.zone = zone, .started_at = clock_.Now()});
  const v1::Lifetimes& lifetimes = config_.lifetimes();
  access::AccessDesk::Options desk_options;
  desk_options.access_token = absl::Seconds(lifetimes.access_token_s());
  desk_options.phone = absl::Hours(24) * lifetimes.phone_days();
  desk_options.office = absl::Hours(24) * lifetimes.office_days();
  desk_options.register_key = key_->public_key().der();
  desk_.emplace(access::AccessDesk::Parts{*register_, random_, hasher_->executor()},
                std::move(desk_options));
  const v1::Limits& limits = config_.limits();
  streams_.emplace(*authenticator_,
                   OpenStreams::Limits{.per_device_max = limits.streams_per_device_max(),
                                       .per_person_max = limits.streams_per_person_max()});
  FirstCalls::Limits first_calls;
  first_calls.age_max = absl::Seconds(limits.call_s());
  first_calls.bytes_max = limits.message_bytes_max() + kConnectionBytes;
  first_calls.address_bytes_max = std::max(first_calls.address_bytes_max, first_calls.bytes_max);
  first_calls_.emplace(first_calls);
  guard_.emplace(Guard::Parts{*authenticator_, clock_, *first_calls_},
                 Guard::Limits{.calls_per_address_s = limits.calls_per_address_s(),
                               .calls_per_person_s = limits.calls_per_person_s(),
                               .calls_per_device_s = limits.calls_per_device_s(),
                               .call_max = absl::Seconds(limits.call_s())});
}

void Process::MakeServices(const absl::TimeZone& zone) {
  const v1::Limits& limits = config_.limits();
  SyncOptions sync_options;
  sync_options.push_operations_max = limits.push_operations_max();
  sync_options.operation_bytes_max = limits.operation_bytes_max();
  sync_options.server_name = kServerName;
  sync_options.time_zone_name = config_.time_zone();
  sync_core_.emplace(*register_, hub_, std::move(sync_options));
  register_core_.emplace(*register_, config_.time_zone(),
                         [this](const Sha256& content) { return evidence_store_->Has(content); });
  evidence_core_.emplace(EvidenceCore::Parts{*register_, *evidence_store_, clock_},
                         limits.message_bytes_max());
  evidence_service_.emplace(*guard_, *evidence_core_, evidence_->executor());
  access_service_.emplace(*guard_, *desk_);
  sync_service_.emplace(*guard_, *streams_, *sync_core_);
  register_service_.emplace(*guard_, *register_core_);
  backup_desk_.emplace(BackupDesk::Parts{*register_, files_, worker_->executor(), random_},
                       config_.data_dir());
  if (const absl::Status status = backup_desk_->RemoveLeftovers(); !status.ok()) {
    LogFailure("what an interrupted backup left stays", status);
  }
  const std::int64_t reserve_bytes = std::int64_t{limits.storage_reserve_mib()} * 1024 * 1024;
  report_service_.emplace(
      ReportService::Parts{*guard_, *streams_, *register_, files_, random_, clock_},
      ReportDesk::Options{config_.data_dir(), zone, reserve_bytes});
  admin_service_.emplace(AdminService::Parts{*guard_, *streams_, *desk_, *register_,
                                             *escalation_clock_, *backup_desk_, *outbox_,
                                             worker_->executor(), random_});
}

// Until somebody has signed in, nobody can invite anybody.
absl::StatusOr<bool> Process::NeedsAdministrator() {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_->Read());
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> person,
                         snapshot->FindByKey(v1::Entity::kPerson, access::kFirstAdministratorCode));
  if (!person) return true;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::Password> password,
                         snapshot->FindPassword(*person));
  return !password;
}

absl::Status Process::InviteAdministrator() {
  const std::string path = Path("first-administrator.code");
  VIGIL_ASSIGN_OR_RETURN(const bool needed, NeedsAdministrator());
  // One that was used is of no use to anybody.
  VIGIL_RETURN_IF_ERROR(files_.Remove(path));
  if (!needed && !options_.invite_administrator) return absl::OkStatus();
  std::promise<absl::StatusOr<std::optional<std::string>>> made;
  desk_->InviteFirstAdministrator(options_.invite_administrator,
                                  [&made](absl::StatusOr<std::optional<std::string>> code) {
                                    made.set_value(std::move(code));
                                  });
  const absl::StatusOr<std::optional<std::string>> code = made.get_future().get();
  if (!code.ok()) return Annotate(code.status(), "cannot invite the first administrator");
  if (!code->has_value()) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(
      files_.WriteAtomic(path, absl::StrCat(**code, "\n"), {.mode = kSecretMode}));
  Log(v1::LOG_LEVEL_INFO, "administrator invited",
      {{"person", access::kFirstAdministratorCode}, {"code", path}});
  return absl::OkStatus();
}

absl::Status Process::LoadCertificate() {
  if (config_.plain_text()) return absl::OkStatus();
  certificates_.emplace(files_, config_.tls());
  return certificates_->Refresh(clock_.Now()).status();
}

absl::Status Process::Listen() {
  const v1::Limits& limits = config_.limits();
  GrpcServer::Options options;
  options.gate.address = config_.listen_address();
  options.gate.port = config_.listen_port();
  options.gate.connections_max = limits.connections_max();
  options.gate.connections_per_address_max = limits.connections_per_address_max();
  if (certificates_) {
    options.credentials =
        TlsCredentials(*certificates_, !config_.tls().client_authorities_file().empty());
  }
  // A full push of the largest operations would not fit; our clients send 1 MiB of them, or one.
  options.message_bytes_max = limits.message_bytes_max();
  VIGIL_ASSIGN_OR_RETURN(
      server_,
      GrpcServer::Start({*access_service_, *sync_service_, *register_service_, *admin_service_,
                         *evidence_service_, *report_service_, *streams_, *first_calls_},
                        options));
  const std::uint32_t port = server_->gate().port();
  const absl::Status told = files_.WriteAtomic(Path("port"), absl::StrCat(port, "\n"));
  // On a full disk too the register can be read.
  if (absl::IsResourceExhausted(told)) {
    LogFailure("the port's file cannot be written", told);
  } else {
    VIGIL_RETURN_IF_ERROR(told);
  }
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_->Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  Log(v1::LOG_LEVEL_INFO, "listening",
      {{"address", config_.listen_address()},
       {"port", std::int64_t{port}},
       {"transport", certificates_ ? "tls" : "plain text, loopback only"},
       {"epoch", head.epoch.id()},
       {"seq", head.seq.signed_value()},
       {"time_zone", config_.time_zone()}});
  if (!head.epoch.parent().empty()) {
    Log(v1::LOG_LEVEL_INFO, "this register was restored",
        {{"epoch", head.epoch.id()},
         {"back_to_seq", static_cast<std::int64_t>(head.epoch.back_to_seq())},
         {"person", head.epoch.person()},
         {"why", head.epoch.why()}});
  }
  return absl::OkStatus();
}

void Process::Drain() {
  // It looks at the server.
  if (keeper_) keeper_->Stop();
  // Its receivers may never answer, and calls may wait for that.
  if (writer_) {
    writer_->executor().Post([this] {
      if (outbox_) outbox_->Stop();
    });
  }
  if (server_) {
    Log(v1::LOG_LEVEL_INFO, "draining");
    server_->Drain(absl::Seconds(config_.limits().drain_s()));
    server_.reset();
    if (const absl::Status status = files_.Remove(Path("port")); !status.ok()) {
      LogFailure("the port's file stays", status);
    }
  }
  // What they have under way still needs the writer.
  if (worker_) worker_->Stop();
  if (hasher_) hasher_->Stop();
  if (evidence_) evidence_->Stop();
  if (report_service_) report_service_->Stop();
  if (writer_) {
    writer_->executor().Post([this] {
      deadline_pass_.reset();
      escalation_clock_.reset();
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
                                                                    const Clock& clock,
                                                                    const Options& options) {
  auto process = std::make_unique<Process>(config, clock, options);
  VIGIL_RETURN_IF_ERROR(process->Begin());
  return std::unique_ptr<ServerProcess>(std::move(process));
}

}  // namespace vigil::service
