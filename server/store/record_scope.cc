#include "server/store/record_scope.h"

#include <cstddef>

#include "server/store/ledger_query.h"

namespace vigil::store {
namespace {

std::string IdList(const std::vector<Uuid>& ids, std::string_view begin, std::string_view end) {
  std::string list;
  for (const Uuid& id : ids) {
    if (!list.empty()) list += ", ";
    list += std::string(begin) + IdLiteral(id) + std::string(end);
  }
  return list;
}

// The units, with all that is below them unless that is said already, and everybody's.
std::string UnitSet(const RecordScope& scope) {
  const std::string nobodys = IdLiteral(Uuid()) + " /* everybody's */";
  if (scope.units.empty()) return "(" + nobodys + ")";
  if (!scope.below) return "(" + nobodys + ", " + IdList(scope.units, "", "") + ")";
  return "(WITH RECURSIVE below(id) AS (VALUES (" + nobodys + "), " +
         IdList(scope.units, "(", ")") +
         " UNION SELECT unit.id FROM unit JOIN below ON unit.parent = below.id)"
         " SELECT id FROM below)";
}

}  // namespace

std::string RecordCondition(const RecordScope& scope) {
  if (scope.IsEverything()) return "1";
  const std::string shared = "record.office_only = 0";
  if (scope.everywhere) return shared;
  // No index by unit: the order of a page is that of another one, and a page ends soon.
  std::string lives = "+record.unit IN " + UnitSet(scope);
  if (!scope.roots.empty()) lives += " OR record.root IN (" + IdList(scope.roots, "", "") + ")";
  // What is the office's alone lives in no unit.
  return scope.office ? "(record.office_only = 1 OR " + lives + ")"
                      : "(" + shared + " AND (" + lives + "))";
}

std::string RootCondition(const RecordScope& scope, std::string_view column) {
  if (scope.everywhere) return "1";
  const std::string id(column);
  // By the index that has a unit's ids beside it: as many as the caller may see, not all.
  std::string condition =
      id + " IN (SELECT record.id FROM record WHERE record.office_only = 0 AND record.unit IN " +
      UnitSet(scope) + ")";
  if (scope.roots.empty()) return condition;
  return "(" + condition + " OR " + id + " IN (" + IdList(scope.roots, "", "") + "))";
}

std::string BothConditions(std::string_view one, std::string_view other) {
  if (one == "1") return std::string(other);
  if (other == "1") return std::string(one);
  return std::string(one) + "\n  AND " + std::string(other);
}

}  // namespace vigil::store
