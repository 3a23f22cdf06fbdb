#ifndef VIGIL_SERVER_STORE_EVIDENCE_INDEX_H_
#define VIGIL_SERVER_STORE_EVIDENCE_INDEX_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/sqlite/database.h"

namespace vigil::store {

// What is known of photos and documents beside the records: who sends what, who sent what, and
// which records name it. A file of its own, so that a photo never waits for a record nor a record
// for a photo; whether a content is complete is not said here but by its file (EvidenceStore).
// Whatever a call changes is durable when it returns. One thread at a time.
//
// A reference once seen stays: as-of views show every version of a record, so what any version
// named is evidence.
class EvidenceIndex {
 public:
  // A content on its way, from one person.
  struct Upload {
    Sha256 content;
    Uuid person;
    std::int64_t size_bytes = 0;
    std::string media_type;
    absl::Time began_at;
  };
  struct Content {
    Sha256 content;
    // Nil: not known.
    Uuid person;
    std::int64_t size_bytes = 0;
    std::string media_type;
    absl::Time completed_at;
  };
  struct Reference {
    Sha256 content;
    Uuid record;
  };
  // How far the register's log has been looked through.
  struct Progress {
    std::string epoch;
    Seq seq;
  };

  // Opens or makes the file. `vfs`: SQLite's, empty for the default one.
  static absl::StatusOr<std::unique_ptr<EvidenceIndex>> Open(const std::string& path,
                                                             const std::string& vfs);

  // False for a new index until SetFilled: it knows nothing of files that are there already.
  absl::StatusOr<bool> IsFilled();
  absl::Status SetFilled();

  absl::StatusOr<std::optional<Upload>> FindUpload(const Sha256& content, const Uuid& person);
  absl::Status Begin(const Upload& upload);
  absl::Status GiveUp(const Sha256& content, const Uuid& person);
  // What began before this moment, the oldest first.
  absl::StatusOr<std::vector<Upload>> UploadsBefore(absl::Time moment, int limit);

  absl::StatusOr<bool> HasContent(const Sha256& content);
  // A content is complete; its person's upload is over. One that is known already stays as it is.
  absl::Status Complete(const Content& content);
  // Contents that no record names, complete before this moment, the oldest first.
  absl::StatusOr<std::vector<Sha256>> UnreferencedBefore(absl::Time moment, int limit);
  // A content is to be removed; until it is, it counts as one that is not there.
  absl::Status Doom(const Sha256& content);
  absl::StatusOr<std::vector<Sha256>> Doomed();
  absl::Status Forget(const Sha256& content);

  // What this person has under way or has sent without a record that names it; each at least
  // `least`.
  absl::StatusOr<std::int64_t> ChargeOf(const Uuid& person, std::int64_t least);
  // Of all contents, those under way with their whole size.
  absl::StatusOr<std::int64_t> TotalBytes();

  absl::StatusOr<Progress> GetProgress();
  absl::Status AddReferences(const std::vector<Reference>& references, const Progress& progress);
  // In the order of ids.
  absl::StatusOr<std::vector<Uuid>> RecordsNaming(const Sha256& content);

 private:
  explicit EvidenceIndex(sqlite::Database database) : database_(std::move(database)) {}
  absl::Status Commit(sqlite::Transaction& transaction);

  sqlite::Database database_;
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_EVIDENCE_INDEX_H_
