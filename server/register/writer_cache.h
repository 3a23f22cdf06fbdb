#ifndef VIGIL_SERVER_REGISTER_WRITER_CACHE_H_
#define VIGIL_SERVER_REGISTER_WRITER_CACHE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/register/audit.h"
#include "server/register/working_set.h"
#include "server/store/register_store.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/rules/ladder.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::registry {

// What the writer has read and written, kept from group to group so that it is not read again:
// there is no other writer, and a commit checks that the store is where its head says. Whoever
// abandons a group abandons it.
struct WriterCache {
  explicit WriterCache(store::Snapshot& snapshot) : records(snapshot) {}

  // How far a device's sequence has been judged, with the hash of the operation there, and how far
  // its links are known.
  struct Device {
    std::uint64_t last_judged = 0;
    Sha256 last_hash;
    std::uint64_t last_link = 0;
  };

  Seq head;
  // The epoch in force first, then its ancestors.
  std::vector<v1::Epoch> epochs;
  // By which everything's next step was worked out; zero: not all of it by the same deadlines.
  Sha256 deadlines_in_force;
  // Of the deadlines that the last group used, which are these.
  Sha256 fingerprint;
  std::shared_ptr<const rules::Deadlines> fingerprint_of;
  WorkingSet records;
  AuditTree audit;
  absl::flat_hash_map<Uuid, Device> devices;
  // By unit.
  std::map<Uuid, BucketSums> digests;
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_WRITER_CACHE_H_
