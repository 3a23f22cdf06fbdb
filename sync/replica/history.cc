#include "sync/replica/history.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <set>
#include <utility>

#include "sync/base/hash.h"
#include "sync/base/merkle.h"
#include "sync/base/status.h"
#include "sync/replica/rows.h"
#include "sync/rules/reason.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kFindEpoch[] = "SELECT bytes FROM epoch WHERE id = ?1";

constexpr char kListEpochs[] = "SELECT bytes FROM epoch ORDER BY id DESC";

constexpr char kAddEpoch[] = R"sql(
  INSERT INTO epoch (id, bytes, noticed_at, operations_back, records_back)
  VALUES (?1, ?2, NULL, 0, 0)
  ON CONFLICT (id) DO NOTHING)sql";

constexpr char kNote[] = R"sql(
  UPDATE epoch SET noticed_at = ?2, operations_back = ?3, records_back = ?4 WHERE id = ?1)sql";

constexpr char kListRestores[] = R"sql(
  SELECT bytes, noticed_at, operations_back, records_back
  FROM epoch WHERE noticed_at IS NOT NULL ORDER BY noticed_at DESC, id)sql";

constexpr char kListHeads[] = "SELECT bytes FROM kept_head ORDER BY seq DESC LIMIT ?1";
constexpr char kListSeqs[] = "SELECT seq FROM kept_head ORDER BY seq";
constexpr char kFindHead[] = "SELECT bytes FROM kept_head WHERE seq = ?1";
constexpr char kAddHead[] = R"sql(
  INSERT INTO kept_head (seq, bytes) VALUES (?1, ?2)
  ON CONFLICT (seq) DO UPDATE SET bytes = excluded.bytes)sql";
constexpr char kDropHead[] = "DELETE FROM kept_head WHERE seq = ?1";
constexpr char kDropHeadsAfter[] = "DELETE FROM kept_head WHERE seq > ?1";

absl::StatusOr<v1::Epoch> FindEpoch(Database& database, const std::string& id) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFindEpoch));
  row.BindText(1, id);
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  v1::Epoch epoch;
  if (found) VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, epoch));
  return epoch;
}

absl::StatusOr<std::vector<std::uint64_t>> KeptSeqs(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kListSeqs));
  std::vector<std::uint64_t> seqs;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return seqs;
    seqs.push_back(static_cast<std::uint64_t>(row.ColumnInt64(0)));
  }
}

// Of ascending seqs, those to let go: of each doubling of the distance to the last one, the oldest
// stays, since it is the next to enter the doubling after it.
std::vector<std::uint64_t> Superfluous(const std::vector<std::uint64_t>& seqs, Seq archived) {
  std::optional<std::uint64_t> in_backup;
  for (const std::uint64_t seq : seqs) {
    if (seq <= archived.value()) in_backup = seq;
  }
  std::set<int> distances;
  std::vector<std::uint64_t> superfluous;
  for (const std::uint64_t seq : seqs) {
    const bool stays = distances.insert(std::bit_width(seqs.back() - seq)).second;
    if (!stays && seq != in_backup) superfluous.push_back(seq);
  }
  return superfluous;
}

MerkleHead ToMerkle(const v1::RegisterHead& head) {
  return {.size = head.seq(), .root = Sha256::FromBytes(head.root()).value_or(Sha256())};
}

}  // namespace

absl::Status HistoryChanged(std::uint64_t seq) {
  return rules::Refuse(v1::REASON_HISTORY_CHANGED,
                       "the register's log does not continue what this phone has seen of it, and "
                       "no restore was declared; nothing was taken from it")
      .With("seq", static_cast<std::int64_t>(seq));
}

absl::StatusOr<rules::Lineage> LoadLineage(Database& database, const std::string& epoch) {
  if (epoch.empty()) return rules::Lineage();
  VIGIL_ASSIGN_OR_RETURN(
      rules::Lineage lineage,
      rules::LineageOf(epoch, [&](const std::string& id) { return FindEpoch(database, id); }));
  if (lineage.empty()) lineage.emplace_back().set_id(epoch);
  return lineage;
}

absl::StatusOr<std::vector<v1::Epoch>> LoadOtherEpochs(Database& database,
                                                       const rules::Lineage& lineage) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kListEpochs));
  std::vector<v1::Epoch> epochs;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return epochs;
    v1::Epoch epoch;
    VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, epoch));
    const bool is_in_lineage =
        std::any_of(lineage.begin(), lineage.end(),
                    [&](const v1::Epoch& known) { return known.id() == epoch.id(); });
    if (!is_in_lineage) epochs.push_back(std::move(epoch));
  }
}

