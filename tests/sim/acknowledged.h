#ifndef VIGIL_TESTS_SIM_ACKNOWLEDGED_H_
#define VIGIL_TESTS_SIM_ACKNOWLEDGED_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/store/register_store.h"
#include "tests/sim/book.h"
#include "tests/sim/epochs.h"
#include "tests/sim/phone.h"
#include "tests/sim/world.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::sim {

// Acknowledged work survives: every outcome that left the server, whoever heard of it, is the
// register's as long as no restore has taken back what comes after its backup: the same bytes under
// the same seq. An operation has one outcome there: a repeat gets the first one. What a restore has
// taken back is there again once its author's phone has been: with an outcome of its own, and if
// that is a refusal, with a reason and on its author's list. What only the office knew is lost, as
// was declared.
class AcknowledgedWork {
 public:
  AcknowledgedWork(World& world, const Book& book, const Epochs& epochs)
      : world_(world), book_(book), epochs_(epochs) {}

  // The answer leaves the server.
  void Answered(const v1::Outcome& outcome);
  // So does a greeting, which tells up to where phones need not keep anything.
  void Greeted(const v1::HelloResponse& hello);

  // At the end, and before a restore.
  void Check(store::Snapshot& snapshot);
  // At the end, of a phone that has been with today's register: all that its user did is there,
  // once, or waits visibly; and both say the same of it.
  void CheckRegained(store::Snapshot& snapshot, Phone& phone);

  // A backup was counted on that held this outcome: the phone need not keep the operation.
  bool WasArchived(const std::string& operation) const;
  // Of the last answer; UNSPECIFIED: none was given.
  v1::Verdict LastVerdict(const std::string& operation) const;

 private:
  struct Answer {
    std::string epoch;
    std::uint64_t seq = 0;
    v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
    std::string bytes;
  };

  static bool MayWait(const replica::OutboxItem& item);

  World& world_;
  const Book& book_;
  const Epochs& epochs_;
  std::map<std::string, std::vector<Answer>> answers_;
  // Of each epoch, the greatest that was said.
  std::map<std::string, std::uint64_t> archived_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_ACKNOWLEDGED_H_
