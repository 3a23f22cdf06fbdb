#ifndef VIGIL_TESTS_SIM_SIBLINGS_H_
#define VIGIL_TESTS_SIM_SIBLINGS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/store/register_store.h"
#include "sync/rules/schema.h"
#include "tests/sim/book.h"
#include "tests/sim/epochs.h"
#include "tests/sim/server.h"
#include "tests/sim/world.h"
#include "tests/sim/writes.h"
#include "vigil/v1/record.pb.h"

namespace vigil::sim {

// The oracle for siblings has one line: the siblings of a field are the writes that no later write
// covered. It takes every write that was ever applied, with what its author held of the record when
// he began. A phone's operation covers its own earlier ones too; the office's does not. Writes of a
// status with one event key are one write.
//
// After restores there are two bounds where it is not certain what a write covers (Write): what
// lives however much is covered, and what may live however little is. They are equal wherever no
// copy was taken and nobody had seen more than today's log has.
//
// Vigilance: of the siblings, the gravest, the earliest, the most open is in force; a hazard with
// an order that tags is tagged, and one that is tagged is not closed.
class Siblings {
 public:
  Siblings(World& world, const Book& book, const Epochs& epochs)
      : world_(world), book_(book), epochs_(epochs) {}
  void Check(Server& server);

 private:
  struct Bounds {
    // By name, with their values.
    std::map<std::string, std::string> least;
    std::set<std::string> most;
  };
  static Bounds BoundsOf(const std::vector<Value>& values);

  absl::Status CheckRecord(store::Snapshot& snapshot, const v1::Record& record);
  void CheckField(const v1::Record& record, const rules::FieldInfo& field,
                  const std::vector<Write>& writes);
  void CheckVigilance(const v1::Record& record, const rules::FieldInfo& field,
                      const std::map<std::string, std::string>& values);
  absl::Status CheckTag(store::Snapshot& snapshot, const v1::Record& hazard);

  World& world_;
  const Book& book_;
  const Epochs& epochs_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_SIBLINGS_H_
