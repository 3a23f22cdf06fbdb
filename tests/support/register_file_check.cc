#include "tests/support/register_file_check.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "tests/support/database_dump.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::testing {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr char kLog[] = R"sql(
SELECT seq, verdict, operation_hash, leaf, outcome_bytes, operation_bytes
FROM log ORDER BY seq)sql";
constexpr char kMeta[] = "SELECT seq, audit_root FROM meta WHERE one = 1";
constexpr char kNodes[] = "SELECT level, position, hash FROM audit_node";
constexpr char kRecords[] =
    "SELECT id, unit, office_only, version, feed_seq, bytes, bucket FROM record ORDER BY id";
constexpr char kDigests[] = "SELECT unit, sums FROM digest";
// Each of these finds rows that must not be there.
constexpr std::string_view kStrays[] = {
    "SELECT count(*) FROM record_version JOIN log ON log.seq = version WHERE verdict NOT IN (1, 2)",
    "SELECT count(*) FROM record JOIN log ON log.seq = version WHERE verdict NOT IN (1, 2)",
    "SELECT count(*) FROM refused_record JOIN log USING (seq) WHERE verdict <> 3",
    // Each version stands in one place.
    "SELECT count(*) FROM record WHERE (write_bytes IS NULL) <> EXISTS (SELECT 1 FROM "
    "record_version WHERE record = record.id AND record_version.version = record.version)",
    "SELECT count(*) FROM record_version JOIN record ON record.id = record WHERE "
    "record_version.version > record.version",
    "SELECT count(*) FROM record WHERE feed_seq < version OR feed_seq > (SELECT seq FROM meta)",
    "SELECT count(*) FROM record WHERE office_only = 0 AND feed_seq > coalesce((SELECT last_seq "
    "FROM unit_feed WHERE unit_feed.unit = record.unit), 0)",
    "SELECT count(*) FROM unit_feed WHERE records <> (SELECT count(*) FROM record WHERE "
    "record.unit "
    "= unit_feed.unit AND office_only = 0)",
    "SELECT count(*) FROM departure WHERE seq > (SELECT seq FROM meta)",
    "SELECT count(*) FROM hazard WHERE id NOT IN (SELECT id FROM record)",
};

absl::Status Wrong(std::string_view what) {
  return absl::DataLossError(absl::StrCat("the register's file: ", ToAbsl(what)));
}

Sha256 HashIn(const Statement& row, int column) {
  return Sha256::FromBytes(row.ColumnBlob(column)).value_or(Sha256());
}

using Nodes = std::map<std::pair<std::int64_t, std::int64_t>, Sha256>;

// The root by RFC 6962's definition; every complete inner node that it has and that is to be stored
// goes to `nodes`.
Sha256 RootOf(const std::vector<Sha256>& leaves, std::size_t begin, std::size_t end, Nodes& nodes) {
  const std::size_t size = end - begin;
  if (size == 0) return Sha256Of("");
  if (size == 1) return leaves[begin];
  std::size_t left = 1;
  std::int64_t level = 0;
  while (left * 2 < size) {
    left *= 2;
    ++level;
  }
  const Sha256 node = NodeHash({.left = RootOf(leaves, begin, begin + left, nodes),
                                .right = RootOf(leaves, begin + left, end, nodes)});
  if (size == left * 2 && (level + 1) % 4 == 0)
    nodes[{level + 1, static_cast<std::int64_t>(begin / size)}] = node;
  return node;
}

absl::Status CheckLog(Database& database) {
  std::vector<Sha256> leaves;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLog));
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
      if (!found) break;
      const std::int64_t seq = row.ColumnInt64(0);
      if (seq != static_cast<std::int64_t>(leaves.size()) + 1) return Wrong("the log has a gap");
      const Sha256 outcome = Sha256Of(row.ColumnBlob(4));
      const Sha256 operation = Sha256Of(row.ColumnBlob(5));
      const Sha256 leaf = LeafHash({operation.bytes(), outcome.bytes()});
      if (HashIn(row, 3) != leaf) return Wrong(absl::StrCat("leaf ", seq, " is another one's"));
      if (HashIn(row, 2) != operation) return Wrong(absl::StrCat("a hash is wrong at ", seq));
      v1::Outcome stored;
      if (!stored.ParseFromString(std::string(row.ColumnBlob(4))) ||
          static_cast<std::int64_t>(stored.seq()) != seq ||
          stored.verdict() != row.ColumnInt64(1)) {
        return Wrong(absl::StrCat("the outcome of ", seq, " is another one's"));
      }
      leaves.push_back(leaf);
    }
  }
  Nodes expected;
  const Sha256 root = RootOf(leaves, 0, leaves.size(), expected);
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kMeta));
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return Wrong("there is no head");
    if (row.ColumnInt64(0) != static_cast<std::int64_t>(leaves.size())) {
      return Wrong(
          absl::StrCat("the head is ", row.ColumnInt64(0), ", the log ends at ", leaves.size()));
    }
    if (HashIn(row, 1) != root) return Wrong("the root is not the log's");
  }
  Nodes nodes;
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kNodes));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) break;
    nodes[{row.ColumnInt64(0), row.ColumnInt64(1)}] = HashIn(row, 2);
  }
  return nodes == expected ? absl::OkStatus() : Wrong("the audit tree's nodes are not the log's");
}

absl::Status CheckRecords(Database& database) {
  std::map<std::string, DigestSums> sums;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kRecords));
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
      if (!found) break;
      VIGIL_ASSIGN_OR_RETURN(const Uuid id, row.ColumnUuid(0));
      v1::Record record;
      if (!record.ParseFromString(std::string(row.ColumnBlob(5))) || record.id() != id.ToString() ||
          static_cast<std::int64_t>(record.version()) != row.ColumnInt64(3)) {
        return Wrong(absl::StrCat("record ", id.ToString(), " holds something else"));
      }
      const Uuid unit = Uuid::FromBytes(row.ColumnBlob(1)).value_or(Uuid());
      if (record.unit() != (unit.is_nil() ? "" : unit.ToString())) {
        return Wrong(absl::StrCat("record ", id.ToString(), " lives elsewhere"));
      }
      if (row.ColumnInt64(6) != static_cast<std::int64_t>(DigestSums::BucketOf(id))) {
        return Wrong("a record is in another's bucket");
      }
      if (row.ColumnBool(2)) continue;
      sums[std::string(unit.bytes())].Add(id, row.ColumnBlob(5));
    }
  }
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kDigests));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) break;
    const auto of_unit = sums.extract(std::string(row.ColumnBlob(0)));
    const DigestSums expected = of_unit.empty() ? DigestSums() : of_unit.mapped();
    if (row.ColumnBlob(1) != expected.Bytes()) return Wrong("a digest is not that of its records");
  }
  return sums.empty() ? absl::OkStatus() : Wrong("a unit with records has no digest");
}

}  // namespace

absl::Status CheckRegisterFile(Database& database) {
  VIGIL_RETURN_IF_ERROR(CheckDatabase(database));
  VIGIL_RETURN_IF_ERROR(CheckLog(database));
  VIGIL_RETURN_IF_ERROR(CheckRecords(database));
  return CheckNoStrays(database, kStrays, "the register's file");
}

}  // namespace vigil::testing
