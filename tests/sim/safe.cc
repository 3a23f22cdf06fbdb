#include "tests/sim/safe.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/register/restore.h"
#include "server/store/reader_pool.h"
#include "server/store/restore_file.h"
#include "server/store/schema.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

namespace vigil::sim {

using registry::Register;
using testing::SimVfs;

namespace {

constexpr char kCopy[] = "backup.part";
constexpr char kFromSafe[] = "from-the-safe.db";

}  // namespace

absl::StatusOr<v1::Backup> Safe::Copy() {
  VIGIL_RETURN_IF_ERROR(server_.disk().files().Remove(kCopy));
  VIGIL_RETURN_IF_ERROR(server_.store().Backup(kCopy));
  v1::Backup backup;
  backup.set_id(world_.NewId());
  *backup.mutable_made_at() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(server_.Now()));
  backup.set_person(administrator_.person);
  backup.set_place("the safe");
  VIGIL_RETURN_IF_ERROR(CheckCopy(backup));
  return backup;
}

// As `vigilctl backup` checks what it was sent.
absl::Status Safe::CheckCopy(v1::Backup& backup) {
  sqlite::OpenOptions options;
  options.mode = sqlite::OpenOptions::Mode::kReadOnly;
  options.vfs = server_.disk().name();
  options.application_id = store::kRegisterApplicationId;
  const auto readers = std::make_shared<store::ReaderPool>(kCopy, options, 1);
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot,
                         store::SqliteSnapshot::Begin(readers, absl::UTCTimeZone()));
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  backup.set_epoch(head.epoch.id());
  backup.set_seq(head.seq.value());
  return registry::CheckLog(*snapshot);
}

void Safe::BackUp() {
  absl::StatusOr<v1::Backup> copied = Copy();
  SimVfs& disk = server_.disk();
  if (!copied.ok()) {
    world_.Trace("safe", absl::StrCat("no backup: ", copied.status().ToString()));
    const bool disk_fails =
        disk.fault_struck() || copied.status().code() == absl::StatusCode::kResourceExhausted;
    if (!disk_fails) world_.Violation("backup", copied.status().ToString());
    return;
  }
  // A server that is dying sends nothing.
  if (!server_.CanSend()) return;
  auto file = std::make_shared<const std::string>(disk.Content(kCopy));
  copied->set_size_bytes(static_cast<std::int64_t>(file->size()));
  copied->set_sha256(std::string(Sha256Of(*file).bytes()));
  (void)disk.files().Remove(kCopy);
  // It is there before the register counts on it.
  kept_[copied->id()] = {*copied, file};
  server_.reg().ChangeAccess(
      [backup = *copied](store::Snapshot&, absl::Time) {
        Register::AccessChange change;
        change.restore.backups.push_back(backup);
        return change;
      },
      [this, backup = *copied](const absl::Status& status) {
        world_.Trace("safe", absl::StrCat("backup ", backup.id(), " of ", backup.seq(), ": ",
                                          status.ToString()));
      });
}

std::vector<Safe::Kept> Safe::Listed() {
  std::vector<Kept> listed;
  const auto snapshot = server_.store().Read();
  if (!snapshot.ok()) return listed;
  const auto backups = (*snapshot)->Backups();
  if (!backups.ok()) return listed;
  for (const v1::Backup& backup : *backups) {
    const auto found = kept_.find(backup.id());
    if (found != kept_.end()) listed.push_back(found->second);
  }
  return listed;
}

// The oldest goes first, as tapes do; now and then another one.
void Safe::ForgetOne() {
  const std::vector<Kept> listed = Listed();
  if (listed.size() < 2) return;
  const bool oldest = world_.random().Chance(0.7);
  const std::string id = listed[oldest ? 0 : world_.random().Below(listed.size())].backup.id();
  server_.reg().ChangeAccess(
      [id](store::Snapshot&, absl::Time) {
        Register::AccessChange change;
        change.restore.forgotten_backups.push_back(*Uuid::Parse(id));
        return change;
      },
      [this, id](const absl::Status& status) {
        world_.Trace("safe", absl::StrCat("forgets ", id, ": ", status.ToString()));
        if (status.ok()) kept_.erase(id);
      });
}

