#include "tests/sim/mischief.h"

#include <utility>

#include "tests/support/sim_vfs.h"

namespace vigil::sim {

using testing::SimVfs;

namespace {

constexpr std::uint32_t kWrites =
    SimVfs::kWrite | SimVfs::kSync | SimVfs::kTruncate | SimVfs::kDelete;

// Of a death between two writes.
SimVfs::Fault DyingDisk(World& world) {
  const auto after = static_cast<std::int64_t>(world.random().Below(60));
  // Half of a write is there.
  if (world.Draw(Fault::kTornWrite)) {
    return {.operations = SimVfs::kWrite, .after = after, .sticky = true, .torn = true};
  }
  return {.operations = kWrites, .after = after, .sticky = true};
}

Machine::Death AnyDeath(World& world) {
  return world.random().Chance(0.5) ? Machine::Death::kPowerFails : Machine::Death::kKilled;
}

}  // namespace

void Mischief::Begin() {
  const absl::Duration pause = world_.Between(absl::Minutes(2), absl::Minutes(12));
  world_.executor().PostAt(world_.now() + pause, [this] {
    if (world_.calm()) return;
    Round();
    Begin();
  });
}

void Mischief::Round() {
  ToServer();
  for (std::size_t i = 0; i < parts_.phones.size(); ++i) ToPhone(i);
  if (parts_.server.is_up()) parts_.server.Enter([this] { ToScopes(); });
  if (world_.plan().backup > 0 && parts_.server.is_up()) ToSafe();
}

void Mischief::ToSafe() {
  const Plan& plan = world_.plan();
  if (world_.random().Chance(plan.backup)) {
    parts_.server.Enter([this] { parts_.safe.BackUp(); });
  }
  if (world_.random().Chance(plan.forget)) {
    parts_.server.Enter([this] { parts_.safe.ForgetOne(); });
  }
  for (const Fault kind : {Fault::kRestore, Fault::kOlderRestore}) {
    if (world_.Draw(kind)) parts_.safe.Restore(kind);
  }
}

void Mischief::ToServer() {
  Server& server = parts_.server;
  if (!server.is_up()) return;
  if (world_.Draw(Fault::kServerClockJumps)) {
    world_.Note(Fault::kServerClockJumps, server.name());
    server.MoveClock(world_.Between(absl::Seconds(1), absl::Hours(3)));
  }
  if (world_.Draw(Fault::kServerClockRunsBack)) {
    world_.Note(Fault::kServerClockRunsBack, server.name());
    server.MoveClock(-world_.Between(absl::Seconds(1), absl::Hours(3)));
  }
  if (world_.Draw(Fault::kServerDiesInWrite)) {
    server.ArmDeath(DyingDisk(world_), AnyDeath(world_));
  } else if (world_.Draw(Fault::kServerSyncFails)) {
    server.ArmFailure({.operations = SimVfs::kWrite | SimVfs::kSync,
                       .after = static_cast<std::int64_t>(world_.random().Below(20))});
  }
  if (world_.Draw(Fault::kServerDiskFull)) {
    world_.Note(Fault::kServerDiskFull, server.name());
    server.FillDisk(static_cast<std::int64_t>(world_.random().Below(100'000)),
                    world_.Between(absl::Minutes(1), absl::Minutes(20)));
  }
  if (world_.Draw(Fault::kServerPowerFails)) {
    world_.Note(Fault::kServerPowerFails, server.name());
    server.Die(Machine::Death::kPowerFails);
  } else if (world_.Draw(Fault::kServerKilled)) {
    world_.Note(Fault::kServerKilled, server.name());
    server.Die(Machine::Death::kKilled);
  }
}

void Mischief::ToPhone(std::size_t index) {
  Phone& phone = *parts_.phones[index];
  if (world_.Draw(Fault::kPartition)) {
    phone.line().Cut(world_.Between(absl::Seconds(10), absl::Minutes(40)));
  }
  if (!phone.is_up()) return;
  ToPhoneClock(phone);
  ToPhoneDisk(phone);
  if (phone.is_up() && world_.Draw(Fault::kOutboxByFile)) {
    phone.Enter([&] { parts_.users[index]->ExportOutbox(); });
  }
  if (phone.is_up() && world_.Draw(Fault::kHandedOver)) HandOver(index);
}

void Mischief::ToPhoneClock(Phone& phone) {
  if (world_.Draw(Fault::kClockJumps)) {
    world_.Note(Fault::kClockJumps, phone.name());
    phone.MoveClock(world_.Between(absl::Seconds(1), absl::Hours(200)));
  }
  if (world_.Draw(Fault::kClockRunsBack)) {
    world_.Note(Fault::kClockRunsBack, phone.name());
    phone.MoveClock(-world_.Between(absl::Seconds(1), absl::Hours(200)));
  }
}

void Mischief::ToPhoneDisk(Phone& phone) {
  if (world_.Draw(Fault::kPhoneDiesInWrite)) {
    phone.ArmDeath(DyingDisk(world_), AnyDeath(world_));
  } else if (world_.Draw(Fault::kPhoneSyncFails)) {
    phone.ArmFailure({.operations = SimVfs::kWrite | SimVfs::kSync,
                      .after = static_cast<std::int64_t>(world_.random().Below(20))});
  }
  if (world_.Draw(Fault::kPhoneDiskFull)) {
    world_.Note(Fault::kPhoneDiskFull, phone.name());
    phone.FillDisk(static_cast<std::int64_t>(world_.random().Below(60'000)),
                   world_.Between(absl::Minutes(1), absl::Minutes(30)));
  }
  if (world_.Draw(Fault::kPhonePowerFails)) {
    world_.Note(Fault::kPhonePowerFails, phone.name());
    phone.Die(Machine::Death::kPowerFails);
  } else if (world_.Draw(Fault::kPhoneKilled)) {
    world_.Note(Fault::kPhoneKilled, phone.name());
    phone.Die(Machine::Death::kKilled);
  }
}

// And back, sooner or later.
void Mischief::HandOver(std::size_t index) {
  Phone& phone = *parts_.phones[index];
  const bool away = &phone.user() != &phone.owner();
  const Account& to = away ? phone.owner() : parts_.cast.stand_ins[index];
  phone.Enter([&] {
    if (phone.HandOver(to).ok()) world_.Note(Fault::kHandedOver, phone.name());
  });
}

void Mischief::ToScopes() {
  if (world_.Draw(Fault::kRoleGiven)) GiveRole();
  if (world_.Draw(Fault::kRoleTaken)) TakeRole();
  if (world_.Draw(Fault::kUnitMoves)) MoveUnit();
  if (world_.Draw(Fault::kHazardMoves)) MoveHazard();
  if (world_.Draw(Fault::kDeviceRevoked)) RevokeDevice();
}

void Mischief::GiveRole() {
  const Account& account = parts_.phones[world_.random().Below(parts_.phones.size())]->owner();
  constexpr v1::Role kRoles[] = {v1::ROLE_INSPECTOR, v1::ROLE_VERIFIER, v1::ROLE_RESPONSIBLE_UNIT};
  v1::Operation operation;
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(account.person);
  edit.mutable_update_mask()->add_paths("roles");
  v1::RoleGrant& grant = *edit.mutable_entity()->mutable_person()->add_roles();
  grant.set_role(kRoles[world_.random().Below(std::size(kRoles))]);
  grant.set_unit(parts_.cast.units[world_.random().Below(parts_.cast.units.size())]);
  world_.Note(Fault::kRoleGiven, account.name);
  parts_.administrator.Send(std::move(operation));
}

void Mischief::TakeRole() {
  const Account& account = parts_.phones[world_.random().Below(parts_.phones.size())]->owner();
  const auto author = parts_.server.AuthorOf(account);
  if (!author.ok() || author->roles.empty()) return;
  v1::Operation operation;
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(account.person);
  edit.mutable_update_mask()->add_paths("roles");
  edit.mutable_entity()->mutable_person();
  *edit.mutable_removed()->mutable_person()->add_roles() =
      author->roles[world_.random().Below(author->roles.size())];
  world_.Note(Fault::kRoleTaken, account.name);
  parts_.administrator.Send(std::move(operation));
}

void Mischief::MoveUnit() {
  const Cast& cast = parts_.cast;
  const std::string* const movable[] = {&cast.park_1, &cast.park_2, &cast.department};
  const std::string* const targets[] = {&cast.bureau, &cast.department, &cast.district};
  const std::string& unit = *movable[world_.random().Below(std::size(movable))];
  const std::string& parent = *targets[world_.random().Below(std::size(targets))];
  if (unit == parent) return;
  v1::Operation operation;
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(unit);
  edit.mutable_update_mask()->add_paths("parent_unit");
  edit.mutable_entity()->mutable_org_unit()->set_parent_unit(parent);
  world_.Note(Fault::kUnitMoves, "server");
  parts_.administrator.Send(std::move(operation));
}

void Mischief::MoveHazard() {
  RegisterSight sight(parts_.server);
  const auto hazards = sight.Records("hazard");
  if (hazards.empty()) return;
  v1::Operation operation;
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(hazards[world_.random().Below(hazards.size())].id());
  edit.mutable_update_mask()->add_paths("responsible_unit");
  edit.mutable_entity()->mutable_hazard()->set_responsible_unit(
      parts_.cast.units[world_.random().Below(parts_.cast.units.size())]);
  world_.Note(Fault::kHazardMoves, "server");
  parts_.office.Send(std::move(operation));
}

void Mischief::RevokeDevice() {
  const Account& account = parts_.phones[world_.random().Below(parts_.phones.size())]->owner();
  v1::Operation operation;
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(account.device);
  edit.mutable_update_mask()->add_paths("revoked");
  edit.mutable_entity()->mutable_device()->set_revoked(true);
  world_.Note(Fault::kDeviceRevoked, account.name);
  parts_.administrator.Send(std::move(operation));
}

}  // namespace vigil::sim
