#include "tests/sim/phone.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vigil::sim {

Phone::Phone(World& world, Server& server, const Account& owner, const Options& options)
    : Machine(world,
              {.name = absl::StrCat("phone-", options.number), .clock_error = options.clock_error}),
      owner_(owner),
      user_(&owner),
      line_(world, name()),
      link_(*this, server, line_, static_cast<std::uint32_t>(options.number)) {
  link_.SetCaller(owner);
}

Phone::~Phone() { Phone::TearDown(); }

absl::Status Phone::Build() {
  VIGIL_ASSIGN_OR_RETURN(
      replica_, replica::Replica::Open(kFile, {.vfs = disk().name()}, clock(), world().random()));
  VIGIL_RETURN_IF_ERROR(replica_->HandOver({user_->device, user_->person}));
  StartEngine();
  fresh_ = true;
  return absl::OkStatus();
}

void Phone::StartEngine() {
  engine::Engine::Options options;
  options.client = "sim/1";
  options.tuning.page_bytes = world().plan().page_bytes;
  options.tuning.push_operations_max = world().plan().push_operations_max;
  options.tuning.push_bytes_max = world().plan().push_bytes_max;
  options.tuning.poll = world().plan().poll;
  options.on_session = [this](const engine::SessionReport& report) {
    last_report_ = report;
    ++sessions_;
    world().Trace(name(),
                  absl::StrCat("session: ", report.status.ToString(), ", pages ", report.pages,
                               ", records ", report.records, ", copies ", report.copies_returned));
    if (on_session) on_session(report);
  };
  engine_ = std::make_unique<engine::Engine>(
      engine::Session::Parts{*replica_, link_, executor(), *user_->key, link_.register_key()},
      world().random(), std::move(options));
  engine_->Start();
}

void Phone::TearDown() {
  engine_.reset();
  replica_.reset();
}

void Phone::AfterTask() {
  if (std::exchange(fresh_, false) && on_start) on_start();
}

absl::Status Phone::HandOver(const Account& to) {
  engine_->Stop();
  const absl::Status status = replica_->HandOver({to.device, to.person});
  if (status.ok()) {
    user_ = &to;
    link_.SetCaller(to);
  }
  StartEngine();
  return status;
}

}  // namespace vigil::sim
