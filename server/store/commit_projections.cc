#include <cstdint>
#include <string>

#include "server/store/commit.h"
#include "server/store/rows.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/status.h"
#include "sync/rules/schema.h"

namespace vigil::store {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

constexpr char kPutHazard[] = R"sql(
INSERT INTO hazard (id, number, risk_source, responsible_unit, status, status_rank, grade,
                    grade_rank, due_date, tagged, closed, rectified, finished, in_conflict, origin,
                    found_at, merged_into, imported, next_step_at, description, state_bytes,
                    follows_source)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
        ?21, ?22)
ON CONFLICT (id) DO UPDATE SET
  number = excluded.number, risk_source = excluded.risk_source,
  responsible_unit = excluded.responsible_unit, status = excluded.status,
  status_rank = excluded.status_rank, grade = excluded.grade, grade_rank = excluded.grade_rank,
  due_date = excluded.due_date, tagged = excluded.tagged, closed = excluded.closed,
  rectified = excluded.rectified, finished = excluded.finished,
  in_conflict = excluded.in_conflict, origin = excluded.origin, found_at = excluded.found_at,
  merged_into = excluded.merged_into, imported = excluded.imported,
  next_step_at = excluded.next_step_at, description = excluded.description,
  state_bytes = excluded.state_bytes, follows_source = excluded.follows_source
)sql";

constexpr char kPutOrder[] = R"sql(
INSERT INTO supervision_order (id, hazard, number, status, level, due_date, ledger, tag_in_doubt)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO UPDATE SET
  hazard = excluded.hazard, number = excluded.number, status = excluded.status,
  level = excluded.level, due_date = excluded.due_date, ledger = excluded.ledger,
  tag_in_doubt = excluded.tag_in_doubt
)sql";

constexpr char kPutRiskSource[] = R"sql(
INSERT INTO risk_source (id, code, name, site_type, level, industry_department, district,
                         responsible_unit, retired, inspected_on, inspection_due, next_step_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET
  code = excluded.code, name = excluded.name, site_type = excluded.site_type,
  level = excluded.level, industry_department = excluded.industry_department,
  district = excluded.district, responsible_unit = excluded.responsible_unit,
  retired = excluded.retired, inspected_on = excluded.inspected_on,
  inspection_due = excluded.inspection_due, next_step_at = excluded.next_step_at
)sql";

constexpr char kPutUnit[] = R"sql(
INSERT INTO unit (id, parent, code, name) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, code = excluded.code, name = excluded.name
)sql";

constexpr char kPutConflict[] = R"sql(
INSERT INTO conflict (record, fields) VALUES (?1, ?2)
ON CONFLICT (record) DO UPDATE SET fields = excluded.fields
)sql";

constexpr char kDeleteConflict[] = "DELETE FROM conflict WHERE record = ?1";

constexpr char kPutDigest[] = R"sql(
INSERT INTO digest (unit, sums) VALUES (?1, ?2)
ON CONFLICT (unit) DO UPDATE SET sums = excluded.sums
)sql";

constexpr char kInsertAuditNode[] = R"sql(
INSERT INTO audit_node (level, position, hash) VALUES (?1, ?2, ?3)
)sql";

constexpr char kInsertNotification[] = R"sql(
INSERT INTO notification (state, recipient, topic, record, created_at, text_zh, text_en)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
)sql";

constexpr char kPutDeadlines[] = R"sql(
INSERT INTO deadlines (id, fingerprint) VALUES (1, ?1)
ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint
)sql";

constexpr char kPutCounter[] = R"sql(
INSERT INTO counter (series, value) VALUES (?1, ?2)
ON CONFLICT (series) DO UPDATE SET value = max(value, excluded.value)
)sql";

absl::Status PutHazard(Transaction& transaction, const HazardProjection& hazard) {
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutHazard));
  const v1::HazardState& state = hazard.state;
  put.BindUuid(1, hazard.id).BindText(2, hazard.number);
  BindReference(put, 3, hazard.risk_source);
  BindReference(put, 4, hazard.responsible_unit);
  put.BindInt64(5, state.status())
      .BindInt64(6, rules::RankOf(state.status()))
      .BindInt64(7, state.grade())
      .BindInt64(8, rules::RankOf(state.grade()));
  BindDate(put, 9, state.due_date());
  put.BindBool(10, state.tagged())
      .BindBool(11, state.closed())
      .BindBool(12, state.rectified())
      .BindBool(13, state.finished())
      .BindBool(14, state.conflicts_size() > 0)
      .BindInt64(15, hazard.origin)
      .BindTime(16, hazard.found_at);
  BindReference(put, 17, hazard.merged_into);
  put.BindBool(18, hazard.imported)
      .BindOptionalTime(19, hazard.next_step_at)
      .BindText(20, hazard.description)
      .BindBlob(21, state.SerializeAsString())
      .BindBool(22, hazard.follows_source);
  return put.Run();
}

