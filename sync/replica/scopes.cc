#include "sync/replica/scopes.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/overlay.h"
#include "sync/replica/rows.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kListOrgUnits[] = "SELECT id, bytes FROM record WHERE place & 255 = ?1 ORDER BY id";
constexpr char kListPlaces[] = "SELECT id, unit FROM record WHERE unit IS NOT NULL ORDER BY place";

using Rows = std::map<Uuid, ScopeRow>;

absl::StatusOr<Rows> LoadRows(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<ScopeRow> scopes, LoadScopes(database));
  Rows rows;
  for (const ScopeRow& scope : scopes) rows[scope.unit] = scope;
  return rows;
}

absl::Status SaveRows(Transaction& transaction, const Rows& before, const Rows& after) {
  for (const auto& [unit, row] : before) {
    if (!after.contains(unit)) VIGIL_RETURN_IF_ERROR(DeleteScope(transaction, unit));
  }
  for (const auto& [unit, row] : after) VIGIL_RETURN_IF_ERROR(SaveScope(transaction, row));
  return absl::OkStatus();
}

// The org units as this phone knows them. Cycles end where they began, however deep the tree is.
class OrgTree {
 public:
  static absl::StatusOr<OrgTree> Load(Database& database) {
    OrgTree tree;
    VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kListOrgUnits));
    read.BindInt64(1, v1::Entity::kOrgUnit);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) return tree;
      VIGIL_ASSIGN_OR_RETURN(const Uuid id, read.ColumnUuid(0));
      VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(read.ColumnBlob(1)));
      const std::string& parent = record.entity().org_unit().parent_unit();
      tree.units_[id] = {Uuid::ParseOrNil(parent), Seq(record.made_by().seq())};
    }
  }

  // The tree as it was.
  OrgTree Before(const FormerParents& former_parents) const {
    OrgTree tree = *this;
    for (const auto& [unit, parent] : former_parents) {
      if (parent) {
        tree.units_[unit].parent = *parent;
      } else {
        tree.units_.erase(unit);
      }
    }
    return tree;
  }

  // The unit and all above it, from below.
  std::vector<Uuid> Upwards(const Uuid& unit) const {
    std::vector<Uuid> path;
    std::set<Uuid> passed;
    for (Uuid at = unit; !at.is_nil() && passed.insert(at).second;) {
      path.push_back(at);
      const auto found = units_.find(at);
      at = found == units_.end() ? Uuid() : found->second.parent;
    }
    return path;
  }

  // The row that says how far the unit is read; null: it lies outside.
  const ScopeRow* RowOf(const Uuid& unit, const Rows& rows) const {
    return Nearest(Upwards(unit), 0, rows);
  }
  // The next one above the unit's own.
  const ScopeRow* RowAbove(const Uuid& unit, const Rows& rows) const {
    return Nearest(Upwards(unit), 1, rows);
  }

  // Where the feed of a unit begins at the earliest.
  ReadTo MadeAt(const Uuid& unit) const { return {units_.at(unit).made_at, 0}; }
  bool Knows(const Uuid& unit) const { return units_.contains(unit); }
  std::vector<Uuid> units() const {
    std::vector<Uuid> ids;
    for (const auto& [id, unit] : units_) ids.push_back(id);
    return ids;
  }

 private:
  struct Unit {
    Uuid parent;
    Seq made_at;
  };

  static const ScopeRow* Nearest(const std::vector<Uuid>& path, std::size_t from,
                                 const Rows& rows) {
    for (std::size_t i = from; i < path.size(); ++i) {
      const auto found = rows.find(path[i]);
      if (found != rows.end()) return &found->second;
    }
    return nullptr;
  }

  std::map<Uuid, Unit> units_;
};

// The rows are those of `granted` and everybody's, and no others.
bool IsGranted(const Rows& rows, const std::vector<Uuid>& granted) {
  std::set<Uuid> units(granted.begin(), granted.end());
  units.insert(Uuid());
  return std::all_of(
             rows.begin(), rows.end(),
             [&](const auto& row) { return row.second.granted && units.erase(row.first) > 0; }) &&
         units.empty();
}

