#ifndef VIGIL_TESTS_SIM_CHECKERS_H_
#define VIGIL_TESTS_SIM_CHECKERS_H_

#include <map>
#include <set>
#include <string>

#include "server/store/register_store.h"
#include "tests/sim/book.h"
#include "tests/sim/phone.h"
#include "tests/sim/server.h"
#include "vigil/v1/operation.pb.h"

// The checkers of a run. None of them asks the engine what was done: they compare what it says and
// holds with what the simulation wrote down itself.

namespace vigil::sim {

// Acknowledged work survives: every outcome that left the server, whoever heard of it, is the
// register's for ever: the same bytes under the same seq. And an operation has one outcome: a
// repeat gets the first one.
class AcknowledgedWork {
 public:
  explicit AcknowledgedWork(World& world) : world_(world) {}
  // The answer leaves the server.
  void Answered(const v1::Outcome& outcome);
  // After each start of the server, and at the end.
  void Check(store::Snapshot& snapshot);

 private:
  World& world_;
  struct Answer {
    std::uint64_t seq = 0;
    std::string bytes;
  };
  std::map<std::string, Answer> answers_;
};

// Applied once, and nothing made up: an operation has one row in the log at most, with exactly the
// bytes that its author made, and nothing is there that nobody made. The audit tree is whole:
// links, signatures, leaves and head hold, and every head that a phone was shown is of a beginning
// of it.
class WholeLog {
 public:
  WholeLog(World& world, const Book& book) : world_(world), book_(book) {}
  void Shown(const v1::RegisterHead& head);
  void Check(Server& server);

 private:
  void CheckRow(const v1::LogEntry& entry);

  World& world_;
  const Book& book_;
  // By seq.
  std::map<std::uint64_t, std::string> shown_;
  std::set<std::string> judged_;
};

// Confirmed state never goes back: of each record that a phone holds, the version never decreases.
// A record may leave, and come back with what it had or more.
class ConfirmedVersions {
 public:
  explicit ConfirmedVersions(World& world) : world_(world) {}
  // Inside Enter, at any time.
  void Check(Phone& phone);

 private:
  World& world_;
  std::map<std::string, std::map<std::string, std::uint64_t>> versions_;
};

// Nothing is lost: each operation that a phone said it keeps is in its outbox (pending or
// deferred), or has an outcome there; if it was refused it is on the attention list with its
// content. Never in two of these at once. Content never changes.
class Conservation {
 public:
  Conservation(World& world, const Book& book) : world_(world), book_(book) {}
  // Of the phone's present user; inside Enter.
  void Check(Phone& phone);

 private:
  World& world_;
  const Book& book_;
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
