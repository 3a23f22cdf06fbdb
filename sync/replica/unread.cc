#include "sync/replica/unread.h"

#include <utility>

#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/rows.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kExpectAll[] = R"sql(
  INSERT INTO unread_record (record) SELECT id FROM record WHERE true ON CONFLICT DO NOTHING)sql";
constexpr char kExpectsAny[] = "SELECT 1 FROM unread_record LIMIT 1";
constexpr char kNoteRead[] = "DELETE FROM unread_record WHERE record = ?1";
constexpr char kListUnread[] = R"sql(
  SELECT record FROM unread_record JOIN record ON record.id = unread_record.record
  ORDER BY unread_record.record)sql";
constexpr char kForget[] = "DELETE FROM unread_record";

}  // namespace

absl::Status ExpectAll(Transaction& transaction) { return transaction.Execute(kExpectAll); }

absl::StatusOr<bool> ExpectsAny(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kExpectsAny));
  return row.Step();
}

absl::Status NoteRead(Transaction& transaction, const Uuid& record) {
  VIGIL_ASSIGN_OR_RETURN(Statement note, transaction.Prepare(kNoteRead));
  note.BindUuid(1, record);
  return note.Run();
}

absl::StatusOr<std::vector<Uuid>> RemoveUnread(Database& database, Transaction& transaction) {
  VIGIL_ASSIGN_OR_RETURN(const bool any, ExpectsAny(database));
  if (!any) return std::vector<Uuid>();
  VIGIL_ASSIGN_OR_RETURN(Statement list, database.Query(kListUnread));
  VIGIL_ASSIGN_OR_RETURN(std::vector<Uuid> ids, ReadIds(std::move(list)));
  VIGIL_RETURN_IF_ERROR(transaction.Execute(kForget));
  VIGIL_ASSIGN_OR_RETURN(ConfirmedWriter writer, ConfirmedWriter::Begin(database, transaction));
  for (const Uuid& id : ids) VIGIL_RETURN_IF_ERROR(writer.Remove(id).status());
  VIGIL_RETURN_IF_ERROR(writer.Finish());
  return ids;
}

}  // namespace vigil::replica
