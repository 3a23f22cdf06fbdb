#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/store/ledger_query.h"
#include "server/store/record_scope.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"

// The register's figures. Each one is computed by running the very query that is shown with it.

namespace vigil::store {
namespace {

// A rejected report is no hazard, and a duplicate is counted once, as long as that holds.
constexpr std::string_view kCounts =
    "NOT (hazard.finished = 1 AND hazard.status IN (8, 9) /* MERGED, REJECTED */)";
constexpr std::string_view kVerified = "hazard.status = 6 /* VERIFIED */";
constexpr std::string_view kIssued = "supervision_order.status <> 1 /* PROPOSED */";
constexpr std::string_view kTransferred = "supervision_order.status = 8 /* TRANSFERRED */";
constexpr std::string_view kLifted = "supervision_order.status = 9 /* LIFTED */";
// The two ledgers of tagged supervision.
constexpr std::string_view kHazardLedger = "hazards";
constexpr std::string_view kSlopeLedger = "park-slopes";

static_assert(v1::HAZARD_STATUS_MERGED == 8 && v1::HAZARD_STATUS_REJECTED == 9 &&
              v1::HAZARD_STATUS_VERIFIED == 6 && v1::ORDER_STATUS_PROPOSED == 1 &&
              v1::ORDER_STATUS_TRANSFERRED == 8 && v1::ORDER_STATUS_LIFTED == 9 &&
              v1::Entity::kEscalation == 23);

// Conditions of the filter, as the queries hold them.
struct Filters {
  std::string hazard;
  std::string risk_source;
};

std::string And(std::string_view condition, const std::string& filter) {
  std::string both(condition);
  if (filter != "1") both += "\n  AND " + filter;
  return both;
}

std::string CountHazards(const Filters& filters, std::string_view condition) {
  return "SELECT count(*) FROM hazard"
         " LEFT JOIN risk_source ON risk_source.id = hazard.risk_source\nWHERE " +
         And(std::string(kCounts) + (condition.empty() ? "" : "\n  AND ") + std::string(condition),
             filters.hazard);
}

// Entries of a ledger: orders that were issued, the lifted ones included.
std::string CountOrders(const Filters& filters, std::string_view ledger,
                        std::string_view condition) {
  return "SELECT count(*) FROM supervision_order"
         " LEFT JOIN hazard ON hazard.id = supervision_order.hazard"
         " LEFT JOIN risk_source ON risk_source.id = hazard.risk_source\nWHERE supervision_order."
         "ledger = " +
         TextLiteral(ledger) + "\n  AND " +
         And(std::string(kIssued) + (condition.empty() ? "" : "\n  AND ") + std::string(condition),
             filters.hazard);
}

std::string Difference(const std::string& whole, const std::string& part) {
  return "SELECT (" + whole + ")\n - (" + part + ")";
}

struct Query {
  std::string_view name;
  std::string sql;
};

// Those that the hazards' filter does not touch.
void AddRegisterQueries(const RecordScope& scope, std::vector<Query>& queries) {
  const std::string records = RecordCondition(scope);
  queries.push_back({"conflicts", scope.IsEverything()
                                      ? "SELECT count(*) FROM conflict"
                                      : "SELECT count(*) FROM conflict"
                                        " JOIN record ON record.id = conflict.record\nWHERE " +
                                            records});
  // Operations are nobody's unit's.
  if (scope.everywhere) queries.push_back({"operations", "SELECT meta.seq FROM meta"});
  queries.push_back(
      {"escalations", "SELECT count(*) FROM record WHERE " +
                          BothConditions("record.kind = 23 /* escalation */", records)});
}

std::vector<Query> Queries(const Filters& filters, const v1::Date& today,
                           const RecordScope& scope) {
  const std::string hazards = CountHazards(filters, "");
  const std::string rectified = CountHazards(filters, kVerified);
  const std::string slopes = CountOrders(filters, kSlopeLedger, "");
  const std::string transferred = CountOrders(filters, kSlopeLedger, kTransferred);
  const std::string kept =
      CountOrders(filters, kSlopeLedger, "NOT (" + std::string(kTransferred) + ")");
  const std::string done = CountOrders(filters, kSlopeLedger, kLifted);
  std::vector<Query> queries = {
      {"risk_sources", "SELECT count(*) FROM risk_source\nWHERE " +
                           And("risk_source.retired = 0", filters.risk_source)},
      {"hazards", hazards},
      {"rectified", rectified},
      {"open", Difference(hazards, rectified)},
      {"rate",
       "SELECT printf('%.2f%%', 100.0 * (" + rectified + ")\n / max(1, (" + hazards + ")))"},
      {"tagged", CountOrders(filters, kHazardLedger, "")},
      {"slopes", slopes},
      {"transferred", transferred},
      {"kept", kept},
      {"done", done},
      {"underway", Difference(kept, done)},
      {"overdue", CountHazards(filters, OverdueCondition(today))},
  };
  AddRegisterQueries(scope, queries);
  return queries;
}

}  // namespace

absl::StatusOr<std::vector<v1::Figure>> SqliteSnapshot::Stats(const v1::HazardFilter& filter,
                                                              const v1::Date& today,
                                                              const RecordScope& scope) {
  Filters filters;
  VIGIL_ASSIGN_OR_RETURN(filters.hazard, HazardConditions(filter, {today, zone_}));
  VIGIL_ASSIGN_OR_RETURN(filters.risk_source, RiskSourceConditions(filter));
  filters.hazard = BothConditions(filters.hazard, RootCondition(scope, "hazard.id"));
  filters.risk_source = BothConditions(filters.risk_source, RootCondition(scope, "risk_source.id"));
  std::vector<v1::Figure> figures;
  for (Query& query : Queries(filters, today, scope)) {
    VIGIL_ASSIGN_OR_RETURN(sqlite::Statement read, database_->QueryText(query.sql));
    VIGIL_RETURN_IF_ERROR(read.Step());
    v1::Figure& figure = figures.emplace_back();
    figure.set_name(std::string(query.name));
    figure.set_value(std::string(read.ColumnText(0)));
    figure.set_query(std::move(query.sql));
  }
  return figures;
}

}  // namespace vigil::store
