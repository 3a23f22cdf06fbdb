#include "tests/support/phone_file_check.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "tests/support/database_dump.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::testing {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr char kRecords[] = "SELECT id, version, place & 255, bytes FROM record ORDER BY id";
constexpr char kDigest[] = "SELECT digest FROM meta WHERE one = 1";
constexpr char kOutbox[] =
    "SELECT device, device_seq, operation, previous_hash, bytes FROM outbox ORDER BY device, "
    "device_seq";
constexpr char kIdentities[] = "SELECT device, last_device_seq, last_hash FROM identity";
// Each of these finds rows that must not be there.
// NOLINTBEGIN(bugprone-suspicious-missing-comma)
constexpr std::string_view kStrays[] = {
    "SELECT count(*) FROM outbox JOIN journal USING (operation)",
    "SELECT count(*) - count(DISTINCT operation) FROM outbox",
    "SELECT count(*) FROM outbox JOIN identity USING (device) "
    "WHERE place <> (number << 40) + device_seq",
    "SELECT count(*) FROM pending_write JOIN identity USING (device) "
    "WHERE place >> 8 <> (number << 40) + device_seq",
    "SELECT count(*) - count(DISTINCT hex(device) || device_seq || hex(record)) FROM pending_write",
    "SELECT count(*) FROM journal JOIN identity USING (device) WHERE device_seq > last_device_seq",
    // What has no place in the register's order yet waits.
    "SELECT count(*) FROM pending_write WHERE seq IS NULL AND NOT EXISTS (SELECT 1 FROM outbox "
    "WHERE outbox.device = pending_write.device AND outbox.device_seq = pending_write.device_seq)",
    // What is confirmed is in the record.
    "SELECT count(*) FROM pending_write JOIN record ON record.id = pending_write.record WHERE "
    "record.version >= pending_write.seq",
    "SELECT count(*) FROM attention JOIN outbox USING (operation)",
    "SELECT count(*) <> 1 FROM meta",
    "SELECT count(*) > 1 FROM identity WHERE active = 1",
};
// NOLINTEND(bugprone-suspicious-missing-comma)

absl::Status Wrong(std::string_view what) {
  return absl::DataLossError(absl::StrCat("the phone's file: ", ToAbsl(what)));
}

absl::Status CheckRecords(Database& database) {
  DigestSums sums;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kRecords));
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
      if (!found) break;
      VIGIL_ASSIGN_OR_RETURN(const Uuid id, row.ColumnUuid(0));
      v1::Record record;
      if (!record.ParseFromString(std::string(row.ColumnBlob(3))) || record.id() != id.ToString() ||
          static_cast<std::int64_t>(record.version()) != row.ColumnInt64(1)) {
        return Wrong(absl::StrCat("record ", id.ToString(), " holds something else"));
      }
      if (row.ColumnInt64(2) != record.entity().entity_case()) {
        return Wrong("a record is in another kind's place");
      }
      sums.Add(id, row.ColumnBlob(3));
    }
  }
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kDigest));
  VIGIL_RETURN_IF_ERROR(internal::ToStatus(row.Step()));
  return row.ColumnBlob(0) == sums.Bytes() ? absl::OkStatus()
                                           : Wrong("the digest is not the records'");
}

// An operation of a device's chain.
struct Link {
  std::int64_t device_seq = 0;
  Sha256 hash;
};

// As far as it is not in the outbox, by device.
absl::StatusOr<std::map<std::string, Link>> NotedEnds(Database& database) {
  std::map<std::string, Link> ends;
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kIdentities));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return ends;
    const std::optional<Sha256> hash = Sha256::FromBytes(row.ColumnBlob(2));
    if (!hash) return Wrong("an identity's hash is none");
    ends[std::string(row.ColumnBlob(0))] = {row.ColumnInt64(1), *hash};
  }
}

absl::Status CheckOutbox(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(const auto noted, NotedEnds(database));
  std::map<std::string, Link> links;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kOutbox));
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
      if (!found) break;
      v1::Operation operation;
      const std::int64_t device_seq = row.ColumnInt64(1);
      VIGIL_ASSIGN_OR_RETURN(const Uuid device, row.ColumnUuid(0));
      VIGIL_ASSIGN_OR_RETURN(const Uuid id, row.ColumnUuid(2));
      if (!operation.ParseFromString(std::string(row.ColumnBlob(4))) ||
          operation.id() != id.ToString() || operation.device() != device.ToString() ||
          static_cast<std::int64_t>(operation.device_seq()) != device_seq) {
        return Wrong(absl::StrCat("operation ", id.ToString(), " says something else"));
      }
      const auto end = noted.find(std::string(device.bytes()));
      if (end == noted.end()) return Wrong("an operation is nobody's");
      Link& link = links[end->first];
      // What was made since the end was noted follows it without a gap.
      if (link.device_seq <= end->second.device_seq && device_seq > end->second.device_seq) {
        link = end->second;
      }
      const bool must_follow = device_seq > end->second.device_seq;
      const bool follows = link.device_seq + 1 == device_seq;
      if ((must_follow && !follows) ||
          (follows && device_seq > 1 && row.ColumnBlob(3) != link.hash.bytes())) {
        return Wrong(absl::StrCat("the chain is broken at ", device_seq));
      }
      link = {device_seq, Sha256Of(row.ColumnBlob(4))};
      if (device_seq == end->second.device_seq && link.hash != end->second.hash) {
        return Wrong("the last operation's hash is another one's");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPhoneFile(Database& database) {
  VIGIL_RETURN_IF_ERROR(CheckDatabase(database));
  VIGIL_RETURN_IF_ERROR(CheckRecords(database));
  VIGIL_RETURN_IF_ERROR(CheckOutbox(database));
  return CheckNoStrays(database, kStrays, "the phone's file");
}

}  // namespace vigil::testing
