#ifndef VIGIL_TESTS_SIM_SIBLINGS_H_
#define VIGIL_TESTS_SIM_SIBLINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/store/register_store.h"
#include "sync/rules/schema.h"
#include "tests/sim/book.h"
#include "tests/sim/server.h"
#include "tests/sim/world.h"
#include "vigil/v1/record.pb.h"

namespace vigil::sim {

// The oracle for siblings has one line: the siblings of a field are the writes that no later write
// covered. It keeps every write that was ever applied, with what its author held of the record when
// he began, as the simulation saw it on his screen: never `seen`, nor any stamp. A phone's
// operation covers its own earlier ones too; the office's does not. Writes of a status with one
// event key are one write.
//
// Vigilance: of the siblings, the gravest, the earliest, the most open is in force; a hazard with
// an order that tags is tagged, and one that is tagged is not closed.
class Siblings {
 public:
  Siblings(World& world, const Book& book) : world_(world), book_(book) {}
  void Check(Server& server);

 private:
  // One write of one record.
  struct Write {
    std::uint64_t seq = 0;
    std::string device;
    std::uint64_t device_seq = 0;
    bool phone = false;
    // Version of the record that its author held.
    std::uint64_t knew = 0;
    v1::RecordWrite content;
  };

  absl::Status CheckRecord(store::Snapshot& snapshot, const v1::Record& record);
  absl::StatusOr<std::vector<Write>> WritesOf(store::Snapshot& snapshot, const Uuid& record);
  void CheckField(const v1::Record& record, const rules::FieldInfo& field,
                  const std::vector<Write>& writes);
  void CheckVigilance(const v1::Record& record, const rules::FieldInfo& field,
                      const std::vector<std::string>& values);
  absl::Status CheckTag(store::Snapshot& snapshot, const v1::Record& hazard);
  static bool Covers(const Write& later, const Write& earlier);

  World& world_;
  const Book& book_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_SIBLINGS_H_
