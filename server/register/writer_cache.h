#ifndef VIGIL_SERVER_REGISTER_WRITER_CACHE_H_
#define VIGIL_SERVER_REGISTER_WRITER_CACHE_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/register/audit.h"
#include "server/register/working_set.h"
#include "server/store/register_store.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
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
  WorkingSet records;
  AuditTree audit;
  absl::flat_hash_map<Uuid, Device> devices;
  // By unit.
  std::map<Uuid, BucketSums> digests;
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_WRITER_CACHE_H_
