#ifndef VIGIL_TESTS_PROPERTY_MERGE_MODEL_H_
#define VIGIL_TESTS_PROPERTY_MERGE_MODEL_H_

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

// Devices that pull two records, page by page, and write them; a register that merges with
// sync/rules by versions; and beside it an oracle that knows nothing of versions: it keeps every
// write with the explicit set of operations that its author knew.

namespace vigil::testing {

inline constexpr int kRecords = 2;

// Number 0 of device -1 made both records.
struct OpId {
  int device = -1;
  int number = 0;
  friend auto operator<=>(const OpId&, const OpId&) = default;
};

// One field of each policy that a merge decides.
enum class Which : std::uint8_t { kText, kGrade, kDue, kStatus, kPhotos };
inline constexpr std::array<Which, 5> kAllFields = {Which::kText, Which::kGrade, Which::kDue,
                                                    Which::kStatus, Which::kPhotos};

// What an operation does to one field: a small number stands for the value.
struct Change {
  Which field = Which::kText;
  int value = 0;
};

struct ModelOp {
  OpId id;
  bool phone = true;
  // Seconds; any clock.
  int observed = 0;
  std::array<std::vector<Change>, kRecords> changes;
  // What its author knew of each record when he began: writes, and the version that says so.
  std::array<std::set<OpId>, kRecords> knew;
  std::array<std::uint64_t, kRecords> seen = {};
  // For each record, the key of its status write; empty for an event that raises.
  std::array<std::string, kRecords> key;
};

// "The siblings of a field are the writes that no later write covered."
class MergeOracle {
 public:
  void Add(const ModelOp& op) { ops_.push_back(op); }
  // All siblings as "device:number=value", sorted; what is covered is left out.
  std::vector<std::string> Siblings(int record, Which field) const;
  // The value that must be in force; for a set, its elements, sorted.
  std::string InForce(int record, Which field) const;
  // The key of a status write by somebody who knows these operations.
  std::string KeyFor(int record, const std::set<OpId>& knew) const;

 private:
  struct Seen {
    const ModelOp* op;
    int value;
  };
  std::vector<Seen> WritesOf(int record, Which field) const;
  bool IsCovered(int record, Which field, const Seen& write, int element) const;

  std::vector<ModelOp> ops_;
};

// The records as sync/rules merges them.
class MergedRegister {
 public:
  MergedRegister();

  // Its place in the order is its seq.
  void Take(const ModelOp& op);
  const v1::Record& record(int index) const { return records_[static_cast<std::size_t>(index)]; }
  std::uint64_t seq() const { return seq_; }

  // Faults found against the oracle, one a line; empty if there is none.
  std::string Differences(const MergeOracle& oracle) const;
  // The same for what `op`, taken last, has written: all else is as it was before.
  std::string DifferencesAfter(const ModelOp& op, const MergeOracle& oracle) const;
  std::string Canonical() const;

 private:
  std::string Difference(const MergeOracle& oracle, int index, Which which) const;

  std::array<v1::Record, kRecords> records_;
  std::uint64_t seq_ = 0;
};

// Devices around one register.
class MergeModel {
 public:
  explicit MergeModel(const std::vector<bool>& phones);

  int devices() const { return static_cast<int>(devices_.size()); }
  int made(int device) const { return At(device).made; }
  bool HasUnsent(int device) const { return !At(device).unsent.empty(); }

  // Takes the next page, of one record, in the order of versions. False: there was none.
  bool PullPage(int device);
  void PullAll(int device);
  // The device makes an operation with these changes of both records, on what it holds.
  void Make(int device, const std::array<std::vector<Change>, kRecords>& changes, int observed);
  // Its oldest unsent operation arrives.
  void Push(int device);

  // In the order of arrival.
  const std::vector<ModelOp>& arrived() const { return arrived_; }
  const MergedRegister& merged() const { return merged_; }
  const MergeOracle& oracle() const { return oracle_; }

 private:
  struct Held {
    std::uint64_t version = 1;
    std::set<OpId> knew = {OpId{}};
  };
  struct Device {
    bool phone = true;
    int made = 0;
    std::uint64_t cursor = 1;
    std::array<Held, kRecords> held;
    std::array<std::set<OpId>, kRecords> own;
    std::vector<ModelOp> unsent;
  };
  Device& At(int device) { return devices_[static_cast<std::size_t>(device)]; }
  const Device& At(int device) const { return devices_[static_cast<std::size_t>(device)]; }

  std::vector<Device> devices_;
  std::array<std::set<OpId>, kRecords> arrived_ids_ = {std::set<OpId>{OpId{}},
                                                       std::set<OpId>{OpId{}}};
  std::vector<ModelOp> arrived_;
  MergedRegister merged_;
  MergeOracle oracle_;
  // Writes that have not arrived yet are known to their own device.
  std::map<OpId, ModelOp> all_;
};

// The same operations, each with the same knowledge, in another order of arrival: the versions
// that say so are found anew. False: in that order nobody could have known just that.
bool Rearrange(std::vector<ModelOp>& ops);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_PROPERTY_MERGE_MODEL_H_
