#ifndef VIGIL_SYNC_REPLICA_COLUMNS_H_
#define VIGIL_SYNC_REPLICA_COLUMNS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sync/base/ids.h"

namespace vigil::replica {

// What is told of a confirmed record beside its bytes.
struct Columns {
  Uuid id;
  // Its number in vigil.v1.Entity; 0: unknown to this program.
  int kind = 0;
  Seq version;
  // Nil: none.
  Uuid parent;
  Uuid unit;
  Uuid merged_into;
  std::string key;
  bool in_conflict = false;
};

// Reads them off a serialised vigil.v1.Record. What they do not depend on is not looked at: values
// of other fields, and stamps. DATA_LOSS where they cannot be told, or id or version is missing.
absl::StatusOr<Columns> ColumnsOf(std::string_view bytes);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_COLUMNS_H_
