#ifndef VIGIL_SERVER_REGISTER_AS_OF_H_
#define VIGIL_SERVER_REGISTER_AS_OF_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/as_of_store.h"
#include "server/store/register_store.h"
#include "sync/base/ids.h"
#include "sync/base/mutex.h"
#include "sync/rules/ladder.h"
#include "vigil/v1/common.pb.h"

namespace vigil::registry {

// The register as it stood when a day had ended.
//
// Which operations count is decided by the server's clock, never by a phone's. The records as they
// stood then are copied into memory, and what is derived from them is projected by the code that
// does it every day; so the office's queries answer of the copy what they answered then. Two copies
// are kept, so that the pages of a list are of one and cost nothing more.
//
// Making a copy costs time and memory in proportion to the register, not to its history; whoever
// asks meanwhile for any other day waits. Thread-safe.
class AsOf {
 public:
  // `date` has been checked; it may be today, but no later day. `live` is the register now. With
  // `seen_by_some`, the copy's records say where they live at `live`, so that a scope of it holds
  // for them too.
  absl::StatusOr<std::shared_ptr<store::AsOfStore>> Find(store::Snapshot& live,
                                                         const v1::Date& date,
                                                         const rules::LadderRules& rules,
                                                         bool seen_by_some)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Copy {
    std::string epoch;
    Seq seq;
    // The register's head when it was made.
    Seq made_at;
    std::shared_ptr<store::AsOfStore> store;
  };
  static constexpr std::size_t kCopiesMax = 2;

  Mutex mutex_;
  // The one that was asked for last is the last.
  std::vector<Copy> copies_ ABSL_GUARDED_BY(mutex_);
};

// Makes such a copy. `rules.today` is the day that had ended.
absl::StatusOr<std::unique_ptr<store::AsOfStore>> CopyAsOf(store::Snapshot& live, Seq seq,
                                                           const rules::LadderRules& rules);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_AS_OF_H_
