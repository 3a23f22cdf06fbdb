#ifndef VIGIL_SERVER_STORE_AS_OF_STORE_H_
#define VIGIL_SERVER_STORE_AS_OF_STORE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/reader_pool.h"
#include "server/store/register_store.h"
#include "server/store/write_set.h"
#include "sync/base/ids.h"
#include "sync/sqlite/database.h"

namespace vigil::store {

// A copy of a register as it stood at an earlier seq: its records and the columns by which the
// office finds them, in memory, for the same queries. It has no history, no log, no accounts.
//
// `unit` of its records says where they live now, and so who may see them now; whatever stands in
// their columns and their bytes is as it was. SQLite in memory holds up to 1 GiB; beyond that
// adding fails (RESOURCE_EXHAUSTED).
class AsOfStore {
 public:
  // Empty, standing at `seq`. Days begin and end in `zone`.
  static absl::StatusOr<std::unique_ptr<AsOfStore>> Create(Seq seq, absl::TimeZone zone);

  // Adds records, in the order of their ordinals. While nobody reads.
  absl::Status Add(const std::vector<PastRecord>& records);
  // Adds or replaces projections; all else in the set is ignored. While nobody reads.
  absl::Status Put(const WriteSet& projections);
  // Replaces the bytes of records that are there. While nobody reads.
  absl::Status Replace(const std::vector<MovedRecord>& records);

  // Any thread.
  absl::StatusOr<std::unique_ptr<Snapshot>> Read();

 private:
  AsOfStore(sqlite::Database writer, std::shared_ptr<ReaderPool> readers, absl::TimeZone zone);

  // Stays open: what is in memory lives as long as a connection.
  sqlite::Database writer_;
  const std::shared_ptr<ReaderPool> readers_;
  const absl::TimeZone zone_;
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_AS_OF_STORE_H_
