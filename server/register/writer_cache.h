#ifndef VIGIL_SERVER_REGISTER_WRITER_CACHE_H_
#define VIGIL_SERVER_REGISTER_WRITER_CACHE_H_

#include <cstdint>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "server/register/audit.h"
#include "server/register/working_set.h"
#include "server/store/register_store.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/ids.h"

namespace vigil::registry {

// What the writer has read and written, kept from group to group so that it is not read again:
// there is no other writer. It agrees with the store at one head; whoever abandons a group abandons
// it.
struct WriterCache {
  explicit WriterCache(store::Snapshot& snapshot) : records(snapshot) {}

  // How far a device's sequence has been judged, and how far its links are known.
  struct Device {
    std::uint64_t last_judged = 0;
    std::uint64_t last_link = 0;
  };

  Seq head;
  WorkingSet records;
  AuditTree audit;
  absl::flat_hash_map<Uuid, Device> devices;
  // By unit.
  std::map<Uuid, BucketSums> digests;
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_WRITER_CACHE_H_
