#ifndef VIGIL_SYNC_REPLICA_CONFIRMED_H_
#define VIGIL_SYNC_REPLICA_CONFIRMED_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/ids.h"
#include "sync/replica/columns.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/record.pb.h"

// Records as the register confirmed them, kept as the bytes that came, and their digest.

namespace vigil::replica {

// The sums over the confirmed records. Kept up to date with every change, so that comparing costs
// nothing.
class Digest {
 public:
  static absl::StatusOr<Digest> Load(sqlite::Database& database);
  absl::Status Save(sqlite::Transaction& transaction) const;

  void Add(int bucket, std::string_view bytes);
  void Remove(int bucket, std::string_view bytes);
  const BucketSums& sums() const { return sums_; }

 private:
  BucketSums sums_{};
};

struct ConfirmedRecord {
  Uuid id;
  Seq version;
  std::string bytes;
};

absl::StatusOr<std::optional<ConfirmedRecord>> FindConfirmed(sqlite::Database& database,
                                                             const Uuid& id);
absl::StatusOr<v1::Record> ParseRecord(std::string_view bytes);

// Confirmed records by id, read once each and kept as long as this lives.
class ConfirmedRecords {
 public:
  explicit ConfirmedRecords(sqlite::Database& database) : database_(database) {}

  // Null: there is none, or `id` is no id.
  absl::StatusOr<const v1::Record*> Find(std::string_view id);

 private:
  sqlite::Database& database_;
  absl::flat_hash_map<Uuid, std::unique_ptr<v1::Record>> records_;
};

// An open transaction in which confirmed records change; their digest is saved by Finish.
class ConfirmedWriter {
 public:
  static absl::StatusOr<ConfirmedWriter> Begin(sqlite::Database& database,
                                               sqlite::Transaction& transaction);

  // A newer program lists what an older one stored without knowing its kind; in a transaction of
  // its own, if there is any.
  static absl::Status ReadUnknownKinds(sqlite::Database& database);

  // Stores a record, as it came with the columns that are read off it, unless a newer version is
  // here. The same version replaces: a record that moves with its root keeps it. Returns whether
  // something changed.
  absl::StatusOr<bool> Put(const Columns& columns, std::string_view bytes);
  // Returns whether there was one.
  absl::StatusOr<bool> Remove(const Uuid& id);
  // The same for a record that is not newer than `version`.
  absl::StatusOr<bool> RemoveUpTo(const Uuid& id, Seq version);
  absl::Status Finish();

 private:
  ConfirmedWriter(sqlite::Database& database, sqlite::Transaction& transaction,
                  sqlite::Statement add, Digest digest)
      : database_(&database), transaction_(&transaction), add_(std::move(add)), digest_(digest) {}

  // False: one of this id is here.
  absl::StatusOr<bool> Add(const Columns& columns, std::string_view bytes);
  absl::Status Replace(const Columns& columns, std::string_view bytes);
  absl::Status Delete(const Uuid& id);

  sqlite::Database* database_;
  sqlite::Transaction* transaction_;
  sqlite::Statement add_;
  Digest digest_;
  // Of those that are here.
  std::int64_t last_arrival_ = 0;
};

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_CONFIRMED_H_
