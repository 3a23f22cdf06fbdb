#ifndef VIGIL_SERVER_REGISTER_WORKING_SET_H_
#define VIGIL_SERVER_REGISTER_WORKING_SET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/store/register_store.h"
#include "sync/base/ids.h"
#include "vigil/v1/record.pb.h"

// The records that a group reads and changes: a snapshot, with the group's own changes over it, so
// that each operation sees what those before it decided.

namespace vigil::registry {

struct Entry {
  Uuid id;
  v1::Record record;
  // Nothing exists under this id (yet).
  bool absent = true;
  // The root under which it lives, and that root's org unit (nil: everybody's).
  Uuid root;
  Uuid unit;
  bool office_only = false;
  // As the snapshot has it: what the digest counted, and which fields were in conflict.
  std::string stored_bytes;
  std::optional<std::uint64_t> stored_share;
  Uuid stored_unit;
  bool stored_in_conflict = false;
  // Of a hazard: what the snapshot says it duplicates.
  Uuid stored_merged_into;
  // Made, changed or moved by the group.
  bool touched = false;
  // Of the record as it was changed or moved last: its bytes, and what they count in the digest.
  std::string bytes;
  std::optional<std::uint64_t> share;
  // Its changes in the group's write set, in order.
  std::vector<std::size_t> versions;
  // The device that alone has written to it since a version, and the greatest of its sequence
  // numbers there; nil: not known.
  Uuid alone;
  Seq alone_since;
  DeviceSeq alone_up_to;

  // The version that a device has just written.
  void NoteAuthor(const Uuid& device, DeviceSeq device_seq, Seq version);
};

class WorkingSet {
 public:
  explicit WorkingSet(store::Snapshot& snapshot) : snapshot_(&snapshot) {}

  store::Snapshot& snapshot() { return *snapshot_; }

  // The entry under an id, absent or not. Stays valid as long as the set.
  absl::StatusOr<Entry*> Get(const Uuid& id);
  // The current record; null: there is none.
  absl::StatusOr<const v1::Record*> Find(std::string_view id);
  // The entries that live directly under a record.
  static constexpr int kAllKinds = 0;
  absl::StatusOr<std::vector<Entry*>> Children(const Uuid& parent, int kind);
  // Hazards that name this one as what they duplicate.
  absl::StatusOr<std::vector<Entry*>> DuplicatesOf(const Uuid& hazard);
  // Hazards about this risk source that have no unit of their own.
  absl::StatusOr<std::vector<Entry*>> HazardsFollowing(const Uuid& risk_source);

  // The columns by which the office finds a hazard or a risk source, as the store has them or is to
  // have them; null: there are none yet. Valid until another one is asked for or noted.
  absl::StatusOr<const store::HazardProjection*> HazardRow(const Uuid& id);
  absl::StatusOr<const store::RiskSourceProjection*> SourceRow(const Uuid& id);
  void NoteRow(const store::HazardProjection& row) { hazard_rows_[row.id] = row; }
  void NoteRow(const store::RiskSourceProjection& row) { source_rows_[row.id] = row; }

  // Every entry that the group made, changed or moved, in the order in which they were first
  // touched.
  const std::vector<Entry*>& touched() const { return touched_; }
  void Touch(Entry& entry);

  // The group has made the entry, of this kind, under a parent.
  void NoteChild(const Uuid& parent, int kind, Entry& child);
  // The group has written to the hazard: it names this other one as what it duplicates.
  void NoteDuplicate(const Uuid& of, Entry& hazard);
  // The group has given the entry, of this kind, this key.
  void NoteKey(Entry& entry, int kind, const std::string& key);
  // The entry to which the group gave this key and which still has it; null: none.
  const Entry* FindTouchedByKey(int kind, std::string_view key) const;

  // What was touched is what the store has, from now on.
  void Settle();
  // Goes on over a later snapshot of the same state.
  void ReadFrom(store::Snapshot& snapshot) { snapshot_ = &snapshot; }

 private:
  absl::StatusOr<std::vector<Entry*>> ReadChildren(const Uuid& parent, int kind);

  // Entries with one thing in common.
  template <typename Key>
  using Lists = absl::flat_hash_map<Key, std::vector<Entry*>>;
  using ParentAndKind = std::pair<Uuid, int>;

  store::Snapshot* snapshot_;
  absl::flat_hash_map<Uuid, std::unique_ptr<Entry>> entries_;
  std::vector<Entry*> touched_;
  template <typename Row>
  using Rows = absl::flat_hash_map<Uuid, std::optional<Row>>;
  Rows<store::HazardProjection> hazard_rows_;
  Rows<store::RiskSourceProjection> source_rows_;
  // Whole lists, each read from the store once.
  Lists<ParentAndKind> children_;
  // Whoever has named the hazard since it was read, whether or not he still does.
  Lists<Uuid> duplicates_;
  // What the group alone has made, named and given.
  Lists<ParentAndKind> made_children_;
  Lists<Uuid> made_duplicates_;
  Lists<std::pair<int, std::string>> keyed_;
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_WORKING_SET_H_
