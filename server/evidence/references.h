#ifndef VIGIL_SERVER_EVIDENCE_REFERENCES_H_
#define VIGIL_SERVER_EVIDENCE_REFERENCES_H_

#include "absl/status/statusor.h"
#include "server/store/evidence_index.h"
#include "server/store/register_store.h"

namespace vigil::evidence {

// Looks through what the register has judged since the last time for records that name photos and
// documents, at most about `rows_max` operations. True: up to the register's head. The first time,
// and in another epoch than the last time, from the beginning.
absl::StatusOr<bool> CatchUp(store::RegisterStore& source, store::EvidenceIndex& index,
                             int rows_max);

}  // namespace vigil::evidence

#endif  // VIGIL_SERVER_EVIDENCE_REFERENCES_H_
