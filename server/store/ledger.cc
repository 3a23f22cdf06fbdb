#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/store/ledger_query.h"
#include "server/store/page_token.h"
#include "server/store/record_scope.h"
#include "server/store/rows.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"

namespace vigil::store {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr int kRowsDefault = 50;
// Of a page token of the ledger: what rows are ordered by, id, total.
constexpr std::size_t kTokenParts = 3;

constexpr char kHazardTables[] =
    "hazard LEFT JOIN risk_source ON risk_source.id = hazard.risk_source";

// Where a condition asks for nothing of the risk source.
constexpr char kHazardsAlone[] = "hazard";

constexpr char kHazardColumns[] =
    "hazard.id, record.version, hazard.number, hazard.risk_source, risk_source.code,"
    " risk_source.name, hazard.description, hazard.state_bytes, hazard.found_at,"
    " hazard.responsible_unit, unit.name, hazard.origin, risk_source.site_type";
constexpr int kHazardColumnCount = 13;

constexpr char kOrderTables[] =
    "supervision_order JOIN record ON record.id = supervision_order.id"
    " LEFT JOIN hazard ON hazard.id = supervision_order.hazard"
    " LEFT JOIN unit ON unit.id = hazard.responsible_unit";

constexpr char kOrderColumns[] =
    "supervision_order.id, record.version, supervision_order.number, supervision_order.hazard,"
    " hazard.number, hazard.description, supervision_order.status, supervision_order.level,"
    " supervision_order.due_date, supervision_order.ledger, supervision_order.tag_in_doubt,"
    " hazard.status, unit.name";

absl::StatusOr<std::int64_t> Count(Database& database, const std::string& tables,
                                   const std::string& conditions) {
  VIGIL_ASSIGN_OR_RETURN(Statement count, database.QueryText("SELECT count(*) FROM " + tables +
                                                             " WHERE " + conditions));
  VIGIL_RETURN_IF_ERROR(count.Step());
  return count.ColumnInt64(0);
}

std::string IdText(const Uuid& id) { return id.is_nil() ? std::string() : id.ToString(); }

// Columns kHazardColumns, then whether it is overdue.
absl::StatusOr<v1::HazardRow> ReadHazardRow(const Statement& read) {
  v1::HazardRow row;
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, read.ColumnUuid(0));
  row.set_record(id.ToString());
  row.set_version(read.ColumnNumber<Seq>(1).value());
  row.set_number(std::string(read.ColumnText(2)));
  VIGIL_ASSIGN_OR_RETURN(const Uuid source, ReadReference(read, 3));
  row.set_risk_source(IdText(source));
  row.set_risk_source_code(std::string(read.ColumnText(4)));
  row.set_risk_source_name(std::string(read.ColumnText(5)));
  row.set_description(std::string(read.ColumnText(6)));
  VIGIL_RETURN_IF_ERROR(ReadMessage(read, 7, *row.mutable_state()));
  *row.mutable_found_at() = ToTimestamp(read.ColumnTime(8));
  VIGIL_ASSIGN_OR_RETURN(const Uuid unit, ReadReference(read, 9));
  row.set_responsible_unit(IdText(unit));
  row.set_responsible_unit_name(std::string(read.ColumnText(10)));
  row.set_origin(static_cast<v1::HazardOrigin>(read.ColumnInt64(11)));
  row.set_site_type(static_cast<v1::SiteType>(read.ColumnInt64(12)));
  row.set_overdue(read.ColumnBool(kHazardColumnCount));
  return row;
}

