#ifndef VIGIL_TESTS_SIM_WRITES_H_
#define VIGIL_TESTS_SIM_WRITES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "server/store/register_store.h"
#include "sync/base/ids.h"
#include "sync/rules/schema.h"
#include "tests/sim/book.h"
#include "tests/sim/epochs.h"
#include "vigil/v1/record.pb.h"

// What was written to a record, by whom, and what he held of it when he began: as the simulation
// saw it on his screen, never `seen` or a stamp of his.

namespace vigil::sim {

// One write of one record.
struct Write {
  std::uint64_t seq = 0;
  std::string device;
  std::uint64_t device_seq = 0;
  bool phone = false;
  // The register took it from a copy that a phone returned. It covers nothing.
  bool witnessed = false;
  // Up to which seq its author knew the record. Where he had seen more than today's log has, the
  // register may have judged him on what phones returned of that, and then counts nothing that he
  // saw: it is between the two.
  std::uint64_t knew_most = 0;
  std::uint64_t knew_least = 0;
  v1::RecordWrite content;
};

// Every write of today's log, in its order.
absl::StatusOr<std::vector<Write>> WritesOf(store::Snapshot& snapshot, const Uuid& record,
                                            const Book& book, const Epochs& epochs);

// One write of one field, or of one element of a set.
struct Value {
  // Without its content. Of a value from a copy, whose it was first.
  Write write;
  std::string bytes;
  std::string event_key = {};
  // Elements are added and removed each by itself.
  bool is_element = false;
  bool adds = true;
  // Whoever made the record left the field open.
  bool left_open = false;
};

// Every write of the field; the maker wrote every field of the record.
std::vector<Value> ValuesOf(const std::vector<Write>& writes, const google::protobuf::Message& like,
                            const rules::FieldInfo& field);

// Where it is not certain how much an author's knowledge counts for.
enum class Coverage : std::uint8_t { kMost, kLeast };

// A later write among `all` covered it. Of a status, writes of one event are one write.
bool IsCovered(const Value& value, const std::vector<Value>& all, Coverage coverage);

// Gravest, earliest or most open is in force.
bool IsRanked(v1::MergePolicy policy);
// How vigilant a value of such a field is: greater is more. Unset is least; of dates the earliest
// is most.
std::int64_t VigilanceOf(const google::protobuf::Message& like, const rules::FieldInfo& field,
                         const std::string& bytes);

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_WRITES_H_
