#include "server/store/as_of_store.h"

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/commit.h"
#include "server/store/rows.h"
#include "server/store/schema.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/sqlite/migrations.h"

namespace vigil::store {
namespace {

using sqlite::Database;
using sqlite::OpenOptions;
using sqlite::Statement;
using sqlite::Transaction;

constexpr std::size_t kIdleReadersMax = 4;

// Rows to which versions refer; nobody reads them.
constexpr char kInsertVersion[] = R"sql(
INSERT INTO log (seq, device_seq, verdict, received_at, operation_hash, previous_hash, leaf,
                 outcome_bytes, operation_bytes)
VALUES (?1, 0, 0, 0, zeroblob(32), zeroblob(32), zeroblob(32), x'', x'')
ON CONFLICT (seq) DO NOTHING
)sql";

constexpr char kInsertRecord[] = R"sql(
INSERT INTO record (ordinal, id, kind, version, feed_seq, parent, root, unit, office_only, bucket,
                    key, bytes)
VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)
)sql";

constexpr char kReplaceBytes[] = "UPDATE record SET bytes = ?2 WHERE id = ?1";

constexpr char kInsertHead[] = R"sql(
INSERT INTO meta (one, seq, audit_root, committed_at) VALUES (1, ?1, ?2, 0)
)sql";

OpenOptions ConnectionOptions(OpenOptions::Mode mode) {
  OpenOptions options;
  options.mode = mode;
  options.journal = OpenOptions::Journal::kMemory;
  // A name that begins with a slash is shared by the connections of this process.
  options.vfs = "memdb";
  options.application_id = kRegisterApplicationId;
  return options;
}

std::string NextName() {
  static std::atomic<std::uint64_t> next = 0;
  return absl::StrCat("/vigil-as-of-", next.fetch_add(1));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AsOfStore>> AsOfStore::Create(Seq seq, absl::TimeZone zone) {
  const std::string name = NextName();
  VIGIL_ASSIGN_OR_RETURN(Database writer,
                         Database::Open(name, ConnectionOptions(OpenOptions::Mode::kCreate)));
  VIGIL_RETURN_IF_ERROR(sqlite::Migrate(writer, RegisterSchema()));
  {
    VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer.BeginWrite());
    VIGIL_ASSIGN_OR_RETURN(Statement head, transaction.Prepare(kInsertHead));
    head.BindNumber(1, seq);
    const Sha256 no_root;
    BindHash(head, 2, no_root);
    VIGIL_RETURN_IF_ERROR(head.Run());
    VIGIL_RETURN_IF_ERROR(transaction.Commit());
  }
  auto readers = std::make_shared<ReaderPool>(name, ConnectionOptions(OpenOptions::Mode::kReadOnly),
                                              kIdleReadersMax);
  return std::unique_ptr<AsOfStore>(new AsOfStore(std::move(writer), std::move(readers), zone));
}

AsOfStore::AsOfStore(Database writer, std::shared_ptr<ReaderPool> readers, absl::TimeZone zone)
    : writer_(std::move(writer)), readers_(std::move(readers)), zone_(zone) {}

absl::Status AsOfStore::Add(const std::vector<PastRecord>& records) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement version, transaction.Prepare(kInsertVersion));
  VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertRecord));
  for (const PastRecord& past : records) {
    const StoredRecord& record = past.record;
    version.Reset();
    version.BindNumber(1, record.version);
    VIGIL_RETURN_IF_ERROR(version.Run());
    insert.Reset();
    insert.BindInt64(1, past.ordinal).BindUuid(2, record.id).BindInt64(3, record.kind);
    insert.BindNumber(4, record.version);
    BindReference(insert, 5, record.parent);
    insert.BindUuid(6, record.root);
    BindRawUuid(insert, 7, record.unit);
    insert.BindBool(8, past.office_only).BindText(9, past.key).BindBlob(10, record.bytes);
    VIGIL_RETURN_IF_ERROR(insert.Run());
  }
  return transaction.Commit();
}

absl::Status AsOfStore::Put(const WriteSet& projections) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  VIGIL_RETURN_IF_ERROR(WriteProjections(transaction, projections));
  return transaction.Commit();
}

absl::Status AsOfStore::Replace(const std::vector<MovedRecord>& records) {
  if (records.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement replace, transaction.Prepare(kReplaceBytes));
  for (const MovedRecord& record : records) {
    replace.Reset();
    replace.BindUuid(1, record.id).BindBlob(2, record.bytes);
    VIGIL_RETURN_IF_ERROR(replace.Run());
  }
  return transaction.Commit();
}

absl::StatusOr<std::unique_ptr<Snapshot>> AsOfStore::Read() {
  return SqliteSnapshot::Begin(readers_, zone_);
}

}  // namespace vigil::store
