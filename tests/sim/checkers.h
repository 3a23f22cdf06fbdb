#ifndef VIGIL_TESTS_SIM_CHECKERS_H_
#define VIGIL_TESTS_SIM_CHECKERS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "server/store/register_store.h"
#include "tests/sim/acknowledged.h"
#include "tests/sim/book.h"
#include "tests/sim/confirmed.h"
#include "tests/sim/epochs.h"
#include "tests/sim/phone.h"
#include "tests/sim/server.h"
#include "vigil/v1/operation.pb.h"

// The checkers of a run. None of them asks the engine what was done: they compare what it says and
// holds with what the simulation wrote down itself.

namespace vigil::sim {

// Applied once, and nothing made up: an operation has one row in the log at most, with exactly the
// bytes that its author made, and nothing is there that nobody made; what the register takes from a
// copy, some phone held so. What a phone's author gave up was never sent. The audit tree is whole:
// links, signatures, leaves and head hold, and every head that was shown is of a beginning of the
// log of its epoch, also of those that a restore ended.
class WholeLog {
 public:
  WholeLog(World& world, const Book& book, const Epochs& epochs, const ConfirmedVersions& confirmed)
      : world_(world), book_(book), epochs_(epochs), confirmed_(confirmed) {}
  // A head leaves the register.
  void Shown(const v1::RegisterHead& head);
  // At the end, and before a restore.
  void Check(Server& server);

 private:
  void CheckRow(const v1::LogEntry& entry);
  void CheckShown(std::uint64_t seq, const std::string& root);
  void CheckEpochs(store::Snapshot& snapshot, Server& server);
  bool IsTheRegistersOwn(const v1::Operation& operation) const;

  World& world_;
  const Book& book_;
  const Epochs& epochs_;
  const ConfirmedVersions& confirmed_;
  // By seq and epoch.
  std::map<std::uint64_t, std::map<std::string, std::string>> shown_;
  std::set<std::string> judged_;
};

// Nothing is lost: each operation that a phone said it keeps is in its outbox (pending, deferred,
// quarantined, released or given up), or has an outcome there; if it was refused it is on the
// attention list with its content. Never in two of these at once. Content never changes. Only what
// a backup held that was counted on may be kept no longer.
class Conservation {
 public:
  Conservation(World& world, const Book& book, const AcknowledgedWork& acknowledged)
      : world_(world), book_(book), acknowledged_(acknowledged) {}
  // Of the phone's present user; inside Enter.
  void Check(Phone& phone);

 private:
  // What the phone has of one operation; null: nothing.
  struct Place {
    const replica::OutboxItem* waits = nullptr;
    const v1::Operation* refused = nullptr;
    std::optional<v1::Outcome> outcome;
  };
  void CheckOne(Phone& phone, const Book::Entry& entry, const Place& place);

  World& world_;
  const Book& book_;
  const AcknowledgedWork& acknowledged_;
};

// After quiescence each phone holds exactly the register filtered by its person's scope, byte for
// byte, with equal digests, nothing pending that the register has judged, and never needed a
// repair.
class SameRecords {
 public:
  explicit SameRecords(World& world) : world_(world) {}
  void Check(Server& server, Phone& phone);

 private:
  void CheckStates(Server& server, Phone& phone);

  World& world_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_CHECKERS_H_