// Rows that no granted unit is above of (any more) go.
void DropUncovered(const OrgTree& tree, Rows& rows) {
  Rows granted;
  for (const auto& [unit, row] : rows) {
    if (row.granted) granted[unit] = row;
  }
  std::erase_if(rows, [&](const auto& each) {
    return !each.second.granted && tree.RowOf(each.first, granted) == nullptr;
  });
}

// True: some went back.
bool ReadAnewFrom(Seq complete_at, Rows& rows) {
  bool went_back = false;
  for (auto& [unit, row] : rows) {
    if (row.read_to <= ReadTo{complete_at, 0}) continue;
    row.read_to = {complete_at, 0};
    went_back = true;
  }
  return went_back;
}

// Removes the records of units outside `rows`, and notes their ids.
absl::Status RemoveOutside(Database& database, Transaction& transaction, const OrgTree& tree,
                           const Rows& rows, std::vector<Uuid>& removed) {
  std::map<Uuid, bool> is_inside;
  std::vector<Uuid> outside;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement place, database.Query(kListPlaces));
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, place.Step());
      if (!found) break;
      VIGIL_ASSIGN_OR_RETURN(const Uuid id, place.ColumnUuid(0));
      VIGIL_ASSIGN_OR_RETURN(const Uuid unit, place.ColumnUuid(1));
      const auto [known, is_new] = is_inside.try_emplace(unit);
      if (is_new) known->second = tree.RowOf(unit, rows) != nullptr;
      if (!known->second) outside.push_back(id);
    }
  }
  VIGIL_ASSIGN_OR_RETURN(ConfirmedWriter writer, ConfirmedWriter::Begin(database, transaction));
  for (const Uuid& id : outside) VIGIL_RETURN_IF_ERROR(writer.Remove(id));
  removed.insert(removed.end(), outside.begin(), outside.end());
  return writer.Finish();
}

}  // namespace

absl::StatusOr<ScopeChange> EnterScopes(Database& database, Transaction& transaction,
                                        const std::vector<Uuid>& granted, Seq complete_at) {
  ScopeChange change;
  VIGIL_ASSIGN_OR_RETURN(const Rows before, LoadRows(database));
  if (IsGranted(before, granted)) return change;
  VIGIL_ASSIGN_OR_RETURN(const OrgTree tree, OrgTree::Load(database));
  Rows after;
  const auto enter = [&](const Uuid& unit) {
    const ScopeRow* row = unit.is_nil() ? nullptr : tree.RowOf(unit, before);
    if (const auto own = before.find(unit); own != before.end()) row = &own->second;
    change.gained |= row == nullptr;
    after[unit] = {unit, row == nullptr ? ReadTo() : row->read_to, true};
  };
  enter(Uuid());
  for (const Uuid& unit : granted) enter(unit);
  for (const auto& [unit, row] : before) {
    if (!after.contains(unit)) after[unit] = {unit, row.read_to, false};
  }
  DropUncovered(tree, after);
  const bool smaller = std::any_of(before.begin(), before.end(), [&](const auto& row) {
    return tree.RowOf(row.first, after) == nullptr && !row.first.is_nil();
  });
  change.again = smaller && ReadAnewFrom(complete_at, after);
  VIGIL_RETURN_IF_ERROR(SaveRows(transaction, before, after));
  if (!smaller) return change;
  for (const Uuid& unit : tree.units()) {
    const bool was_inside = tree.RowOf(unit, before) != nullptr;
    if (was_inside && tree.RowOf(unit, after) == nullptr) change.lost.push_back(unit);
  }
  VIGIL_RETURN_IF_ERROR(RemoveOutside(database, transaction, tree, after, change.lost));
  return change;
}

