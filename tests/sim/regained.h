#ifndef VIGIL_TESTS_SIM_REGAINED_H_
#define VIGIL_TESTS_SIM_REGAINED_H_

#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "server/store/register_store.h"
#include "sync/rules/schema.h"
#include "tests/sim/book.h"
#include "tests/sim/confirmed.h"
#include "tests/sim/epochs.h"
#include "tests/sim/server.h"
#include "tests/sim/world.h"
#include "vigil/v1/record.pb.h"

namespace vigil::sim {

// A restore never lowers vigilance for long. For each copy that a phone held when it went back, and
// once that phone has been with today's register: a hazard or an order that was lost is there
// again; and of grade, due date, status and every other ranked field, a value as vigilant as the
// copy's has been in force since. Where it is not any more, `Siblings` has seen to it that somebody
// who had seen it decided otherwise.
class Regained {
 public:
  Regained(World& world, const Book& book, const Epochs& epochs, const ConfirmedVersions& confirmed)
      : world_(world), book_(book), epochs_(epochs), confirmed_(confirmed) {}
  // At the end. `back`: phones that have been with today's register, and returned all they had.
  void Check(Server& server, const std::set<const Phone*>& back);

 private:
  absl::Status CheckCopy(store::Snapshot& snapshot, const ConfirmedVersions::LeftBehind& left);
  absl::Status CheckField(store::Snapshot& snapshot, const v1::Record& copy, std::uint64_t shared,
                          const rules::FieldInfo& field);

  World& world_;
  const Book& book_;
  const Epochs& epochs_;
  const ConfirmedVersions& confirmed_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_REGAINED_H_