absl::StatusOr<v1::OrderRow> ReadOrderRow(const Statement& read) {
  v1::OrderRow row;
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, read.ColumnUuid(0));
  row.set_record(id.ToString());
  row.set_version(read.ColumnNumber<Seq>(1).value());
  row.set_number(std::string(read.ColumnText(2)));
  VIGIL_ASSIGN_OR_RETURN(const Uuid hazard, read.ColumnUuid(3));
  row.set_hazard(hazard.ToString());
  row.set_hazard_number(std::string(read.ColumnText(4)));
  row.set_hazard_description(std::string(read.ColumnText(5)));
  row.set_status(static_cast<v1::OrderStatus>(read.ColumnInt64(6)));
  row.set_level(static_cast<v1::SupervisionLevel>(read.ColumnInt64(7)));
  VIGIL_ASSIGN_OR_RETURN(const v1::Date due, ReadDate(read, 8));
  if (due.year() != 0) *row.mutable_due_date() = due;
  row.set_ledger(std::string(read.ColumnText(9)));
  row.set_tag_in_doubt(read.ColumnBool(10));
  row.set_hazard_status(static_cast<v1::HazardStatus>(read.ColumnInt64(11)));
  row.set_responsible_unit_name(std::string(read.ColumnText(12)));
  return row;
}

// The condition that a row comes after the one that the token names; and the total, which is
// counted for the first page alone: it costs as much as all pages together.
absl::StatusOr<std::string> AfterToken(std::string_view query, const LedgerOrder& order,
                                       std::string_view token, std::int64_t& total) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> key,
                         DecodePageToken(query, kTokenParts, token));
  const std::optional<Uuid> id = Uuid::FromBytes(key[1]);
  std::int64_t number = 0;
  if (!id || !absl::SimpleAtoi(key[2], &total) ||
      !(order.is_text ? IsValidText(key[0]) : absl::SimpleAtoi(key[0], &number))) {
    return StoreError(absl::StatusCode::kInvalidArgument, v1::REASON_INVALID_PAGE_TOKEN,
                      "the page token cannot be read");
  }
  return absl::StrCat("(", ToAbsl(order.expression), ", hazard.id) ", order.descending ? "<" : ">",
                      " (", order.is_text ? TextLiteral(key[0]) : std::to_string(number), ", ",
                      IdLiteral(*id), ")");
}

absl::StatusOr<std::string> OrderConditions(const v1::ListOrdersRequest& request) {
  std::vector<std::string> conditions;
  if (request.statuses_size() > 0) {
    for (const int status : request.statuses()) {
      if (!v1::OrderStatus_IsValid(status)) {
        return StoreError(absl::StatusCode::kInvalidArgument, v1::REASON_INVALID_FILTER,
                          "statuses: a value that this program does not know")
            .With("field", "statuses");
      }
    }
    conditions.push_back("supervision_order.status IN (" + absl::StrJoin(request.statuses(), ", ") +
                         ")");
  }
  if (!request.ledger().empty()) {
    if (!IsValidText(request.ledger())) {
      return StoreError(absl::StatusCode::kInvalidArgument, v1::REASON_INVALID_FILTER,
                        "ledger: not well-formed")
          .With("field", "ledger");
    }
    conditions.push_back("supervision_order.ledger = " + TextLiteral(request.ledger()));
  }
  if (!request.hazard().empty()) {
    const std::optional<Uuid> hazard = Uuid::Parse(request.hazard());
    if (!hazard) {
      return StoreError(absl::StatusCode::kInvalidArgument, v1::REASON_INVALID_FILTER,
                        "hazard: not an id")
          .With("field", "hazard");
    }
    conditions.push_back("supervision_order.hazard = " + IdLiteral(*hazard));
  }
  return conditions.empty() ? std::string("1") : absl::StrJoin(conditions, " AND ");
}

}  // namespace