absl::Status PutOrder(Transaction& transaction, const OrderProjection& order) {
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutOrder));
  put.BindUuid(1, order.id)
      .BindUuid(2, order.hazard)
      .BindText(3, order.number)
      .BindInt64(4, order.status)
      .BindInt64(5, order.level);
  BindDate(put, 6, order.due_date);
  put.BindText(7, order.ledger).BindBool(8, order.tag_in_doubt);
  return put.Run();
}

absl::Status PutRiskSource(Transaction& transaction, const RiskSourceProjection& source) {
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutRiskSource));
  put.BindUuid(1, source.id)
      .BindText(2, source.code)
      .BindText(3, source.name)
      .BindInt64(4, source.site_type)
      .BindInt64(5, source.level);
  BindReference(put, 6, source.industry_department);
  BindReference(put, 7, source.district);
  BindReference(put, 8, source.responsible_unit);
  put.BindBool(9, source.retired);
  BindDate(put, 10, source.inspected_on);
  BindDate(put, 11, source.inspection_due);
  put.BindOptionalTime(12, source.next_step_at);
  return put.Run();
}

absl::Status PutUnit(Transaction& transaction, const UnitProjection& unit) {
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutUnit));
  put.BindUuid(1, unit.id);
  BindReference(put, 2, unit.parent);
  put.BindText(3, unit.code).BindText(4, unit.name);
  return put.Run();
}

absl::Status PutConflict(Transaction& transaction, const ConflictProjection& conflict) {
  if (conflict.fields.empty()) {
    VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kDeleteConflict));
    remove.BindUuid(1, conflict.record);
    return remove.Run();
  }
  std::string fields;
  for (const std::string& field : conflict.fields) {
    if (!fields.empty()) fields += ",";
    fields += field;
  }
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutConflict));
  put.BindUuid(1, conflict.record).BindText(2, fields);
  return put.Run();
}

absl::Status InsertNotification(Transaction& transaction, const NewNotification& message) {
  VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertNotification));
  insert.BindInt64(1, v1::NOTIFICATION_STATE_PENDING);
  BindReference(insert, 2, message.recipient);
  insert.BindText(3, message.topic);
  BindReference(insert, 4, message.record);
  insert.BindTime(5, message.created_at).BindText(6, message.text_zh).BindText(7, message.text_en);
  return insert.Run();
}

absl::Status WriteDigests(Transaction& transaction, const WriteSet& writes) {
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutDigest));
  for (const DigestChange& change : writes.digests) {
    put.Reset();
    BindRawUuid(put, 1, change.unit);
    put.BindBlob(2, EncodeSums(change.sums));
    VIGIL_RETURN_IF_ERROR(put.Run());
  }
  return absl::OkStatus();
}

absl::Status WriteAuditNodes(Transaction& transaction, const WriteSet& writes) {
  VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertAuditNode));
  for (const AuditNode& node : writes.audit_nodes) {
    insert.Reset();
    insert.BindInt64(1, node.level).BindInt64(2, static_cast<std::int64_t>(node.index));
    BindHash(insert, 3, node.hash);
    VIGIL_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteProjections(Transaction& transaction, const WriteSet& writes) {
  for (const UnitProjection& unit : writes.units) {
    VIGIL_RETURN_IF_ERROR(PutUnit(transaction, unit));
  }
  for (const RiskSourceProjection& source : writes.risk_sources) {
    VIGIL_RETURN_IF_ERROR(PutRiskSource(transaction, source));
  }
  for (const HazardProjection& hazard : writes.hazards) {
    VIGIL_RETURN_IF_ERROR(PutHazard(transaction, hazard));
  }
  for (const OrderProjection& order : writes.orders) {
    VIGIL_RETURN_IF_ERROR(PutOrder(transaction, order));
  }
  for (const ConflictProjection& conflict : writes.conflicts) {
    VIGIL_RETURN_IF_ERROR(PutConflict(transaction, conflict));
  }
  return absl::OkStatus();
}

absl::Status WriteRest(Transaction& transaction, const WriteSet& writes) {
  VIGIL_RETURN_IF_ERROR(WriteDigests(transaction, writes));
  VIGIL_RETURN_IF_ERROR(WriteAuditNodes(transaction, writes));
  for (const NewNotification& message : writes.notifications) {
    VIGIL_RETURN_IF_ERROR(InsertNotification(transaction, message));
  }
  if (writes.deadlines) {
    VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutDeadlines));
    BindHash(put, 1, *writes.deadlines);
    VIGIL_RETURN_IF_ERROR(put.Run());
  }
  VIGIL_ASSIGN_OR_RETURN(Statement count, transaction.Prepare(kPutCounter));
  for (const auto& [series, value] : writes.counters) {
    count.Reset();
    count.BindText(1, series).BindInt64(2, value);
    VIGIL_RETURN_IF_ERROR(count.Run());
  }
  return absl::OkStatus();
}

}  // namespace vigil::store
