#include "tests/sim/confirmed.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/sqlite/database.h"

namespace vigil::sim {
namespace {

constexpr char kRecords[] = "SELECT id, version, bytes FROM record ORDER BY id";

}  // namespace

absl::StatusOr<std::map<std::string, Held>> ReadHeld(Phone& phone) {
  sqlite::OpenOptions options;
  options.mode = sqlite::OpenOptions::Mode::kReadOnly;
  options.vfs = phone.disk().name();
  VIGIL_ASSIGN_OR_RETURN(sqlite::Database database, sqlite::Database::Open(Phone::kFile, options));
  VIGIL_ASSIGN_OR_RETURN(sqlite::Statement row, database.Query(kRecords));
  std::map<std::string, Held> held;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return held;
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, row.ColumnUuid(0));
    held[id.ToString()] = {static_cast<std::uint64_t>(row.ColumnInt64(1)),
                           std::string(row.ColumnBlob(2))};
  }
}

void ConfirmedVersions::GoBack(const Phone& phone, const std::string& epoch, Sight& sight) {
  if (!epochs_.Knows(epoch)) {
    world_.Violation("confirmed", absl::StrCat(phone.name(), ": is in an epoch that nobody began"));
  }
  const std::uint64_t shared = epochs_.Shared(sight.epoch, epoch);
  for (auto& [record, held] : sight.held) {
    if (held.version <= shared) continue;
    copies_.insert(held.bytes);
    left_behind_.push_back({&phone, record, sight.epoch, std::move(held)});
  }
  world_.Trace(phone.name(),
               absl::StrCat("went back to ", shared, " of ", sight.epoch, " in ", epoch));
  std::erase_if(sight.versions, [&](const auto& known) { return known.second > shared; });
  sight.epoch = epoch;
}

bool ConfirmedVersions::WasLeftBehind(const std::string& record, const std::string& bytes) const {
  if (copies_.contains(bytes)) return true;
  return std::any_of(sights_.begin(), sights_.end(), [&](const auto& sight) {
    const auto held = sight.second.held.find(record);
    return held != sight.second.held.end() && held->second.bytes == bytes;
  });
}

void ConfirmedVersions::Check(Phone& phone) {
  Sight& sight = sights_[phone.name()];
  // Most sessions in the field come to nothing.
  const FileState file = {phone.life(), phone.disk().counts().bytes_written};
  if (sight.file == file) return;
  const auto state = phone.replica().GetSyncState();
  auto held = ReadHeld(phone);
  if (!state.ok() || !held.ok()) return;
  sight.file = file;
  if (sight.epoch.empty()) sight.epoch = state->epoch;
  if (sight.epoch != state->epoch) GoBack(phone, state->epoch, sight);
  for (const auto& [id, record] : *held) {
    std::uint64_t& version = sight.versions[id];
    if (record.version < version) {
      world_.Violation("confirmed", absl::StrCat(phone.name(), ": ", id, " went from ", version,
                                                 " back to ", record.version));
    }
    version = std::max(version, record.version);
  }
  sight.held = *std::move(held);
}

}  // namespace vigil::sim
