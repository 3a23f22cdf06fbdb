#include "server/store/evidence_index.h"

#include <utility>

#include "server/store/rows.h"
#include "sync/base/status.h"
#include "sync/sqlite/migrations.h"

namespace vigil::store {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr std::uint32_t kApplicationId = 0x56696765;
constexpr std::int64_t kWalPagesMax = 1000;

constexpr char kFirstSchema[] = R"sql(
-- Contents on their way, each from one person: size_bytes is the whole.
CREATE TABLE upload (
  content BLOB NOT NULL CHECK (length(content) = 32),
  person BLOB NOT NULL CHECK (length(person) = 16),
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  media_type TEXT NOT NULL,
  began_at INTEGER NOT NULL,
  PRIMARY KEY (content, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_by_person ON upload (person);
CREATE INDEX upload_by_time ON upload (began_at);

-- Complete contents. person: who sent it first, 16 zeros where that is not known. referenced: some
-- version of a record names it. doomed: its file is being removed.
CREATE TABLE content (
  content BLOB PRIMARY KEY CHECK (length(content) = 32),
  person BLOB NOT NULL CHECK (length(person) = 16),
  size_bytes INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  completed_at INTEGER NOT NULL,
  referenced INTEGER NOT NULL CHECK (referenced IN (0, 1)),
  doomed INTEGER NOT NULL CHECK (doomed IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX content_unreferenced ON content (completed_at) WHERE referenced = 0 AND doomed = 0;
CREATE INDEX content_unreferenced_by_person ON content (person) WHERE referenced = 0;
CREATE INDEX content_doomed ON content (content) WHERE doomed = 1;

-- Records of which some version names the content.
CREATE TABLE reference (
  content BLOB NOT NULL CHECK (length(content) = 32),
  record BLOB NOT NULL CHECK (length(record) = 16),
  PRIMARY KEY (content, record)
) STRICT, WITHOUT ROWID;

-- One row. filled: the index has been made from the files that were there before it. The rest: how
-- far the register's log has been looked through for references.
CREATE TABLE progress (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  filled INTEGER NOT NULL CHECK (filled IN (0, 1)),
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL
) STRICT;
INSERT INTO progress VALUES (1, 0, '', 0);
)sql";

constexpr sqlite::Migration kMigrations[] = {
    {1, "first-schema", "What is known of photos and documents beside the records.", kFirstSchema},
};

constexpr char kFindUpload[] = R"sql(
  SELECT content, person, size_bytes, media_type, began_at FROM upload
  WHERE content = ?1 AND person = ?2)sql";
constexpr char kUploadsBefore[] = R"sql(
  SELECT content, person, size_bytes, media_type, began_at FROM upload
  WHERE began_at < ?1 ORDER BY began_at LIMIT ?2)sql";
constexpr char kBegin[] = R"sql(
  INSERT OR REPLACE INTO upload (content, person, size_bytes, media_type, began_at)
  VALUES (?1, ?2, ?3, ?4, ?5))sql";
constexpr char kGiveUp[] = "DELETE FROM upload WHERE content = ?1 AND person = ?2";

constexpr char kHasContent[] = "SELECT 1 FROM content WHERE content = ?1";
constexpr char kComplete[] = R"sql(
  INSERT OR IGNORE INTO content
    (content, person, size_bytes, media_type, completed_at, referenced, doomed)
  VALUES (?1, ?2, ?3, ?4, ?5, EXISTS (SELECT 1 FROM reference WHERE content = ?1), 0))sql";
constexpr char kUnreferencedBefore[] = R"sql(
  SELECT content FROM content WHERE referenced = 0 AND doomed = 0 AND completed_at < ?1
  ORDER BY completed_at LIMIT ?2)sql";
constexpr char kDoom[] = "UPDATE content SET doomed = 1 WHERE content = ?1 AND referenced = 0";
constexpr char kDoomed[] = "SELECT content FROM content WHERE doomed = 1 ORDER BY content";
constexpr char kForget[] = "DELETE FROM content WHERE content = ?1";

constexpr char kChargeOfUploads[] = R"sql(
  SELECT COALESCE(SUM(MAX(size_bytes, ?2)), 0) FROM upload WHERE person = ?1)sql";
constexpr char kChargeOfContents[] = R"sql(
  SELECT COALESCE(SUM(MAX(size_bytes, ?2)), 0) FROM content
  WHERE person = ?1 AND referenced = 0)sql";
