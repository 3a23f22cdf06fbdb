#ifndef VIGIL_SERVER_STORE_SCHEMA_H_
#define VIGIL_SERVER_STORE_SCHEMA_H_

#include <cstdint>

#include "sync/sqlite/migrations.h"

namespace vigil::store {

// "VigR": marks the file of a register.
inline constexpr std::uint32_t kRegisterApplicationId = 0x56696752;

// The register's tables. Ids are blobs of 16 bytes, a nil one (everybody's unit) 16 zeros, absent
// ones NULL; instants are microseconds since 1970, dates text as 2017-07-31, enums their numbers.
const sqlite::Schema& RegisterSchema();

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_SCHEMA_H_