bool Safe::Restore(Fault kind) {
  if (restoring_ || !server_.is_up()) return false;
  std::vector<Kept> listed = Listed();
  if (listed.empty() || (kind == Fault::kOlderRestore && listed.size() < 2)) return false;
  const Kept from =
      kind == Fault::kRestore ? listed.back() : listed[world_.random().Below(listed.size() - 1)];
  if (before_restore) server_.Enter(before_restore);
  if (!server_.is_up()) return false;
  world_.Note(kind, server_.name());
  restoring_ = true;
  if (world_.random().Chance(0.3)) {
    // It was the machine's end that made it necessary.
    server_.Die(Machine::Death::kPowerFails);
  }
  server_.Stop();
  TryAgainLater(from);
  return true;
}

void Safe::TryAgainLater(const Kept& from) {
  world_.executor().PostAt(world_.now() + world_.Between(absl::Seconds(10), absl::Minutes(10)),
                           [this, from] { Attempt(from); });
}

void Safe::StartLater() {
  world_.executor().PostAt(world_.now() + world_.Between(absl::Seconds(1), absl::Minutes(5)),
                           [this] {
                             restoring_ = false;
                             server_.Start();
                           });
}

// The steps of the swap are few, and the writes before it many.
bool Safe::MayCutOff() {
  if (!world_.plan().has(Fault::kRestoreCutOff) || !world_.Draw(Fault::kRestoreCutOff)) {
    return false;
  }
  SimVfs::Fault fault;
  fault.sticky = true;
  if (world_.random().Chance(0.7)) {
    fault.operations = SimVfs::kDelete | SimVfs::kRename | SimVfs::kLink | SimVfs::kSync;
    fault.after = static_cast<std::int64_t>(world_.random().Below(20));
  } else {
    fault.after = static_cast<std::int64_t>(world_.random().Below(1500));
    fault.torn = world_.random().Chance(0.5);
  }
  server_.disk().SetFault(fault);
  return true;
}

void Safe::Attempt(const Kept& from) {
  SimVfs& disk = server_.disk();
  disk.SetCapacity(0);
  disk.SetContent(kFromSafe, *from.file);
  registry::RestoreRequest request;
  request.backup = kFromSafe;
  request.kept = from.backup;
  request.kept.set_id(world_.NewId());
  request.epoch = *Uuid::Parse(world_.NewId());
  request.why = "the disk failed";
  request.person = *Uuid::Parse(administrator_.person);
  request.now = server_.Now();
  const std::string id = request.epoch.ToString();
  epochs_.Declare(id, from.backup.epoch(), from.backup.seq());
  // Under its new name, too, for whoever restores from it again.
  kept_[request.kept.id()] = {request.kept, from.file};
  const bool may_cut_off = MayCutOff();
  const auto epoch = registry::Restore(
      {.files = disk.files(), .path = Server::kFile, .vfs = disk.name(), .backup_vfs = disk.name()},
      request, server_.key());
  const bool cut_off = may_cut_off && disk.fault_struck();
  disk.ClearFaults();
  world_.Trace("safe", absl::StrCat("goes back to ", from.backup.seq(), " of ", from.backup.epoch(),
                                    " as ", id, ": ", epoch.status().ToString()));
  if (cut_off) {
    world_.Note(Fault::kRestoreCutOff, server_.name());
    world_.random().Chance(0.5) ? disk.Crash() : disk.KillProcess();
    disk.Remove(kFromSafe);
    // Some try again; some start what is there.
    return world_.random().Chance(0.6) ? TryAgainLater(from) : StartLater();
  }
  disk.Remove(kFromSafe);
  if (!epoch.ok()) {
    world_.Violation("restore", epoch.status().ToString());
  } else if (!disk.Exists(absl::StrCat(Server::kFile, ".before-", id))) {
    world_.Violation("restore", "the register that was there is gone");
  }
  StartLater();
}

}  // namespace vigil::sim
