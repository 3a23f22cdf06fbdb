#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/store/ledger_query.h"
#include "server/store/page_token.h"
#include "server/store/record_scope.h"
#include "server/store/rows.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

// What the escalation clock waits for.

namespace vigil::store {
namespace {

using sqlite::Statement;

constexpr char kDueForEscalation[] = R"sql(
SELECT id, next_step_at FROM hazard
WHERE next_step_at <= ?1 AND (next_step_at, id) > (?2, ?3)
UNION ALL
SELECT id, next_step_at FROM risk_source
WHERE next_step_at <= ?1 AND (next_step_at, id) > (?2, ?3)
ORDER BY next_step_at, id LIMIT ?4
)sql";

constexpr char kFindRiskSource[] = R"sql(
SELECT id, code, name, site_type, level, industry_department, district, responsible_unit, retired,
       inspected_on, inspection_due, next_step_at
FROM risk_source WHERE id = ?1
)sql";

constexpr char kInspectionColumns[] =
    "SELECT risk_source.id, risk_source.code, risk_source.name, risk_source.site_type,"
    " risk_source.level, coalesce(unit.name, ''), risk_source.inspected_on,"
    " risk_source.inspection_due"
    " FROM risk_source LEFT JOIN unit ON unit.id = risk_source.responsible_unit WHERE ";
constexpr char kCountInspections[] = "SELECT count(*) FROM risk_source WHERE ";
constexpr int kInspectionsDefault = 50;

absl::StatusOr<std::string> InspectionConditions(const v1::ListInspectionsDueRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const std::string filter, RiskSourceConditions(request.filter()));
  return BothConditions("risk_source.inspection_due <= '" +
                            (request.has_until() ? DateText(request.until()) : "9999-12-31") + "'",
                        filter);
}

absl::StatusOr<v1::InspectionDueRow> ReadInspection(const Statement& read,
                                                    const std::string& today) {
  v1::InspectionDueRow row;
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, read.ColumnUuid(0));
  row.set_record(id.ToString());
  row.set_code(std::string(read.ColumnText(1)));
  row.set_name(std::string(read.ColumnText(2)));
  row.set_site_type(static_cast<v1::SiteType>(read.ColumnInt64(3)));
  row.set_level(static_cast<v1::RiskLevel>(read.ColumnInt64(4)));
  row.set_responsible_unit_name(std::string(read.ColumnText(5)));
  if (!read.ColumnIsNull(6)) {
    VIGIL_ASSIGN_OR_RETURN(*row.mutable_inspected_on(), ReadDate(read, 6));
  }
  VIGIL_ASSIGN_OR_RETURN(*row.mutable_due_on(), ReadDate(read, 7));
  row.set_overdue(read.ColumnText(7) < today);
  return row;
}

constexpr char kDeadlines[] = "SELECT fingerprint FROM deadlines";

}  // namespace

absl::StatusOr<std::optional<RiskSourceProjection>> SqliteSnapshot::FindRiskSourceProjection(
    const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kFindRiskSource));
  BindRawUuid(read, 1, id);
  VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
  if (!found) return std::optional<RiskSourceProjection>();
  RiskSourceProjection source;
  VIGIL_ASSIGN_OR_RETURN(source.id, read.ColumnUuid(0));
  source.code = std::string(read.ColumnText(1));
  source.name = std::string(read.ColumnText(2));
  source.site_type = static_cast<v1::SiteType>(read.ColumnInt64(3));
  source.level = static_cast<v1::RiskLevel>(read.ColumnInt64(4));
  VIGIL_ASSIGN_OR_RETURN(source.industry_department, ReadReference(read, 5));
  VIGIL_ASSIGN_OR_RETURN(source.district, ReadReference(read, 6));
  VIGIL_ASSIGN_OR_RETURN(source.responsible_unit, ReadReference(read, 7));
  source.retired = read.ColumnBool(8);
  VIGIL_ASSIGN_OR_RETURN(source.inspected_on, ReadDate(read, 9));
  VIGIL_ASSIGN_OR_RETURN(source.inspection_due, ReadDate(read, 10));
  if (!read.ColumnIsNull(11)) source.next_step_at = read.ColumnTime(11);
  return std::optional<RiskSourceProjection>(std::move(source));
}

absl::StatusOr<Sha256> SqliteSnapshot::DeadlinesInForce() {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kDeadlines));
  VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
  if (!found) return Sha256();
  return ReadHash(read, 0);
}

absl::StatusOr<std::vector<Waiting>> SqliteSnapshot::DueForEscalation(absl::Time until,
                                                                      const Waiting& after,
                                                                      int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kDueForEscalation));
  read.BindTime(1, until).BindTime(2, after.next_step_at).BindInt64(4, limit);
  BindRawUuid(read, 3, after.item);
  std::vector<Waiting> waiting;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return waiting;
    Waiting& row = waiting.emplace_back();
    VIGIL_ASSIGN_OR_RETURN(row.item, read.ColumnUuid(0));
    row.next_step_at = read.ColumnTime(1);
  }
}

absl::StatusOr<InspectionPage> SqliteSnapshot::InspectionsDue(
    const v1::ListInspectionsDueRequest& request, const v1::Date& today, const RecordScope& scope) {
  VIGIL_ASSIGN_OR_RETURN(std::string conditions, InspectionConditions(request));
  // What the request asks for, whoever asks.
  const std::string query = "inspections due " + conditions;
  conditions = BothConditions(conditions, RootCondition(scope, "risk_source.id"));
  InspectionPage page;
  VIGIL_ASSIGN_OR_RETURN(Statement count, database_->QueryText(kCountInspections + conditions));
  VIGIL_RETURN_IF_ERROR(count.Step());
  page.total = count.ColumnInt64(0);
  if (!request.page_token().empty()) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> key,
                           DecodePageToken(query, 2, request.page_token()));
    const std::optional<Uuid> id = Uuid::FromBytes(key[1]);
    if (!id || !ParseDay(key[0]).ok()) {
      return StoreError(absl::StatusCode::kInvalidArgument, v1::REASON_INVALID_PAGE_TOKEN,
                        "the page token cannot be read");
    }
    conditions += " AND (risk_source.inspection_due, risk_source.id) > (" + TextLiteral(key[0]) +
                  ", " + IdLiteral(*id) + ")";
  }
  const int page_size = ClampPageSize(request.page_size(), kInspectionsDefault);
  VIGIL_ASSIGN_OR_RETURN(
      Statement read,
      database_->QueryText(kInspectionColumns + conditions +
                           " ORDER BY risk_source.inspection_due, risk_source.id LIMIT " +
                           std::to_string(page_size + 1)));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return page;
    if (static_cast<int>(page.rows.size()) == page_size) {
      const v1::InspectionDueRow& last = page.rows.back();
      page.next_page_token = EncodePageToken(
          query, {DateText(last.due_on()), std::string(Uuid::Parse(last.record())->bytes())});
      return page;
    }
    VIGIL_ASSIGN_OR_RETURN(v1::InspectionDueRow row, ReadInspection(read, DateText(today)));
    page.rows.push_back(std::move(row));
  }
}

}  // namespace vigil::store
