#include "tests/sim/server.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"
#include "tests/sim/waits.h"

namespace vigil::sim {
namespace {

constexpr absl::Duration kTick = absl::Minutes(10);

absl::TimeZone Zone() {
  static const absl::TimeZone zone = *LoadZone("Asia/Shanghai");
  return zone;
}

}  // namespace

Server::Server(World& world)
    : Machine(world, {.name = "server", .is_server = true}),
      first_epoch_(world.NewId()),
      key_("register") {}

Server::~Server() { Server::TearDown(); }

absl::Status Server::Build() {
  fatal_ = false;
  store::SqliteStoreOptions options;
  options.vfs = disk().name();
  options.backup_vfs = disk().name();
  options.files = &disk().files();
  options.first_epoch = *Uuid::Parse(first_epoch_);
  options.created_at = Now();
  options.zone = Zone();
  options.wal_pages_max = world().plan().wal_pages_max;
  options.wal_pages_idle = world().plan().wal_pages_idle;
  VIGIL_ASSIGN_OR_RETURN(store_, store::SqliteRegisterStore::Open(kFile, options));
  {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_->Read());
    VIGIL_ASSIGN_OR_RETURN(epochs_, snapshot->Epochs());
  }
  hub_ = std::make_unique<service::WatchHub>();
  registry::RegisterOptions register_options;
  register_options.zone = Zone();
  // Another ladder with each start.
  register_options.deadlines =
      std::make_shared<const rules::Deadlines>(rules::Deadlines{EveryStep(1 + starts_++ % 2), {}});
  register_options.head_signer = &key_;
  register_options.queue_operations_max = world().plan().queue_operations_max;
  register_options.on_committed = [this](const registry::Committed& committed) {
    hub_->Publish(committed);
  };
  register_options.on_fatal = [this](const absl::Status& status) {
    world().Trace(name(), absl::StrCat("cannot go on: ", status.ToString()));
    fatal_ = true;
  };
  register_ = std::make_unique<registry::Register>(*store_, executor(), register_options);
  core_ = std::make_unique<service::SyncCore>(*register_, *hub_,
                                              service::SyncOptions{.server_name = "sim/1"});
  escalation::EscalationClock::Options ticks;
  ticks.tick = kTick;
  escalation_ = std::make_unique<escalation::EscalationClock>(*register_, executor(), ticks);
  escalation_->Start();
  pass_ = std::make_unique<escalation::DeadlinePass>(
      *register_, executor(), escalation::DeadlinePass::Options{.page_size = 3});
  pass_->Start();
  busy_until_ = absl::InfinitePast();
  fresh_ = true;
  return absl::OkStatus();
}

void Server::TearDown() {
  watches_.clear();
  pass_.reset();
  escalation_.reset();
  core_.reset();
  register_.reset();
  hub_.reset();
  store_.reset();
}

void Server::AfterTask() {
  if (std::exchange(fresh_, false) && on_start) on_start(epochs_);
  if (fatal_) return Die(Death::kKilled);
  const std::int64_t syncs = disk().counts().syncs;
  if (syncs == syncs_) return;
  syncs_ = syncs;
  busy_until_ = world().now() + world().Between(absl::Milliseconds(1), absl::Milliseconds(40));
}

void Server::NoteBusy(const absl::Status& status) {
  if (rules::ReasonOf(status) == v1::REASON_QUOTA_EXCEEDED)
    world().Note(Fault::kServerBusy, name());
}

absl::StatusOr<rules::Author> Server::AuthorOf(const Account& caller) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_->Read());
  return access::AuthorOf(
      *snapshot,
      access::Identity{*Uuid::Parse(caller.device), *Uuid::Parse(caller.person), caller.channel},
      Now(), Zone());
}

void Server::Hello(const Account& caller, const v1::HelloRequest& request, const HelloDone& done) {
  const absl::StatusOr<rules::Author> author = AuthorOf(caller);
  if (!author.ok()) return done(author.status());
  absl::StatusOr<v1::HelloResponse> response = core_->Hello(*author, request);
  if (response.ok() && CanSend() && on_hello) on_hello(*response);
  done(std::move(response));
}

void Server::Push(const Account& caller, const v1::PushRequest& request, const PushDone& done) {
  const absl::StatusOr<rules::Author> author = AuthorOf(caller);
  if (!author.ok()) return done(author.status());
  core_->Push({*author, Uuid(), caller.key->public_key()}, request,
              [this, done](absl::StatusOr<v1::PushResponse> response) {
                NoteBusy(response.status());
                if (response.ok() && CanSend() && on_answer) {
                  for (const v1::Outcome& outcome : response->outcomes()) on_answer(outcome);
                }
                done(std::move(response));
              });
}

void Server::Pull(const Account& caller, const v1::PullRequest& request,
                  std::shared_ptr<service::PageSink> sink) {
  const absl::StatusOr<rules::Author> author = AuthorOf(caller);
  if (!author.ok()) return sink->Finish(author.status());
  core_->Pull(*author, request, std::move(sink));
}

void Server::Repair(const Account& caller, const v1::RepairRequest& request,
                    const RepairDone& done) {
  const absl::StatusOr<rules::Author> author = AuthorOf(caller);
  if (!author.ok()) return done(author.status());
  done(core_->Repair(*author, request));
}

void Server::ReturnCopies(const Account& caller, const v1::ReturnCopiesRequest& request,
                          const ReturnDone& done) {
  const absl::StatusOr<rules::Author> author = AuthorOf(caller);
  if (!author.ok()) return done(author.status());
  core_->ReturnCopies(*author, request, done);
}

absl::Status Server::OpenWatch(std::uint64_t id, const Account& caller,
                               const v1::WatchRequest& request,
                               std::shared_ptr<service::WatchSink> sink) {
  VIGIL_ASSIGN_OR_RETURN(const rules::Author author, AuthorOf(caller));
  VIGIL_ASSIGN_OR_RETURN(watches_[id], core_->OpenWatch(author, request, std::move(sink)));
  return absl::OkStatus();
}

void Server::Submit(const rules::Author& author, const v1::Operation& operation, OutcomeDone done) {
  registry::Incoming incoming;
  incoming.bytes = operation.SerializeAsString();
  register_->Submit(
      author, {std::move(incoming)},
      [this, done = std::move(done)](absl::StatusOr<registry::Register::Outcomes> outcomes) {
        NoteBusy(outcomes.status());
        if (!outcomes.ok()) return done(outcomes.status());
        VIGIL_CHECK(outcomes->size() == 1);
        if (CanSend() && on_answer) on_answer(outcomes->front());
        done(outcomes->front());
      });
}

}  // namespace vigil::sim