absl::StatusOr<LedgerPage> SqliteSnapshot::Hazards(const v1::ListHazardsRequest& request,
                                                   const v1::Date& today,
                                                   const RecordScope& scope) {
  VIGIL_ASSIGN_OR_RETURN(std::string filter, HazardConditions(request.filter(), {today, zone_}));
  filter = BothConditions(filter, RootCondition(scope, "hazard.id"));
  VIGIL_ASSIGN_OR_RETURN(const LedgerOrder order, ParseOrder(request.order_by()));
  // What the request asks for, whatever the day is: the filter as sent, and the order.
  std::string query = "hazards ";
  query += order.expression;
  query += order.descending ? " desc " : " asc ";
  query += request.filter().SerializeAsString();
  if (request.has_as_of()) query += " as of " + DateText(request.as_of());

  LedgerPage page;
  std::string conditions = filter;
  if (request.page_token().empty()) {
    const bool alone = filter.find("risk_source.") == std::string::npos;
    VIGIL_ASSIGN_OR_RETURN(page.total,
                           Count(*database_, alone ? kHazardsAlone : kHazardTables, filter));
  } else {
    VIGIL_ASSIGN_OR_RETURN(const std::string after,
                           AfterToken(query, order, request.page_token(), page.total));
    conditions += " AND " + after;
  }
  const int page_size = ClampPageSize(request.page_size(), kRowsDefault);
  const std::string direction = order.descending ? " DESC" : " ASC";
  const std::string expression(order.expression);
  VIGIL_ASSIGN_OR_RETURN(
      Statement read,
      database_->QueryText(absl::StrCat(
          "SELECT ", kHazardColumns, ", (", OverdueCondition(today), "), ", expression, " FROM ",
          kHazardTables, " JOIN record ON record.id = hazard.id",
          " LEFT JOIN unit ON unit.id = hazard.responsible_unit WHERE ", conditions, " ORDER BY ",
          expression, direction, ", hazard.id", direction, " LIMIT ", page_size + 1)));
  std::vector<std::string> last;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return page;
    if (static_cast<int>(page.rows.size()) == page_size) {
      page.next_page_token = EncodePageToken(query, last);
      return page;
    }
    VIGIL_ASSIGN_OR_RETURN(v1::HazardRow row, ReadHazardRow(read));
    last = {std::string(read.ColumnText(kHazardColumnCount + 1)), std::string(read.ColumnBlob(0)),
            std::to_string(page.total)};
    page.rows.push_back(std::move(row));
  }
}

absl::StatusOr<OrderPage> SqliteSnapshot::Orders(const v1::ListOrdersRequest& request,
                                                 const RecordScope& scope) {
  VIGIL_ASSIGN_OR_RETURN(std::string filter, OrderConditions(request));
  // What the request asks for, whoever asks.
  std::string query = "orders " + filter;
  if (request.has_as_of()) query += " as of " + DateText(request.as_of());
  filter = BothConditions(filter, RootCondition(scope, "supervision_order.hazard"));
  OrderPage page;
  VIGIL_ASSIGN_OR_RETURN(page.total, Count(*database_, kOrderTables, filter));
  std::string conditions = filter;
  if (!request.page_token().empty()) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> key,
                           DecodePageToken(query, 2, request.page_token()));
    const std::optional<Uuid> id = Uuid::FromBytes(key[1]);
    if (!id || !IsValidText(key[0])) {
      return StoreError(absl::StatusCode::kInvalidArgument, v1::REASON_INVALID_PAGE_TOKEN,
                        "the page token cannot be read");
    }
    conditions += " AND (supervision_order.number, supervision_order.id) > (" +
                  TextLiteral(key[0]) + ", " + IdLiteral(*id) + ")";
  }
  const int page_size = ClampPageSize(request.page_size(), kRowsDefault);
  VIGIL_ASSIGN_OR_RETURN(
      Statement read,
      database_->QueryText(absl::StrCat(
          "SELECT ", kOrderColumns, " FROM ", kOrderTables, " WHERE ", conditions,
          " ORDER BY supervision_order.number, supervision_order.id LIMIT ", page_size + 1)));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return page;
    if (static_cast<int>(page.rows.size()) == page_size) {
      const v1::OrderRow& last = page.rows.back();
      page.next_page_token =
          EncodePageToken(query, {last.number(), std::string(Uuid::Parse(last.record())->bytes())});
      return page;
    }
    VIGIL_ASSIGN_OR_RETURN(v1::OrderRow row, ReadOrderRow(read));
    page.rows.push_back(std::move(row));
  }
}

}  // namespace vigil::store