absl::StatusOr<ScopeChange> FollowUnits(Database& database, Transaction& transaction,
                                        const FormerParents& former_parents, Seq complete_at) {
  ScopeChange change;
  VIGIL_ASSIGN_OR_RETURN(const Rows before, LoadRows(database));
  VIGIL_ASSIGN_OR_RETURN(const OrgTree tree, OrgTree::Load(database));
  const OrgTree former = tree.Before(former_parents);
  Rows after = before;
  DropUncovered(tree, after);
  // Of a unit that is read further from now on: how far it has been read.
  std::vector<std::pair<std::size_t, ScopeRow>> behind;
  for (const Uuid& unit : tree.units()) {
    const ScopeRow* was = former.Knows(unit) ? former.RowOf(unit, before) : nullptr;
    const ScopeRow* is = tree.RowOf(unit, after);
    if (was != nullptr && is == nullptr) change.lost.push_back(unit);
    if (is == nullptr) continue;
    const ReadTo read_to = was != nullptr ? was->read_to : tree.MadeAt(unit);
    if (is->read_to > read_to) {
      behind.emplace_back(tree.Upwards(unit).size(), ScopeRow{unit, read_to, false});
    }
  }
  // From above: a row stands for what is below it too.
  std::stable_sort(behind.begin(), behind.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [depth, row] : behind) {
    if (tree.RowOf(row.unit, after)->read_to <= row.read_to) continue;
    const auto own = after.find(row.unit);
    const bool granted = own != after.end() && own->second.granted;
    after[row.unit] = {row.unit, row.read_to, granted};
    change.gained = true;
  }
  change.again = !change.lost.empty() && ReadAnewFrom(complete_at, after);
  VIGIL_RETURN_IF_ERROR(SaveRows(transaction, before, after));
  if (!change.lost.empty()) {
    VIGIL_RETURN_IF_ERROR(RemoveOutside(database, transaction, tree, after, change.lost));
  }
  return change;
}

absl::Status StoreCursor(Database& database, Transaction& transaction,
                         const v1::ScopeCursor& cursor) {
  VIGIL_ASSIGN_OR_RETURN(const Rows before, LoadRows(database));
  Rows rows = before;
  std::vector<Uuid> read;
  for (const std::string& unit : cursor.units()) {
    VIGIL_ASSIGN_OR_RETURN(read.emplace_back(), ParseId(unit));
  }
  if (read.empty()) read.emplace_back();
  for (const Uuid& unit : read) {
    const auto row = rows.find(unit);
    if (row == rows.end()) continue;
    row->second.read_to = std::max(row->second.read_to, ReadTo{Seq(cursor.seq()), cursor.within()});
  }
  const bool has_own_rows =
      std::any_of(rows.begin(), rows.end(), [](const auto& row) { return !row.second.granted; });
  if (has_own_rows) {
    VIGIL_ASSIGN_OR_RETURN(const OrgTree tree, OrgTree::Load(database));
    const Rows all = rows;
    std::erase_if(rows, [&](const auto& row) {
      const ScopeRow* above = row.second.granted ? nullptr : tree.RowAbove(row.first, all);
      return above != nullptr && above->read_to <= row.second.read_to;
    });
  }
  VIGIL_RETURN_IF_ERROR(SaveRows(transaction, before, rows));
  if (rows.empty()) return absl::OkStatus();
  Seq least(INT64_MAX);
  for (const auto& [unit, row] : rows) least = std::min(least, row.read_to.seq);
  return SettleScope(transaction, least);
}

absl::StatusOr<bool> AreReadTo(Database& database, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<ScopeRow> rows, LoadScopes(database));
  return std::all_of(rows.begin(), rows.end(),
                     [&](const ScopeRow& row) { return row.read_to.seq >= seq; });
}

absl::StatusOr<std::map<Uuid, bool>> AreInside(Database& database, const std::vector<Uuid>& units) {
  VIGIL_ASSIGN_OR_RETURN(const Rows rows, LoadRows(database));
  VIGIL_ASSIGN_OR_RETURN(const OrgTree tree, OrgTree::Load(database));
  std::map<Uuid, bool> inside;
  for (const Uuid& unit : units) inside[unit] = tree.RowOf(unit, rows) != nullptr;
  return inside;
}

}  // namespace vigil::replica
