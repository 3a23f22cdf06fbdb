#ifndef VIGIL_SERVER_EVIDENCE_EVIDENCE_STORE_H_
#define VIGIL_SERVER_EVIDENCE_EVIDENCE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/evidence_index.h"
#include "sync/base/file.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"

namespace vigil::evidence {

// Photos and documents as files, each once whoever sends it: `ab/SHA256`, where "ab" are the first
// two digits; while it is on its way `ab/SHA256.PERSON.part`, one for each person who sends it, so
// that nobody can spoil what another one sends.
//
// A file has its final name only after its size, its SHA-256 and its kind were found right and it
// was synced: the name is what says "complete", before and after any crash. A part is not synced as
// it grows; what a crash takes of it is sent again, and where it leaves something else the content
// is found wrong at its end and begun anew.
//
// One thread at a time, but for Has.
class EvidenceStore {
 public:
  struct Limits {
    std::int64_t content_bytes_max = 0;
    // What one person may have under way, or sent without a record that names it.
    std::int64_t person_bytes_max = 0;
    std::int64_t total_bytes_max = 0;
    // After which what no record names is removed, and what has not arrived whole.
    absl::Duration grace;
    std::vector<std::string> media_types;
  };

  // Makes the directory. What an interrupted removal left is removed; where the index was lost, it
  // is made anew from the files. `files` must outlive this; `vfs` is SQLite's, for the index.
  static absl::StatusOr<std::unique_ptr<EvidenceStore>> Open(FileSystem& files,
                                                             const std::string& directory,
                                                             Limits limits, absl::Time now,
                                                             const std::string& vfs = {});

  // The content is here, whole. Any thread.
  bool Has(const Sha256& content) const;

  struct Received {
    std::int64_t bytes = 0;
    bool complete = false;
  };
  // Of an incomplete content: what this person has sent of it.
  absl::StatusOr<Received> Look(const Sha256& content, const Uuid& person);

  struct Chunk {
    Sha256 content;
    // Of the whole content.
    std::int64_t size_bytes = 0;
    std::string_view media_type = {};
    std::int64_t offset = 0;
    std::string_view bytes = {};
  };
  // Takes what is not here yet; a chunk from behind what is here changes nothing. Errors:
  // TOO_LARGE, MEDIA_TYPE_REFUSED, INVALID_NUMBER; QUOTA_EXCEEDED; CONTENT_MISMATCH after the last
  // chunk, and all of it is discarded; STORAGE_UNAVAILABLE.
  absl::StatusOr<Received> Take(const Chunk& chunk, const Uuid& person, absl::Time now);

  struct Piece {
    std::string bytes = {};
    // Of the whole content.
    std::int64_t size_bytes = 0;
    std::string media_type = {};
  };
  // NOT_FOUND: it is not here. INVALID_NUMBER: there is no such place in it.
  absl::StatusOr<Piece> Read(const Sha256& content, std::int64_t offset, std::size_t bytes_max);

  // Removes what nobody needs, at most about `limit` files; whether there may be more. What records
  // name must be in the index already.
  absl::StatusOr<bool> Collect(absl::Time now, int limit);

  store::EvidenceIndex& index() { return *index_; }
  std::int64_t total_bytes() const { return total_bytes_; }

 private:
  using Upload = store::EvidenceIndex::Upload;

  EvidenceStore(FileSystem& files, std::string directory, Limits limits)
      : files_(files), directory_(std::move(directory)), limits_(std::move(limits)) {}

  std::string FolderOf(const Sha256& content) const;
  std::string PathOf(const Sha256& content) const;
  std::string PartPathOf(const Sha256& content, const Uuid& person) const;
  absl::StatusOr<std::int64_t> PartBytes(const Sha256& content, const Uuid& person);

  absl::Status Adopt(absl::Time now);
  absl::Status AdoptFile(const Sha256& content, absl::Time now);
  absl::Status CheckChunk(const Chunk& chunk) const;
  absl::Status CheckRoom(const Chunk& chunk, const Uuid& person);
  absl::Status BeginUpload(const Chunk& chunk, const Uuid& person, absl::Time now);
  // Durable when it returns.
  absl::Status RemoveFile(const Sha256& content, const std::string& path);
  absl::Status Discard(const Upload& upload);
  absl::Status Finish(const Upload& upload, absl::Time now);
  absl::StatusOr<bool> IsRight(const Upload& upload);
  // The content is whole: writes it down where a crash or a failure kept that from being done.
  absl::Status Settle(const Upload& upload, absl::Time now);
  absl::Status Remove(const Sha256& content);

  FileSystem& files_;
  const std::string directory_;
  const Limits limits_;
  std::unique_ptr<store::EvidenceIndex> index_;
  std::int64_t total_bytes_ = 0;
};

}  // namespace vigil::evidence

#endif  // VIGIL_SERVER_EVIDENCE_EVIDENCE_STORE_H_