constexpr char kTotal[] = R"sql(
  SELECT (SELECT COALESCE(SUM(size_bytes), 0) FROM content) +
         (SELECT COALESCE(SUM(size_bytes), 0) FROM upload))sql";

constexpr char kIsFilled[] = "SELECT filled FROM progress";
constexpr char kSetFilled[] = "UPDATE progress SET filled = 1";
constexpr char kGetProgress[] = "SELECT epoch, seq FROM progress";
constexpr char kSetProgress[] = "UPDATE progress SET epoch = ?1, seq = ?2";
constexpr char kAddReference[] = R"sql(
  INSERT OR IGNORE INTO reference (content, record) VALUES (?1, ?2))sql";
constexpr char kMarkReferenced[] = R"sql(
  UPDATE content SET referenced = 1 WHERE content = ?1 AND referenced = 0)sql";
constexpr char kRecordsNaming[] = R"sql(
  SELECT record FROM reference WHERE content = ?1 ORDER BY record)sql";

absl::StatusOr<EvidenceIndex::Upload> ReadUpload(const Statement& row) {
  EvidenceIndex::Upload upload;
  VIGIL_ASSIGN_OR_RETURN(upload.content, ReadHash(row, 0));
  VIGIL_ASSIGN_OR_RETURN(upload.person, row.ColumnUuid(1));
  upload.size_bytes = row.ColumnInt64(2);
  upload.media_type = std::string(row.ColumnText(3));
  upload.began_at = row.ColumnTime(4);
  return upload;
}

absl::StatusOr<std::vector<Sha256>> ReadHashes(Statement& row) {
  std::vector<Sha256> hashes;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return hashes;
    VIGIL_ASSIGN_OR_RETURN(const Sha256 hash, ReadHash(row, 0));
    hashes.push_back(hash);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<EvidenceIndex>> EvidenceIndex::Open(const std::string& path,
                                                                   const std::string& vfs) {
  sqlite::OpenOptions options;
  options.vfs = vfs;
  options.application_id = kApplicationId;
  VIGIL_ASSIGN_OR_RETURN(Database database, Database::Open(path, options));
  VIGIL_RETURN_IF_ERROR(
      sqlite::Migrate(database, {"Vigil evidence index", kApplicationId, kMigrations}));
  VIGIL_RETURN_IF_ERROR(database.MakeDurable());
  return std::unique_ptr<EvidenceIndex>(new EvidenceIndex(std::move(database)));
}

absl::Status EvidenceIndex::Commit(Transaction& transaction) {
  VIGIL_RETURN_IF_ERROR(transaction.Commit());
  if (database_.wal_pages() < kWalPagesMax) return absl::OkStatus();
  // What is committed is safe; a checkpoint that fails is made up for by the next one.
  const absl::Status ignored = database_.Checkpoint(sqlite::CheckpointMode::kPassive).status();
  return absl::OkStatus();
}

absl::StatusOr<std::optional<EvidenceIndex::Upload>> EvidenceIndex::FindUpload(
    const Sha256& content, const Uuid& person) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kFindUpload));
  BindHash(row, 1, content);
  row.BindUuid(2, person);
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<Upload>();
  VIGIL_ASSIGN_OR_RETURN(Upload upload, ReadUpload(row));
  return std::optional<Upload>(std::move(upload));
}

absl::Status EvidenceIndex::Begin(const Upload& upload) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kBegin));
  BindHash(add, 1, upload.content);
  add.BindUuid(2, upload.person).BindInt64(3, upload.size_bytes).BindText(4, upload.media_type);
  add.BindTime(5, upload.began_at);
  VIGIL_RETURN_IF_ERROR(add.Run());
  return Commit(transaction);
}

absl::Status EvidenceIndex::GiveUp(const Sha256& content, const Uuid& person) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kGiveUp));
  BindHash(remove, 1, content);
  remove.BindUuid(2, person);
  VIGIL_RETURN_IF_ERROR(remove.Run());
  return Commit(transaction);
}

absl::StatusOr<std::vector<EvidenceIndex::Upload>> EvidenceIndex::UploadsBefore(absl::Time moment,
                                                                                int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kUploadsBefore));
  row.BindTime(1, moment).BindInt64(2, limit);
  std::vector<Upload> uploads;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return uploads;
    VIGIL_ASSIGN_OR_RETURN(Upload upload, ReadUpload(row));
    uploads.push_back(std::move(upload));
  }
}

