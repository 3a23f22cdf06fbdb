#ifndef VIGIL_SYNC_REPLICA_META_H_
#define VIGIL_SYNC_REPLICA_META_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/ids.h"
#include "sync/replica/place.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/sync_service.pb.h"

// The single rows: what is known of the register, and who uses the phone.

namespace vigil::replica {

struct Meta {
  std::string epoch;
  v1::RegisterHead head;
  bool complete = false;
  // The head at which all scopes were read last; 0: never, or not since the register went back.
  Seq complete_at;
  std::int64_t clock_offset_ms = 0;
  std::optional<absl::Time> last_sync_at;
  std::string time_zone;
  std::string server;
  std::uint64_t archived_seq = 0;
  std::int64_t faults = 0;
};
absl::StatusOr<Meta> LoadMeta(sqlite::Database& database);
absl::Status SaveMeta(sqlite::Transaction& transaction, const Meta& meta);
// By which the register counts working days, as it last told: serialised WorkingDayLists.
absl::StatusOr<std::string> LoadWorkingDays(sqlite::Database& database);
absl::Status SaveWorkingDays(sqlite::Transaction& transaction, std::string_view lists);

struct User {
  Uuid device;
  Uuid person;
  // On this phone, from 1.
  std::int64_t number = 0;
  DeviceSeq judged_device_seq;
  // The device as which he went on (Replica::EnrolAnew); nil: he is still this one.
  Uuid continued_by;
  bool active = false;

  OwnOperation Own(DeviceSeq device_seq) const { return {device, number, device_seq}; }
};
// Whoever uses the phone or did, in the order of devices.
absl::StatusOr<std::vector<User>> LoadUsers(sqlite::Database& database);
// Nullopt: the phone is nobody's yet.
absl::StatusOr<std::optional<User>> FindUser(sqlite::Database& database);
// NOT_INITIALISED (reason) instead.
absl::StatusOr<User> LoadUser(sqlite::Database& database);
absl::Status SaveUser(sqlite::Transaction& transaction, const User& user);
// Makes this identity the one in use, with its former chain if it has one.
absl::Status Activate(sqlite::Transaction& transaction, const Uuid& device, const Uuid& person);

// How far a feed has been read: up to a seq, and of the one after it so much (see ScopeCursor).
struct ReadTo {
  Seq seq;
  std::uint64_t within = 0;

  friend auto operator<=>(const ReadTo&, const ReadTo&) = default;
};

struct ScopeRow {
  // Nil: everybody's records.
  Uuid unit;
  ReadTo read_to;
  // The person has a role there.
  bool granted = true;
};
// In the order of units.
absl::StatusOr<std::vector<ScopeRow>> LoadScopes(sqlite::Database& database);
absl::Status SaveScope(sqlite::Transaction& transaction, const ScopeRow& row);
absl::Status DeleteScope(sqlite::Transaction& transaction, const Uuid& unit);

// Scopes read equally far share a cursor; at most `cursors_max`, the furthest behind together.
std::vector<v1::ScopeCursor> ToCursors(const std::vector<ScopeRow>& rows, std::size_t cursors_max);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_META_H_
