#ifndef VIGIL_SERVER_STORE_RECORD_SCOPE_H_
#define VIGIL_SERVER_STORE_RECORD_SCOPE_H_

#include <string>
#include <string_view>
#include <vector>

#include "sync/base/ids.h"

namespace vigil::store {

// The part of the register that a query looks at: what is outside of it is not found, not counted
// and nowhere in a page token. Everybody's records always belong to it; a scope without more is
// that of somebody who has no role.
struct RecordScope {
  // Whatever the unit.
  bool everywhere = false;
  // Records of AUDIENCE_OFFICE too.
  bool office = false;
  // Records that live in these units or, with `below`, below them; unless `everywhere`.
  std::vector<Uuid> units = {};
  bool below = true;
  // Roots that belong to it with all that is below them, wherever they live.
  std::vector<Uuid> roots = {};

  static RecordScope Everything() { return {.everywhere = true, .office = true}; }
  bool IsEverything() const { return everywhere && office; }
};

// Conditions as SQL that people can read, as those of ledger_query.h; "1" where all rows hold.

// On a row of the table `record`.
std::string RecordCondition(const RecordScope& scope);
// The root whose id stands in `column`, such as "hazard.id", belongs to the scope. For kinds of
// records that are not the office's alone.
std::string RootCondition(const RecordScope& scope, std::string_view column);

// Both conditions; either may be "1".
std::string BothConditions(std::string_view one, std::string_view other);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_RECORD_SCOPE_H_