absl::StatusOr<bool> EvidenceIndex::HasContent(const Sha256& content) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kHasContent));
  BindHash(row, 1, content);
  return row.Step();
}

absl::Status EvidenceIndex::Complete(const Content& content) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kComplete));
  BindHash(add, 1, content.content);
  BindRawUuid(add, 2, content.person);
  add.BindInt64(3, content.size_bytes).BindText(4, content.media_type);
  add.BindTime(5, content.completed_at);
  VIGIL_RETURN_IF_ERROR(add.Run());
  if (!content.person.is_nil()) {
    VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kGiveUp));
    BindHash(remove, 1, content.content);
    remove.BindUuid(2, content.person);
    VIGIL_RETURN_IF_ERROR(remove.Run());
  }
  return Commit(transaction);
}

absl::StatusOr<std::vector<Sha256>> EvidenceIndex::UnreferencedBefore(absl::Time moment,
                                                                      int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kUnreferencedBefore));
  row.BindTime(1, moment).BindInt64(2, limit);
  return ReadHashes(row);
}

absl::Status EvidenceIndex::Doom(const Sha256& content) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement doom, transaction.Prepare(kDoom));
  BindHash(doom, 1, content);
  VIGIL_RETURN_IF_ERROR(doom.Run());
  return Commit(transaction);
}

absl::StatusOr<std::vector<Sha256>> EvidenceIndex::Doomed() {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kDoomed));
  return ReadHashes(row);
}

absl::Status EvidenceIndex::Forget(const Sha256& content) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kForget));
  BindHash(remove, 1, content);
  VIGIL_RETURN_IF_ERROR(remove.Run());
  return Commit(transaction);
}

absl::StatusOr<std::int64_t> EvidenceIndex::ChargeOf(const Uuid& person, std::int64_t least) {
  const auto sum = [&](sqlite::Sql sql) -> absl::StatusOr<std::int64_t> {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(sql));
    row.BindUuid(1, person).BindInt64(2, least);
    VIGIL_RETURN_IF_ERROR(row.Step());
    return row.ColumnInt64(0);
  };
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t uploads, sum(kChargeOfUploads));
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t contents, sum(kChargeOfContents));
  return uploads + contents;
}

absl::StatusOr<std::int64_t> EvidenceIndex::TotalBytes() {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kTotal));
  VIGIL_RETURN_IF_ERROR(row.Step());
  return row.ColumnInt64(0);
}

absl::StatusOr<bool> EvidenceIndex::IsFilled() {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kIsFilled));
  VIGIL_RETURN_IF_ERROR(row.Step());
  return row.ColumnBool(0);
}

absl::Status EvidenceIndex::SetFilled() {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database_.BeginWrite());
  VIGIL_RETURN_IF_ERROR(transaction.Execute(kSetFilled));
  return Commit(transaction);
}

absl::StatusOr<EvidenceIndex::Progress> EvidenceIndex::GetProgress() {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kGetProgress));
  VIGIL_RETURN_IF_ERROR(row.Step());
  return Progress{std::string(row.ColumnText(0)), row.ColumnNumber<Seq>(1)};
}

absl::Status EvidenceIndex::AddReferences(const std::vector<Reference>& references,
                                          const Progress& progress) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database_.BeginWrite());
  for (const Reference& reference : references) {
    VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAddReference));
    BindHash(add, 1, reference.content);
    add.BindUuid(2, reference.record);
    VIGIL_RETURN_IF_ERROR(add.Run());
    VIGIL_ASSIGN_OR_RETURN(Statement mark, transaction.Prepare(kMarkReferenced));
    BindHash(mark, 1, reference.content);
    VIGIL_RETURN_IF_ERROR(mark.Run());
  }
  VIGIL_ASSIGN_OR_RETURN(Statement set, transaction.Prepare(kSetProgress));
  set.BindText(1, progress.epoch).BindNumber(2, progress.seq);
  VIGIL_RETURN_IF_ERROR(set.Run());
  return Commit(transaction);
}

absl::StatusOr<std::vector<Uuid>> EvidenceIndex::RecordsNaming(const Sha256& content) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kRecordsNaming));
  BindHash(row, 1, content);
  std::vector<Uuid> records;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return records;
    VIGIL_ASSIGN_OR_RETURN(const Uuid record, row.ColumnUuid(0));
    records.push_back(record);
  }
}

}  // namespace vigil::store
