#ifndef VIGIL_SYNC_REPLICA_SCHEMA_H_
#define VIGIL_SYNC_REPLICA_SCHEMA_H_

#include <cstdint>

#include "sync/sqlite/migrations.h"

namespace vigil::replica {

// "VigP": marks the file of a phone.
inline constexpr std::uint32_t kReplicaApplicationId = 0x56696750;

// A phone's tables. Ids are blobs of 16 bytes, everybody's unit 16 zeros, absent ones NULL;
// instants are microseconds since 1970.
const sqlite::Schema& ReplicaSchema();

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_SCHEMA_H_