absl::StatusOr<std::uint64_t> SharedSeqOf(Database& database, const std::string& a,
                                          const std::string& b) {
  if (a == b) return rules::kAllShared;
  VIGIL_ASSIGN_OR_RETURN(const rules::Lineage lineage_a, LoadLineage(database, a));
  VIGIL_ASSIGN_OR_RETURN(const rules::Lineage lineage_b, LoadLineage(database, b));
  return rules::SharedSeq(lineage_a, lineage_b);
}

absl::Status CapKnowledge(Database& database, const std::string& epoch, v1::Operation& operation) {
  VIGIL_ASSIGN_OR_RETURN(const std::uint64_t shared,
                         SharedSeqOf(database, operation.epoch(), epoch));
  for (v1::Seen& seen : *operation.mutable_seen()) {
    seen.set_version(std::min(seen.version(), shared));
  }
  return absl::OkStatus();
}

absl::Status AddEpochs(Transaction& transaction, const rules::Lineage& lineage) {
  for (const v1::Epoch& epoch : lineage) {
    VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAddEpoch));
    add.BindText(1, epoch.id()).BindBlob(2, epoch.SerializeAsString());
    VIGIL_RETURN_IF_ERROR(add.Run());
  }
  return absl::OkStatus();
}

absl::Status NoteRestore(Transaction& transaction, const std::string& epoch,
                         const WentBack& went_back, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(Statement note, transaction.Prepare(kNote));
  note.BindText(1, epoch)
      .BindTime(2, now)
      .BindInt64(3, went_back.operations)
      .BindInt64(4, went_back.records);
  return note.Run();
}

absl::StatusOr<std::vector<Restore>> LoadRestores(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kListRestores));
  std::vector<Restore> restores;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return restores;
    Restore& restore = restores.emplace_back();
    VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, restore.epoch));
    restore.noticed_at = row.ColumnTime(1);
    restore.operations_back = row.ColumnInt64(2);
    restore.records_back = row.ColumnInt64(3);
  }
}

absl::StatusOr<std::vector<v1::RegisterHead>> LoadHeads(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kListHeads));
  row.BindInt64(1, std::int64_t{kKeptHeadsMax + 1});
  std::vector<v1::RegisterHead> heads;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return heads;
    VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, heads.emplace_back()));
  }
}

absl::Status KeepHead(Database& database, Transaction& transaction, const v1::RegisterHead& head,
                      Seq archived) {
  if (head.seq() == 0 || head.root().size() != Sha256::kSize) return absl::OkStatus();
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFindHead));
    row.BindInt64(1, static_cast<std::int64_t>(head.seq()));
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    v1::RegisterHead kept;
    if (found) VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, kept));
    if (found && kept.root() != head.root()) return HistoryChanged(head.seq());
  }
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAddHead));
  add.BindInt64(1, static_cast<std::int64_t>(head.seq())).BindBlob(2, head.SerializeAsString());
  VIGIL_RETURN_IF_ERROR(add.Run());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> seqs, KeptSeqs(database));
  for (const std::uint64_t seq : Superfluous(seqs, archived)) {
    VIGIL_ASSIGN_OR_RETURN(Statement drop, transaction.Prepare(kDropHead));
    drop.BindInt64(1, static_cast<std::int64_t>(seq));
    VIGIL_RETURN_IF_ERROR(drop.Run());
  }
  return absl::OkStatus();
}

absl::Status DropHeadsAfter(Transaction& transaction, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement drop, transaction.Prepare(kDropHeadsAfter));
  drop.BindNumber(1, seq);
  return drop.Run();
}

absl::Status CheckContinues(const v1::HelloRequest& asked, const v1::HelloResponse& hello,
                            std::uint64_t shared) {
  const v1::RegisterHead* newest = nullptr;
  const auto consider = [&](const v1::RegisterHead& head) {
    if (head.seq() == 0 || head.seq() > shared) return;
    if (newest == nullptr || head.seq() > newest->seq()) newest = &head;
  };
  consider(asked.head());
  for (const v1::RegisterHead& head : asked.kept_heads()) consider(head);
  if (newest == nullptr) return absl::OkStatus();
  std::vector<Sha256> hashes;
  for (const std::string& bytes : hello.proof().hashes()) {
    hashes.push_back(Sha256::FromBytes(bytes).value_or(Sha256()));
  }
  const bool continues =
      hello.proof().seq() == newest->seq() &&
      VerifyConsistency({.older = ToMerkle(*newest), .newer = ToMerkle(hello.head())}, hashes);
  return continues ? absl::OkStatus() : HistoryChanged(newest->seq());
}

}  // namespace vigil::replica
